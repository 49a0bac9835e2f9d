"""The runs of the jobs, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.jobs import job_places, kind_choice, runs_table
from pages.components.lists import listing
from pages.components.phases import has
from pages.layout import Page, signed_in
from state.admin_job_runs import PATH
from state.admin_job_runs import AdminJobRunsState as State
from state.job_rows import JOBS


def admin_job_runs() -> rx.Component:
    """Search, filters, table."""
    return signed_in(
        "Runs",
        job_places(PATH),
        listing(
            State,
            runs_table("Runs", State.rows),
            path=PATH,
            placeholder="An id or a key, whole",
            search_label="Search runs",
            filter_label="Status",
            submit=State.search,
            load=State.load,
            nothing="No job has run yet.",
            why="Whatever the studio does by itself is written down here: how it went, how long it "
            "took, and what it changed.",
            filled=has(State.rows),
            beside=kind_choice(State),
            key=State.query + State.kind,
        ),
        area="admin",
        active=JOBS,
    )


PAGE = Page(route=PATH, title="Runs of jobs", component=admin_job_runs, on_load=[State.load])
