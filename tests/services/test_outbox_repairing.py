"""What an operator does to messages: one again, many again after a count, and never again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import clock, db, outbox
from services.audit import Actor
from services.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ProviderRejected,
    ProviderUnavailable,
    SignInNeeded,
)
from services.models import AuditEntry, OutboxMessage, OutboxStatus
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

ABOUT = "ord_" + "a" * 22
MINUTE = timedelta(minutes=1)
OUTAGE = ProviderUnavailable("resend", "away", retry_after=3600)
NO = ProviderRejected("resend", "no")


@pytest.fixture
def admin(database: str) -> Actor:
    return acting(an_admin())


def written(kind: str, *keys: str) -> None:
    with db.transaction() as session:
        for key in keys:
            outbox.add(session, kind=kind, key=key, data={})


def tried(error: Exception) -> None:
    for message in outbox.take(limit=100):
        outbox.failed(message, error)


def by_key(key: str) -> OutboxMessage:
    return next(row for row in stored(OutboxMessage) if row.unique_key == key)


def count(admin: Actor, **only: str) -> int:
    with db.reading() as session:
        return outbox.count_stuck(session, actor=admin, **only)


def lines(action: str) -> list[AuditEntry]:
    return [line for line in stored(AuditEntry) if line.action == action]


def test_a_dead_letter_is_sent_again_with_all_its_attempts_before_it(admin: Actor) -> None:
    written("mail", "mail:1")
    tried(NO)
    dead = by_key("mail:1")
    outbox.retry(actor=admin, message=dead.public_id)
    [message] = outbox.take()
    assert (message.key, message.attempt) == ("mail:1", 1)
    [line] = lines("outbox.retried")
    assert (line.thing, line.before) == (dead.public_id, {"status": "dead"})


def test_a_message_that_waits_its_time_out_is_sent_now(admin: Actor) -> None:
    written("mail", "mail:1")
    tried(OUTAGE)
    assert outbox.take() == []
    outbox.retry(actor=admin, message=by_key("mail:1").public_id)
    assert len(outbox.take()) == 1


def test_what_a_worker_may_have_in_hand_goes_to_no_other_worker_meanwhile(admin: Actor) -> None:
    """SMTP knows no keys: two who send at once are two mails."""
    with clock.at(BEGINNING):
        written("mail", "mail:1", "mail:2")
        in_hand, canceled = outbox.take()
        outbox.cancel(actor=admin, message=canceled.public_id, reason="They left.")
        for message in (in_hand, canceled):
            outbox.retry(actor=admin, message=message.public_id)
        assert outbox.take() == []
        outbox.done(in_hand)
    with clock.at(BEGINNING + outbox.LEASE):
        assert [(each.key, each.attempt) for each in outbox.take()] == [("mail:2", 1)]


def test_what_is_sent_again_in_bulk_goes_to_no_other_worker_while_one_has_it(admin: Actor) -> None:
    with clock.at(BEGINNING):
        written("mail", "mail:1")
        tried(ProviderUnavailable("resend", "away"))
    with clock.at(BEGINNING + MINUTE):
        assert len(outbox.take()) == 1
        assert outbox.retry_stuck(actor=admin, expected=1) == 1
        assert outbox.take() == []
    with clock.at(BEGINNING + MINUTE + outbox.LEASE):
        assert len(outbox.take()) == 1


def test_what_was_sent_is_not_sent_again(admin: Actor) -> None:
    written("mail", "mail:1")
    [message] = outbox.take()
    outbox.done(message)
    with pytest.raises(Conflict, match="sent already"):
        outbox.retry(actor=admin, message=message.public_id)
    with pytest.raises(Conflict, match="sent already"):
        outbox.cancel(actor=admin, message=message.public_id, reason="Too late.")


def test_a_canceled_message_never_leaves_and_may_be_taken_up_again(admin: Actor) -> None:
    written("mail", "mail:1")
    row = by_key("mail:1")
    with pytest.raises(InvalidInput):
        outbox.cancel(actor=admin, message=row.public_id, reason=" ")
    outbox.cancel(actor=admin, message=row.public_id, reason="They left.")
    assert outbox.take() == []
    assert lines("outbox.canceled")[0].after == {"reason": "They left."}
    outbox.retry(actor=admin, message=row.public_id)
    assert len(outbox.take()) == 1


def test_a_message_that_is_canceled_on_its_way_tells_what_happened(admin: Actor) -> None:
    written("mail", "mail:1", "mail:2")
    arrived, failed = outbox.take()
    for message in (arrived, failed):
        outbox.cancel(actor=admin, message=message.public_id, reason="They left.")
    outbox.done(arrived)
    outbox.failed(failed, OUTAGE)
    assert [row.status for row in stored(OutboxMessage)] == [
        OutboxStatus.SENT,
        OutboxStatus.CANCELED,
    ]


def test_a_refund_is_not_repaired_here(admin: Actor) -> None:
    written("refund", "refund:1")
    tried(NO)
    row = by_key("refund:1")
    with pytest.raises(Conflict, match="page of its order"):
        outbox.retry(actor=admin, message=row.public_id)
    with pytest.raises(Conflict, match="page of its order"):
        outbox.cancel(actor=admin, message=row.public_id, reason="No.")
    assert count(admin) == count(admin, kind="refund") == 0


def test_many_are_sent_again_when_they_are_as_many_as_the_admin_saw(admin: Actor) -> None:
    written("mail", *(f"mail:{n}:{ABOUT}" for n in range(3)), "mail:other")
    written("discord_dm", "discord:dm:1")
    tried(OUTAGE)
    assert (count(admin), count(admin, kind="mail"), count(admin, about=ABOUT)) == (5, 4, 3)
    with pytest.raises(Conflict, match="There are 4 such messages by now, not 5"):
        outbox.retry_stuck(actor=admin, kind="mail", expected=5)
    assert outbox.take() == []
    assert outbox.retry_stuck(actor=admin, kind="mail", about=ABOUT, expected=3) == 3
    assert {message.about for message in outbox.take()} == {ABOUT}
    assert outbox.retry_stuck(actor=admin, expected=2) == 2
    assert len(lines("outbox.retried")) == 5


def test_a_failed_one_that_was_just_made_due_is_not_counted_twice(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.outbox.repairing._AT_ONCE", 2)
    written("mail", *(f"mail:{n}" for n in range(5)))
    tried(OUTAGE)
    assert outbox.retry_stuck(actor=admin, expected=5) == 5
    assert len(lines("outbox.retried")) == 5


def test_only_an_admin_repairs(admin: Actor) -> None:
    written("mail", "mail:1")
    message, mentee = by_key("mail:1").public_id, acting(a_user())
    asked: dict[str, dict[str, Any]] = {
        "retry": {"message": message},
        "cancel": {"message": message, "reason": "No."},
        "retry_stuck": {"expected": 0},
    }
    for name, more in asked.items():
        for actor, error in ((Actor("visitor"), SignInNeeded), (mentee, NotAllowed)):
            with pytest.raises(error):
                getattr(outbox, name)(actor=actor, **more)
    with db.reading() as session, pytest.raises(NotAllowed):
        outbox.count_stuck(session, actor=mentee)
    with pytest.raises(NotFound):
        outbox.retry(actor=admin, message="out_unknown")
    with pytest.raises(NotFound):
        outbox.cancel(actor=admin, message="out_unknown", reason="No.")
