"""A session's room: look at oneself, go in, talk, be recorded or not, leave."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card
from pages.components.editors import more
from pages.components.kinds import NOTHING
from pages.components.leaving import leave
from pages.components.phases import empty, loaded
from pages.components.room import call, light, presence, room_columns, time_line, trouble
from pages.components.text import heading, muted, strong, text
from pages.components.ticking import every
from pages.layout import Page, signed_in
from state.room import TICK_MS
from state.room import RoomState as State
from state.room_faces import BEAT_MS


def room() -> rx.Component:
    """The two people of a session, and nobody else."""
    return signed_in(
        rx.cond(State.phase == "ready", f"Room with {State.other.name}", "Room"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such session, or it is not yours.",
                "Perhaps you are signed in as somebody else.",
                action=link_button("Your sessions", "/sessions", kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area=rx.cond(State.is_mentors, "mentor", "mentee"),
        active={"mentee": "/sessions", "mentor": "/mentor/sessions", "admin": "/admin/sessions"},
        state=rx.cond(State.phase == "ready", light(State.light.state, State.light.words), NOTHING),
    )


def _content() -> rx.Component:
    return rx.fragment(
        every(TICK_MS, State.tick),
        rx.cond(State.stage == "in", every(BEAT_MS, State.beat), NOTHING),
        leave(State.leave_to),
        rx.match(
            State.stage,
            ("canceled", _closed("This session was canceled.", "It has no room any more.")),
            ("over", _closed("This session is over.", "Its room is closed.")),
            _open(),
        ),
    )


def _closed(title: str, words: str) -> rx.Component:
    back = link_button("Back to the session", f"/sessions/{State.session}")
    return empty(title, words, action=back)


def _open() -> rx.Component:
    times, other = State.times, State.other
    main = stack(
        time_line(times.line, near_the_end=times.near_the_end, aloud=times.last_call),
        rx.foreach(State.troubles, lambda one: trouble(one.title, one.what_now)),
        call(
            _door(),
            ticket=State.ticket,
            me=State.me,
            other=other,
            on_trouble=State.trouble,
            on_token_due=State.renew,
            on_return=State.come_back,
        ),
    )
    words = rx.cond(other.there, f"{other.name} is in the room.", other.absent)
    asks = (State.consent.mine == "") & (State.stage != "in")
    answered = rx.cond(asks, NOTHING, _consent())
    side = stack(presence(other.there, words), answered, _otherwise())
    return room_columns(_consent(), main, side, asks=asks)


def _door() -> rx.Component:
    enter = button("Enter the room", on_click=State.enter, busy=State.busy == "enter", large=True)
    out = button("Leave", on_click=State.leave, busy=State.busy == "leave", kind="danger")
    return rx.fragment(rx.match(State.stage, ("in", out), ("check", enter), NOTHING))


def _consent() -> rx.Component:
    """The question, or the answer and the way back from it."""
    shown = State.consent
    return card(
        heading("Recording"),
        rx.cond(shown.mine_words != "", text(strong(shown.mine_words)), NOTHING),
        muted(shown.theirs),
        rx.cond(State.light.trouble != "", text(State.light.trouble), NOTHING),
        rx.cond(shown.mine == "", _paragraphs(), more("What was asked", _paragraphs())),
        rx.cond(shown.asks, _ask(), NOTHING),
        rx.cond(shown.mine == "granted", _take_back(), NOTHING),
    )


def _paragraphs() -> rx.Component:
    return stack(rx.foreach(State.consent.paragraphs, lambda one: text(one)), gap="close")


def _ask() -> rx.Component:
    yes = button(
        "Yes, record it",
        on_click=State.answer(True),
        busy=State.busy == "yes",
        kind="secondary",
    )
    no = button(
        "No, do not record it",
        on_click=State.answer(False),
        busy=State.busy == "no",
        kind="secondary",
    )
    return row(yes, rx.cond(State.consent.mine == "", no, NOTHING))


def _take_back() -> rx.Component:
    sure = stack(
        text(
            "The recording stops, and what was recorded of this session is deleted, for both of "
            "you. This cannot be undone."
        ),
        row(
            button(
                "Take it back and delete",
                on_click=State.withdraw,
                busy=State.busy == "withdraw",
                kind="danger",
            ),
            button("Not now", on_click=State.ask(False), kind="secondary"),
        ),
    )
    first = row(button("Take back my consent", on_click=State.ask(True), kind="secondary"))
    return rx.cond(State.asking, sure, first)


def _otherwise() -> rx.Component:
    """Ways out: the mentor's own link, and the session's page."""
    return stack(
        rx.cond(
            State.meeting_link & ((State.stage == "check") | (State.stage == "in")),
            stack(
                muted("If the room does not work, meet by the mentor's own link."),
                row(
                    button(
                        "Use the meeting link",
                        on_click=State.go_to_link,
                        busy=State.busy == "link",
                        kind="secondary",
                    )
                ),
            ),
            NOTHING,
        ),
        rx.cond(
            State.stage == "in",
            NOTHING,
            row(link_button("Back to the session", f"/sessions/{State.session}", kind="quiet")),
        ),
    )


PAGE = Page(route="/sessions/[session]/room", title="Room", component=room, on_load=[State.load])
