"""The pages: one module each, listed here in the order of their addresses."""

from __future__ import annotations

from pages import (
    admin_inbox,
    admin_mentor,
    admin_mentors,
    admin_orders,
    admin_users,
    checkout,
    checkout_return,
    dashboard,
    home,
    mentor,
    mentor_dashboard,
    mentor_profile,
    mentors,
    not_found,
    orders,
    reset,
    reset_new,
    settings,
    sign_in,
    sign_up,
    verify,
)
from pages.layout import Page

PAGES: list[Page] = [
    home.PAGE,
    mentors.PAGE,
    mentor.PAGE,
    checkout.PAGE,
    checkout_return.PAGE,
    dashboard.PAGE,
    orders.PAGE,
    settings.PAGE,
    sign_up.PAGE,
    sign_in.PAGE,
    verify.PAGE,
    reset.PAGE,
    reset_new.PAGE,
    mentor_dashboard.PAGE,
    mentor_profile.PAGE,
    admin_orders.PAGE,
    admin_users.PAGE,
    admin_mentors.PAGE,
    admin_mentor.PAGE,
    admin_inbox.PAGE,
    not_found.PAGE,
]
