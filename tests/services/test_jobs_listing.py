"""What admins read of the jobs: found by index, in the same few queries, without anybody's data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from services import clock, db
from services.audit import Actor
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.jobs import charts, events, finding, listing, messages, overview, pauses
from services.jobs.views import RunRow
from services.models import (
    AuditEntry,
    InboxEvent,
    InboxStatus,
    JobChange,
    JobHour,
    JobRun,
    JobStatus,
    MailDelivery,
    MailStatus,
    OutboxMessage,
    OutboxStatus,
    RowChange,
    Schedule,
    Worker,
)
from services.paging import Part
from tests.services.rows import VISITOR, a_user, acting, an_admin, counted_reading, saved

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
ORDER = "ord_" + "a" * 22
SEVERAL = 7


def a_run(kind: str = "outbox:mail", *, ago: timedelta = timedelta(0), **fields: Any) -> JobRun:
    """A run that succeeded within a second, some time ago."""
    began = clock.utc_now() - ago
    ended = None if fields.get("status") is JobStatus.RUNNING else began + timedelta(seconds=1)
    fields = {"status": JobStatus.SUCCEEDED, "ended_at": ended} | fields
    return saved(JobRun(kind=kind, started_at=began, **fields))


def a_message(number: int = 1, **fields: Any) -> OutboxMessage:
    """A mail that is due."""
    given: dict[str, Any] = {"kind": "mail", "unique_key": f"mail:{number}"}
    return saved(OutboxMessage(**given | fields))


def an_event(number: int = 1, **fields: Any) -> InboxEvent:
    """A webhook of Stripe's that was received."""
    given: dict[str, Any] = {
        "provider": "stripe",
        "event_id": f"evt_{number}",
        "type": "checkout.session.completed",
        "payload": "{}",
    }
    return saved(InboxEvent(**given | fields))


def kinds(actor: Actor, **asked: Any) -> list[str]:
    """The kinds of the runs that are found."""
    with db.reading() as session:
        return [run.kind for run in listing.list_runs(session, actor=actor, **asked).rows]


Reading = Callable[[Session, Actor], object]
READINGS: dict[str, Reading] = {
    "runs": lambda s, a: listing.list_runs(s, actor=a),
    "run": lambda s, a: listing.get_run(s, actor=a, run="run_x"),
    "messages": lambda s, a: messages.list_messages(s, actor=a),
    "message": lambda s, a: messages.get_message(s, actor=a, message="out_x"),
    "events": lambda s, a: events.list_events(s, actor=a),
    "event": lambda s, a: events.get_event(s, actor=a, event="inb_x"),
    "overview": lambda s, a: overview.get_overview(s, actor=a),
}


@pytest.mark.parametrize("name", READINGS)
def test_only_admins_read_about_the_jobs(name: str) -> None:
    somebody = acting(a_user())
    with db.reading() as session:
        with pytest.raises(NotAllowed):
            READINGS[name](session, somebody)
        with pytest.raises(SignInNeeded):
            READINGS[name](session, VISITOR)


def test_runs_come_newest_first_in_parts_and_none_twice() -> None:
    admin = acting(an_admin())
    for number in range(SEVERAL):
        a_run(f"kind {number}", ago=timedelta(minutes=number))
    seen: list[str] = []
    before: str | None = None
    while True:
        with db.reading() as session:
            part = listing.list_runs(session, actor=admin, before=before, limit=3)
        seen += [run.kind for run in part.rows]
        if part.next is None:
            break
        before = part.next
    assert seen == [f"kind {number}" for number in range(SEVERAL)]
    assert part.total == SEVERAL


def test_runs_are_found_by_status_by_kind_by_both_and_by_what_they_were_about() -> None:
    admin = acting(an_admin())
    failed = {"status": JobStatus.FAILED}
    run = a_run("outbox:mail", subject="mail:welcome:1", about=ORDER)
    a_run("outbox:mail", **failed, ago=timedelta(minutes=1))
    a_run("prune", ago=timedelta(minutes=2))
    a_run("prune", **failed, ago=timedelta(minutes=3))

    assert kinds(admin, status="failed") == ["outbox:mail", "prune"]
    assert kinds(admin, kind="prune") == ["prune", "prune"]
    assert kinds(admin, kind="prune", status="failed") == ["prune"]
    assert kinds(admin, kind="prune", status="succeeded") == ["prune"]
    for named in (ORDER, "mail:welcome:1", run.public_id, f" {ORDER} "):
        assert kinds(admin, query=named) == ["outbox:mail"]
        assert kinds(admin, query=named, kind="prune") == []
        assert kinds(admin, query=named, status="succeeded") == ["outbox:mail"]
    assert kinds(admin, query="mail:welcome") == [], "a key is searched for whole"


@pytest.mark.parametrize("read", [listing.list_runs, messages.list_messages, events.list_events])
def test_a_status_or_a_place_that_does_not_exist_is_said_so(
    read: Callable[..., Part[Any]],
) -> None:
    admin = acting(an_admin())
    with db.reading() as session:
        with pytest.raises(InvalidInput):
            read(session, actor=admin, status="nonsense")
        with pytest.raises(InvalidInput):
            read(session, actor=admin, before="run_of_somebody_else")


def test_what_is_more_than_anybody_counts_is_not_counted() -> None:
    for _ in range(4):
        a_run()
    with db.reading() as session:
        assert finding.counted(session, JobRun, [], most=4) == 4
        assert finding.counted(session, JobRun, [], most=3) is None


def test_a_run_is_shown_with_its_traceback_its_other_attempts_and_the_rows_it_changed() -> None:
    admin = acting(an_admin())
    message = a_message(unique_key="mail:welcome:1")
    first = a_run(subject="mail:welcome:1", status=JobStatus.FAILED, ago=timedelta(minutes=2))
    second = a_run(subject="mail:welcome:1", attempt=2, traceback="Traceback: it broke")
    saved(
        JobChange(
            run_id=second.id, table_name="order", thing=ORDER, change=RowChange.CHANGED, times=2
        )
    )
    with db.reading() as session:
        seen = listing.get_run(session, actor=admin, run=second.public_id)
    assert (seen.run.attempt, seen.traceback) == (2, "Traceback: it broke")
    assert [one.public_id for one in seen.others] == [first.public_id]
    assert [(one.table, one.thing, one.change, one.times) for one in seen.changes] == [
        ("order", ORDER, RowChange.CHANGED, 2)
    ]
    assert (seen.message, seen.event) == (message.public_id, "")


def test_a_run_leads_to_the_webhook_it_handled_and_to_the_one_it_tried() -> None:
    admin = acting(an_admin())
    event = an_event()
    handled = a_run("inbox:checkout.session.completed", subject=event.event_id)
    tried = a_run(events.REHEARSAL, subject=event.public_id)
    for run in (handled, tried):
        with db.reading() as session:
            seen = listing.get_run(session, actor=admin, run=run.public_id)
        assert seen.event == event.public_id


def test_what_does_not_exist_is_not_found() -> None:
    admin = acting(an_admin())
    with db.reading() as session:
        for read in ("run", "message", "event"):
            with pytest.raises(NotFound):
                READINGS[read](session, admin)


def test_messages_are_found_by_status_kind_thing_and_key() -> None:
    admin = acting(an_admin())
    a_message(1, about=ORDER, status=OutboxStatus.SENT)
    a_message(2, status=OutboxStatus.DEAD)
    a_message(3, kind="refund", unique_key="refund:1", status=OutboxStatus.DEAD)

    def keys(**asked: Any) -> set[str]:
        with db.reading() as session:
            part = messages.list_messages(session, actor=admin, **asked)
        return {message.key for message in part.rows}

    assert keys() == {"mail:1", "mail:2", "refund:1"}
    assert keys(status="sent") == {"mail:1"}
    assert keys(status="dead") == {"mail:2", "refund:1"}
    assert keys(status="dead", kind="refund") == {"refund:1"}
    assert keys(kind="mail") == {"mail:1", "mail:2"}
    assert keys(query=ORDER) == {"mail:1"}
    assert keys(query="refund:1") == {"refund:1"}
    assert keys(query=ORDER, status="dead") == set()


def test_a_refund_is_not_for_the_outbox_to_send_again() -> None:
    admin = acting(an_admin())
    a_message(1, status=OutboxStatus.DEAD)
    a_message(2, kind="refund", status=OutboxStatus.DEAD)
    a_message(3, status=OutboxStatus.SENT)
    with db.reading() as session:
        found = messages.list_messages(session, actor=admin).rows
    assert {one.key: (one.can_retry, one.can_cancel) for one in found} == {
        "mail:1": (True, True),
        "mail:2": (False, False),
        "mail:3": (False, False),
    }


def test_a_message_tells_whom_it_is_for_and_never_what_is_secret_or_a_number_of_a_row() -> None:
    boss, mia = an_admin(), a_user("Mia Maler")
    admin = acting(boss)
    carried = {
        "template": "reset",
        "user_id": mia.id,
        "token": "very-secret-token",
        "text": "Dear Mia, call me",
        "note": "write to mia@example.com",
        "trace": "abc",
    }
    message = a_message(data=carried)
    mail = MailDelivery(
        unique_key=message.unique_key,
        user_id=mia.id,
        template="reset",
        recipient=mia.email,
        subject="Your link",
        status=MailStatus.SENT,
    )
    saved(mail)
    with db.reading() as session:
        seen = messages.get_message(session, actor=admin, message=message.public_id)
    assert seen.person == "Mia Maler"
    assert seen.delivery == mail.public_id
    assert '"template": "reset"' in seen.data
    for hidden in ("very-secret", "Dear Mia", "mia@example.com", "user_id", "abc"):
        assert hidden not in seen.data


def test_a_message_whose_kind_rests_says_why_and_what_was_done_to_it() -> None:
    boss = an_admin()
    admin = acting(boss)
    message = a_message()
    pauses.pause(actor=admin, kind="mail", reason="The mail server is moved")
    saved(
        AuditEntry(
            actor="user",
            actor_id=boss.id,
            action="outbox.canceled",
            thing=message.public_id,
            after={"reason": "Nobody needs it"},
        )
    )
    with db.reading() as session:
        [row] = messages.list_messages(session, actor=admin).rows
        seen = messages.get_message(session, actor=admin, message=message.public_id)
    assert row.paused
    assert seen.paused_because == "The mail server is moved"
    [line] = seen.history
    assert (line.action, line.who, line.reason) == (
        "outbox.canceled",
        "Ada Admin",
        "Nobody needs it",
    )


def test_webhooks_come_newest_first_or_oldest_first_and_are_found_by_whole_ids() -> None:
    admin = acting(an_admin())
    now = clock.utc_now()
    for number, status in enumerate((InboxStatus.HANDLED, InboxStatus.FAILED)):
        an_event(
            number,
            object_id=f"cs_{number}",
            about=ORDER if number else "",
            payload='{"email": "somebody@example.com"}',
            status=status,
            received_at=now + timedelta(seconds=number),
        )

    def ids(**asked: Any) -> list[str]:
        with db.reading() as session:
            part = events.list_events(session, actor=admin, **asked)
        assert "somebody@example.com" not in repr(part)
        return [event.event_id for event in part.rows]

    assert ids() == ["evt_1", "evt_0"]
    assert ids(sort="received") == ["evt_0", "evt_1"]
    assert ids(status="failed") == ["evt_1"]
    assert ids(status="handled") == ["evt_0"]
    assert ids(query="cs_0") == ["evt_0"]
    assert ids(query="evt_1") == ["evt_1"]
    assert ids(query=ORDER) == ["evt_1"]
    assert ids(query=ORDER, status="handled") == []


def test_a_webhook_is_shown_without_people_with_its_runs_and_its_last_trial() -> None:
    admin = acting(an_admin())
    event = an_event(
        payload='{"id": "evt_1", "amount": 12000, "customer_details": {"email": "mia@example.com",'
        ' "name": "Mia Maler", "address": {"line1": "Example Road 1"}}, "client_secret": "cs_s_x"}'
    )
    run = a_run("inbox:checkout.session.completed", subject=event.event_id)
    a_run(events.REHEARSAL, subject=event.public_id, ago=timedelta(hours=1), result="An old one")
    trial = a_run(events.REHEARSAL, subject=event.public_id, result="It would be handled.")
    saved(JobChange(run_id=trial.id, table_name="order", thing=ORDER, change=RowChange.CHANGED))
    with db.reading() as session:
        seen = events.get_event(session, actor=admin, event=event.public_id)
    assert '"amount": 12000' in seen.payload
    for hidden in ("mia@example.com", "Mia Maler", "Example Road", "cs_s_x"):
        assert hidden not in seen.payload
    assert [one.public_id for one in seen.runs] == [run.public_id]
    assert seen.rehearsal is not None
    assert seen.rehearsal.run.result == "It would be handled."
    assert [change.thing for change in seen.rehearsal.changes] == [ORDER]


def test_a_webhook_that_nobody_tried_and_whose_content_was_forgotten_can_still_be_shown() -> None:
    admin = acting(an_admin())
    event = an_event(payload="")
    with db.reading() as session:
        seen = events.get_event(session, actor=admin, event=event.public_id)
    assert (seen.payload, seen.rehearsal, seen.runs) == ("", None, ())


def test_the_hours_of_a_span_are_all_there_also_the_quiet_ones() -> None:
    with clock.at(NOW):
        hour = NOW.replace(minute=0)
        saved(JobHour(hour=hour, kind="prune", succeeded=2, failed=1, milliseconds=900))
        saved(JobHour(hour=hour, kind="mail", succeeded=3, milliseconds=30))
        saved(JobHour(hour=hour - timedelta(hours=23), kind="mail", succeeded=1))
        saved(JobHour(hour=hour - timedelta(hours=24), kind="mail", succeeded=100))
        with db.reading() as session:
            points = charts.by_hour(session, since=charts.begin_of("day"))
            lines = charts.by_kind(session, since=charts.begin_of("day"))
    assert len(points) == 24
    assert (points[0].succeeded, points[-1].succeeded, points[-1].failed) == (1, 5, 1)
    assert sum(point.succeeded for point in points) == 6
    assert [(line.kind, line.runs, line.failed, line.milliseconds) for line in lines] == [
        ("prune", 3, 1, 300.0),
        ("mail", 4, 0, 7.5),
    ]


def test_the_overview_tells_what_waits_who_works_what_rests_and_what_failed() -> None:
    boss = an_admin()
    admin = acting(boss)
    with clock.at(NOW):
        long_ago = NOW - timedelta(hours=2)
        a_message(1, due_at=long_ago)
        a_message(2, status=OutboxStatus.FAILED)
        a_message(3, status=OutboxStatus.DEAD)
        a_message(4, status=OutboxStatus.SENT)
        an_event(1)
        an_event(2, status=InboxStatus.FAILED)
        a_run("prune", status=JobStatus.FAILED)
        a_run("reconcile", status=JobStatus.RUNNING)
        saved(Worker(name="host:1", doing="outbox:mail", beat_at=NOW))
        saved(Worker(name="host:2", beat_at=long_ago))
        saved(Schedule(name="prune", every="every night at 03:17"))
        pauses.pause(actor=admin, kind="mail", reason="The mail server is moved")
        with db.reading() as session:
            seen = overview.get_overview(session, actor=admin)
    assert (seen.outbox.due, seen.outbox.failed, seen.outbox.given_up) == (1, 1, 1)
    assert seen.outbox.oldest_at == long_ago
    assert (seen.inbox.due, seen.inbox.given_up) == (1, 1)
    assert [(one.name, one.is_silent) for one in seen.workers] == [
        ("host:1", False),
        ("host:2", True),
    ]
    assert [one.name for one in seen.schedules] == ["prune"]
    assert [(one.kind, one.who) for one in seen.pauses] == [("mail", "Ada Admin")]
    assert [one.kind for one in seen.failures] == ["prune"]
    assert [one.kind for one in seen.running] == ["reconcile"]


def _everything(actor: Actor) -> dict[str, int]:
    """How many queries each page needs now."""
    with db.reading() as session:
        run = listing.list_runs(session, actor=actor).rows[0].public_id
        message = messages.list_messages(session, actor=actor).rows[0].public_id
        event = events.list_events(session, actor=actor).rows[0].public_id
    asks: dict[str, Callable[[Session], object]] = {
        "runs": lambda s: listing.list_runs(s, actor=actor, status="succeeded", kind="outbox:mail"),
        "run": lambda s: listing.get_run(s, actor=actor, run=run),
        "messages": lambda s: messages.list_messages(s, actor=actor),
        "message": lambda s: messages.get_message(s, actor=actor, message=message),
        "events": lambda s: events.list_events(s, actor=actor),
        "event": lambda s: events.get_event(s, actor=actor, event=event),
        "overview": lambda s: overview.get_overview(s, actor=actor, span="month"),
    }
    found: dict[str, int] = {}
    for name, ask in asks.items():
        with counted_reading() as (session, statements):
            ask(session)
            found[name] = len(statements)
    return found


def test_every_job_page_needs_the_same_queries_however_much_there_is() -> None:
    admin = acting(an_admin())

    def one_more(number: int) -> None:
        event, message = an_event(number), a_message(number)
        for subject in (event.event_id, event.public_id, message.unique_key):
            run = a_run(subject=subject)
            saved(JobChange(run_id=run.id, table_name="order", change=RowChange.ADDED))
        a_run(events.REHEARSAL, subject=event.public_id)
        saved(Worker(name=f"host:{number}"))
        saved(Schedule(name=f"job {number}", every="every minute"))
        saved(JobHour(hour=NOW, kind=f"kind {number}", succeeded=1))
        pauses.pause(actor=admin, kind=f"kind {number}", reason="A test")

    one_more(0)
    few = _everything(admin)
    for number in range(1, SEVERAL):
        one_more(number)
    assert _everything(admin) == few
    assert max(few.values()) <= 10


def _plan(session: Session, statements: list[str]) -> list[str]:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    return [
        row[3]
        for said in statements
        for row in driver.execute(f"EXPLAIN QUERY PLAN {said}", [None] * said.count("?"))
    ]


@pytest.mark.one_database("sqlite")
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"status": "failed"},
        {"status": "succeeded"},
        {"kind": "prune"},
        {"kind": "prune", "status": "failed"},
        {"kind": "prune", "status": "succeeded"},
    ],
)
def test_no_list_of_runs_sorts_all_that_it_finds(asked: dict[str, Any]) -> None:
    admin = acting(an_admin())
    with counted_reading() as (session, statements):
        listing.list_runs(session, actor=admin, **asked)
        steps = _plan(session, statements)
    assert any(re.search(r"job_run USING (COVERING )?INDEX", step) for step in steps)
    assert not [step for step in steps if "TEMP B-TREE" in step]


@pytest.mark.one_database("sqlite")
@pytest.mark.parametrize("query", ["mail:welcome:1", ORDER, "run_" + "b" * 22])
def test_a_thing_is_looked_up_among_the_runs_and_not_looked_for(query: str) -> None:
    admin = acting(an_admin())
    with counted_reading() as (session, statements):
        listing.list_runs(session, actor=admin, query=query)
        steps = _plan(session, statements)
    assert not [step for step in steps if step.startswith("SCAN job_run")]


def test_a_row_of_a_run_is_what_was_stored() -> None:
    admin = acting(an_admin())
    run = a_run("prune", error="NotFound: gone", worker="host:1", about=ORDER)
    with db.reading() as session:
        [row] = listing.list_runs(session, actor=admin).rows
    assert row == RunRow(
        public_id=run.public_id,
        kind="prune",
        subject="",
        about=ORDER,
        attempt=1,
        status=JobStatus.SUCCEEDED,
        result="",
        error="NotFound: gone",
        worker="host:1",
        started_at=run.started_at,
        ended_at=run.ended_at,
    )
