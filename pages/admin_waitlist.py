"""One mentor's waitlist, for admins: the line in order, why each stands where, and what to do."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, facts
from pages.components.editors import more
from pages.components.forms import field
from pages.components.kinds import NOTHING
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.seat_release import seat_release
from pages.components.text import muted, quiet, strong, text
from pages.layout import Page, signed_in
from state.admin_waitlist import PATH, PlaceFace, SeatFace
from state.admin_waitlist import AdminWaitlistState as State
from state.seat_release import SeatReleaseState

_Place = rx.vars.ObjectVar[PlaceFace]


def admin_waitlist() -> rx.Component:
    """How the places stand, the line, the seats to give back, who left the line lately."""
    return signed_in(
        rx.cond(State.phase == "ready", State.name, "Waitlist"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no mentor at this address.",
                "The address may have a typing mistake.",
                action=link_button("See all waitlists", PATH),
            ),
            loaded(
                State.phase,
                stack(_standing(), _line(), _grace(), _ended(), gap="apart"),
                failure=State.failure,
                again=State.load,
                shape="page",
            ),
        ),
        area="admin",
        active=PATH,
        action=rx.cond(
            State.phase == "ready",
            link_button("See the page", State.page_href, kind="secondary"),
            rx.fragment(),
        ),
    )


def _standing() -> rx.Component:
    return stack(
        facts(("Seats taken", State.seats), ("Waitlist", State.waiting)),
        text(State.standing),
        rx.cond(
            State.can_offer,
            row(
                button(
                    "Offer free places now",
                    on_click=State.offer_now,
                    busy=State.busy == "offer",
                )
            ),
            NOTHING,
        ),
    )


def _line() -> rx.Component:
    return section(
        "The line",
        or_empty(
            has(State.places),
            divided(rx.foreach(State.places, _place)),
            muted("Nobody waits for a place with this mentor now."),
        ),
    )


def _place(one: _Place) -> rx.Component:
    return stack(
        *_head(one),
        rx.cond(State.asking == one.entry, card(_question()), _answers(one)),
        gap="close",
    )


def _head(one: _Place) -> list[rx.Component]:
    return [
        row(
            rx.cond(one.position != "", strong(one.position, "."), NOTHING),
            strong(one.name),
            toned(one.status, one.tone),
            rx.cond(
                one.until.iso != "", quiet("offered, ends ", moment(one.until)), moment(one.since)
            ),
        ),
        rx.cond(one.email != "", muted(one.email), NOTHING),
        rx.cond(one.why != "", muted(one.why), NOTHING),
    ]


def _answers(one: _Place) -> rx.Component:
    return row(
        rx.cond(
            one.can_put_first,
            button(
                "Put first", about=one.name, on_click=State.ask(one.entry, "first"),
                kind="secondary",
            ),
            NOTHING,
        ),
        rx.cond(
            one.can_put_back,
            button(
                "Put back", about=one.name, on_click=State.put_back(one.entry), kind="secondary",
                busy=State.busy == one.entry,
            ),
            NOTHING,
        ),
        rx.cond(
            one.can_remove,
            button(
                "Take off the list", about=one.name, on_click=State.ask(one.entry, "remove"),
                kind="secondary",
            ),
            NOTHING,
        ),
    )  # fmt: skip


def _question() -> rx.Component:
    return rx.cond(
        State.question == "first",
        _reason("Put first", "They read it, and it stays in the record."),
        _reason("Take off the list", "They are told, with this reason.", danger=True),
    )


def _reason(submit: str, help: str, *, danger: bool = False) -> rx.Component:
    return asked(
        field("reason", "Reason", help=help, error=State.wrong, max_length=200, autofocus=True),
        submit=submit,
        on_submit=State.answer,
        on_close=State.ask("", ""),
        busy=State.busy != "",
        label=submit,
        danger=danger,
    )


def _grace() -> rx.Component:
    return rx.cond(
        has(State.grace),
        section(
            "Seats in grace",
            muted(
                "Nothing keeps these any more. Each is released by itself at the end of its grace, "
                "after a last warning; or by hand, at once."
            ),
            divided(rx.foreach(State.grace, _seat)),
        ),
        NOTHING,
    )


def _seat(one: rx.vars.ObjectVar[SeatFace]) -> rx.Component:
    return stack(
        row(strong(one.name), quiet("in grace, ends ", moment(one.until))),
        seat_release(one.seat, one.name),
        gap="close",
    )


def _ended() -> rx.Component:
    return rx.cond(
        has(State.ended),
        more("Who left the line lately", divided(rx.foreach(State.ended, _gone))),
        NOTHING,
    )


def _gone(one: _Place) -> rx.Component:
    return stack(*_head(one), gap="tight")


PAGE = Page(
    route=PATH + "/[slug]",
    title="Waitlist",
    component=admin_waitlist,
    on_load=[SeatReleaseState.begin_as_admin, State.load],
)
