"""Recordings: in lists, and what several pages say of one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import stack
from pages.components.chips import chip, chips
from pages.components.faces import face
from pages.components.kinds import NOTHING, Text
from pages.components.links import anchor
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import part_foot
from pages.components.text import muted, only_read
from state.recording_faces import ConsentFace, RecordingFace
from state.recordings import PartOfRecordings

_Faces = list[RecordingFace] | rx.Var[list[RecordingFace]]


def recording_page_list(state: type[PartOfRecordings], *, load: Any) -> rx.Component:
    """A page's list of one's own recordings: the part that is chosen, and the ways on."""
    shown: Any = state
    listed = stack(
        muted("Times are yours: ", shown.time_zone, "."),
        recording_list(state.rows, label="Your recordings"),
        part_foot(state.total, state.first_href, state.next_href),
    )
    which = rx.foreach(state.chips, lambda one: chip(one.label, one.href, chosen=one.chosen))
    return stack(
        chips("Which recordings", which),
        loaded(
            state.phase,
            or_empty(has(state.rows), listed, _nothing(state)),
            failure=state.failure,
            again=load,
        ),
        gap="wide",
    )


def _nothing(state: type[PartOfRecordings]) -> rx.Component:
    return rx.cond(
        state.chosen == "deleted",
        empty(
            "No recording was deleted.",
            "Recordings whose time is over are listed here, with the proof that nothing of them "
            "is left.",
        ),
        empty(
            "There is no recording.",
            "A session is recorded when both of you agree to it, in the room or on the session's "
            "page. You find it here soon after the session.",
        ),
    )


def recording_list(rows: _Faces, *, label: Text) -> rx.Component:
    """Recordings of several sessions one below the other; each opens as a whole."""
    return rx.el.ul(rx.foreach(rows, _line), class_name="meetings", aria_label=label)


def _line(one: rx.vars.ObjectVar[RecordingFace]) -> rx.Component:
    opens = anchor(
        one.when.text,
        only_read(" with ", one.name, " ", one.which),
        href=one.href,
        class_name="meeting-open",
    )
    under = rx.el.p(
        one.name,
        rx.cond(one.which != "", rx.fragment(" · ", one.which), NOTHING),
        rx.cond(one.facts != "", rx.fragment(" · ", one.facts), NOTHING),
        class_name="muted small",
    )
    return _row(one, opens, under, face(one.photo, one.initials, size="small"))


def recordings_of_session(rows: _Faces, *, label: Text) -> rx.Component:
    """The recordings of one session, on its page, which says when and with whom it was."""
    return rx.el.ul(rx.foreach(rows, _short_line), class_name="meetings", aria_label=label)


def _short_line(one: rx.vars.ObjectVar[RecordingFace]) -> rx.Component:
    name = rx.cond(one.which != "", one.which, "The recording")
    opens = anchor(name, href=one.href, class_name="meeting-open")
    under = rx.cond(one.facts != "", rx.el.p(one.facts, class_name="muted small"), NOTHING)
    return _row(one, opens, under)


def _row(
    one: rx.vars.ObjectVar[RecordingFace],
    opens: rx.Component,
    under: rx.Component,
    *first: rx.Component,
) -> rx.Component:
    return rx.el.li(
        *first,
        rx.el.div(
            rx.el.p(opens),
            under,
            rx.cond(one.note != "", rx.el.p(one.note, class_name="small"), NOTHING),
            class_name="stack stack-tight grow",
        ),
        rx.el.div(
            rx.cond(one.held, toned("held", "warning"), NOTHING),
            toned(one.status, one.tone),
            class_name="row",
        ),
        class_name="meeting",
    )


def answers(rows: list[ConsentFace] | rx.Var[list[ConsentFace]]) -> rx.Component:
    """What both people have answered about being recorded."""
    return rx.el.ul(rx.foreach(rows, _answer), class_name="answers", aria_label="Answers")


def _answer(one: rx.vars.ObjectVar[ConsentFace]) -> rx.Component:
    return rx.el.li(
        rx.el.span(one.name, class_name="strong"),
        toned(one.answer, one.tone),
        rx.el.span(moment(one.at), class_name="muted small"),
    )
