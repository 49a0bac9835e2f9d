"""What is chosen so far: the summary beside the times, and on a phone the bar below them."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import button, icon_button, spinner
from pages.components.kinds import Child, Flag, Press, Text
from state.picks import PickFace


def picks(
    chosen: list[PickFace] | rx.Var[list[PickFace]], whose: Text, *, on_leave: Press, busy: Text
) -> rx.Component:
    """The chosen times, each with a way to leave it again; `busy` is the `iso` of one at work."""
    return rx.el.ul(
        rx.foreach(chosen, lambda one: _pick(one, whose, on_leave, busy == one.iso)),
        class_name="rows picks",
    )


def _pick(
    one: rx.vars.ObjectVar[PickFace], whose: Text, on_leave: Press, busy: Flag
) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(one.when, class_name=rx.cond(one.gone, "pick-gone", "strong")),
            rx.cond(
                one.theirs != "",
                rx.el.span(one.theirs, " for ", whose, class_name="muted small"),
                rx.fragment(),
            ),
            rx.cond(
                one.gone,
                rx.el.span("Not free any more. It will not be booked.", class_name="field-error"),
                rx.fragment(),
            ),
            class_name="stack stack-tight grow",
        ),
        spinner(busy),
        icon_button("x", one.leave, on_click=on_leave(one.iso)),
        class_name="pick",
    )


def problem(text: Text) -> rx.Component:
    """What stands in the way, said at once; its place is always there."""
    return rx.el.div(
        rx.cond(text != "", rx.el.p(text, class_name="notice notice-warning"), rx.fragment()),
        role="alert",
        class_name="problem",
    )


def pick_bar(words: Text, label: Text, *, on_press: Press, busy: Flag) -> rx.Component:
    """The summary in one line, which stays in sight on a phone."""
    return rx.cond(
        label != "",
        rx.el.div(
            rx.el.span(words, class_name="small grow"),
            button(label, on_click=on_press, busy=busy),
            class_name="pick-bar",
        ),
        rx.fragment(),
    )


def made(title: Text, times: list[str] | rx.Var[list[str]], *more: Child) -> rx.Component:
    """What was booked: the times one below the other, and what to do now."""
    return rx.el.div(
        rx.el.div(
            rx.el.h2(title, class_name="title-20"),
            rx.el.ul(rx.foreach(times, lambda one: rx.el.li(one)), class_name="stack stack-close"),
            class_name="stack",
            role="status",
        ),
        rx.el.div(*more, class_name="row"),
        class_name="card stack",
    )


def chosen_time(when: Text, theirs: Text, whose: Text) -> rx.Component:
    """The one time that is chosen."""
    return rx.el.p(
        rx.el.strong(when),
        rx.cond(
            theirs != "",
            rx.el.span(" (", theirs, " for ", whose, ")", class_name="muted small"),
            rx.fragment(),
        ),
    )


def own_time(error: Text) -> rx.Component:
    """A date and a time of one's own choosing."""
    note = rx.cond(
        error != "",
        rx.el.p(error, id="own-time-note", class_name="field-error", role="alert"),
        rx.el.p(
            "In your time zone. Only what is booked already stands in the way of it.",
            id="own-time-note",
            class_name="field-help",
        ),
    )
    return rx.el.div(
        rx.el.label("Date and time", html_for="own_time"),
        rx.el.input(
            id="own_time",
            name="own_time",
            type="datetime-local",
            required=True,
            class_name="input",
            custom_attrs={"aria-describedby": "own-time-note"},
        ),
        note,
        class_name="field",
    )
