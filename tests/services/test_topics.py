"""Topics: said once and only by what was committed, heard by every process, kept for an hour."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlmodel import SQLModel, col, delete, select

from services import catalogue, clock, db, inbox, packs, payments, refunds, seats, topics
from services.audit import SYSTEM
from services.ids import UserId
from services.models import (
    Order,
    PackStatus,
    Payment,
    Provider,
    RefundReason,
    SeatStatus,
    TopicChange,
)
from services.money import Money
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    an_order,
    saved,
)
from tests.support.databases import in_use

LONG = 5.0
"""Longer than anything takes; a watcher returns as soon as it has heard something."""


def heard(changes: topics.Changes) -> frozenset[str] | None:
    """What is published next."""
    return changes.wait(LONG)


def test_a_topic_is_heard_after_the_commit_and_each_one_once(database: str) -> None:
    changes = topics.changes()
    with db.transaction() as session:
        topics.publish(session, topics.ORDERS, topics.mentee(UserId(1)))
        topics.publish(session, topics.ORDERS)
        assert changes.wait(0) == frozenset()
    assert heard(changes) == {topics.ORDERS, topics.mentee(UserId(1))}
    with db.reading() as session:
        assert len(session.exec(select(TopicChange)).all()) == 2
    assert changes.wait(0.3) == frozenset()
    changes.close()


def test_what_is_rolled_back_was_never_said(database: str) -> None:
    changes = topics.changes()
    with pytest.raises(RuntimeError), db.transaction() as session:
        topics.publish(session, topics.ORDERS)
        session.flush()
        raise RuntimeError("nothing happened")
    with db.transaction() as session:
        topics.publish(session, topics.INBOX)
    assert heard(changes) == {topics.INBOX}
    changes.close()


def test_a_topic_of_a_savepoint_and_one_after_it_are_both_heard(database: str) -> None:
    changes = topics.changes()
    with db.transaction() as session:
        with session.begin_nested():
            topics.publish(session, topics.INBOX)
        assert changes.wait(0) == frozenset()
        topics.publish(session, topics.ORDERS)
    assert heard(changes) == {topics.INBOX, topics.ORDERS}
    changes.close()


@pytest.mark.one_database("sqlite")
def test_a_database_whose_path_looks_like_an_address_is_watched(
    database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "50%23 #1"
    folder.mkdir()
    with in_use(f"sqlite:///{quote(str(folder))}/studio.db"):
        SQLModel.metadata.create_all(db.engine())
        changes = topics.changes()
        with db.transaction() as session:
            topics.publish(session, topics.ORDERS)
        assert heard(changes) == {topics.ORDERS}
        changes.close()


def test_every_watcher_hears_everything(database: str) -> None:
    first, second = topics.changes(), topics.changes()
    for topic in (topics.ORDERS, topics.INBOX):
        with db.transaction() as session:
            topics.publish(session, topic)
        assert heard(first) == heard(second) == {topic}
    first.close()
    second.close()


def test_changes_that_concern_nobody_are_not_heard(database: str) -> None:
    changes = topics.changes()
    a_user()
    assert changes.wait(0.3) == frozenset()
    changes.close()


@pytest.mark.one_database("sqlite")
def test_a_watcher_that_finds_another_database_in_its_place_says_that_all_may_have_changed(
    database: str,
) -> None:
    with db.transaction() as session:
        topics.publish(session, topics.ORDERS, topics.INBOX)
    changes = topics.changes()
    with db.transaction() as session:
        session.exec(delete(TopicChange))
    assert heard(changes) is None
    changes.close()


def test_pruning_keeps_the_last_hour_and_the_newest_row(database: str) -> None:
    now = clock.utc_now()
    for hours in (5, 4, 3):
        saved(TopicChange(topic=topics.ORDERS, at=now - timedelta(hours=hours)))
    assert topics.prune() == 2
    assert topics.prune() == 0
    newest = saved(TopicChange(topic=topics.INBOX, at=now))
    assert topics.prune() == 1
    with db.reading() as session:
        assert [row.id for row in session.exec(select(TopicChange)).all()] == [newest.id]


def test_a_topic_said_after_pruning_a_quiet_studio_is_heard(database: str) -> None:
    with clock.at(clock.utc_now() - timedelta(hours=2)), db.transaction() as session:
        topics.publish(session, topics.ORDERS, topics.INBOX)
    changes = topics.changes()
    topics.prune()
    with db.transaction() as session:
        topics.publish(session, topics.ORDERS)
    assert heard(changes) == {topics.ORDERS}
    changes.close()


def test_a_purchase_tells_mentee_mentor_and_admins(database: str) -> None:
    mentor, mia = a_mentor(), a_user("Mia Maler")
    order = an_order(mia, an_offer(mentor))
    changes = topics.changes()
    _paid(order)
    assert heard(changes) == {
        topics.LEDGER,
        topics.ORDERS,
        topics.SEATS,
        topics.seats(mentor.id),
        topics.mentee(mia.id),
        topics.bell(mia.id),
        topics.bell(mentor.user_id),
    }
    changes.close()


def test_a_renewal_tells_the_mentor_though_the_seat_stays_as_it_is(database: str) -> None:
    mentor, mia = a_mentor(), a_user("Mia Maler")
    a_seat(mia, mentor)
    order = an_order(mia, an_offer(mentor))
    changes = topics.changes()
    _paid(order)
    assert topics.seats(mentor.id) in (heard(changes) or ())
    changes.close()


def test_a_second_payment_tells_of_its_refund(database: str) -> None:
    mia = a_user("Mia Maler")
    order = an_order(mia, an_offer(a_mentor()))
    payment = _paid(order)
    changes = topics.changes()
    with db.transaction() as session:
        refunds.refund_automatically(session, payment=payment, reason=RefundReason.PAID_TWICE)
    assert heard(changes) == {topics.ORDERS, topics.mentee(mia.id)}
    changes.close()


def test_the_end_of_a_pack_and_a_seat_given_back_are_told(database: str) -> None:
    mentor, mia = a_mentor(), a_user("Mia Maler")
    seat = a_seat(mia, mentor)
    pack = a_pack(seat, expires_at=clock.utc_now() - timedelta(minutes=1))
    own = {topics.SEATS, topics.seats(mentor.id), topics.mentee(mia.id)}
    changes = topics.changes()
    packs.expire_due()
    assert heard(changes) == own
    with db.reading() as session:
        assert session.get_one(type(pack), pack.id).status is PackStatus.EXPIRED
        assert session.get_one(type(seat), seat.id).status is SeatStatus.GRACE
    seats.release_by_hand(actor=acting_mentor(mentor), seat=seat.public_id, reason="Moved away")
    assert heard(changes) == own | {topics.bell(mia.id)}
    changes.close()


def test_a_mentor_who_changes_the_page_tells_those_who_look_at_it(database: str) -> None:
    mentor = a_mentor()
    about = {topics.SEATS, topics.seats(mentor.id)}
    changes = topics.changes()
    with db.transaction() as session:
        catalogue.update_profile(
            session,
            actor=acting_mentor(mentor),
            slug=mentor.slug,
            headline="Another one",
            bio="",
            skills=[],
            languages=[],
            capacity=3,
        )
    assert heard(changes) == about
    with db.transaction() as session:
        catalogue.create_offer(
            session,
            actor=acting_mentor(mentor),
            slug=mentor.slug,
            title="Two sessions",
            sessions=2,
            price=Money(9_000, "EUR"),
            validity_days=30,
        )
    assert heard(changes) == about
    changes.close()


def test_a_new_mentor_is_told(database: str) -> None:
    mia, admin = a_user("Mia Maler"), acting(an_admin())
    changes = topics.changes()
    with db.transaction() as session:
        catalogue.make_mentor(session, actor=admin, user=mia.public_id)
    assert topics.SEATS in (heard(changes) or ())
    changes.close()


def test_a_webhook_that_was_handled_is_told(database: str) -> None:
    inbox.receive(provider="stripe", event_id="evt_1", type="x.y", object_id="", payload="{}")
    (taken,) = inbox.take()
    changes = topics.changes()
    inbox.settled(taken, inbox.Outcome.IGNORED)
    assert heard(changes) == {topics.INBOX}
    changes.close()


def _paid(order: Order) -> Payment:
    with db.transaction() as session:
        stored = session.get_one(Order, order.id)
        price = Money(stored.amount_minor, stored.currency)
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=stored,
            provider=Provider.STRIPE,
            payment_id=f"pi_{stored.id}",
            paid=price,
        )
        return session.exec(select(Payment).where(col(Payment.order_id) == stored.id)).one()
