"""One run of a job, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import section, split, stack
from pages.components.buttons import link_button
from pages.components.cards import card, fact, fact_list
from pages.components.jobs import (
    changes_table,
    code,
    fact_if,
    folded,
    job_places,
    runs_table,
    thing,
)
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import table_foot
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.admin_job_run import AdminJobRunState as State
from state.job_rows import JOBS, RUNS


def admin_job_run() -> rx.Component:
    """What it was, how it went, what it changed, and the other attempts."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.kind, "Run"),
        job_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such run.",
                "Runs are kept for a while; perhaps this one was too old, or its address was cut.",
                action=link_button("All runs", RUNS, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=JOBS,
        state=rx.cond(State.phase == "ready", toned(State.head.status, State.head.tone), NOTHING),
    )


def _content() -> rx.Component:
    return stack(
        _error(),
        split(_facts(), _about(), even=True),
        _changes(),
        rx.cond(
            has(State.others),
            section("Other runs of the same", runs_table("Other runs", State.others)),
            NOTHING,
        ),
        gap="apart",
    )


def _error() -> rx.Component:
    return rx.cond(
        State.head.error != "",
        stack(
            notice(strong("What went wrong"), text(State.head.error), tone="bad"),
            rx.cond(
                State.traceback != "",
                folded("The traceback", code(State.traceback, label="Traceback"), opened=True),
                NOTHING,
            ),
        ),
        NOTHING,
    )


def _facts() -> rx.Component:
    return card(
        strong("How it went"),
        fact_list(
            fact("Began", moment(State.began)),
            fact_if(State.ended.iso != "", "Ended", moment(State.ended)),
            fact("Took", State.head.took),
            fact_if(State.head.attempt != "", "Attempt", State.head.attempt),
            fact_if(State.head.result != "", "Result", State.head.result),
            fact_if(State.head.worker != "", "Worker", mark(State.head.worker)),
            fact_if(State.trace != "", "In the log", mark(State.trace)),
        ),
        label="How it went",
    )


def _about() -> rx.Component:
    return card(
        strong("What it was about"),
        or_empty(
            (State.head.subject != "") | (State.head.about != ""),
            fact_list(
                fact_if(State.head.subject != "", "Worked on", mark(State.head.subject)),
                fact_if(State.head.about != "", "About", _thing()),
                fact_if(State.work_href != "", "See", text_link(State.work, State.work_href)),
            ),
            muted("Nothing in particular: it did whatever was due."),
        ),
        label="What it was about",
    )


def _changes() -> rx.Component:
    return section(
        "Rows it changed",
        or_empty(
            has(State.changes),
            rx.fragment(
                changes_table("Rows it changed", State.changes),
                table_foot(State.changed),
            ),
            muted("None that was written down."),
        ),
    )


def _thing() -> rx.Component:
    return thing(State.head.about, State.head.about_href)


PAGE = Page(
    route=f"{RUNS}/[run]", title="Run of a job", component=admin_job_run, on_load=[State.load]
)
