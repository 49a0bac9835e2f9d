"""The job pages without a browser: what they say, and what their buttons do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select

from services import clock, db
from services.jobs import events, pauses
from services.jobs.views import HourPoint, KindLine
from services.models import (
    AuditEntry,
    InboxEvent,
    InboxStatus,
    JobChange,
    JobHour,
    JobRun,
    JobStatus,
    OutboxMessage,
    OutboxStatus,
    Pause,
    RowChange,
    Schedule,
    User,
    Worker,
)
from services.paging import Part
from state import job_figures, job_rows, things
from state.admin_event import AdminEventState
from state.admin_inbox import AdminInboxState
from state.admin_job_run import AdminJobRunState
from state.admin_job_runs import AdminJobRunsState
from state.admin_jobs import AdminJobsState
from state.admin_message import AdminMessageState
from state.admin_outbox import AdminOutboxState
from tests.services.rows import a_user, an_admin, saved
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")

ORDER = "ord_" + "a" * 22


def stored(kind: type[SQLModel]) -> list[Any]:
    """All rows of a table."""
    with db.reading() as session:
        return list(session.exec(select(kind)).all())


def messages(*statuses: OutboxStatus, **fields: Any) -> list[OutboxMessage]:
    """Mails in these states."""
    return [
        saved(OutboxMessage(kind="mail", unique_key=f"mail:{number}", status=status, **fields))
        for number, status in enumerate(statuses)
    ]


def an_event(**fields: Any) -> InboxEvent:
    """A webhook of Stripe's that could not be handled."""
    return saved(
        InboxEvent(
            provider="stripe",
            event_id="evt_1",
            type="checkout.session.completed",
            payload='{"id": "evt_1", "email": "mia@example.com"}',
            status=InboxStatus.FAILED,
            **fields,
        )
    )


def a_run(**fields: Any) -> JobRun:
    """A run that failed."""
    now = clock.utc_now()
    fields = {"kind": "outbox:mail", "status": JobStatus.FAILED, "error": "It broke"} | fields
    return saved(JobRun(started_at=now - timedelta(milliseconds=250), ended_at=now, **fields))


def overview(boss: User | None = None, span: str = "") -> OpenPage[AdminJobsState]:
    """The overview, open before an admin."""
    return OpenPage(AdminJobsState, boss or an_admin(), f"/admin/jobs?span={span}")


def test_where_nothing_ran_yet_the_page_says_so_and_that_nobody_works() -> None:
    shown = overview().state
    assert (shown.phase, shown.ran, shown.status, shown.tone) == (
        "ready",
        False,
        "no worker",
        "bad",
    )
    assert (shown.outbox.due, shown.outbox.note) == ("0", "nothing waits")


def test_the_page_says_the_gravest_thing_first() -> None:
    boss = an_admin()
    saved(Worker(name="host:1", doing="outbox:mail"))
    assert overview(boss).state.status == "running"
    saved(Pause(kind="mail", reason="A test"))
    assert overview(boss).state.status == "1 kind paused"
    saved(Worker(name="host:2", beat_at=clock.utc_now() - timedelta(minutes=5)))
    shown = overview(boss).state
    assert shown.status == "a worker is silent"
    assert [(one.state, one.tone) for one in shown.workers] == [
        ("working", "good"),
        ("silent", "bad"),
    ]
    messages(OutboxStatus.DEAD)
    shown = overview(boss).state
    assert (shown.status, shown.tone) == ("1 given up", "bad")
    assert shown.outbox.given_up_href == "/admin/jobs/outbox?only=dead"


def test_people_who_are_no_admins_see_nothing_of_the_jobs() -> None:
    saved(Worker(name="host:1"))
    shown = overview(a_user()).state
    assert (shown.workers, shown.phase, shown.status) == ([], "failed", "")


@pytest.mark.parametrize(("span", "bars"), [("day", 24), ("week", 168), ("month", 30)])
def test_what_ran_is_drawn_over_the_span_that_the_address_names(span: str, bars: int) -> None:
    with clock.at(datetime(2026, 3, 20, 23, 30, tzinfo=UTC)):
        now = clock.utc_now().replace(minute=0)
        saved(JobHour(hour=now, kind="prune", succeeded=5, failed=2, milliseconds=700))
        shown = overview(span=span).state
    good, bad = shown.chart["data"]
    assert (len(good["x"]), sum(good["y"]), sum(bad["y"])) == (bars, 5, 2)
    assert shown.says.startswith("Runs of jobs by ")
    assert "5 succeeded and 2 failed" in shown.says
    assert shown.failures_chart["data"][0]["x"] == [2.0]
    assert [(one.kind, one.runs, one.failed, one.took) for one in shown.kinds] == [
        ("prune", "7", "2", "100 ms")
    ]
    assert len(shown.hours) == 1
    assert [chip.chosen for chip in shown.spans] == [
        name == span for name in ("day", "week", "month")
    ]


def test_a_kind_is_paused_with_a_reason_and_goes_on_again() -> None:
    boss = an_admin()
    page = overview(boss)
    shown = page.state
    assert {"mail", "refund", "inbox:stripe"} <= set(shown.pausable)
    page.does("ask", True)
    page.does("pause", {"kind": "mail", "reason": " "})
    assert (shown.asking, shown.wrong, stored(Pause)) == (True, "reason", [])

    page.does("pause", {"kind": "everything", "reason": "A test"})
    assert (shown.asking, shown.wrong, stored(Pause)) == (True, "kind", [])

    page.does("pause", {"kind": "mail", "reason": "The mail server is moved"})
    assert not shown.asking
    assert [(one.kind, one.who, one.reason) for one in shown.pauses] == [
        ("mail", "Ada Admin", "The mail server is moved")
    ]
    assert "mail" not in shown.pausable

    page.does("resume", "mail")
    assert (shown.pauses, stored(Pause)) == ([], [])


def test_a_job_is_asked_for_out_of_turn_once() -> None:
    saved(Schedule(name="prune", every="every night at 03:17"))
    page = overview()
    page.does("run_now", "prune")
    page.does("run_now", "prune")
    [schedule] = page.state.schedules
    assert (schedule.name, schedule.every, schedule.asked) == (
        "prune",
        "every night at 03:17",
        True,
    )
    assert [one.action for one in stored(AuditEntry)] == ["schedule.asked"]


def test_runs_are_listed_as_the_address_asks_and_the_filters_stay_in_it() -> None:
    boss = an_admin()
    a_run(about=ORDER)
    a_run(kind="prune")
    hour = clock.utc_now().replace(minute=0, second=0, microsecond=0)
    saved(JobHour(hour=hour, kind="prune", failed=1))
    page = OpenPage(AdminJobRunsState, boss, "/admin/jobs/runs?only=failed&kind=outbox:mail")
    shown = page.state
    assert [(one.kind, one.about_href, one.took, one.tone) for one in shown.rows] == [
        ("outbox:mail", f"/admin/orders/{ORDER}", "250 ms", "bad")
    ]
    assert (shown.total, shown.filtered, shown.kinds) == ("1 run", True, ["outbox:mail", "prune"])
    hrefs = {chip.label: chip.href for chip in shown.chips}
    assert hrefs["Failed"] == "/admin/jobs/runs?kind=outbox%3Amail"
    assert hrefs["Running"] == "/admin/jobs/runs?only=running&kind=outbox%3Amail"

    page.goes_to("/admin/jobs/runs?kind=nothing-like-it")
    assert (shown.rows, shown.filtered) == ([], True)
    assert "nothing-like-it" in shown.kinds, "what the address asks for can be picked"


def test_what_nobody_counted_is_not_called_a_number() -> None:
    assert job_rows.total_of(Part((1, 2), "next"), "run") == "2 of more than 10,000 runs"
    assert job_rows.total_of(Part((1, 2), None, 2), "run") == ""


def test_a_run_is_told_with_its_error_its_changes_and_the_way_to_its_message() -> None:
    [message] = messages(OutboxStatus.FAILED)
    run = a_run(subject="mail:0", attempt=3, traceback="Traceback: it broke", worker="host:1")
    saved(
        JobChange(
            run_id=run.id,
            table_name="outbox_message",
            thing=message.public_id,
            change=RowChange.CHANGED,
            times=2,
        )
    )
    a_run(subject="mail:0", attempt=2)
    page = OpenPage(AdminJobRunState, an_admin(), f"/admin/jobs/runs/{run.public_id}")
    shown = page.state
    assert (shown.head.attempt, shown.head.error, shown.traceback) == (
        "attempt 3",
        "It broke",
        "Traceback: it broke",
    )
    assert (shown.work, shown.work_href) == (
        "Its message",
        f"/admin/jobs/outbox/{message.public_id}",
    )
    assert [(one.table, one.what, one.href) for one in shown.changes] == [
        ("outbox message", "changed 2 times", f"/admin/jobs/outbox/{message.public_id}")
    ]
    assert [one.attempt for one in shown.others] == ["attempt 2"]
    page.goes_to("/admin/jobs/runs/run_nothing")
    assert shown.phase == "missing"


def test_what_is_stuck_is_counted_first_and_then_sent_again() -> None:
    messages(OutboxStatus.DEAD, OutboxStatus.FAILED, OutboxStatus.SENT)
    page = OpenPage(AdminOutboxState, an_admin(), "/admin/jobs/outbox")
    shown = page.state
    page.does("retry_stuck")
    assert {one.status for one in stored(OutboxMessage)} >= {OutboxStatus.DEAD}, "nobody asked yet"

    page.does("count_stuck")
    assert (shown.stuck, shown.question) == (
        2,
        "2 messages could not be sent: send all of them again now?",
    )
    page.does("retry_stuck")
    assert sorted(one.status for one in stored(OutboxMessage)) == ["due", "due", "sent"]
    assert not shown.asking
    assert shown.notice == "2 messages will be sent again within a few minutes."


def test_another_number_than_was_counted_sends_nothing() -> None:
    messages(OutboxStatus.DEAD)
    page = OpenPage(AdminOutboxState, an_admin(), "/admin/jobs/outbox")
    page.does("count_stuck")
    saved(OutboxMessage(kind="mail", unique_key="mail:more", status=OutboxStatus.DEAD))
    page.does("retry_stuck")
    assert {one.status for one in stored(OutboxMessage)} == {OutboxStatus.DEAD}
    assert "2 such messages by now, not 1" in page.state.notice
    assert not page.state.asking


def test_where_nothing_is_stuck_nothing_is_offered() -> None:
    page = OpenPage(AdminOutboxState, an_admin(), "/admin/jobs/outbox?kind=mail")
    page.does("count_stuck")
    assert (page.state.stuck, page.state.question) == (0, "No message of kind mail is stuck.")


def test_a_dead_message_is_sent_again_or_given_up_with_a_reason() -> None:
    [message] = messages(OutboxStatus.DEAD)
    page = OpenPage(AdminMessageState, an_admin(), f"/admin/jobs/outbox/{message.public_id}")
    shown = page.state
    assert (shown.head.status, shown.can_retry, shown.can_cancel) == ("dead", True, True)
    page.does("retry")
    assert (shown.head.status, shown.can_retry) == ("due", False)

    page.does("ask", True)
    page.does("cancel", {"reason": ""})
    assert (shown.asking, shown.wrong != "") == (True, True)
    page.does("cancel", {"reason": "Nobody needs it any more"})
    assert (shown.head.status, shown.asking, shown.can_cancel) == ("canceled", False, False)
    assert [(one.what, one.who, one.reason) for one in shown.history] == [
        ("Canceled", "Ada Admin", "Nobody needs it any more"),
        ("Sent again", "Ada Admin", ""),
    ]


def test_a_refund_is_left_to_where_the_refunds_are() -> None:
    message = saved(OutboxMessage(kind="refund", unique_key="refund:1", status=OutboxStatus.DEAD))
    page = OpenPage(AdminMessageState, an_admin(), f"/admin/jobs/outbox/{message.public_id}")
    shown = page.state
    assert (shown.is_refund, shown.can_retry, shown.can_cancel) == (True, False, False)
    page.does("retry")
    assert stored(OutboxMessage)[0].status is OutboxStatus.DEAD


def test_a_message_that_never_left_is_not_called_sent() -> None:
    now = clock.utc_now()
    messages(OutboxStatus.DEAD, OutboxStatus.CANCELED, OutboxStatus.DUE)
    saved(OutboxMessage(kind="mail", unique_key="m", status=OutboxStatus.SENT, sent_at=now))
    shown = OpenPage(AdminOutboxState, an_admin(), "/admin/jobs/outbox").state
    assert {one.status: (one.when_word, one.when.iso != "") for one in shown.rows} == {
        "dead": ("", False),
        "canceled": ("", False),
        "due": ("due", True),
        "sent": ("sent", True),
    }


def test_a_message_of_a_kind_that_rests_says_why() -> None:
    [message] = messages(OutboxStatus.DUE)
    saved(Pause(kind="mail", reason="The mail server is moved"))
    page = OpenPage(AdminMessageState, an_admin(), f"/admin/jobs/outbox/{message.public_id}")
    assert page.state.paused_because == "The mail server is moved"
    assert page.state.head.paused


def test_a_webhook_is_tried_first_and_then_handled_again() -> None:
    event = an_event()
    page = OpenPage(AdminEventState, an_admin(), f"/admin/inbox/{event.public_id}")
    shown = page.state
    assert (shown.phase, shown.asked, shown.tried.public_id) == ("ready", False, "")
    assert "mia@example.com" not in shown.payload

    page.does("rehearse")
    assert shown.asked
    [asked] = stored(OutboxMessage)
    assert (asked.kind, asked.data["event"]) == ("rehearsal", event.public_id)

    run = a_run(
        kind=events.REHEARSAL,
        subject=event.public_id,
        status=JobStatus.SUCCEEDED,
        error="",
        result="It would be handled.",
    )
    saved(JobChange(run_id=run.id, table_name="order", thing=ORDER, change=RowChange.CHANGED))
    page.reconnects()
    assert (shown.asked, shown.tried_well, shown.tried_words) == (
        False,
        True,
        "It would be handled.",
    )
    assert [(one.table, one.thing, one.what) for one in shown.would] == [
        ("order", ORDER, "changed")
    ]

    page.does("retry")
    assert (shown.head.status, stored(InboxEvent)[0].status) == ("received", InboxStatus.RECEIVED)
    assert shown.history[0].what == "Handled again"


def test_a_trial_that_fails_says_how() -> None:
    event = an_event()
    a_run(kind=events.REHEARSAL, subject=event.public_id, error="NotFound: no such order")
    shown = OpenPage(AdminEventState, an_admin(), f"/admin/inbox/{event.public_id}").state
    assert (shown.tried_well, shown.tried.error) == (False, "NotFound: no such order")


def test_the_inbox_leads_to_each_webhook() -> None:
    event = an_event(about=ORDER)
    shown = OpenPage(AdminInboxState, an_admin(), "/admin/inbox?only=failed").state
    [row] = shown.rows
    assert (row.href, row.about_href, row.status) == (
        f"/admin/inbox/{event.public_id}",
        f"/admin/orders/{ORDER}",
        "failed",
    )


def test_webhooks_that_were_given_up_are_counted_first_and_then_handled_again() -> None:
    an_event()
    page = OpenPage(AdminInboxState, an_admin(), "/admin/inbox")
    shown = page.state
    page.does("retry_stuck")
    assert stored(InboxEvent)[0].status is InboxStatus.FAILED, "nobody asked yet"
    page.does("count_stuck")
    assert (shown.stuck, shown.question) == (
        1,
        "1 webhook could not be handled: handle it again now?",
    )
    page.does("retry_stuck")
    assert stored(InboxEvent)[0].status is InboxStatus.RECEIVED
    assert shown.notice == "1 webhook will be handled again within a minute."
    page.does("count_stuck")
    assert (shown.stuck, shown.question) == (0, "No webhook was given up.")


def test_a_page_that_nobody_may_see_does_nothing_when_its_events_are_sent() -> None:
    [message] = messages(OutboxStatus.DEAD)
    mia = a_user()
    page = OpenPage(AdminMessageState, mia, f"/admin/jobs/outbox/{message.public_id}")
    page.state.head = page.state.head.__class__(public_id=message.public_id)
    page.does("retry")
    page.does("cancel", {"reason": "I want it"})
    assert stored(OutboxMessage)[0].status is OutboxStatus.DEAD
    OpenPage(AdminJobsState, mia, "/admin/jobs").does("pause", {"kind": "mail", "reason": "Hm"})
    with db.reading() as session:
        assert pauses.list_paused(session) == ()
        assert (
            session.exec(select(AuditEntry).where(col(AuditEntry.actor_id) == mia.id)).all() == []
        )


def test_days_of_a_chart_are_those_of_the_person_who_looks() -> None:
    late = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    points = [HourPoint(late, 1, 0), HourPoint(late + timedelta(hours=1), 2, 1)]
    utc = job_figures.bars_of(points, zone="UTC", by_day=True)
    kolkata = job_figures.bars_of(points, zone="Asia/Kolkata", by_day=True)
    assert [(bar.at.day, bar.succeeded) for bar in utc] == [(2, 1), (3, 2)]
    assert [(bar.at.day, bar.succeeded, bar.failed) for bar in kolkata] == [(3, 3, 1)]
    assert kolkata[0].at.isoformat() == "2026-03-03T00:00:00"
    hours = job_figures.bars_of(points, zone="Asia/Kolkata", by_day=False)
    assert hours[0].at.isoformat() == "2026-03-03T04:30:00"


def test_the_chart_of_failures_names_those_that_failed_most_and_says_the_same_in_words() -> None:
    kinds = [KindLine("a", 10, 1, 5.0), KindLine("<b>", 1, 4, 5.0), KindLine("c", 9, 0, 5.0)]
    figure = job_figures.failures_by_kind(kinds)
    [bars] = figure["data"]
    assert bars["x"] == [4.0, 1.0]
    assert "&lt;b&gt;" in bars["customdata"][0]
    assert job_figures.failures_in_words(kinds) == (
        "Failures by kind: <b> failed most, 4 times; 1 other kind failed too."
    )
    assert job_figures.failures_in_words([]) == "Nothing failed."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0451, "45 ms"), (1.24, "1.2 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min"), (-1, "0 ms")],
)
def test_how_long_a_run_took_is_said_shortly(seconds: float, words: str) -> None:
    assert job_rows.duration(timedelta(seconds=seconds)) == words


def test_things_lead_to_their_pages_and_what_has_none_leads_nowhere() -> None:
    assert things.place(ORDER) == f"/admin/orders/{ORDER}"
    assert things.place("run_x") == "/admin/jobs/runs/run_x"
    assert things.place("ref_x") == "/admin/refunds"
    assert things.place("sea_x") == ""
    assert job_rows.page_of("inv_x") == "", "a file is no page"
    assert job_rows.page_of("") == ""
