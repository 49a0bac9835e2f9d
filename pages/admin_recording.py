"""One recording, for admins."""

from __future__ import annotations

from typing import Final

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, fact, fact_list
from pages.components.forms import errors_of, field, option, select, text_area
from pages.components.kinds import NOTHING, Child, Flag, Text
from pages.components.links import text_link
from pages.components.lists import mark, under
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.recording_files import files, proof
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, strong, text
from pages.components.transfers import COSTS, RECORDINGS, recording_places, transfer
from pages.layout import Page, signed_in
from state.admin_recording import AccessLine, ConsentLine, StoryLine
from state.admin_recording import AdminRecordingState as State

TOLD: Final = {
    "extend": "Both people read it.",
    "hold": "Such as a dispute that is open. Both people read it.",
    "release": "Both people are told that the hold ends, and find the reason in their data.",
    "purge": "Both people read it.",
}
"""What becomes of the reason, by question."""

_error = errors_of(State.wrong_field, State.wrong)


def admin_recording() -> rx.Component:
    """What became of it, where it lies, and what may be done with it."""
    ready = State.phase == "ready"
    return signed_in(
        rx.cond(
            ready, "Recording of " + State.head.mentee + " with " + State.head.mentor, "Recording"
        ),
        recording_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such recording.",
                "Perhaps its address was cut short.",
                action=link_button("All recordings", RECORDINGS, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=RECORDINGS,
        state=rx.cond(
            ready,
            line(
                toned(State.head.status, State.head.tone),
                rx.foreach(State.head.marks, lambda one: toned(one, "quiet")),
            ),
            NOTHING,
        ),
    )


def _content() -> rx.Component:
    return stack(
        _now(),
        split(_about(), _keeping(), even=True),
        files(),
        proof(),
        split(_consents(), _cost(), even=True),
        _accesses(),
        _story(),
        gap="apart",
    )


def _now() -> rx.Component:
    """What needs eyes at once: trouble, a hold, a wish to delete; and how far the files are."""
    return rx.fragment(
        rx.cond(
            State.head.note != "",
            notice(
                rx.el.p(State.head.note),
                rx.cond(
                    State.next_look.iso != "",
                    text("It is tried again ", moment(State.next_look), "."),
                    NOTHING,
                ),
                tone="warning",
                action=_retry(),
            ),
            NOTHING,
        ),
        rx.cond(
            State.hold_reason != "",
            notice(
                strong("Nothing deletes it: it is held, since ", moment(State.held), "."),
                text("“", State.hold_reason, "”"),
                rx.cond(
                    State.wish != "",
                    text("When the hold is lifted, it is deleted: ", State.wish),
                    NOTHING,
                ),
                tone="info",
            ),
            rx.cond(
                State.wish != "",
                notice(strong("It is being deleted."), text(State.wish), tone="warning"),
                NOTHING,
            ),
        ),
        transfer(State.head.copied, State.head.progress, about="All files"),
    )


def _retry() -> rx.Component:
    return rx.cond(
        State.may_retry,
        line(button("Try again now", on_click=State.try_again, kind="secondary", busy=State.busy)),
        NOTHING,
    )


def _about() -> rx.Component:
    return card(
        strong("The recording"),
        fact_list(
            fact("Session", text_link(State.head.when.text, State.session_href)),
            rx.foreach(State.facts, lambda one: fact(one.name, one.value)),
            fact("Its id", mark(State.head.public_id, short=True)),
        ),
        rx.cond(
            State.watch_href != "",
            line(link_button("Open its player", State.watch_href, kind="secondary")),
            NOTHING,
        ),
        label="The recording",
    )


def _keeping() -> rx.Component:
    return card(
        strong("Keeping and deleting"),
        rx.cond(
            State.kept.iso != "",
            text("Kept until ", strong(moment(State.kept)), ", then deleted with proof."),
            rx.cond(
                State.proof.public_id != "",
                text("Its files are deleted. The session and its money trail stay."),
                muted("How long it is kept is settled when its recorder has left."),
            ),
        ),
        rx.cond(State.asking == "", _actions(), _question()),
        label="Keeping and deleting",
    )


def _actions() -> rx.Component:
    return line(
        _asks(State.may_extend, "extend", "Keep it longer"),
        _asks(State.may_hold, "hold", "Hold it"),
        _asks(State.may_release, "release", "Lift the hold"),
        _asks(State.may_move, "move", "Move it"),
        _asks(State.may_purge, "purge", "Delete it now"),
    )


def _asks(may: Flag, question: str, label: str) -> rx.Component:
    return rx.cond(may, button(label, on_click=State.ask(question), kind="secondary"), NOTHING)


def _question() -> rx.Component:
    return rx.fragment(
        rx.match(
            State.asking,
            (
                "extend",
                _asked(
                    "Keep it",
                    field(
                        "until",
                        "Last day",
                        kind="date",
                        value=State.until,
                        help="In the studio's zone, " + State.until_zone + ".",
                        error=_error("until"),
                    ),
                    _reason("extend"),
                ),
            ),
            ("hold", _asked("Hold it", _reason("hold"))),
            ("release", _asked("Lift the hold", _reason("release"))),
            (
                "purge",
                _asked(
                    "Delete every version",
                    muted("This cannot be undone. A proof of it stays, and the session itself."),
                    _reason("purge"),
                    danger=True,
                ),
            ),
            (
                "move",
                _asked(
                    "Move it",
                    select(
                        "to",
                        "To the store",
                        rx.foreach(State.stores, lambda name: option(name, name)),
                        help="It can be watched meanwhile. The old place is cleared an hour after.",
                        error=_error("to"),
                    ),
                ),
            ),
            NOTHING,
        )
    )


def _reason(question: str) -> rx.Component:
    return text_area(
        "reason",
        "Reason",
        help=TOLD[question],
        error=_error("reason"),
        required=True,
        max_length=300,
    )


def _asked(submit: Text, *entries: Child, danger: bool = False) -> rx.Component:
    return asked(
        *entries,
        submit=submit,
        on_submit=State.answer,
        on_close=State.ask(""),
        busy=State.busy,
        label="Your answer",
        danger=danger,
    )


def _consents() -> rx.Component:
    return card(
        strong("Who agreed to it"),
        fact_list(rx.foreach(State.consents, _consent)),
        label="Consent",
    )


def _consent(one: rx.vars.ObjectVar[ConsentLine]) -> rx.Component:
    return fact(
        f"{one.who}, {one.side}",
        rx.fragment(
            toned(one.answer, one.tone),
            rx.cond(one.at.iso != "", under(moment(one.at), ", text ", one.version), NOTHING),
        ),
    )


def _cost() -> rx.Component:
    return card(
        strong("What it costs"),
        fact_list(
            fact("Recording", State.cost.recording),
            fact("Storage", State.cost.storage),
            fact("Sent", State.cost.sent),
            fact("Together", strong(State.cost.total)),
        ),
        muted(
            "All recordings of this session up to now, nothing of it free: ",
            State.cost.measured,
            ". ",
            text_link("All costs", COSTS),
        ),
        rx.cond(State.cost.unpriced, muted("A part of it has no price in the book."), NOTHING),
        label="Cost",
    )


def _accesses() -> rx.Component:
    return section(
        "Who watched it",
        or_empty(
            has(State.accesses),
            rx.fragment(
                table(
                    "Who watched it",
                    [head("When"), head("Who"), head("How")],
                    rx.foreach(State.accesses, _access),
                    dense=True,
                ),
                rx.cond(State.accessed != "", muted(State.accessed), NOTHING),
            ),
            muted("Nobody has been given a link to it."),
        ),
    )


def _access(one: rx.vars.ObjectVar[AccessLine]) -> rx.Component:
    return row(
        cell(moment(one.at)),
        cell(strong(one.who), under(one.side), rank="main"),
        cell(one.how, rank="fact"),
    )


def _story() -> rx.Component:
    return section(
        "Story",
        or_empty(
            has(State.story),
            table(
                "Story",
                [head("When"), head("What"), head("Who")],
                rx.foreach(State.story, _happening),
                dense=True,
            ),
            muted("Nothing is written down of it."),
        ),
    )


def _happening(one: rx.vars.ObjectVar[StoryLine]) -> rx.Component:
    return row(
        cell(moment(one.at)),
        cell(
            strong(one.what),
            rx.cond(one.reason != "", under("“", one.reason, "”"), NOTHING),
            rank="main",
        ),
        cell(rx.cond(one.who != "", one.who, "the studio itself"), rank="fact"),
    )


PAGE = Page(
    route=f"{RECORDINGS}/[recording]",
    title="Recording",
    component=admin_recording,
    on_load=[State.load],
)
