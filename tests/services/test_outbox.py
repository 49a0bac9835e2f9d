"""What leaves the building: in its cause's transaction, at least once, as one effect."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from sqlmodel import col, update

from jobs import outbox as sending
from services import clock, db, email_links, mail, operators, outbox
from services.errors import (
    ProviderRejected,
    ProviderUnavailable,
)
from services.models import AuditEntry, LinkPurpose, OutboxMessage, OutboxStatus, User
from tests.services.rows import a_user, an_admin
from tests.support.locks import until_somebody_waits
from tests.support.studio import BEGINNING, Studio, stored

OUTAGE = ProviderUnavailable("resend", "away")
ADA = "ada.admin@example.com"
MAILS = "/emails"
SUBJECT = "Please look: an order"


def _alert(admin: User, key: str = "mail:test:1") -> None:
    data = {"template": "admin_alert", "user_id": admin.id, "alert": "sold_out", "thing": "ord_1"}
    with db.transaction() as session:
        outbox.add(session, kind="mail", key=key, data=data)


def _only() -> OutboxMessage:
    [message] = stored(OutboxMessage)
    return message


def test_a_message_is_written_once_and_only_with_its_cause(database: str) -> None:
    admin = an_admin()
    _alert(admin)
    _alert(admin)
    with pytest.raises(RuntimeError), db.transaction() as session:
        outbox.add(session, kind="mail", key="mail:test:2", data={})
        raise RuntimeError("the cause fails")
    assert _only().unique_key == "mail:test:1"


def test_who_listens_is_woken_after_the_commit_only(database: str) -> None:
    woken: list[tuple[str, int]] = []
    outbox.on_added(lambda kind: woken.append((kind, len(stored(OutboxMessage)))))
    try:
        _alert(an_admin())
        with pytest.raises(RuntimeError), db.transaction() as session:
            outbox.add(session, kind="mail", key="mail:test:2", data={})
            raise RuntimeError("the cause fails")
    finally:
        outbox.on_added(lambda _kind: None)
    assert woken == [("mail", 1)]


def test_each_outside_service_is_written_to_on_its_own(studio: Studio) -> None:
    with db.transaction() as session:
        for kind in ("calendar_write", "calendar_revoke"):
            outbox.add(session, kind=kind, key=f"{kind}:1", data={"nothing": "is there"})
    _alert(an_admin())
    sending.send_lane.call_local("mail")
    assert studio.mails(ADA) == [SUBJECT]
    assert [row.kind for row in stored(OutboxMessage) if row.attempts] == ["mail"]
    sending.write_calendars.call_local()
    assert [row.attempts for row in stored(OutboxMessage)[:3]] == [1, 1, 1]


def test_a_mail_is_sent_once_and_stamped(studio: Studio) -> None:
    _alert(an_admin())
    studio.send()
    studio.send()
    assert studio.mails(ADA) == [SUBJECT]
    assert (_only().status, _only().sent_at) == (OutboxStatus.SENT, clock.utc_now())


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "status"])
def test_a_mail_whose_answer_was_lost_reaches_the_reader_once(studio: Studio, fault: str) -> None:
    _alert(an_admin())
    studio.fault(MAILS, fault, vendor="resend")
    studio.send()
    assert _only().status is OutboxStatus.FAILED
    assert _only().error
    studio.send()
    assert _only().attempts == 1
    studio.wait(seconds=13)
    studio.send()
    assert _only().status is OutboxStatus.SENT
    assert studio.mails(ADA) == [SUBJECT]


def test_a_sender_that_dies_between_the_vendor_and_the_stamp_loses_and_doubles_nothing(
    studio: Studio,
) -> None:
    _alert(an_admin())
    [message] = outbox.take()
    mail.send(key=message.key, data=message.data)  # and the process is gone
    studio.sweep()
    assert _only().status is OutboxStatus.DUE
    studio.wait_until(clock.utc_now() + outbox.LEASE)
    studio.sweep()
    assert _only().status is OutboxStatus.SENT
    assert studio.mails(ADA) == [SUBJECT]


def test_a_failure_that_is_told_while_another_tells_of_success_changes_nothing(
    database: str,
) -> None:
    """Two workers hold one message, since the first one's lease ran out."""
    _alert(an_admin())
    [slow] = outbox.take()
    late = Thread(target=outbox.failed, args=(slow, OUTAGE))
    with db.transaction() as session:
        sent = update(OutboxMessage).where(col(OutboxMessage.id) == slow.id)
        session.exec(sent.values(status=OutboxStatus.SENT))
        late.start()
        until_somebody_waits(database)
    late.join()
    assert (_only().status, _only().error) == (OutboxStatus.SENT, "")


def test_a_sender_that_dies_before_the_vendor_is_followed_by_another(studio: Studio) -> None:
    _alert(an_admin())
    assert len(outbox.take()) == 1
    assert outbox.take() == []
    studio.wait_until(clock.utc_now() + outbox.LEASE)
    studio.send()
    assert studio.mails(ADA) == [SUBJECT]


def test_trying_ends_before_the_vendor_forgets_the_key(database: str) -> None:
    """Resend keeps keys for 24 hours: a later try could become a second mail."""
    with clock.at(BEGINNING):
        _alert(an_admin())
    now = last = BEGINNING
    while _only().status is not OutboxStatus.DEAD:
        with clock.at(now):
            [message] = outbox.take()
            outbox.failed(message, OUTAGE)
        last, now = now, _only().due_at
    assert _only().attempts == outbox.MAX_ATTEMPTS
    assert timedelta(hours=12) < last - BEGINNING < timedelta(hours=24)


def test_a_refused_mail_is_dead_at_once_and_somebody_is_told(studio: Studio) -> None:
    an_admin()
    new = a_user("Una Unconfirmed", email_verified_at=None)
    studio.fault(MAILS, "status", status=422, vendor="resend")
    with db.transaction() as session:
        email_links.create(
            session, user_id=new.id, purpose=LinkPurpose.VERIFY, lifetime=timedelta(hours=1)
        )
        data = {"template": "verify", "link_id": 1}
        outbox.add(session, kind="mail", key="mail:verify:1", data=data)
    studio.send()
    refused = stored(OutboxMessage)[0]
    assert (refused.status, "422" in refused.error) == (OutboxStatus.DEAD, True)
    assert studio.mails(ADA) == [studio.alert(refused.public_id)]
    assert studio.mails(new.email) == []


def test_a_dead_alert_is_not_alerted_about(studio: Studio) -> None:
    studio.fault(MAILS, "status", status=422, vendor="resend")
    _alert(an_admin())
    studio.send()
    studio.send()
    assert _only().status is OutboxStatus.DEAD


def test_an_operator_has_a_dead_message_sent_again(studio: Studio) -> None:
    admin = an_admin()
    studio.fault(MAILS, "status", status=422, vendor="resend")
    _alert(admin)
    studio.send()
    dead = _only()
    assert dead.status is OutboxStatus.DEAD
    assert operators.retry_dead() == 1
    assert operators.retry_dead() == 0
    studio.send()
    assert _only().status is OutboxStatus.SENT
    assert [line.thing for line in stored(AuditEntry) if line.action == "outbox.retried"] == [
        dead.public_id
    ]


def test_a_failure_that_comes_after_somebody_elses_success_changes_nothing(database: str) -> None:
    with clock.at(BEGINNING):
        _alert(an_admin())
        [slow] = outbox.take()
    with clock.at(BEGINNING + outbox.LEASE):
        [quick] = outbox.take()
        outbox.done(quick)
    outbox.failed(slow, ProviderRejected("resend", "no"))
    assert (_only().status, _only().error) == (OutboxStatus.SENT, "")


def test_one_bad_message_does_not_hold_up_the_others(studio: Studio) -> None:
    with db.transaction() as session:
        outbox.add(session, kind="pigeon", key="pigeon:1", data={})
    _alert(an_admin())
    sending.send_outbox.call_local()
    assert [message.status for message in stored(OutboxMessage)] == [
        OutboxStatus.FAILED,
        OutboxStatus.SENT,
    ]
    assert stored(OutboxMessage)[0].error == "UnknownKind: This version sends no 'pigeon'."


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("refund", {}, "does not say which refund"),
        ("refund", {"refund": "ref_unknown"}, "is not there any more"),
        ("calendar_write", {"session_id": "seven"}, "does not say which session_id"),
        ("rehearsal", {"event": "inb_unknown"}, "is not there any more"),
    ],
)
def test_a_message_about_nothing_is_dead_at_once_says_so_and_ends_there(
    studio: Studio, kind: str, data: dict[str, str], words: str
) -> None:
    an_admin()
    with db.transaction() as session:
        outbox.add(session, kind=kind, key=f"{kind}:1", data=data)
    studio.send()
    dead = stored(OutboxMessage)[0]
    assert (dead.status, dead.attempts) == (OutboxStatus.DEAD, 1)
    assert words in dead.error
    assert [about for about, _ in told("message_dead")] == [dead.public_id]


def test_a_mistake_of_ours_is_tried_a_few_times_and_then_somebody_is_told(studio: Studio) -> None:
    an_admin()
    with db.transaction() as session:
        outbox.add(session, kind="pigeon", key="pigeon:1", data={})
    for _ in range(outbox.MAX_FAILURES):
        studio.send()
        studio.wait(hours=1)
    dead = stored(OutboxMessage)[0]
    assert (dead.status, dead.attempts) == (OutboxStatus.DEAD, outbox.MAX_FAILURES)
    assert [about for about, _ in told("message_dead")] == [dead.public_id]


def test_many_letters_that_die_together_are_one_alert(studio: Studio) -> None:
    an_admin()
    with db.transaction() as session:
        for number in range(20):
            outbox.add(session, kind="refund", key=f"refund:{number}", data={})
    studio.send()
    assert len(told("message_dead")) == 1
    with db.transaction() as session:
        outbox.add(session, kind="calendar_revoke", key="calendar_revoke:1", data={})
    studio.send()
    assert len(told("message_dead")) == 2
    studio.wait(hours=1)
    with db.transaction() as session:
        outbox.add(session, kind="refund", key="refund:late", data={})
    studio.send()
    assert len(told("message_dead")) == 3
    assert {line for _, line in told("message_dead")} == {OutboxStatus.SENT}


def told(alert: str) -> list[tuple[str, OutboxStatus]]:
    """What the admins were told of by this alert, and whether the mail has left."""
    return [
        (row.data["thing"], row.status)
        for row in stored(OutboxMessage)
        if row.unique_key.startswith(f"mail:alert:{alert}:")
    ]
