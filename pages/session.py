"""One session: the same page for its mentee, its mentor and for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, section, side, stack
from pages.components.buttons import button, document_button, link_button
from pages.components.cards import card
from pages.components.kinds import NOTHING, Text
from pages.components.leaving import leave
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded
from pages.components.session_forms import (
    canceling,
    decision,
    if_said,
    objecting,
    opened,
    settling,
    writing,
)
from pages.components.session_recordings import session_recordings
from pages.components.sessions import (
    folded_history,
    history_line,
    how_it_ended,
    meeting_columns,
    meeting_time,
    note,
    with_whom,
)
from pages.components.text import muted, prose, strong, text
from pages.components.ticking import every
from pages.layout import Page, signed_in
from state.session import TICK_MS
from state.session import SessionState as State
from state.session_faces import HistoryFace, NoteFace
from state.session_recordings import SessionRecordingsState as Recordings


def session() -> rx.Component:
    """When it is, what to do now, what was said, and what happened."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.title, "Session"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such session, or it is not yours.",
                "Perhaps you are signed in as somebody else.",
                action=link_button("Your sessions", "/sessions", kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area=rx.Var.create(State.side),
        active={"mentee": "/sessions", "mentor": "/mentor/sessions", "admin": "/admin/sessions"},
        state=rx.cond(State.phase == "ready", toned(State.head.status, State.head.tone), NOTHING),
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.cond(State.times.ticking, every(TICK_MS, State.tick), NOTHING),
        leave(State.leave_to),
        meeting_columns(
            _now(),
            side(_about(), _changes(), _past()),
            stack(session_recordings(), _goals(), _notes(), gap="apart"),
        ),
    )


def _now() -> rx.Component:
    """When it is, and whatever waits for somebody."""
    rights = State.rights
    return stack(
        meeting_time(State.times),
        rx.cond(
            rights.joins,
            row(_join()),
            NOTHING,
        ),
        if_said(rights.join_note, muted),
        rx.cond(State.proposal.public_id != "", _proposal(), NOTHING),
        rx.cond((State.outcome.title != "") | rights.decides, _outcome(), NOTHING),
        rx.cond(State.objection.public_id != "", _objection(), NOTHING),
    )


def _join() -> rx.Component:
    """To the studio's own room, as a document: its policy is another; else to the mentor's link."""
    return rx.cond(
        State.rights.room_href != "",
        document_button("Join now", State.rights.room_href, large=True),
        button("Join now", on_click=State.join, busy=State.busy == "join", large=True),
    )


def _proposal() -> rx.Component:
    shown, busy = State.proposal, State.busy == "answer"
    answers = row(
        button("Take this time", on_click=State.answer(True), busy=busy),
        button("Decline it", on_click=State.answer(False), kind="secondary", busy=busy),
    )
    mine = row(button("Take it back", on_click=State.withdraw, kind="secondary", busy=busy))
    return notice(
        rx.el.p(strong(shown.title, ": "), moment(shown.when)),
        if_said(shown.theirs, muted),
        rx.cond(shown.reason != "", prose("“", shown.reason, "”"), NOTHING),
        rx.cond(
            shown.answers,
            rx.fragment(muted("Until you answer, the session stays where it is."), answers),
            rx.cond(shown.mine, mine, NOTHING),
        ),
        tone="warning",
    )


def _outcome() -> rx.Component:
    rights = State.rights
    return stack(
        rx.cond(State.outcome.title != "", how_it_ended(State.outcome), NOTHING),
        rx.cond(rights.decides, card(decision("Save what happened")), NOTHING),
        rx.cond(
            rights.corrects,
            opened("decide", "Correct the outcome", decision("Save the correction", closes=True)),
            NOTHING,
        ),
        rx.cond(
            rights.objects,
            opened("object", "Object", objecting(), above=rights.object_note),
            NOTHING,
        ),
    )


def _objection() -> rx.Component:
    shown = State.objection
    return stack(
        notice(
            text(strong(shown.title)),
            prose("“", shown.body, "”"),
            rx.cond(shown.answer != "", text("The studio: “", shown.answer, "”"), NOTHING),
            rx.cond(shown.withdraws, _take_back(), NOTHING),
        ),
        rx.cond(State.rights.settles, card(settling()), NOTHING),
    )


def _take_back() -> rx.Component:
    return button(
        "Take the objection back",
        on_click=State.withdraw_objection,
        kind="secondary",
        busy=State.busy == "object",
    )


def _goals() -> rx.Component:
    own = writing(
        "goals",
        "What you want to get out of it",
        State.goals,
        submit="Save the goals",
        on_submit=State.save_goals,
        help="Your mentor reads it before you meet.",
        most=2_000,
    )
    reading = rx.cond(State.goals != "", prose(State.goals), muted("Nothing has been written yet."))
    return section("Goals", rx.cond(State.rights.sets_goals, own, reading))


def _notes() -> rx.Component:
    own = rx.fragment(
        writing(
            "shared_note",
            "Your notes for both",
            State.shared_note,
            submit="Save for both",
            on_submit=State.save_shared,
            help="Both of you read them.",
            most=8_000,
        ),
        writing(
            "private_note",
            "Your private notes",
            State.private_note,
            submit="Save for yourself",
            on_submit=State.save_private,
            help="Nobody but you reads them here. What a mentor writes about a mentee is in "
            "the copy of their data that the mentee may ask for.",
            most=8_000,
        ),
    )
    return section(
        "Notes",
        rx.foreach(State.others_notes, _note),
        rx.cond(
            State.rights.writes,
            own,
            rx.cond(
                has(State.others_notes), NOTHING, muted("There are no notes that both can read.")
            ),
        ),
    )


def _note(one: rx.vars.ObjectVar[NoteFace]) -> rx.Component:
    return note(one.author, one.body, moment(one.at))


def _about() -> rx.Component:
    head = State.head
    return card(
        with_whom(head),
        rx.cond(
            head.file_href != "",
            document_button(
                "Add it to your calendar", head.file_href, kind="secondary", beside=True
            ),
            NOTHING,
        ),
        label="About this session",
    )


def _changes() -> rx.Component:
    """Moving, proposing, canceling, and until when; a late canceling says what it costs."""
    rights = State.rights
    return stack(
        if_said(rights.change_note, muted),
        row(
            _link_if("Move it", rights.move_href),
            _link_if("Propose another time", rights.propose_href),
        ),
        rx.cond(rights.cancels, opened("cancel", "Cancel it", canceling(), kind="quiet"), NOTHING),
    )


def _past() -> rx.Component:
    return rx.cond(
        has(State.history),
        folded_history("What happened so far", rx.foreach(State.history, _line)),
        NOTHING,
    )


def _line(one: rx.vars.ObjectVar[HistoryFace]) -> rx.Component:
    return history_line(moment(one.at), one.words, one.reason)


def _link_if(label: str, href: Text) -> rx.Component:
    return rx.cond(href != "", link_button(label, href, kind="secondary"), NOTHING)


PAGE = Page(
    route="/sessions/[session]",
    title="Session",
    component=session,
    on_load=[State.load, Recordings.load],
)
