"""One mentor, edited by an admin: the mentor's own editor, the name, and being listed."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.boxes import row, section, stack
from pages.components.buttons import button, link_button
from pages.components.forms import field, form
from pages.components.kinds import Press
from pages.components.mentor_editor import mentor_editor
from pages.components.phases import empty, loaded
from pages.components.text import muted
from pages.layout import Page, signed_in
from state.admin_mentor import AdminMentorState
from state.mentor_profile import MentorProfileState as State


def admin_mentor() -> rx.Component:
    """The editor, or that there is no such mentor."""
    return signed_in(
        rx.cond(State.phase == "ready", State.name, "Mentor"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no mentor at this address.",
                "The address may have a typing mistake.",
                action=link_button("See all mentors", "/admin/mentors"),
            ),
            loaded(
                State.phase,
                stack(mentor_editor(for_admin=True), _suspension(), gap="apart"),
                failure=State.failure,
                again=State.load_any,
                shape="page",
            ),
        ),
        area="admin",
        active="/admin/mentors",
        state=rx.cond(
            State.phase == "ready",
            row(
                badge(rx.cond(State.listed, "listed", "not listed")),
                rx.cond(State.suspended, badge("suspended"), rx.fragment()),
            ),
            rx.fragment(),
        ),
        action=rx.cond(State.phase == "ready", _actions(), rx.fragment()),
    )


def _actions() -> rx.Component:
    return row(
        link_button("See the page", State.page_href, kind="secondary"),
        link_button("Availability", f"/admin/mentors/{State.slug}/availability", kind="secondary"),
        link_button("Seats and waitlist", f"/admin/waitlists/{State.slug}", kind="secondary"),
        rx.cond(
            State.listed,
            button("Take off the list", on_click=State.set_listed(False), kind="secondary"),
            button("List", on_click=State.set_listed(True)),
        ),
    )


def _suspension() -> rx.Component:
    words = rx.cond(
        State.suspended,
        "No session can be booked with this mentor now, and the clocks of the packs stand still.",
        "A suspended mentor offers no times. Booked sessions are canceled, their credits go back, "
        "the clocks of the packs stand still, and everybody concerned is told.",
    )
    ask = rx.cond(State.suspended, "Let the mentor come back", "Suspend the mentor")
    return section(
        "Suspension",
        muted(words),
        rx.cond(
            AdminMentorState.asking,
            rx.cond(
                State.suspended,
                _reason("Let the mentor come back", AdminMentorState.resume),
                _reason("Suspend the mentor", AdminMentorState.suspend, danger=True),
            ),
            row(button(ask, on_click=AdminMentorState.ask(True), kind="secondary")),
        ),
    )


def _reason(label: str, act: Press, *, danger: bool = False) -> rx.Component:
    return form(
        field(
            "reason",
            "Reason",
            help="It is kept on record.",
            error=AdminMentorState.wrong,
            max_length=300,
        ),
        row(
            button(
                label,
                submit=True,
                kind="danger" if danger else "primary",
                busy=AdminMentorState.busy,
            ),
            button("Leave it", on_click=AdminMentorState.ask(False), kind="secondary"),
        ),
        on_submit=act,
        label=label,
    )


PAGE = Page(
    route="/admin/mentors/[slug]",
    title="Mentor",
    component=admin_mentor,
    on_load=[State.load_any, AdminMentorState.begin],
)
