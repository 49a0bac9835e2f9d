"""Starting a checkout: who may, what is held, and that every click leads to the one checkout."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import checkout, clock, db
from services.audit import Actor
from services.config import settings
from services.errors import (
    AppError,
    NotAllowed,
    NotFound,
    OfferRetired,
    ProviderRejected,
    SeatsSoldOut,
    SignInNeeded,
    TooManyCheckouts,
    VerificationNeeded,
)
from services.models import (
    AuditEntry,
    Mentor,
    OfferStatus,
    Order,
    OrderStatus,
    Pack,
    PackOffer,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.providers.payments.registry import payments
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting, an_offer
from tests.support.studio import Studio, stored


def _change_mentor(mentor: Mentor, **fields: object) -> None:
    with db.transaction() as session:
        row = session.get_one(Mentor, mentor.id)
        for name, value in fields.items():
            setattr(row, name, value)


def _retire(offer: PackOffer) -> None:
    with db.transaction() as session:
        session.get_one(PackOffer, offer.id).status = OfferStatus.RETIRED


def test_a_place_is_held_and_the_page_ends_with_the_hold(studio: Studio) -> None:
    offer = an_offer(a_mentor(capacity=1))
    started = checkout.start(actor=acting(a_user()), offer=offer.public_id)

    order, seat = studio.order(started.order), studio.seat(started.order)
    page = studio.checkout(studio.checkout_of(started.order))
    assert started.url == page["url"]
    assert order.status is OrderStatus.PENDING
    assert seat.status is SeatStatus.HELD
    assert seat.held_until == order.expires_at
    assert page["expires_at"] == int(order.expires_at.timestamp())
    minutes = (order.expires_at - clock.utc_now()).total_seconds() / 60
    assert minutes == settings().seat_hold_minutes
    assert (page["amount_total"], page["currency"]) == (offer.price_minor, "eur")
    assert {"order.created", "seat.held"} <= {entry.action for entry in stored(AuditEntry)}


def test_the_page_offers_no_method_whose_result_comes_later(studio: Studio) -> None:
    started = checkout.start(actor=acting(a_user()), offer=an_offer(a_mentor()).public_id)
    page = studio.checkout(studio.checkout_of(started.order))
    assert page["payment_method_types"] == ["card"]
    with pytest.raises(AssertionError, match="bank debit"):
        studio.pay_by_bank(started.order)


def test_the_same_pack_again_leads_to_the_same_order_and_page(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    first = checkout.start(actor=buyer, offer=offer.public_id)
    studio.wait(minutes=12)
    assert checkout.start(actor=buyer, offer=offer.public_id) == first
    assert len(stored(Order)) == len(stored(Seat)) == len(studio.checkouts()) == 1


def test_another_pack_ends_the_older_page_and_takes_over_its_place(studio: Studio) -> None:
    mentor, buyer = a_mentor(capacity=1), acting(a_user())
    first = checkout.start(actor=buyer, offer=an_offer(mentor).public_id)
    second = checkout.start(actor=buyer, offer=an_offer(mentor, 7_000).public_id)

    assert studio.order(first.order).status is OrderStatus.CANCELED
    assert studio.checkout(studio.checkout_of(first.order))["status"] == "expired"
    assert studio.checkout(studio.checkout_of(second.order))["status"] == "open"
    assert studio.seat(first.order).id == studio.seat(second.order).id
    assert studio.seat(second.order).status is SeatStatus.HELD
    assert len(stored(Seat)) == 1

    assert studio.deliver() == ["checkout.session.expired"]
    assert studio.seat(second.order).status is SeatStatus.HELD


def test_the_place_survives_when_the_ended_webhook_comes_between(studio: Studio) -> None:
    """The older page is ended, its answer is lost, its webhook is quick, the buyer tries again."""
    mentor, buyer = a_mentor(capacity=1), acting(a_user())
    other = an_offer(mentor, 7_000).public_id
    first = checkout.start(actor=buyer, offer=an_offer(mentor).public_id)
    page = studio.checkout_of(first.order)
    studio.fault(f"/v1/checkout/sessions/{page}", "status", 3, status=503, method="GET")
    with pytest.raises(Exception, match="503"):
        checkout.start(actor=buyer, offer=other)
    studio.fault(f"/v1/checkout/sessions/{page}/expire", "drop_after", 3)
    with pytest.raises(Exception, match="stripe"):
        checkout.start(actor=buyer, offer=other)

    assert studio.deliver() == ["checkout.session.expired"]
    assert studio.order(first.order).status is OrderStatus.PENDING
    assert studio.seat(first.order).status is SeatStatus.HELD

    second = checkout.start(actor=buyer, offer=other)
    assert studio.order(first.order).status is OrderStatus.CANCELED
    assert studio.seat(second.order).status is SeatStatus.HELD
    assert len(stored(Seat)) == 1


def test_an_abandoned_handover_gives_the_place_back(studio: Studio) -> None:
    mentor, buyer = a_mentor(capacity=1), acting(a_user())
    first = checkout.start(actor=buyer, offer=an_offer(mentor).public_id)
    page = studio.checkout_of(first.order)
    studio.fault(f"/v1/checkout/sessions/{page}/expire", "drop_after", 3)
    with pytest.raises(Exception, match="stripe"):
        checkout.start(actor=buyer, offer=an_offer(mentor, 7_000).public_id)
    studio.deliver()
    assert studio.seat(first.order).status is SeatStatus.HELD
    studio.wait(minutes=3)
    studio.sweep()
    assert studio.order(first.order).status is OrderStatus.EXPIRED
    assert studio.seat(first.order).status is SeatStatus.RELEASED


def test_an_older_page_that_was_paid_meanwhile_counts(studio: Studio) -> None:
    mentor, buyer = a_mentor(capacity=1), acting(a_user())
    first = checkout.start(actor=buyer, offer=an_offer(mentor).public_id)
    studio.pay(first.order)
    again = checkout.start(actor=buyer, offer=an_offer(mentor, 7_000).public_id)
    assert (again.order, again.url) == (first.order, None)
    assert studio.order(first.order).status is OrderStatus.PAID
    assert [pack.order_id for pack in stored(Pack)] == [studio.order(first.order).id]
    assert len(stored(Order)) == 1


def test_sold_out_is_said_before_the_provider_is_asked(studio: Studio) -> None:
    mentor = a_mentor(capacity=1)
    offer = an_offer(mentor)
    checkout.start(actor=acting(a_user()), offer=offer.public_id)
    with pytest.raises(SeatsSoldOut, match="Mina Mentor has no free seat"):
        checkout.start(actor=acting(a_user("Late Comer")), offer=offer.public_id)
    assert len(studio.checkouts()) == len(stored(Order)) == len(stored(Seat)) == 1


@pytest.mark.parametrize("state", ["full", "closed", "unlisted"])
@pytest.mark.parametrize("has", [SeatStatus.ACTIVE, SeatStatus.GRACE])
def test_a_renewal_takes_no_new_place(studio: Studio, state: str, has: SeatStatus) -> None:
    mentor, mentee = a_mentor(capacity=1), a_user()
    seat = a_seat(mentee, mentor, has)
    if has is SeatStatus.ACTIVE:
        a_pack(seat, left=1)
    _change_mentor(mentor, capacity=0 if state == "closed" else 1, listed=state != "unlisted")

    started = checkout.start(actor=acting(mentee), offer=an_offer(mentor).public_id)
    assert studio.order(started.order).seat_id == seat.id
    assert studio.seat(started.order).status is has
    studio.pay(started.order)
    studio.deliver()
    assert studio.seat(started.order).status is SeatStatus.ACTIVE
    assert len(stored(Seat)) == 1


def test_a_renewal_that_ends_unpaid_keeps_the_seat(studio: Studio) -> None:
    mentor, mentee = a_mentor(capacity=1), a_user()
    a_pack(a_seat(mentee, mentor), left=1)
    started = checkout.start(actor=acting(mentee), offer=an_offer(mentor).public_id)
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(started.order).status is OrderStatus.EXPIRED
    assert studio.seat(started.order).status is SeatStatus.ACTIVE


def test_an_account_has_three_open_checkouts_and_not_four(studio: Studio) -> None:
    buyer = acting(a_user())
    offers = [an_offer(a_mentor(f"Mentor {name}")) for name in ("One", "Two", "Three", "Four")]
    started = [checkout.start(actor=buyer, offer=offer.public_id) for offer in offers[:3]]
    with pytest.raises(TooManyCheckouts, match="3 open checkouts"):
        checkout.start(actor=buyer, offer=offers[3].public_id)
    assert len(stored(Seat)) == 3
    checkout.start(actor=buyer, offer=offers[0].public_id)  # its own checkout goes on

    checkout.give_back(actor=buyer, order=started[0].order)
    checkout.start(actor=buyer, offer=offers[3].public_id)


def test_who_may_not_buy_is_told_why_and_nothing_is_held(studio: Studio) -> None:
    mentor = a_mentor()
    offer = an_offer(mentor).public_id
    hidden = an_offer(a_mentor("Hidden Mentor", listed=False)).public_id
    own = Actor("user", user_id=mentor.user_id, mentor_id=mentor.id, verified=True)
    unconfirmed = acting(a_user("Una Unconfirmed", email_verified_at=None))
    refused: list[tuple[Actor, str, type[AppError]]] = [
        (Actor("visitor"), offer, SignInNeeded),
        (unconfirmed, offer, VerificationNeeded),
        (own, offer, NotAllowed),
        (acting(a_user()), hidden, NotFound),
    ]
    for actor, wanted, error in refused:
        with pytest.raises(error) as raised:
            checkout.start(actor=actor, offer=wanted)
        assert raised.value.message.endswith((".", "you."))
    assert not stored(Order)
    assert not stored(Seat)
    assert not studio.checkouts()


def test_offers_that_nobody_sells_are_refused(studio: Studio) -> None:
    mentor, buyer = a_mentor(), acting(a_user())
    offer, retired = an_offer(mentor), an_offer(mentor, 9_000)
    _retire(retired)
    started = checkout.start(actor=buyer, offer=offer.public_id)
    checkout.give_back(actor=buyer, order=started.order)
    with pytest.raises(OfferRetired, match="choose another"):
        checkout.start(actor=buyer, offer=retired.public_id)
    tampered = offer.public_id[:-1] + ("a" if offer.public_id[-1] != "a" else "b")
    foreign = [started.order, mentor.public_id, str(offer.id), "", "off_' OR 1=1 --"]
    for wanted in [tampered, offer.public_id.upper(), *foreign]:
        with pytest.raises(NotFound):
            checkout.start(actor=buyer, offer=wanted)
    assert len(stored(Order)) == 1


def test_a_price_that_changed_after_the_click_is_the_one_that_was_shown(studio: Studio) -> None:
    """A price changes by a new offer: the order keeps what was sold."""
    offer, buyer = an_offer(a_mentor()), acting(a_user())
    started = checkout.start(actor=buyer, offer=offer.public_id)
    _retire(offer)
    studio.pay(started.order)
    studio.deliver()
    order = studio.order(started.order)
    assert (order.status, order.amount_minor) == (OrderStatus.PAID, offer.price_minor)
    assert (order.title, order.sessions) == (offer.title, offer.sessions)


def test_a_checkout_is_reachable_by_its_buyer_only(studio: Studio) -> None:
    started = checkout.start(actor=acting(a_user()), offer=an_offer(a_mentor()).public_id)
    stranger = acting(a_user("Stray Stranger"))
    for use in (checkout.give_back, checkout.look_again):
        for actor in (stranger, Actor("visitor")):
            with pytest.raises(NotFound):
                use(actor=actor, order=started.order)
            with pytest.raises(NotFound):
                use(actor=actor, order="ord_unknown")
    assert studio.seat(started.order).status is SeatStatus.HELD


def test_giving_back_frees_the_place_and_makes_the_page_unpayable(studio: Studio) -> None:
    offer, buyer = an_offer(a_mentor(capacity=1)), acting(a_user())
    started = checkout.start(actor=buyer, offer=offer.public_id)
    checkout.give_back(actor=buyer, order=started.order)
    checkout.give_back(actor=buyer, order=started.order)
    assert studio.order(started.order).status is OrderStatus.CANCELED
    assert studio.seat(started.order).status is SeatStatus.RELEASED
    with pytest.raises(AssertionError, match="expired"):
        studio.pay(started.order)
    studio.deliver()
    assert studio.order(started.order).status is OrderStatus.CANCELED
    checkout.start(actor=acting(a_user("Next Buyer")), offer=offer.public_id)


def test_giving_back_what_was_paid_meanwhile_counts_as_paid(studio: Studio) -> None:
    buyer = acting(a_user())
    started = checkout.start(actor=buyer, offer=an_offer(a_mentor()).public_id)
    studio.pay(started.order)
    checkout.give_back(actor=buyer, order=started.order)
    assert studio.order(started.order).status is OrderStatus.PAID
    assert studio.seat(started.order).status is SeatStatus.ACTIVE


def test_the_packs_of_a_suspended_mentor_are_not_sold(studio: Studio) -> None:
    mentor = a_mentor()
    offer = an_offer(mentor)
    with db.transaction() as session:
        session.get_one(User, mentor.user_id).status = UserStatus.SUSPENDED
    buyer = acting(a_user())
    with pytest.raises(NotFound):
        checkout.start(actor=buyer, offer=offer.public_id)
    with pytest.raises(NotFound), db.reading() as session:
        checkout.preview(session, actor=buyer, offer=offer.public_id)
    assert stored(Order) == []


def test_a_page_that_stripe_refuses_for_good_is_no_fault_of_another_tab(studio: Studio) -> None:
    offer = an_offer(a_mentor())
    studio.fault("/v1/checkout/sessions", "status", times=5, status=400)
    with pytest.raises(ProviderRejected):
        checkout.start(actor=acting(a_user()), offer=offer.public_id)
    assert [order.status for order in stored(Order)] == [OrderStatus.EXPIRED] * 2
    assert {seat.status for seat in stored(Seat)} == {SeatStatus.RELEASED}


def test_a_retry_while_stripe_shows_an_ended_page_takes_the_hold_over(studio: Studio) -> None:
    """Two tabs that fight over two packs may leave an order whose page is over."""
    offer = an_offer(a_mentor(capacity=1))
    buyer = acting(a_user())
    first = checkout.start(actor=buyer, offer=offer.public_id)
    with db.transaction() as session:
        row = session.get_one(Order, studio.order(first.order).id)
        row.handover_until = clock.utc_now() + timedelta(minutes=2)
    payments("stripe").end_checkout(studio.checkout_of(first.order))
    studio.deliver()
    second = checkout.start(actor=buyer, offer=offer.public_id)
    assert second.order != first.order
    assert studio.order(first.order).status is OrderStatus.CANCELED
    assert [seat.status for seat in stored(Seat)] == [SeatStatus.HELD]
