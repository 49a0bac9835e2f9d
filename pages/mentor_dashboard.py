"""The mentor's dashboard: today and this week, seats used, and the mentees."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge, toned
from pages.components.boxes import row as line
from pages.components.boxes import section, stack
from pages.components.buttons import link_button
from pages.components.cards import stat, stats
from pages.components.editors import person_cell
from pages.components.links import text_link
from pages.components.lists import under
from pages.components.moments import moment
from pages.components.newest_recordings import newest_recordings
from pages.components.notices import notice
from pages.components.packs import pack_dots, seat_marks
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.sessions import session_list
from pages.components.tables import cell, head, row, table, table_foot
from pages.components.text import strong, text
from pages.layout import Page, signed_in
from state.mentor_dashboard import MenteeFace
from state.mentor_dashboard import MentorDashboardState as State
from state.mentor_sessions import Group
from state.newest_recordings import NewestRecordingsState


def mentor_dashboard() -> rx.Component:
    """What is missing, the next sessions, the seats, the mentees."""
    return signed_in(
        "Your week",
        loaded(
            State.phase,
            stack(
                _notes(),
                _sessions(),
                newest_recordings("/mentor/recordings"),
                _seats(),
                _mentees(),
                gap="wide",
            ),
            failure=State.failure,
            again=State.load,
            shape="page",
        ),
        area="mentor",
        active="/mentor",
        state=rx.cond(
            State.phase == "ready",
            badge(rx.cond(State.listed, "listed", "not listed")),
            rx.fragment(),
        ),
        action=link_button("Edit your profile", "/mentor/profile", kind="secondary"),
    )


def _notes() -> rx.Component:
    return rx.cond(
        (State.todo != "") | (State.over != ""),
        stack(
            rx.cond(
                State.todo != "",
                notice(
                    text(State.todo),
                    action=link_button("Open your profile", "/mentor/profile", kind="secondary"),
                ),
                rx.fragment(),
            ),
            rx.cond(State.over != "", notice(text(State.over), tone="warning"), rx.fragment()),
        ),
        rx.fragment(),
    )


def _sessions() -> rx.Component:
    """What is to decide, today, and the next seven days."""
    more = rx.cond(
        State.later != "",
        text_link(State.later, "/mentor/sessions"),
        text_link("All sessions", "/mentor/sessions"),
    )
    return or_empty(
        has(State.groups),
        stack(rx.foreach(State.groups, _group), rx.el.p(more), gap="wide"),
        section(
            "Next 7 days",
            rx.el.p(
                "No session in the next 7 days. ",
                rx.cond(
                    State.later != "",
                    text_link(State.later, "/mentor/sessions"),
                    text_link("Check your availability", "/mentor/availability"),
                ),
            ),
        ),
    )


def _group(one: rx.vars.ObjectVar[Group]) -> rx.Component:
    return section(one.title, session_list(one.rows, label=one.title))


def _seats() -> rx.Component:
    note = rx.cond(has(State.marks), seat_marks(State.marks, State.taken_note), State.taken_note)
    return stats(
        stat("Seats taken", State.taken, note),
        stat("Active", State.active, "With sessions left"),
        stat("In grace", State.grace, "To renew, or the seat is freed"),
        stat("Held", State.held, "Somebody is paying, or has the offer"),
        stat("Waiting", State.waiting, "On your waitlist"),
    )


def _mentees() -> rx.Component:
    heads = [head("Mentee"), head("Left"), head("Seat"), head("To use by"), head("Since")]
    return section(
        "Your mentees",
        or_empty(
            has(State.mentees),
            rx.fragment(
                table("Your mentees", heads, rx.foreach(State.mentees, _row)),
                table_foot(
                    State.total,
                    line(
                        rx.cond(State.is_first, rx.fragment(), text_link("Newest", "/mentor")),
                        rx.cond(
                            State.older_href != "",
                            text_link("Earlier ones", State.older_href),
                            rx.fragment(),
                        ),
                    ),
                ),
            ),
            empty(
                "Nobody has a seat with you yet.",
                "Whoever buys one of your packs is listed here, with the sessions that are left.",
                action=link_button("See your page", State.page_href, kind="secondary"),
            ),
        ),
    )


def _row(mentee: rx.vars.ObjectVar[MenteeFace]) -> rx.Component:
    return row(
        cell(person_cell("", mentee.initials, strong(mentee.name)), rank="main"),
        cell(pack_dots(mentee.dots, mentee.balance), under(mentee.balance), rank="fact"),
        cell(
            toned(mentee.seat, mentee.tone),
            rx.cond(
                mentee.seat_until.iso != "",
                under(mentee.seat_word, moment(mentee.seat_until)),
                rx.fragment(),
            ),
        ),
        cell(mentee.no_end, moment(mentee.ends), rank="wide"),
        cell(moment(mentee.since), label="Since"),
    )


PAGE = Page(
    route="/mentor",
    title="Your week",
    component=mentor_dashboard,
    on_load=[State.load, NewestRecordingsState.load_mentors],
)
