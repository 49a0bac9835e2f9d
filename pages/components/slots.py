"""Picking a time: a week as a strip of days, and the times of a day as buttons of one size."""

from __future__ import annotations

import reflex as rx

from pages.components.arrows import one_stop
from pages.components.buttons import button, spinner
from pages.components.forms import form
from pages.components.icons import icon
from pages.components.kinds import Flag, Press, Text
from pages.components.links import anchor
from services.accounts import list_zones
from state.slots import DayFace, PartFace, SlotFace

Days = list[DayFace] | rx.Var[list[DayFace]]
Parts = list[PartFace] | rx.Var[list[PartFace]]


def week_strip(
    days: Days, day: Text, title: Text, earlier: Text, later: Text, *, on_choose: Press
) -> rx.Component:
    """The days of a week, those with a free time marked; a radio group, so the arrow keys move
    from one such day to the next. The weeks around are links."""
    return rx.el.div(
        rx.el.div(
            _week_link("chevron-left", "The week before", earlier),
            rx.el.h2(title, class_name="title-20"),
            _week_link("chevron-right", "The week after", later),
            class_name="week-head",
        ),
        rx.el.div(
            rx.foreach(days, lambda one: _day(one, day, on_choose)),
            role="radiogroup",
            aria_label="Day",
            class_name="week-days",
        ),
        class_name="stack",
    )


def _week_link(picture: str, label: str, href: Text) -> rx.Component:
    return rx.cond(
        href != "",
        anchor(icon(picture), href=href, class_name="icon-button", **{"aria-label": label}),
        rx.el.span(class_name="icon-button", aria_hidden=True),
    )


def _day(one: rx.vars.ObjectVar[DayFace], day: Text, on_choose: Press) -> rx.Component:
    mark = rx.cond(one.chosen, "day-mark day-mark-chosen", "day-mark")
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="day",
            checked=one.day == day,
            disabled=~one.free,
            on_change=on_choose,
            custom_attrs={"value": one.day, "aria-label": one.label},
        ),
        rx.el.span(one.weekday, class_name="small"),
        rx.el.span(one.number, class_name="day-number"),
        rx.cond(one.free, rx.el.i(class_name=mark, aria_hidden=True), rx.fragment()),
        class_name="day",
    )


def day_slots(title: Text, parts: Parts, *, on_choose: Press, busy: Text = "") -> rx.Component:
    """The times of a day by morning, afternoon and evening. One stop of the Tab key; `on_choose`
    takes the `iso` of the time that is pressed, `busy` is that of the time at work."""
    return rx.el.section(
        rx.el.h3(title, class_name="title-20"),
        one_stop(
            rx.foreach(parts, lambda part: _part(part, on_choose, busy)),
            class_name="stack stack-wide",
        ),
        class_name="stack",
        aria_label="Times",
    )


def _part(part: rx.vars.ObjectVar[PartFace], on_choose: Press, busy: Text) -> rx.Component:
    return rx.el.div(
        rx.el.h4(part.name, class_name="muted small"),
        rx.el.div(
            rx.foreach(part.slots, lambda one: _slot(one, on_choose, busy == one.iso)),
            class_name="slots",
            role="group",
            aria_label=part.name,
        ),
        class_name="stack stack-close",
    )


def _slot(one: rx.vars.ObjectVar[SlotFace], on_choose: Press, busy: Flag) -> rx.Component:
    return rx.el.button(
        rx.el.span(
            spinner(busy),
            rx.cond(one.chosen, icon("check"), rx.fragment()),
            one.time,
            class_name="slot-time",
        ),
        rx.cond(one.theirs != "", rx.el.span(one.theirs, class_name="slot-theirs"), rx.fragment()),
        type="button",
        class_name="slot",
        aria_pressed=one.chosen,
        aria_busy=busy,
        aria_label=one.label,
        on_click=on_choose(one.iso),
        key=one.iso,
    )


def zone_line(zone: Text, other: Text, whose: Text) -> rx.Component:
    """In which zone the times are, and what the smaller times are."""
    return rx.el.p(
        "Times in ",
        rx.el.strong(zone),
        ", your time zone.",
        rx.cond(
            other != "",
            rx.fragment(" Below each, the time for ", whose, " (", other, ")."),
            rx.fragment(),
        ),
        class_name="small",
    )


def zone_form(zone: Text, error: Text, *, on_submit: Press) -> rx.Component:
    """Another zone for oneself: all of them, found by typing a part of the name."""
    note = rx.cond(
        error != "",
        rx.el.p(error, id="zone-note", class_name="field-error", role="alert"),
        rx.el.p(
            "Type a city. Your mails and all pages use it too.",
            id="zone-note",
            class_name="field-help",
        ),
    )
    return rx.el.details(
        rx.el.summary("Change the time zone", class_name="text-link small"),
        form(
            rx.el.div(
                rx.el.label("Your time zone", html_for="time_zone"),
                rx.el.input(
                    id="time_zone",
                    name="time_zone",
                    list="zones",
                    default_value=zone,
                    required=True,
                    class_name="input",
                    custom_attrs={"autoComplete": "off", "aria-describedby": "zone-note"},
                ),
                rx.el.datalist(*(rx.el.option(value=one) for one in list_zones()), id="zones"),
                note,
                class_name="field",
            ),
            rx.el.div(button("Use this zone", submit=True, kind="secondary")),
            on_submit=on_submit,
            key=zone,
            label="Time zone",
        ),
        class_name="zone-form",
    )


def announced(text: Text) -> rx.Component:
    """What a press did, for screen readers; its place is always there."""
    return rx.el.p(text, class_name="only-read", role="status")
