"""One mentee of the signed-in mentor."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge, toned
from pages.components.boxes import divided, row, section, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import facts
from pages.components.editors import more, said
from pages.components.forms import form, text_area
from pages.components.links import text_link
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded
from pages.components.picks import own_time, problem
from pages.components.seat_release import seat_release
from pages.components.slots import zone_line
from pages.components.text import muted, prose, quiet, strong
from pages.layout import Page, signed_in
from state.mentor_mentee import MentorMenteeState as State
from state.mentor_mentee import NoteFace, PackRow, SessionFace
from state.move import MOST_REASON
from state.seat_release import SeatReleaseState


def mentor_mentee() -> rx.Component:
    """Who it is on the right, the history on the left."""
    is_ready = State.phase == "ready"
    return signed_in(
        rx.cond(is_ready, State.name, "Mentee"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such mentee, or it is not one of yours.",
                "Whoever has bought one of your packs is in your list.",
                action=link_button("See your mentees", "/mentor/mentees"),
            ),
            loaded(
                State.phase,
                split(
                    stack(_history(), gap="apart"),
                    stack(_person(), _packs(), _booking(), gap="apart"),
                ),
                failure=State.failure,
                again=State.load,
                shape="page",
            ),
        ),
        area="mentor",
        active="/mentor/mentees",
        state=rx.cond(is_ready, toned(State.seat, State.seat_tone), rx.fragment()),
    )


def _person() -> rx.Component:
    return section(
        "About",
        facts(
            ("Onboarding", State.onboarding),
            ("Time zone", State.zone),
        ),
        rx.cond(
            State.grace_ends.iso != "",
            facts(("Seat is kept until", moment(State.grace_ends))),
            rx.fragment(),
        ),
        rx.cond(State.seat_id != "", seat_release(State.seat_id, State.name), rx.fragment()),
        _told("In their own words", State.about),
        _told("Goals", State.goals),
        _told("How they like to work", State.preferences),
    )


def _told(heading: str, words: rx.Var[str] | str) -> rx.Component:
    return rx.cond(words != "", stack(rx.el.h3(heading), prose(words), gap="tight"), rx.fragment())


def _packs() -> rx.Component:
    return section("Packs", divided(rx.foreach(State.packs, _pack)))


def _pack(pack: rx.vars.ObjectVar[PackRow]) -> rx.Component:
    return stack(
        row(strong(pack.title), badge(pack.status)),
        muted(pack.left),
        rx.cond(pack.ends.iso != "", facts(("Until", moment(pack.ends))), rx.fragment()),
        gap="tight",
    )


def _booking() -> rx.Component:
    """For a time that the two have agreed on, whatever the hours and the notice say."""
    return more(
        "Book a session for " + State.name,
        form(
            zone_line(State.time_zone, "", ""),
            own_time(State.wrong_time),
            text_area(
                "reason",
                "Why you book it",
                help="Both of you read it in the history of the session.",
                error=State.wrong_reason,
                required=True,
                max_length=MOST_REASON,
            ),
            problem(State.problem),
            row(button("Book the session", submit=True, kind="secondary", busy=State.busy)),
            on_submit=State.book,
            key=State.blank,
            label="Book a session",
        ),
        said(State.booked),
    )


def _history() -> rx.Component:
    return section(
        "Sessions",
        rx.cond(
            has(State.sessions),
            divided(rx.foreach(State.sessions, _session)),
            empty(
                "No session has been booked yet.",
                "Every session with its goals and notes is listed here, the newest first.",
            ),
        ),
    )


def _session(one: rx.vars.ObjectVar[SessionFace]) -> rx.Component:
    return stack(
        row(
            text_link(one.starts.full, one.href),
            badge(one.status),
            rx.cond(one.late, quiet("canceled late"), rx.fragment()),
        ),
        rx.cond(
            one.goals != "", stack(muted("Goals"), prose(one.goals), gap="tight"), rx.fragment()
        ),
        rx.foreach(one.notes, _note),
        gap="close",
    )


def _note(note: rx.vars.ObjectVar[NoteFace]) -> rx.Component:
    return stack(muted("Note by ", note.by), prose(note.body), gap="tight")


PAGE = Page(
    route="/mentor/mentees/[mentee]",
    title="Mentee",
    component=mentor_mentee,
    on_load=[SeatReleaseState.begin, State.load],
)
