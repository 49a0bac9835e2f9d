"""Parts of the job pages: the ways between them, runs in a table, what changed, what was done."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, section, stack
from pages.components.boxes import row as line
from pages.components.buttons import button
from pages.components.cards import fact
from pages.components.chips import chip, chips
from pages.components.forms import option
from pages.components.kinds import NOTHING, Child, Flag, Text
from pages.components.links import text_link
from pages.components.lists import mark, question, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, quiet, strong
from state.admin_inbox import AdminInboxState
from state.admin_outbox import AdminOutboxState
from state.job_rows import INBOX, JOBS, OUTBOX, RUNS, ChangeLine, DoneLine, JobListing, RunLine

_PLACES = (("Overview", JOBS), ("Runs", RUNS), ("Outbox", OUTBOX), ("Inbox", INBOX))


def job_places(here: str) -> rx.Component:
    """The ways between the job pages."""
    return rx.el.nav(
        chips("Job pages", *(chip(word, href, chosen=href == here) for word, href in _PLACES)),
        aria_label="Jobs",
        class_name="job-places",
    )


def kind_choice(state: type[JobListing]) -> rx.Component:
    """The kind to pick, beside a list's search."""
    return rx.el.select(
        option("Every kind", ""),
        rx.foreach(state.kinds, lambda kind: option(kind, kind)),
        name="kind",
        default_value=state.kind,
        aria_label="Kind",
        class_name="input kind-input",
    )


def many_again(state: type[AdminInboxState] | type[AdminOutboxState], yes: str) -> rx.Component:
    """How many it would be, before anything is done to them. Its place is always there, so that
    screen readers hear it come."""
    return rx.el.div(
        rx.cond(
            state.asking,
            question(
                state.question,
                rx.cond(
                    state.stuck > 0,
                    button(yes, on_click=state.retry_stuck, busy=state.busy),
                    NOTHING,
                ),
                button("Not now", on_click=state.close, kind="secondary"),
            ),
            NOTHING,
        ),
        aria_live="polite",
        class_name="job-places",
    )


def runs_table(label: str, runs: list[RunLine] | rx.Var[list[RunLine]]) -> rx.Component:
    """Runs, each row opening its run."""
    heads = [
        head("Kind"),
        head("About"),
        head("Status"),
        head("Took", number=True),
        head("Began"),
    ]
    return table(label, heads, rx.foreach(runs, _run), dense=True)


def _run(run: rx.vars.ObjectVar[RunLine]) -> rx.Component:
    return row(
        cell(
            text_link(strong(run.kind), run.href),
            said(run.subject),
            said(run.error, bad=True),
            said(run.result),
            rank="main",
        ),
        cell(thing(run.about, run.about_href), rank="wide"),
        cell(
            toned(run.status, run.tone),
            said(run.attempt),
            rank="fact",
        ),
        cell(run.took, number=True, label="Took: "),
        cell(moment(run.at)),
    )


def said(words: Text, *, bad: bool = False) -> rx.Component:
    """A second line, where there is anything to say."""
    return rx.cond(words != "", under(words, bad=bad), NOTHING)


def thing(public_id: Text, href: Text) -> rx.Component:
    """What something is about: its id, and the way to it where it has a page."""
    shown = mark(public_id, short=True)
    return rx.cond(href != "", text_link(shown, href), shown)


def changes_table(label: str, changes: list[ChangeLine] | rx.Var[list[ChangeLine]]) -> rx.Component:
    """Rows that a run changed, or would change."""
    heads = [head("What"), head("Which one"), head("How")]
    return table(label, heads, rx.foreach(changes, _change), dense=True)


def _change(one: rx.vars.ObjectVar[ChangeLine]) -> rx.Component:
    return row(
        cell(strong(one.table), rank="main"),
        cell(thing(one.thing, one.href)),
        cell(one.what, rank="fact"),
    )


def fact_if(condition: Flag, name: str, value: Child) -> rx.Component:
    """A line of facts, where there is that fact."""
    return rx.cond(condition, fact(name, value), NOTHING)


def history(lines: list[DoneLine] | rx.Var[list[DoneLine]]) -> rx.Component:
    """What people did to it; nothing where nobody did anything."""
    return rx.cond(
        has(lines), section("What was done to it", divided(rx.foreach(lines, _done))), NOTHING
    )


def _done(one: rx.vars.ObjectVar[DoneLine]) -> rx.Component:
    return stack(
        line(strong(one.what), quiet(one.who), moment(one.at)),
        rx.cond(one.reason != "", muted("“", one.reason, "”"), NOTHING),
        gap="tight",
    )


def folded(words: str, *children: Child, opened: bool = False) -> rx.Component:
    """What is put away behind its words; the browser's own `details`, so that keys open it."""
    return rx.el.details(rx.el.summary(words), *children, class_name="more", open=opened)


def code(text: Text, *, label: str) -> rx.Component:
    """Text as a machine wrote it, in lines that scroll; the keyboard reaches it."""
    return rx.el.pre(
        text,
        class_name="code",
        tab_index=0,
        role="region",
        aria_label=label,
    )


def paused(because: Text, what: str) -> rx.Component:
    """That the kind stands still, and why."""
    return rx.cond(
        because != "",
        muted(what, " stands still: ", because, ". ", text_link("Let it go on", JOBS)),
        NOTHING,
    )
