"""Orders, dashboards and admin lists as they are read: what they show, to whom, at what cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from services import administration, clock, db, mentee_home, mentor_home, orders, signin
from services.administration import MentorFilter, UserFilter
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.ids import hashed
from services.mentee_home import NextStepKind
from services.models import (
    AuditEntry,
    CreditEntry,
    CreditKind,
    InboxEvent,
    InboxStatus,
    OrderStatus,
    PackStatus,
    RefundReason,
    RefundStatus,
    SeatStatus,
    SignIn,
    User,
    UserStatus,
)
from services.money import Money
from services.orders import Face
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_payment,
    a_refund,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
    saved,
)

pytestmark = pytest.mark.usefixtures("database")


def home_of(user: User) -> mentee_home.MenteeHome:
    with db.reading() as session:
        return mentee_home.get_home(session, actor=acting(user))


def users(actor: Actor, **filters: Any) -> list[str]:
    with db.reading() as session:
        return [row.name for row in administration.list_users(session, actor=actor, **filters).rows]


@pytest.mark.parametrize(
    ("fields", "face"),
    [
        ({}, Face.OPEN),
        ({"bank_pending_at": clock.utc_now()}, Face.WAITING),
        ({"declined_at": clock.utc_now()}, Face.DECLINED),
        ({"status": OrderStatus.PAID}, Face.PAID),
        ({"status": OrderStatus.EXPIRED}, Face.TIME_RAN_OUT),
        ({"status": OrderStatus.CANCELED}, Face.CANCELED),
        ({"status": OrderStatus.FAILED}, Face.FAILED),
        ({"status": OrderStatus.REFUNDED}, Face.REFUNDED),
        ({"status": OrderStatus.PAID, "declined_at": clock.utc_now()}, Face.PAID),
    ],
)
def test_each_state_of_an_order_has_its_face(fields: dict[str, Any], face: Face) -> None:
    mentee = a_user()
    order = an_order(mentee, an_offer(a_mentor()), **fields)
    with db.reading() as session:
        assert orders.get_order(session, actor=acting(mentee), order=order.public_id).face is face


@pytest.mark.parametrize(
    ("reason", "refund_status", "order_status", "face"),
    [
        (RefundReason.NO_PLACE, RefundStatus.PENDING, OrderStatus.PAID, Face.SOLD_OUT_REFUNDING),
        (RefundReason.NO_PLACE, RefundStatus.FAILED, OrderStatus.PAID, Face.SOLD_OUT_REFUNDING),
        (
            RefundReason.NO_PLACE,
            RefundStatus.SUCCEEDED,
            OrderStatus.REFUNDED,
            Face.SOLD_OUT_REFUNDED,
        ),
        (RefundReason.PAID_TWICE, RefundStatus.PENDING, OrderStatus.PAID, Face.PAID_TWICE_REFUNDED),
    ],
)
def test_automatic_refund_decides_the_face_of_its_order(
    reason: RefundReason, refund_status: RefundStatus, order_status: OrderStatus, face: Face
) -> None:
    mentee = a_user()
    order = an_order(mentee, an_offer(a_mentor()), status=order_status)
    back = order.amount_minor if refund_status is RefundStatus.SUCCEEDED else 0
    payment = a_payment(order, refunded_minor=back)
    a_refund(payment, order, reason, refund_status)

    with db.reading() as session:
        shown = orders.get_order(session, actor=acting(mentee), order=order.public_id)

    assert (shown.face, shown.refunded) == (face, Money(back, "EUR"))


def test_order_shows_the_snapshot_it_was_sold_with_and_its_pack() -> None:
    mentee, mentor = a_user(), a_mentor()
    offer = an_offer(mentor, title="As it was sold")
    order = an_order(mentee, offer, status=OrderStatus.PAID, checkout_url="https://pay.example.com")
    pack = a_pack(a_seat(mentee, mentor), order_id=order.id)
    with db.transaction() as session:
        stored = session.get_one(type(offer), offer.id)
        stored.title, stored.price_minor = "Renamed", 1
        session.add(stored)

    with db.reading() as session:
        shown = orders.get_order(session, actor=acting(mentee), order=order.public_id)

    assert (shown.title, shown.price, shown.pack) == (
        "As it was sold",
        Money(12_000, "EUR"),
        pack.public_id,
    )
    assert shown.checkout_url is None, "nobody is sent to pay what is paid"
    assert shown.mentee_email == ""


def test_foreign_and_unknown_orders_look_the_same() -> None:
    order = an_order(a_user("Olive Owner"), an_offer(a_mentor()))
    other, admin = acting(a_user("Oscar Other")), acting(an_admin())
    for actor, public_id in (
        (other, order.public_id),
        (VISITOR, order.public_id),
        (admin, "ord_x"),
    ):
        with db.reading() as session, pytest.raises(NotFound):
            orders.get_order(session, actor=actor, order=public_id)

    with db.reading() as session:
        shown = orders.get_order(session, actor=admin, order=order.public_id)
    assert shown.mentee_email == "olive.owner@example.com"


def test_own_orders_come_newest_first_in_parts_without_gaps_even_at_one_instant() -> None:
    mentee, offer = a_user(), an_offer(a_mentor())
    an_order(a_user("Somebody Else"), offer)
    now = clock.utc_now()
    expected = [
        an_order(mentee, offer, at=now - timedelta(days=age), status=OrderStatus.PAID).public_id
        for age in (3, 2, 2, 2, 1)
    ][::-1]
    seen: list[str] = []
    before: str | None = None
    while True:
        with db.reading() as session:
            part = orders.list_mine(session, actor=acting(mentee), before=before, limit=2)
        seen += [order.public_id for order in part.rows]
        assert part.total == 5
        before = part.next
        if before is None:
            break

    assert seen == expected


def test_a_place_in_somebody_elses_list_is_refused_like_an_unknown_one() -> None:
    mentee, offer = a_user(), an_offer(a_mentor())
    foreign = an_order(a_user("Somebody Else"), offer).public_id
    for before in (foreign, "ord_unknown"):
        with db.reading() as session, pytest.raises(InvalidInput):
            orders.list_mine(session, actor=acting(mentee), before=before)


def test_list_of_orders_costs_the_same_number_of_queries_however_long_it_is() -> None:
    mentor, admin = a_mentor(), acting(an_admin())
    offer = an_offer(mentor)
    counts: set[int] = set()
    for number in range(6):
        mentee = a_user(f"Person {number}")
        order = an_order(mentee, offer, status=OrderStatus.PAID)
        a_payment(order)
        a_pack(a_seat(mentee, mentor), order_id=order.id)
        with counted_reading() as (session, statements):
            orders.list_all(session, actor=admin)
        counts.add(len(statements))

    assert counts == {5}


def test_admins_find_orders_by_status_by_people_and_by_id() -> None:
    admin, mentor = acting(an_admin()), a_mentor("Mira Mentor")
    offer, other_offer = an_offer(mentor), an_offer(a_mentor("Otto Other"))
    paid = an_order(a_user("Pia Paid"), offer, status=OrderStatus.PAID)
    pending = an_order(a_user("Per Pending"), other_offer)

    def found(**filters: Any) -> set[str]:
        with db.reading() as session:
            return {o.public_id for o in orders.list_all(session, actor=admin, **filters).rows}

    assert found() == {paid.public_id, pending.public_id}
    assert found(status="paid") == {paid.public_id}
    assert found(query="per.pending@") == {pending.public_id}
    assert found(query="mira") == {paid.public_id}
    assert found(query=pending.public_id) == {pending.public_id}
    assert found(query="%") == set()
    with db.reading() as session, pytest.raises(InvalidInput):
        orders.list_all(session, actor=admin, status="lost")


def test_only_admins_read_admin_lists() -> None:
    mentor = a_mentor()
    for read in (
        orders.list_all,
        administration.list_users,
        administration.list_mentors,
        administration.list_inbox,
    ):
        with db.reading() as session:
            with pytest.raises(NotAllowed):
                read(session, actor=acting_mentor(mentor))
            with pytest.raises(SignInNeeded):
                read(session, actor=VISITOR)


def test_mentees_first_step_is_the_most_urgent_one() -> None:
    unverified = a_user("Una Unverified", email_verified_at=None)
    mentee, mentor = a_user(), a_mentor()
    offer = an_offer(mentor)

    assert home_of(unverified).next_step.kind is NextStepKind.VERIFY_EMAIL
    assert home_of(mentee).next_step.kind is NextStepKind.FIND_MENTOR

    order = an_order(mentee, offer)
    step = home_of(mentee).next_step
    assert (step.kind, step.order, step.until) == (
        NextStepKind.FINISH_CHECKOUT,
        order.public_id,
        order.expires_at,
    )


def test_renewal_is_urgent_when_one_session_is_left_and_most_of_all_in_grace() -> None:
    mentee = a_user()
    plenty, short = a_mentor("Pablo Plenty"), a_mentor("Sara Short")
    a_pack(a_seat(mentee, plenty), left=3)
    assert home_of(mentee).next_step.kind is NextStepKind.MEET

    a_pack(a_seat(mentee, short), left=1)
    step = home_of(mentee).next_step
    assert (step.kind, step.mentor_slug, step.left) == (NextStepKind.RENEW, "sara-short", 1)

    seat = a_seat(mentee, a_mentor("Greta Grace"), SeatStatus.GRACE)
    step = home_of(mentee).next_step
    assert (step.mentor_slug, step.until) == ("greta-grace", seat.grace_ends_at)


def test_home_counts_usable_packs_and_tells_used_from_lost() -> None:
    mentee, mentor = a_user(), a_mentor()
    seat = a_seat(mentee, mentor)
    active = a_pack(seat, left=3, reserved=1)
    saved(CreditEntry(pack_id=active.id, kind=CreditKind.CONSUME, amount=-1))
    over = a_pack(seat, left=0, status=PackStatus.EXPIRED, expires_at=clock.utc_now())
    saved(CreditEntry(pack_id=over.id, kind=CreditKind.CONSUME, amount=-1))
    saved(CreditEntry(pack_id=over.id, kind=CreditKind.EXPIRE, amount=-3))
    a_pack(seat, left=4, expires_at=clock.utc_now() - timedelta(minutes=1))

    (together,) = home_of(mentee).together

    assert together.left == 3, "a pack past its end counts no more, even before the sweep"
    shown = {pack.public_id: (pack.used, pack.left, pack.lost) for pack in together.packs}
    assert shown[active.public_id] == (1, 3, 0)
    assert shown[over.public_id] == (1, 0, 3)


def test_home_costs_the_same_number_of_queries_however_much_there_is() -> None:
    mentee = a_user()
    counts: set[int] = set()
    for number in range(4):
        mentor = a_mentor(f"Mentor {number}")
        a_pack(a_seat(mentee, mentor))
        an_order(mentee, an_offer(mentor))
        with counted_reading() as (session, statements):
            mentee_home.get_home(session, actor=acting(mentee))
        counts.add(len(statements))

    assert counts == {5}


def test_mentor_sees_seats_by_state_and_by_how_many_they_are_over() -> None:
    mentor = a_mentor(capacity=2)
    for number, status in enumerate(
        (
            SeatStatus.ACTIVE,
            SeatStatus.ACTIVE,
            SeatStatus.GRACE,
            SeatStatus.HELD,
            SeatStatus.RELEASED,
        )
    ):
        a_seat(a_user(f"Person {number}"), mentor, status)

    with db.reading() as session:
        seats = mentor_home.get_home(session, actor=acting_mentor(mentor)).seats

    assert (seats.active, seats.grace, seats.held) == (2, 1, 1)
    assert (seats.used, seats.free, seats.over_by) == (4, 0, 2)


def test_mentor_lists_own_mentees_with_their_balance_and_nobody_who_is_still_paying() -> None:
    mentor, other = a_mentor(), a_mentor("Otto Other")
    mentee = a_user("Nora Novak")
    seat = a_seat(mentee, mentor)
    ends = clock.utc_now() + timedelta(days=10)
    a_pack(seat, left=2, expires_at=ends)
    a_pack(seat, left=4, expires_at=ends + timedelta(days=45))
    a_pack(seat, left=0, status=PackStatus.DEPLETED)
    a_seat(a_user("Paula Paying"), mentor, SeatStatus.HELD)
    a_pack(a_seat(mentee, other), left=4)

    with counted_reading() as (session, statements):
        part = mentor_home.list_mentees(session, actor=acting_mentor(mentor))

    (row,) = part.rows
    assert (row.name, row.left, row.total, row.expires_at) == ("Nora Novak", 6, 8, ends)
    assert (row.seat_status, row.since) == (SeatStatus.ACTIVE, seat.created_at)
    assert len(statements) == 3 + 1, "three of the list, one of this test's actor"


def test_who_is_no_mentor_has_no_mentor_dashboard() -> None:
    actor = acting(an_admin())
    with db.reading() as session:
        for read in (mentor_home.get_home, mentor_home.list_mentees):
            with pytest.raises(NotAllowed):
                read(session, actor=actor)


def test_admins_find_users_by_words_and_by_kind() -> None:
    admin = an_admin()
    a_mentor("Mina Mentor")
    a_user("Sam Suspended", status=UserStatus.SUSPENDED)
    a_user("Una Unverified", email_verified_at=None)

    actor = acting(admin)
    assert users(actor, query="MINA.mentor@") == ["Mina Mentor"]
    assert users(actor, only=UserFilter.MENTORS) == ["Mina Mentor"]
    assert users(actor, only=UserFilter.ADMINS) == ["Ada Admin"]
    assert users(actor, only=UserFilter.SUSPENDED) == ["Sam Suspended"]
    assert users(actor, only=UserFilter.UNVERIFIED) == ["Una Unverified"]
    assert len(users(actor)) == 4


def test_admins_see_all_mentors_with_their_seats_in_few_queries() -> None:
    admin = acting(an_admin())
    mentor = a_mentor("Una Unlisted", listed=False)
    a_seat(a_user(), mentor)
    a_mentor("Lisa Listed")

    with counted_reading() as (session, statements):
        part = administration.list_mentors(session, actor=admin)
        unlisted = administration.list_mentors(session, actor=admin, only=MentorFilter.UNLISTED)

    assert {row.name: row.seats.used for row in part.rows} == {"Una Unlisted": 1, "Lisa Listed": 0}
    assert [row.name for row in unlisted.rows] == ["Una Unlisted"]
    assert len(statements) == 6


def test_inbox_shows_events_newest_first_and_never_their_payload() -> None:
    admin = acting(an_admin())
    for number, status in enumerate((InboxStatus.HANDLED, InboxStatus.FAILED)):
        saved(
            InboxEvent(
                provider="stripe",
                event_id=f"evt_{number}",
                type="checkout.session.completed",
                object_id=f"cs_{number}",
                payload='{"email": "somebody@example.com"}',
                status=status,
                received_at=clock.utc_now() + timedelta(seconds=number),
            )
        )
    with db.reading() as session:
        rows = administration.list_inbox(session, actor=admin).rows
        failed = administration.list_inbox(session, actor=admin, status="failed").rows
        by_object = administration.list_inbox(session, actor=admin, query="cs_0").rows

    assert [(row.event_id, row.can_retry) for row in rows] == [("evt_1", True), ("evt_0", False)]
    assert [row.event_id for row in failed] == ["evt_1"]
    assert [row.event_id for row in by_object] == ["evt_0"]
    assert "somebody@example.com" not in repr(rows)


def test_suspended_user_is_signed_out_everywhere_and_can_be_reactivated() -> None:
    admin, user = acting(an_admin()), a_user()
    saved(
        SignIn(
            user_id=user.id,
            token_hash=hashed("the secret"),
            expires_at=clock.utc_now() + timedelta(days=1),
        )
    )
    assert signin.actor_for("the secret").user_id == user.id

    with db.transaction() as session:
        administration.suspend_user(session, actor=admin, user=user.public_id)
    assert signin.actor_for("the secret").user_id is None

    with db.transaction() as session:
        administration.reactivate_user(session, actor=admin, user=user.public_id)
    assert signin.actor_for("the secret").user_id is None, "an ended sign-in stays ended"
    with db.reading() as session:
        actions = session.exec(
            select(AuditEntry.action).where(col(AuditEntry.thing) == user.public_id)
        ).all()
    assert sorted(actions) == ["user.reactivated", "user.suspended"]


def test_nobody_suspends_or_unmakes_themselves() -> None:
    admin = an_admin()
    an_admin("Second Admin")
    with db.transaction() as session, pytest.raises(Conflict):
        administration.suspend_user(session, actor=acting(admin), user=admin.public_id)
    with db.transaction() as session, pytest.raises(Conflict):
        administration.set_admin(session, actor=acting(admin), user=admin.public_id, is_admin=False)


def test_admin_is_made_and_removed_and_the_removed_one_loses_the_right_at_once() -> None:
    first, second = an_admin("First Admin"), a_user("Second Person")

    def set_admin(actor: Actor, user: User, is_admin: bool) -> None:
        with db.transaction() as session:
            administration.set_admin(session, actor=actor, user=user.public_id, is_admin=is_admin)

    set_admin(acting(first), second, True)
    still_thinks_so = Actor("user", user_id=first.id, is_admin=True, verified=True)
    set_admin(Actor("user", user_id=second.id, is_admin=True, verified=True), first, False)

    with pytest.raises(NotAllowed):
        set_admin(still_thinks_so, second, False)
    assert users(Actor("user", user_id=second.id, is_admin=True), only=UserFilter.ADMINS) == [
        "Second Person"
    ]


def test_last_active_admin_stays_even_when_a_suspended_one_is_left() -> None:
    acting_admin = an_admin("Acting Admin")
    an_admin("Other Admin")
    with db.transaction() as session:
        row = session.get_one(User, acting_admin.id)
        row.status = UserStatus.SUSPENDED
        session.add(row)
    with db.reading() as session:
        other = session.exec(select(User).where(col(User.name) == "Other Admin")).one()

    with db.transaction() as session, pytest.raises(Conflict):
        administration.suspend_user(session, actor=acting(acting_admin), user=other.public_id)


@pytest.mark.parametrize("fields", [{"email_verified_at": None}, {"status": UserStatus.SUSPENDED}])
def test_only_active_and_verified_accounts_become_admins(fields: dict[str, Any]) -> None:
    admin, user = acting(an_admin()), a_user("Vera Vague", **fields)
    with db.transaction() as session, pytest.raises(Conflict):
        administration.set_admin(session, actor=admin, user=user.public_id, is_admin=True)


def test_actions_on_users_are_refused_to_everybody_but_admins() -> None:
    user, mentor = a_user(), acting_mentor(a_mentor())
    for act in (administration.suspend_user, administration.reactivate_user):
        with db.transaction() as session, pytest.raises(NotAllowed):
            act(session, actor=mentor, user=user.public_id)
    with db.transaction() as session, pytest.raises(NotAllowed):
        administration.set_admin(session, actor=mentor, user=user.public_id, is_admin=True)
