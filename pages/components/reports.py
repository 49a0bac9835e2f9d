"""Parts of the reports: tools above, a question with its chart, the table behind it, and what the
numbers mean."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.buttons import button, link_button
from pages.components.chips import chip, chips
from pages.components.forms import form
from pages.components.kinds import Child, Flag, Press, Text
from pages.components.links import document, text_link
from pages.components.notices import notice
from pages.components.phases import failed, has
from state.admin_overview import Task
from state.admin_seats import UseRow
from state.mentors import FilterChip
from state.reporting import Reporting


def reports(*children: Child) -> rx.Component:
    """The parts of a report, one below the other."""
    return rx.el.div(*children, class_name="reports")


def side_by_side(*children: Child, leading: bool = False) -> rx.Component:
    """Two parts beside each other where there is room; a `leading` first one is wider."""
    name = "report-grid report-grid-lead" if leading else "report-grid"
    return rx.el.div(*children, class_name=name)


def report(question: Text, *children: Child, action: Child | None = None) -> rx.Component:
    """One question and what answers it."""
    head = [rx.el.h2(question), *([action] if action is not None else [])]
    return rx.el.section(rx.el.div(*head, class_name="report-head"), *children, class_name="report")


def behind(table: Child, csv: Text, *more: Child, words: str = "Show the table") -> rx.Component:
    """What stands behind a chart: its table, one click away, and the same as a file."""
    return rx.el.div(
        rx.el.details(rx.el.summary(words), table, class_name="more"),
        csv_link(csv),
        *more,
        class_name="behind",
    )


def csv_link(href: Text, words: str = "Download as CSV") -> rx.Component:
    """The same numbers as a file."""
    return document(words, href=href, class_name="text-link small", beside=True)


def task_list(tasks: list[Task] | rx.Var[list[Task]]) -> rx.Component:
    """What needs somebody: each with what to do, and the way to where it can be done."""
    return rx.el.ul(rx.foreach(tasks, _task), class_name="tasks")


def meaning(*sentences: Child) -> rx.Component:
    """What the numbers are, in plain words."""
    return rx.el.section(
        rx.el.h2("What these numbers are"),
        *(rx.el.p(sentence) for sentence in sentences),
        class_name="meaning",
    )


def period_tools(state: type[Reporting], *more: Child, submit: Press) -> rx.Component:
    """The presets, a period of one's own, and whatever else may be chosen."""
    return rx.el.div(
        line(
            chips("Period", rx.foreach(state.presets, _chip)),
            _own_period(state, submit),
            between=True,
        ),
        *more,
        class_name="report-tools",
    )


def choices(name: str, found: list[FilterChip] | rx.Var[list[FilterChip]]) -> rx.Component:
    """A filter's chips behind its name; nothing while there is nothing to choose."""
    return rx.fragment(
        rx.cond(
            has(found),
            rx.el.div(
                rx.el.span(name, class_name="choices-name", aria_hidden=True),
                chips(name, rx.foreach(found, _chip)),
                class_name="choices",
            ),
            rx.fragment(),
        )
    )


def answered(state: type[Reporting], content: Child, *, again: Press, path: str) -> rx.Component:
    """The report once it is there; until then its shape; what failed; or what is wrong with the
    address, with the way back to a report that can be shown."""
    return rx.fragment(
        rx.match(
            state.phase,
            ("ready", rx.cond(state.wrong != "", _wrong(state, path), content)),
            ("failed", failed(state.failure, again)),
            report_skeleton(),
        )
    )


def report_skeleton() -> rx.Component:
    """Figures, then a chart."""
    return rx.el.div(
        rx.el.span("Loading", class_name="only-read"),
        rx.el.div(
            *(rx.el.span(class_name="bone bone-stat") for _ in range(3)), class_name="bone-stats"
        ),
        rx.el.span(class_name="bone bone-chart"),
        class_name="skeleton",
        aria_busy=True,
    )


def seats_used(mentor: rx.vars.ObjectVar[UseRow]) -> rx.Component:
    """How full a mentor is: a small bar, the words, and by how many it is over."""
    bar = rx.el.progress(
        value=mentor.used, max=mentor.places, aria_label=mentor.taken, class_name="use-bar"
    )
    over = rx.cond(mentor.over != "", toned(mentor.over, "bad"), rx.fragment())
    return rx.el.div(bar, rx.el.span(mentor.taken, class_name="figures"), over, class_name="use")


def filters(*found: Child, shown: Flag) -> rx.Component:
    """Ways to narrow a report, put away until one of them is used."""
    return rx.el.details(
        rx.el.summary("Filters"),
        rx.el.div(*found, class_name="filters"),
        open=shown,
        class_name="more",
    )


def _task(task: rx.vars.ObjectVar[Task]) -> rx.Component:
    words = rx.cond(task.href != "", text_link(task.title, task.href), task.title)
    return rx.el.li(
        rx.el.span(words, class_name=f"badge badge-{task.tone}"),
        rx.el.span(task.advice, class_name="muted small"),
    )


def _chip(one: rx.vars.ObjectVar[FilterChip]) -> rx.Component:
    return chip(one.label, one.href, chosen=one.chosen)


def _wrong(state: type[Reporting], path: str) -> rx.Component:
    return rx.el.div(
        notice(
            rx.el.p(state.wrong),
            tone="warning",
            action=rx.el.div(link_button("Show the last 12 months", path, kind="secondary")),
        ),
        role="alert",
    )


def _own_period(state: type[Reporting], submit: Press) -> rx.Component:
    return form(
        rx.el.div(
            _day("first", "From", state.first),
            _day("last", "To", state.last),
            button("Show", submit=True, kind="secondary"),
            class_name="own-period",
        ),
        on_submit=submit,
        key=state.first + state.last,
        label="A period of your own",
    )


def _day(name: str, label: str, value: Text) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(type="date", id=name, name=name, default_value=value, class_name="input"),
        class_name="own-day",
    )
