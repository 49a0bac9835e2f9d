"""The pages: one module each, listed here in the order of their addresses."""

from __future__ import annotations

from pages import home, mentor, mentors, not_found
from pages.layout import Page

PAGES: list[Page] = [
    home.PAGE,
    mentors.PAGE,
    mentor.PAGE,
    not_found.PAGE,
]
