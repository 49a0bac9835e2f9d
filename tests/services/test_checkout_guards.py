"""Who approves a payment late, or may not buy any more: nobody is charged past a code's limit, and
nobody who is suspended or erased is charged at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import administration, checkout, clock, db, discounts
from services.audit import Actor
from services.models import (
    DiscountCode,
    DiscountRedemption,
    Mentor,
    OrderStatus,
    Pack,
    Payment,
    Refund,
    RefundReason,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.privacy import erasure
from tests.services.paypal import captured, is_paid_once, thread
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer, saved
from tests.support.servers import environment_of
from tests.support.studio import Studio, stored


def a_code(**fields: Any) -> DiscountCode:
    """A code that takes nearly everything off."""
    fields = {"percent": 90, "created_by": an_admin().id} | fields
    return saved(
        DiscountCode(code="NEARLY-FREE", starts_at=clock.utc_now() - timedelta(days=1), **fields)
    )


def begun(buyer: User, mentor: Mentor, provider: str = "paypal", *, code: str = "") -> str:
    """An open order."""
    offer = an_offer(mentor).public_id
    return checkout.start(actor=acting(buyer), offer=offer, provider=provider, code=code).order


def ran_out(studio: Studio, order: str) -> str:
    """Nobody paid in time."""
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    return order


def approved(studio: Studio, *orders: str) -> None:
    """The buyer agrees at PayPal, which says so."""
    for order in orders:
        studio.approve(order)
    studio.deliver()


def suspend(buyer: User) -> None:
    admin = acting(an_admin("Sue Spender"))
    with db.transaction() as session:
        administration.suspend_user(
            session, actor=admin, user=buyer.public_id, reason="They shouted at a mentor."
        )


def erase(buyer: User) -> None:
    admin = acting(an_admin("Eric Eraser"))
    with db.reading() as session:
        mark = erasure.get_view(session, actor=admin, user=buyer.public_id).mark
    erasure.erase_by_admin(actor=admin, user=buyer.public_id, reason="They asked.", mark=mark)


def nobody_paid(studio: Studio) -> bool:
    return captured(studio) == [] and stored(Payment) == [] and stored(Pack) == []


def test_a_code_for_one_use_makes_one_pack_however_many_old_pages_are_approved(
    studio: Studio,
) -> None:
    buyer, mentor, code = a_user(), a_mentor(), a_code(max_total=1, max_per_person=1)
    old = [ran_out(studio, begun(buyer, mentor, code=code.code)) for _ in range(2)]
    paid = begun(buyer, mentor, code=code.code)
    approved(studio, paid)
    approved(studio, *old)
    for order in old:
        checkout.look_again(actor=acting(buyer), order=order)
    is_paid_once(studio, paid)
    assert len(captured(studio)) == 1
    assert {studio.order(each).status for each in old} == {OrderStatus.EXPIRED}
    open_uses = [each.order_id for each in stored(DiscountRedemption) if not each.released_at]
    assert open_uses == [studio.order(paid).id]


def test_a_code_that_is_still_free_counts_again_for_who_approves_too_late(studio: Studio) -> None:
    buyer, mentor, code = a_user(), a_mentor(), a_code(max_total=1)
    order = ran_out(studio, begun(buyer, mentor, code=code.code))
    approved(studio, order)
    assert is_paid_once(studio, order).amount_minor == 1_200
    assert [each.released_at for each in stored(DiscountRedemption)] == [None]


def test_a_code_that_was_stopped_meanwhile_charges_nobody_who_approves_too_late(
    studio: Studio,
) -> None:
    buyer, mentor, code = a_user(), a_mentor(), a_code()
    order = ran_out(studio, begun(buyer, mentor, code=code.code))
    admin = acting(an_admin("Otto Admin"))
    with db.transaction() as session:
        discounts.set_active(session, actor=admin, code=code.public_id, active=False)
    approved(studio, order)
    assert nobody_paid(studio)
    assert studio.seat(order).status is SeatStatus.RELEASED
    assert [each.released_at is None for each in stored(DiscountRedemption)] == [False]


def test_the_last_use_of_a_code_is_taken_again_by_one_of_two_who_approve_together(
    studio: Studio,
) -> None:
    mentor, code = a_mentor(), a_code(max_total=1)
    orders = [
        ran_out(studio, begun(a_user(f"Buyer {number}"), mentor, code=code.code))
        for number in range(2)
    ]
    for order in orders:
        studio.approve(order)
    studio.lose_webhooks()
    pages = [studio.checkout_of(order) for order in orders]
    workers = [
        thread(lambda page=page: checkout.apply_event(provider="paypal", object_id=page))
        for page in pages
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(captured(studio)) == len(stored(Pack)) == 1
    statuses = sorted(studio.order(order).status.value for order in orders)
    assert statuses == [OrderStatus.EXPIRED.value, OrderStatus.PAID.value]
    assert len([each for each in stored(DiscountRedemption) if not each.released_at]) == 1


@pytest.mark.parametrize("late", [False, True])
def test_a_suspended_person_is_not_charged_and_the_place_becomes_free(
    studio: Studio, late: bool
) -> None:
    buyer = a_user()
    order = begun(buyer, a_mentor())
    if late:
        ran_out(studio, order)
    suspend(buyer)
    approved(studio, order)
    studio.wait(minutes=36)
    studio.sweep()
    assert nobody_paid(studio)
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert studio.seat(order).status is SeatStatus.RELEASED


def test_who_is_reinstated_in_time_is_charged_once(studio: Studio) -> None:
    buyer = a_user()
    order = begun(buyer, a_mentor())
    suspend(buyer)
    approved(studio, order)
    with db.transaction() as session:
        session.get_one(User, buyer.id).status = UserStatus.ACTIVE
    studio.wait(minutes=3)
    studio.sweep()
    is_paid_once(studio, order)


def test_an_erased_person_is_not_charged_for_a_page_that_is_approved_too_late(
    studio: Studio,
) -> None:
    buyer = a_user()
    order = ran_out(studio, begun(buyer, a_mentor()))
    erase(buyer)
    approved(studio, order)
    assert nobody_paid(studio)
    assert studio.order(order).status is OrderStatus.EXPIRED


def test_money_that_comes_for_an_erased_person_goes_back_and_takes_no_place(
    studio: Studio,
) -> None:
    """Stripe's page moves the money by itself."""
    buyer = a_user()
    with environment_of({"DELAYED_PAYMENTS": "1"}):
        order = begun(buyer, a_mentor(), "stripe")
        studio.pay_by_bank(order)
        studio.deliver()
    studio.wait(days=8)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    erase(buyer)
    studio.bank_answers(order, succeeded=True)
    studio.deliver()
    studio.send()
    [refund] = stored(Refund)
    assert (refund.reason, refund.amount_minor) == (RefundReason.NO_PLACE, 12_000)
    assert stored(Pack) == []
    assert {each.status for each in stored(Seat)} == {SeatStatus.RELEASED}


def test_nobody_is_charged_whose_account_is_being_erased_at_the_same_moment(
    studio: Studio,
) -> None:
    buyer = a_user()
    order = ran_out(studio, begun(buyer, a_mentor()))
    studio.approve(order)
    studio.lose_webhooks()
    page = studio.checkout_of(order)
    admin: Actor = acting(an_admin("Eric Eraser"))
    with db.reading() as session:
        mark = erasure.get_view(session, actor=admin, user=buyer.public_id).mark

    def erased() -> None:
        erasure.erase_by_admin(actor=admin, user=buyer.public_id, reason="They asked.", mark=mark)

    workers = [
        thread(erased),
        thread(lambda: checkout.apply_event(provider="paypal", object_id=page)),
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    with db.reading() as session:
        is_erased = session.get_one(User, buyer.id).status is UserStatus.ERASED
    assert bool(captured(studio)) is not is_erased
