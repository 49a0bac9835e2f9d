"""The hours of a week as fields, a group for each weekday; and what the fields of hours share."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, section
from pages.components.buttons import button, icon_button
from pages.components.editors import more
from pages.components.forms import option, select
from pages.components.kinds import Text
from pages.components.phases import has
from pages.components.text import muted
from services.accounts import list_zones
from state.hours import WEEKDAYS, WORKDAYS, DayRow, WindowRow
from state.mentor_availability import MentorAvailabilityState as State

_Day = rx.vars.ObjectVar[DayRow]


def wrong(name: Text) -> rx.Var[str]:
    """The error of one field; empty when there is none."""
    return rx.cond(State.wrong_field == name, State.wrong_text, "")


def zone_options(own: Text) -> list[rx.Component]:
    """All zones. One by an old name, or that left the list, stays until another is chosen."""
    return [
        option(own, own),
        *(option(zone.replace("_", " "), zone) for zone in list_zones()),
    ]


def weekly_hours() -> rx.Component:
    """The zone, and the windows of each weekday."""
    return section(
        "Weekly hours",
        muted("In your own time zone: 09:00 stays 09:00 when the clocks change."),
        rx.el.div(
            select(
                "time_zone",
                "Time zone of these hours",
                *zone_options(State.zone),
                value=State.zone,
                error=wrong("time_zone"),
                on_change=lambda zone: State.set_rule("time_zone", zone),
            ),
            key=f"zone {State.version}",
        ),
        rx.el.div(rx.foreach(State.week, _day), class_name="week-hours"),
    )


def _day(day: _Day) -> rx.Component:
    return rx.el.div(
        rx.el.h3(day.name),
        rx.el.div(
            rx.cond(
                has(day.windows),
                rx.foreach(day.windows, lambda window: _window(day, window)),
                muted("No hours"),
            ),
            rx.cond(
                wrong(day.field) != "",
                rx.el.p(State.wrong_text, class_name="field-error", role="alert"),
                rx.fragment(),
            ),
            rx.el.div(
                button("Add hours", on_click=State.add_window(day.weekday), kind="quiet"),
                rx.cond(has(day.windows), _copies(day), rx.fragment()),
                class_name="day-actions",
            ),
            class_name="stack stack-close",
        ),
        class_name="day-hours",
        role="group",
        aria_label=day.name,
    )


def _window(day: _Day, window: rx.vars.ObjectVar[WindowRow]) -> rx.Component:
    def entry(edge: str, label: Text, value: Text) -> rx.Component:
        return rx.el.input(
            type="time",
            default_value=value,
            aria_label=label,
            on_change=lambda typed: State.set_time(day.weekday, window.key, edge, typed),
            class_name="input time-input",
        )

    return rx.el.div(
        entry("starts", f"{day.name} from", window.starts),
        rx.el.span("to", aria_hidden=True),
        entry("ends", f"{day.name} until", window.ends),
        icon_button(
            "x",
            f"Remove {window.starts} to {window.ends} on {day.name}",
            on_click=State.remove_window(day.weekday, window.key),
        ),
        key=window.key.to_string(),
        class_name="window-line",
    )


def _copies(day: _Day) -> rx.Component:
    def copy(label: str, to: list[int]) -> rx.Component:
        return button(label, on_click=State.copy_day(day.weekday, to), kind="secondary")

    singles = [
        rx.cond(day.weekday == number, rx.fragment(), copy(name, [number]))
        for number, name in enumerate(WEEKDAYS)
    ]
    return more(
        f"Copy {day.name}",
        muted("To which days? Their hours are replaced."),
        row(copy("Monday to Friday", list(WORKDAYS)), copy("Every day", list(range(7))), *singles),
    )
