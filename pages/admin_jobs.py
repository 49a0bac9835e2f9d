"""The jobs at a glance, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, section, stack
from pages.components.boxes import row as line
from pages.components.buttons import button
from pages.components.cards import card, stat, stats
from pages.components.charts import chart
from pages.components.chips import chip, chips
from pages.components.forms import field, option, select
from pages.components.jobs import folded, job_places, runs_table, said
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.phases import empty, failed, has, or_empty
from pages.components.questions import asked
from pages.components.reports import report, report_skeleton, reports, side_by_side
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, quiet, strong
from pages.layout import Page, signed_in
from state.admin_jobs import PATH
from state.admin_jobs import AdminJobsState as State
from state.job_overview_rows import (
    HourRow,
    KindRow,
    PauseLine,
    QueueLine,
    ScheduleLine,
    WorkerLine,
)
from state.mentors import FilterChip


def admin_jobs() -> rx.Component:
    """Figures, charts, then who works, what rests, and what runs by the clock."""
    return signed_in(
        "Jobs",
        job_places(PATH),
        rx.match(
            State.phase,
            ("ready", _content()),
            ("failed", failed(State.failure, State.load)),
            report_skeleton(),
        ),
        area="admin",
        active=PATH,
        state=rx.cond(State.phase == "ready", toned(State.status, State.tone), NOTHING),
    )


def _content() -> rx.Component:
    return reports(
        _figures(),
        chips("Over the last", rx.foreach(State.spans, _chip)),
        rx.cond(
            State.ran,
            side_by_side(_over_time(), _failures(), leading=True),
            empty(
                "Nothing ran in this time.",
                "What the studio does by itself is drawn here by the hour, and what of it failed.",
            ),
        ),
        _pauses(),
        _workers(),
        _schedules(),
        _now(),
        _lately(),
    )


def _chip(one: rx.vars.ObjectVar[FilterChip]) -> rx.Component:
    return chip(one.label, one.href, chosen=one.chosen)


def _figures() -> rx.Component:
    return stats(
        stat("Runs", State.runs, State.runs_note),
        _waiting("Waiting to leave", State.outbox),
        _given_up("Dead messages", State.outbox),
        _waiting("Waiting to be handled", State.inbox),
        _given_up("Failed webhooks", State.inbox),
        stat("Workers", State.working, State.working_note),
    )


def _waiting(name: str, queue: QueueLine) -> rx.Component:
    return stat(name, text_link(queue.due, queue.href), queue.note)


def _given_up(name: str, queue: QueueLine) -> rx.Component:
    note = toned(queue.given_up_note, queue.tone)
    return stat(name, text_link(queue.given_up, queue.given_up_href), note)


def _over_time() -> rx.Component:
    heads = [head("From"), head("Succeeded", number=True), head("Failed", number=True)]
    return report(
        "How much ran?",
        chart(State.chart, State.says, kind="jobs"),
        muted("The palest one is not over."),
        folded(
            "Show the table",
            table("Runs over time", heads, rx.foreach(State.hours, _hour), dense=True),
        ),
    )


def _hour(one: rx.vars.ObjectVar[HourRow]) -> rx.Component:
    return row(
        cell(strong(one.at), rank="main"),
        cell(one.succeeded, rank="fact", number=True),
        cell(one.failed, number=True, label="Failed: "),
    )


def _failures() -> rx.Component:
    heads = [
        head("Kind"),
        head("Runs", number=True),
        head("Failed", number=True),
        head("Takes", number=True),
    ]
    return report(
        "What fails?",
        rx.cond(
            State.some_failed,
            chart(State.failures_chart, State.failures_says, kind="failures"),
            muted("Nothing failed in this time."),
        ),
        folded(
            "Show all kinds",
            table("Runs by kind", heads, rx.foreach(State.kinds, _kind), dense=True),
        ),
    )


def _kind(one: rx.vars.ObjectVar[KindRow]) -> rx.Component:
    return row(
        cell(text_link(one.kind, one.href), rank="main"),
        cell(one.runs, rank="fact", number=True),
        cell(one.failed, number=True, label="Failed: "),
        cell(one.took, number=True, label="Takes: "),
    )


def _pauses() -> rx.Component:
    return section(
        "Paused",
        rx.cond(State.asking, card(_pause_form()), NOTHING),
        or_empty(
            has(State.pauses),
            divided(rx.foreach(State.pauses, _pause)),
            muted("Nothing stands still."),
        ),
        action=rx.cond(
            State.asking,
            NOTHING,
            button("Pause a kind", on_click=State.ask(True), kind="secondary"),
        ),
    )


def _pause_form() -> rx.Component:
    return asked(
        select(
            "kind",
            "What is to stand still",
            rx.foreach(State.pausable, lambda kind: option(kind, kind)),
            help="What is due waits until it goes on; nothing is lost.",
            error=rx.cond(State.wrong == "kind", State.wrong_words, ""),
        ),
        field(
            "reason",
            "Why",
            help="Admins alone read it.",
            error=rx.cond(State.wrong == "reason", State.wrong_words, ""),
            max_length=200,
        ),
        submit="Pause it",
        on_submit=State.pause,
        on_close=State.ask(False),
        busy=State.busy == "pause",
        label="Pause a kind",
    )


def _pause(one: rx.vars.ObjectVar[PauseLine]) -> rx.Component:
    return line(
        stack(
            line(strong(one.kind), quiet("by ", one.who), moment(one.since)),
            muted(
                one.reason,
                rx.cond(one.until.iso != "", rx.fragment(" Until ", moment(one.until)), NOTHING),
            ),
            gap="tight",
        ),
        button(
            "Let it go on",
            about=one.kind,
            on_click=State.resume(one.kind),
            kind="secondary",
            busy=State.busy == one.kind,
        ),
        between=True,
    )


def _workers() -> rx.Component:
    heads = [head("Worker"), head("State"), head("Doing"), head("Since"), head("Last sign of life")]
    return section(
        "Workers",
        or_empty(
            has(State.workers),
            table("Workers", heads, rx.foreach(State.workers, _worker), dense=True),
            muted("No worker was ever seen. Without one nothing is sent and nothing is handled."),
        ),
    )


def _worker(one: rx.vars.ObjectVar[WorkerLine]) -> rx.Component:
    return row(
        cell(mark(one.name), rank="main"),
        cell(toned(one.state, one.tone), rank="fact"),
        cell(one.doing),
        cell(moment(one.since), label="Since: "),
        cell(moment(one.beat), label="Last: "),
    )


def _schedules() -> rx.Component:
    heads = [head("Job"), head("How often"), head("Last run"), head("Next run"), head("Actions")]
    return section(
        "By the clock",
        or_empty(
            has(State.schedules),
            table("By the clock", heads, rx.foreach(State.schedules, _schedule), dense=True),
            muted("A worker writes here what it does by the clock, when it starts."),
        ),
    )


def _schedule(one: rx.vars.ObjectVar[ScheduleLine]) -> rx.Component:
    return row(
        cell(
            text_link(one.name, one.runs_href),
            rx.cond(one.paused, toned("paused", "warning"), NOTHING),
            said(one.error, bad=True),
            rank="main",
        ),
        cell(one.every),
        cell(
            moment(one.last),
            rx.cond(one.took != "", quiet(", took ", one.took), NOTHING),
            rank="fact",
        ),
        cell(moment(one.next), label="Next: "),
        cell(
            rx.cond(
                one.asked,
                quiet("asked for"),
                button(
                    "Run now",
                    about=one.name,
                    on_click=State.run_now(one.name),
                    kind="quiet",
                    busy=State.busy == one.name,
                ),
            ),
            rank="action",
        ),
    )


def _now() -> rx.Component:
    return rx.cond(
        has(State.running),
        section("Running now", runs_table("Running now", State.running)),
        NOTHING,
    )


def _lately() -> rx.Component:
    return section(
        "Failed lately",
        or_empty(
            has(State.failed),
            runs_table("Failed lately", State.failed),
            muted("Nothing has failed."),
        ),
        muted("As of ", moment(State.as_of), "."),
    )


PAGE = Page(route=PATH, title="Jobs", component=admin_jobs, on_load=[State.load])
