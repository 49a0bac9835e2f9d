"""The recordings of a session, on its page: answers, the way to answer, and what there is."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, section, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.editors import more
from pages.components.kinds import NOTHING
from pages.components.lists import question
from pages.components.notices import notice
from pages.components.phases import has, loaded
from pages.components.recordings import answers, recordings_of_session
from pages.components.text import muted, strong, text
from state.session_recordings import SessionRecordingsState as State


def session_recordings() -> rx.Component:
    """Nothing where sessions are not recorded and this one was not."""
    return rx.cond(
        State.shown | (State.phase == "failed"),
        section(
            "Recording",
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="panel"),
        ),
        NOTHING,
    )


def _content() -> rx.Component:
    nothing = rx.cond(
        State.over,
        muted("This session was not recorded."),
        muted("It is recorded only while both of you agree. Without that it takes place as well."),
    )
    return stack(
        rx.cond(State.running, notice(text(strong("The session is being recorded now."))), NOTHING),
        rx.cond(
            has(State.rows), recordings_of_session(State.rows, label="Its recordings"), nothing
        ),
        rx.cond(State.asks, card(_asking(), label="Consent to a recording"), NOTHING),
        answers(State.consents),
        rx.cond(
            State.may_withdraw,
            rx.cond(State.asking == "withdraw", _withdrawing(), _take_back()),
            NOTHING,
        ),
    )


def _asking() -> rx.Component:
    """The text that one agrees to, and both answers, which weigh the same."""
    return stack(
        text(strong(State.paragraphs[0])),
        more(
            "What you agree to",
            stack(rx.foreach(State.paragraphs[1:], lambda words: text(words)), gap="close"),
        ),
        row(
            button(
                "Yes, record it",
                on_click=State.answer(True),
                kind="secondary",
                busy=State.busy == "yes",
            ),
            rx.cond(
                State.declines,
                button(
                    "No, do not record it",
                    on_click=State.answer(False),
                    kind="secondary",
                    busy=State.busy == "no",
                ),
                NOTHING,
            ),
        ),
    )


def _take_back() -> rx.Component:
    return row(button("Take back my consent", on_click=State.ask("withdraw"), kind="quiet"))


def _withdrawing() -> rx.Component:
    return question(
        rx.cond(
            has(State.rows),
            "Every recording of this session is deleted, for both of you, and cannot be brought "
            "back; what the studio holds is deleted as soon as that ends. The session and its "
            "notes stay.",
            "Then nothing of this session is recorded. It takes place all the same.",
        ),
        button(
            rx.cond(has(State.rows), "Take it back and delete", "Take it back"),
            on_click=State.withdraw,
            kind="danger",
            busy=State.busy == "withdraw",
        ),
        button("Keep my consent", on_click=State.ask(""), kind="secondary"),
    )
