"""Sessions: in lists, and the parts of a session's own page."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.cards import facts
from pages.components.chips import chip, chips
from pages.components.editors import more
from pages.components.faces import face
from pages.components.icons import icon
from pages.components.kinds import Child, Text
from pages.components.links import anchor, text_link
from pages.components.moments import moment
from pages.components.people import person_line
from pages.components.text import muted, only_read, prose, strong
from state.mentors import FilterChip
from state.session_faces import Head, Outcome
from state.session_times import Times
from state.sessions import SessionFace


def part_chips(parts: list[FilterChip] | rx.Var[list[FilterChip]]) -> rx.Component:
    """Which part of a list is shown; one always is."""
    return chips(
        "Which sessions",
        rx.foreach(parts, lambda one: chip(one.label, one.href, chosen=one.chosen)),
    )


def session_list(
    rows: list[SessionFace] | rx.Var[list[SessionFace]], *, label: Text
) -> rx.Component:
    """Sessions one below the other; each opens as a whole."""
    return rx.el.ul(rx.foreach(rows, _line), class_name="meetings", aria_label=label)


def _line(one: rx.vars.ObjectVar[SessionFace]) -> rx.Component:
    opens = anchor(
        one.when.text, only_read(" with ", one.name), href=one.href, class_name="meeting-open"
    )
    return rx.el.li(
        face(one.photo, one.initials, size="small"),
        rx.el.div(
            rx.el.p(opens),
            rx.el.p(one.name, class_name="muted small"),
            rx.cond(one.note != "", rx.el.p(one.note, class_name="small"), rx.fragment()),
            class_name="stack stack-tight grow",
        ),
        toned(one.status, one.tone),
        class_name="meeting",
    )


def meeting_columns(now: Child, side: Child, rest: Child) -> rx.Component:
    """The page of a session: what matters now, what can be done beside it, and then the rest."""
    return rx.el.div(rx.el.div(now), side, rx.el.div(rest), class_name="meeting-columns")


def meeting_time(times: Times) -> rx.Component:
    """When it is on one's own clock, on the others', and how long it still is until then. The last
    is not announced: it changes all the time."""
    return rx.el.div(
        rx.el.p(moment(times.mine), class_name="meeting-when"),
        rx.el.p("Your time: ", times.zone, class_name="muted small"),
        rx.cond(times.theirs != "", muted(times.theirs), rx.fragment()),
        rx.cond(
            times.countdown != "",
            rx.el.p(times.countdown, class_name="meeting-countdown"),
            rx.fragment(),
        ),
        class_name="stack stack-tight",
    )


def how_it_ended(shown: Outcome) -> rx.Component:
    """The outcome in its tone; when it changes, it is announced."""
    sign = rx.match(
        shown.tone,
        ("good", icon("circle-check")),
        ("warning", icon("triangle-alert")),
        ("bad", icon("circle-x")),
        icon("info"),
    )
    return rx.el.div(
        sign,
        rx.el.div(
            rx.el.p(strong(shown.title)),
            rx.el.p(shown.words),
            class_name="stack stack-tight",
        ),
        class_name=f"notice notice-{shown.tone}",
        role="status",
    )


def with_whom(head: Head) -> rx.Component:
    """The other person, and the pack that the session belongs to."""
    name = rx.cond(head.href != "", text_link(head.name, head.href), strong(head.name))
    return rx.fragment(
        person_line(head.initials, head.photo, rx.el.p(name)), facts(("Pack", head.pack))
    )


def note(author: Text, body: Text, at: Child) -> rx.Component:
    """What the other person wrote for both."""
    return rx.el.article(
        rx.el.p(strong(author), " ", rx.el.span(at, class_name="muted small")),
        prose(body),
        class_name="stack stack-tight",
    )


def folded_history(label: Text, lines: Child) -> rx.Component:
    """What happened, the latest first, closed at first."""
    return more(label, rx.el.ol(lines, class_name="meeting-history"))


def history_line(at: Child, words: Text, reason: Text) -> rx.Component:
    """One line of it: when, what, and why."""
    return rx.el.li(
        rx.el.span(at, class_name="muted"),
        rx.el.span(words),
        rx.cond(reason != "", rx.el.span("“", reason, "”", class_name="muted"), rx.fragment()),
    )
