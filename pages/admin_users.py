"""All accounts, for admins; a row opens to what can be done to the account."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.boxes import row as line
from pages.components.buttons import Kind, button, link_button
from pages.components.editors import said
from pages.components.lists import listing, mark, opened, opener, question, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, sort_head, table
from pages.components.text import muted, strong
from pages.layout import Page, signed_in
from state.admin_users import PATH, Act, AdminUser
from state.admin_users import AdminUsersState as State

_User = rx.vars.ObjectVar[AdminUser]
_COLUMNS = 7


def admin_users() -> rx.Component:
    """Search, filter, table."""
    heads = [
        sort_head(State, "name", "Account"),
        head("Roles"),
        head("Status"),
        head("Onboarding"),
        sort_head(State, "joined", "Joined"),
        head("Last seen"),
        head("Actions"),
    ]
    return signed_in(
        "Users",
        listing(
            State,
            table("Accounts", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="A name or an address",
            search_label="Search accounts",
            filter_label="Which accounts",
            submit=State.search,
            load=State.load,
            nothing="Nobody has signed up yet.",
            why="Everybody who signs up is listed here.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
    )


def _row(user: _User) -> rx.Component:
    is_open = State.opened == user.public_id
    return rx.fragment(
        row(
            cell(strong(user.name), under(user.email), rank="main"),
            cell(user.roles, rank="fact"),
            cell(badge(user.status), under(user.verified)),
            cell(user.onboarding, label="Onboarding: "),
            cell(moment(user.joined), rank="wide"),
            cell(rx.cond(user.never_seen, "never", moment(user.seen)), rank="wide"),
            cell(
                opener(user.name, is_open=is_open, on_click=State.toggle(user.public_id)),
                rank="action",
            ),
        ),
        opened(_panel(user), columns=_COLUMNS, shown=is_open),
    )


def _panel(user: _User) -> rx.Component:
    return rx.fragment(
        muted("Account ", mark(user.public_id)),
        rx.cond(State.asking == "", _actions(user), _question(user)),
        said(State.answer),
    )


def _actions(user: _User) -> rx.Component:
    return line(
        rx.cond(
            user.mentor_href != "",
            link_button("Edit the mentor", user.mentor_href, kind="secondary"),
            rx.fragment(),
        ),
        _action("Make a mentor", "make_mentor", shown=user.can_become_mentor),
        _action("Make an admin", "make_admin", shown=user.can_become_admin),
        _action("Take admin rights", "remove_admin", shown=user.is_admin & ~user.is_self),
        _action("Suspend", "suspend", shown=user.can_suspend),
        _action("Reactivate", "reactivate", shown=user.can_reactivate),
        rx.cond(
            user.is_self,
            muted("This is your own account: another admin can suspend it or take its rights."),
            rx.fragment(),
        ),
    )


def _action(label: str, act: Act, *, shown: rx.Var[bool]) -> rx.Component:
    return rx.cond(shown, button(label, on_click=State.ask(act), kind="secondary"), rx.fragment())


def _question(user: _User) -> rx.Component:
    words = rx.match(
        State.asking,
        (
            "suspend",
            f"Suspend {user.name}? The account is signed out everywhere and cannot sign in again. "
            "A mentor is suspended as such too: booked sessions are canceled, and credits go back.",
        ),
        (
            "reactivate",
            f"Reactivate {user.name}? The account can sign in again. "
            "A mentor stays suspended as such, until you let the mentor come back.",
        ),
        (
            "make_mentor",
            f"Make {user.name} a mentor? The page is not listed until you list it.",
        ),
        (
            "make_admin",
            f"Make {user.name} an admin? Admins see everything and may change everything.",
        ),
        ("remove_admin", f"Take the admin's rights from {user.name}?"),
        "",
    )
    return question(
        words,
        rx.match(
            State.asking,
            ("suspend", _yes("Suspend", danger=True)),
            ("reactivate", _yes("Reactivate")),
            ("make_mentor", _yes("Make a mentor")),
            ("make_admin", _yes("Make an admin")),
            _yes("Take the rights", danger=True),
        ),
        button("Leave it", on_click=State.ask(""), kind="secondary"),
    )


def _yes(label: str, *, danger: bool = False) -> rx.Component:
    kind: Kind = "danger" if danger else "primary"
    return button(label, on_click=State.act, kind=kind, busy=State.busy)


PAGE = Page(route=PATH, title="Users", component=admin_users, on_load=[State.load])
