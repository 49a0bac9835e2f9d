"""The editor of a mentor's availability, the same for mentors themselves and for admins: what is
offered and when on the left, and beside it what a mentee sees of it."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, section, side, split, stack
from pages.components.buttons import button
from pages.components.days_off import dates_that_differ, time_off
from pages.components.editors import pair, said
from pages.components.forms import field
from pages.components.hours import weekly_hours, wrong
from pages.components.kinds import Text
from pages.components.notices import notice
from pages.components.phases import has
from pages.components.slots_seen import colliding_sessions, slots_preview, why_offered
from pages.components.text import text
from state.mentor_availability import MentorAvailabilityState as State


def availability_editor() -> rx.Component:
    """What stands in the way first, then the editor with its preview."""
    return stack(
        rx.cond(State.off_sale != "", notice(text(State.off_sale), tone="warning"), rx.fragment()),
        rx.cond(has(State.collisions), colliding_sessions(), rx.fragment()),
        split(
            stack(
                weekly_hours(),
                _rules(),
                dates_that_differ(),
                _saving(),
                time_off(),
                why_offered(),
                gap="apart",
            ),
            side(slots_preview()),
            even=True,
        ),
        gap="wide",
    )


def save_button() -> rx.Component:
    """Stores what is in the fields."""
    return button("Save the hours", on_click=State.save, busy=State.saving)


def saved_mark() -> rx.Component:
    """Whether there is something that is not stored yet."""
    return rx.cond(State.dirty, toned("not saved yet", "warning"), toned("saved", "good"))


def _rules() -> rx.Component:
    def number(name: str, label: str, value: Text, help: Text, error: str) -> rx.Component:
        return field(
            name,
            label,
            value=value,
            help=help,
            error=wrong(error),
            inputmode="decimal",
            on_change=lambda typed: State.set_rule(name, typed),
        )

    return section(
        "Rules",
        rx.el.div(
            pair(
                number(
                    "session_minutes",
                    "Session, in minutes",
                    State.session_minutes,
                    f"A start every {State.step_words}.",
                    "session_minutes",
                ),
                number(
                    "buffer_minutes",
                    "Buffer, in minutes",
                    State.buffer_minutes,
                    "Free before and after each session; 0 to 60.",
                    "buffer_minutes",
                ),
                number(
                    "notice_hours",
                    "Notice, in hours",
                    State.notice_hours,
                    "Nothing is booked later than that.",
                    "notice_minutes",
                ),
                number(
                    "horizon_days",
                    "Days ahead",
                    State.horizon_days,
                    "Nothing is booked earlier than that.",
                    "horizon_days",
                ),
            ),
            field(
                "link",
                "Meeting link",
                value=State.link,
                help="Where your sessions take place, such as a video room. Your mentees get it.",
                error=wrong("meeting_link"),
                required=False,
                max_length=500,
                on_change=lambda typed: State.set_rule("link", typed),
            ),
            class_name="stack",
            key=f"rules {State.version}",
        ),
    )


def _saving() -> rx.Component:
    refused = f"Not saved: {State.refused}"
    back = button("Back to what is stored", on_click=State.discard, kind="quiet")
    return row(
        save_button(),
        rx.cond(State.dirty, back, rx.fragment()),
        said(rx.cond(State.refused != "", refused, State.saved)),
    )
