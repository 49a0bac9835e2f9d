"""What erasing an account means: what stands against it, and what would be lost."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import stack
from pages.components.links import text_link
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import has
from pages.components.text import quiet, strong, text
from state.settings_data import PackFace, SessionFace


def obstacle_list(obstacles: list[str] | rx.Var[list[str]]) -> rx.Component:
    """Sentences on what must be settled first."""
    return notice(rx.el.ul(rx.foreach(obstacles, rx.el.li), class_name="points"), tone="warning")


def lost_packs(packs: list[PackFace] | rx.Var[list[PackFace]]) -> rx.Component:
    """The sessions that were paid and not used."""
    return rx.cond(
        has(packs),
        notice(
            text(strong("Sessions that are paid and not used would be lost.")),
            rx.el.ul(rx.foreach(packs, _pack), class_name="points"),
            text("They can be refunded before, and not any more afterwards."),
            tone="warning",
        ),
        rx.fragment(),
    )


def _pack(pack: rx.vars.ObjectVar[PackFace]) -> rx.Component:
    return rx.el.li(
        rx.cond(pack.href != "", text_link(pack.what, pack.href), pack.what),
        rx.cond(pack.worth != "", quiet(" (paid ", pack.worth, ")"), rx.fragment()),
    )


def lost_sessions(sessions: list[SessionFace] | rx.Var[list[SessionFace]]) -> rx.Component:
    """The booked sessions that are canceled."""
    return rx.cond(
        has(sessions),
        stack(
            text("These sessions would be canceled, and the mentors told:"),
            rx.el.ul(rx.foreach(sessions, _session), class_name="points"),
            gap="close",
        ),
        rx.fragment(),
    )


def lost_places(places: list[str] | rx.Var[list[str]]) -> rx.Component:
    """The mentors whose lines are left."""
    return rx.cond(
        has(places),
        stack(
            text("These places on waitlists would go to the next in line:"),
            rx.el.ul(rx.foreach(places, rx.el.li), class_name="points"),
            gap="close",
        ),
        rx.fragment(),
    )


def lost_recordings(sentences: list[str] | rx.Var[list[str]]) -> rx.Component:
    """What becomes of recordings."""
    return rx.cond(
        has(sentences),
        stack(rx.foreach(sentences, lambda one: text(one)), gap="close"),
        rx.fragment(),
    )


def _session(one: rx.vars.ObjectVar[SessionFace]) -> rx.Component:
    return rx.el.li(
        moment(one.time),
        " with ",
        one.mentor,
        rx.cond(one.note != "", quiet(" (", one.note, ")"), rx.fragment()),
    )
