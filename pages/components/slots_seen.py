"""What hours lead to: the times a mentee sees, the sessions that do not fit, and why."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import button, link_button
from pages.components.editors import offer_line, pair
from pages.components.forms import field, form, select
from pages.components.hours import wrong, zone_options
from pages.components.links import text_link
from pages.components.phases import has
from pages.components.text import muted, strong
from state.hours import PreviewDay
from state.hours_words import CollisionRow
from state.mentor_availability import MentorAvailabilityState as State


def slots_preview() -> rx.Component:
    """Seven days of what could be booked, before anything is stored."""
    return section(
        "What a mentee sees",
        rx.el.div(
            select(
                "preview_zone",
                "Seen from",
                *zone_options(State.preview_zone),
                value=State.preview_zone,
                on_change=State.see_from,
            ),
            key=f"seen {State.version}",
        ),
        row(
            rx.cond(
                State.is_first_week,
                rx.fragment(),
                button("Earlier", on_click=State.turn_week(-1), kind="secondary"),
            ),
            button("Later", on_click=State.turn_week(1), kind="secondary"),
            rx.el.span(
                rx.cond(
                    State.preview_problem != "",
                    rx.fragment("Not shown yet: ", State.preview_problem),
                    rx.fragment(State.preview_total, " in these seven days"),
                ),
                class_name="muted small",
                role="status",
            ),
        ),
        rx.el.div(rx.foreach(State.preview, _preview_day), class_name="preview-days"),
    )


def _preview_day(day: rx.vars.ObjectVar[PreviewDay]) -> rx.Component:
    return rx.el.div(
        rx.el.h3(day.name),
        rx.cond(
            has(day.times),
            rx.el.ul(
                rx.foreach(day.times, lambda time: rx.el.li(time, class_name="preview-time")),
                class_name="preview-times",
            ),
            muted("Nothing can be booked"),
        ),
        class_name="preview-day",
    )


def colliding_sessions() -> rx.Component:
    """Booked sessions that the hours exclude."""
    return section(
        "Booked sessions that do not fit",
        muted("They stay booked. Propose another time, or leave them as they are."),
        divided(rx.foreach(State.collisions, _collision)),
    )


def _collision(one: rx.vars.ObjectVar[CollisionRow]) -> rx.Component:
    return offer_line(
        stack(
            text_link(rx.fragment(one.mentee, ", ", one.starts.text), one.href),
            muted(one.why),
            gap="tight",
        ),
        link_button("Propose a new time", one.propose_href, kind="secondary"),
    )


def why_offered() -> rx.Component:
    """A question about one time, and its answer."""
    shown = State.answer
    return section(
        "Why is a time offered, or not?",
        form(
            pair(
                field("why_day", "Date", kind="date", error=wrong("why_day")),
                field("why_time", "Start", kind="time"),
            ),
            muted("As it is stored now, in the time zone of these hours."),
            row(button("Ask", submit=True, kind="secondary")),
            on_submit=State.ask_why,
            label="Why is a time offered, or not?",
        ),
        rx.el.div(
            rx.cond(
                shown.title != "",
                stack(
                    row(strong(shown.title), toned(shown.word, shown.tone)),
                    rx.el.ul(
                        rx.foreach(shown.sentences, lambda words: rx.el.li(words)),
                        class_name="stack stack-tight",
                    ),
                    gap="close",
                ),
                rx.fragment(),
            ),
            role="status",
        ),
    )
