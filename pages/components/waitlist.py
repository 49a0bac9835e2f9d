"""Waiting for a place: the panel of a mentor's page, and one's places on the dashboard."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, stack
from pages.components.buttons import button, link_button
from pages.components.faces import face
from pages.components.kinds import NOTHING, Child, Text
from pages.components.links import anchor
from pages.components.lists import question
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.text import muted, strong, text
from state.waiting import ChoiceFace, WaitFace
from state.waitlist import WaitlistState as State

_Wait = rx.vars.ObjectVar[WaitFace]


def wait_panel(place: WaitFace | _Wait) -> rx.Component:
    """One's own place in the line of the mentor whose page this is."""
    own: Any = place
    body = stack(
        text(own.words, rx.cond(own.offered, rx.fragment(" It ends ", moment(own.away), "."), "")),
        _reason(own),
        _answers(own),
        gap="close",
    )
    return rx.cond(own.offered, notice(body, tone="good"), notice(body))


def join_panel(why: Text, ahead: Text, *, slug: Text, sign_in: Text) -> rx.Component:
    """Nothing to buy now: the way into the line. `why` says so, `ahead` how many wait; visitors
    `sign_in` first."""
    return notice(
        text(why),
        muted(
            ahead,
            " When it is your turn, a place is held for you for a day: you choose a pack, or "
            "decline. Waiting costs nothing.",
        ),
        tone="warning",
        action=rx.cond(
            State.signed_in,
            row(
                button(
                    "Join the waitlist",
                    on_click=State.join(slug),
                    busy=State.waiting_for == slug,
                ),
                _others(),
            ),
            row(
                link_button(
                    "Sign in to join the waitlist",
                    sign_in,
                ),
                _others(),
            ),
        ),
    )


def _others() -> rx.Component:
    return link_button("Mentors with a seat", "/mentors?seat=free", kind="secondary")


def wait_line(own: _Wait) -> rx.Component:
    """One's place in a line, on the dashboard."""
    return rx.el.div(
        rx.el.div(
            face(own.photo, own.initials, size="small"),
            rx.el.h3(anchor(own.mentor, href=own.href)),
            toned(own.status, own.tone),
            class_name="row",
        ),
        rx.el.p(
            own.words,
            rx.cond(own.offered, rx.fragment(" It ends ", moment(own.away), "."), ""),
        ),
        _reason(own),
        rx.cond(own.leaves, muted("You joined on ", moment(own.since), "."), NOTHING),
        _answers(own, take=own.offered),
        class_name="stack stack-close",
    )


def _reason(own: _Wait) -> rx.Component:
    return rx.cond(own.reason != "", muted(own.reason), NOTHING)


def _answers(own: _Wait, *, take: Child | None = None) -> rx.Component:
    """Taking the place (where the packs are not on the same page), declining it, or leaving."""
    asked = State.asking == own.entry
    busy = State.waiting_for == own.entry
    buttons = row(
        rx.cond(take, link_button("Choose a pack", own.href), NOTHING) if take is not None else "",
        rx.cond(
            own.declines,
            button("Decline it", about=own.mentor, on_click=State.ask(own.entry), kind="secondary"),
            NOTHING,
        ),
        rx.cond(
            own.leaves,
            button(
                "Leave the waitlist",
                about=own.mentor,
                on_click=State.ask(own.entry),
                kind="secondary",
            ),
            NOTHING,
        ),
    )
    sure = rx.cond(
        own.declines,
        question(
            "Decline this place? It goes to the next in line.",
            button("Decline it", on_click=State.decline(own.entry), kind="danger", busy=busy),
            button("Keep it", on_click=State.ask(""), kind="secondary"),
        ),
        question(
            "Leave the waitlist? If you come back, you stand at its end.",
            button("Leave it", on_click=State.leave(own.entry), kind="danger", busy=busy),
            button("Stay", on_click=State.ask(""), kind="secondary"),
        ),
    )
    anything = own.declines | own.leaves
    return rx.cond(anything, rx.cond(asked, sure, buttons), NOTHING)


def choice_line(one: rx.vars.ObjectVar[ChoiceFace]) -> rx.Component:
    """A pack that is usable again, while its place was given to somebody else: two ways on."""
    return notice(
        text(
            "Your pack ",
            strong(one.title),
            " with ",
            strong(one.mentor),
            " is usable again (",
            one.left,
            "), but your place was given to somebody else meanwhile. We are sorry. You choose:",
        ),
        tone="warning",
        action=row(
            button(
                "Wait at the head of the line",
                about=one.mentor,
                on_click=State.join_first(one.pack),
                busy=State.waiting_for == one.pack,
            ),
            rx.cond(
                one.refund_href != "",
                link_button("Ask for a refund", one.refund_href, kind="secondary"),
                NOTHING,
            ),
        ),
    )
