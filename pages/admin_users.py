"""All accounts, for admins; a row opens to what can be done to the account."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.boxes import row as line
from pages.components.boxes import stack
from pages.components.buttons import Kind, button, document_button, link_button
from pages.components.editors import said
from pages.components.forms import field, form
from pages.components.kinds import Child
from pages.components.lists import listing, mark, opened, opener, question, under
from pages.components.losses import (
    lost_packs,
    lost_places,
    lost_recordings,
    lost_sessions,
    obstacle_list,
)
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, sort_head, table
from pages.components.text import muted, strong, text
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
        _action("Erase", "erase", shown=user.can_erase),
        rx.cond(user.can_erase, _copy(), rx.fragment()),
        rx.cond(
            user.is_self,
            muted("This is your own account: another admin can suspend it or take its rights."),
            rx.fragment(),
        ),
    )


def _copy() -> rx.Component:
    """Whoever cannot sign in may ask for their data by mail."""
    return rx.cond(
        State.copy_href != "",
        document_button("Download their data", State.copy_href, kind="secondary", beside=True),
        button("Copy of their data", on_click=State.make_copy, kind="secondary"),
    )


def _action(label: str, act: Act, *, shown: rx.Var[bool]) -> rx.Component:
    return rx.cond(shown, button(label, on_click=State.ask(act), kind="secondary"), rx.fragment())


def _question(user: _User) -> rx.Component:
    words = rx.match(
        State.asking,
        (
            "suspend",
            f"Suspend {user.name}? The account is signed out everywhere and cannot sign in again. "
            "Booked sessions are canceled, and credits go back; a mentor is suspended as such too.",
        ),
        (
            "erase",
            f"Erase {user.name}? Everything about this person is deleted or emptied, but for "
            "invoices and payments. It cannot be undone.",
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
    return rx.fragment(
        rx.match(
            State.asking,
            ("suspend", _with_reason(words, "Suspend", "The owner reads it in a mail.")),
            ("erase", _erasing(words)),
            _plainly(words),
        )
    )


def _plainly(words: Child) -> rx.Component:
    return question(
        words,
        rx.match(
            State.asking,
            ("reactivate", _yes("Reactivate")),
            ("make_mentor", _yes("Make a mentor")),
            ("make_admin", _yes("Make an admin")),
            _yes("Take the rights", danger=True),
        ),
        _leave_it(),
    )


def _erasing(words: Child) -> rx.Component:
    return stack(
        lost_packs(State.packs),
        lost_sessions(State.sessions),
        lost_places(State.places),
        lost_recordings(State.recordings),
        rx.cond(
            has(State.obstacles),
            stack(
                text("Some things must be settled first:"),
                obstacle_list(State.obstacles),
                line(_leave_it()),
            ),
            _with_reason(words, "Erase", "It is kept. Write nothing about the person."),
        ),
    )


def _with_reason(words: Child, label: str, help: str) -> rx.Component:
    """A question whose answer needs a reason."""
    return form(
        text(words),
        field("reason", "Reason", help=help, max_length=300),
        line(button(label, submit=True, kind="danger", busy=State.busy), _leave_it()),
        on_submit=State.act_because,
        label=label,
    )


def _leave_it() -> rx.Component:
    return button("Leave it", on_click=State.ask(""), kind="secondary")


def _yes(label: str, *, danger: bool = False) -> rx.Component:
    kind: Kind = "danger" if danger else "primary"
    return button(label, on_click=State.act, kind=kind, busy=State.busy)


PAGE = Page(route=PATH, title="Users", component=admin_users, on_load=[State.load])
