"""What stands against erasing an account, and what to do about it."""

from __future__ import annotations

import pytest

from services import checkout, db, refunds, sessions
from services.models import (
    Mentor,
    Order,
    Refund,
    RefundScope,
    RefundSource,
    RefundStatus,
    UserStatus,
)
from services.privacy import erasure
from tests.services.lives import Life, a_life, as_buyer, as_mentor, erase, refused, seen
from tests.services.meetings import at, together
from tests.services.refunding import euros
from tests.services.rows import acting, an_admin, an_offer
from tests.support.studio import REFUND_FAILS_LATER, Studio, stored


@pytest.fixture
def life(studio: Studio) -> Life:
    """Somebody who has signed up."""
    return a_life(studio)


def buy(life: Life, *, card: str = "") -> None:
    """A pack, and nothing of it is booked."""
    life.order = checkout.start(actor=life.actor, offer=an_offer(life.mentor).public_id).order
    life.studio.pay(life.order, **({"card": card} if card else {}))
    life.studio.deliver()


def test_a_mentor_with_mentees_who_have_paid_is_refused(life: Life) -> None:
    as_mentor(life)
    mentor = next(row for row in stored(Mentor) if row.user_id == life.actor.user_id)
    together(mentor)
    assert "1 mentee has sessions left" in refused(life)


def test_while_money_is_under_way_it_is_refused_with_what_to_do(life: Life) -> None:
    offer = an_offer(life.mentor)
    life.order = checkout.start(actor=life.actor, offer=offer.public_id).order
    assert "Cancel it on its page" in refused(life)

    life.studio.pay(life.order)
    life.studio.deliver()
    with db.reading() as session:
        amount = refunds.quote(session, actor=life.actor, order=life.order).amount
    asked = refunds.request(actor=life.actor, order=life.order, amount=amount)
    assert "take the request back" in refused(life)

    refunds.withdraw(actor=life.actor, refund=asked)
    erase(life)
    assert life.user.status is UserStatus.ERASED


def test_a_session_without_an_outcome_stands_against_it(life: Life) -> None:
    as_buyer(life)
    life.studio.wait_until(at(20, 14))
    sessions.advance_due()
    assert "has no outcome yet" in refused(life)


def test_the_last_admin_stays(studio: Studio) -> None:
    admin = acting(an_admin())
    with db.reading() as session:
        view = erasure.get_view(session, actor=admin)
    assert view.obstacles == (
        "This is the last admin's account. Make somebody else an admin first.",
    )


def test_a_refund_that_failed_holds_it_up_until_an_admin_has_found_another_way(life: Life) -> None:
    buy(life, card=REFUND_FAILS_LATER)
    refunds.start(actor=life.boss, order=life.order, scope=RefundScope.UNUSED)
    life.studio.send()
    life.studio.wait(minutes=1)
    life.studio.deliver()
    [refund] = stored(Refund)
    assert refund.status is RefundStatus.FAILED
    assert "did not arrive" in refused(life)
    refunds.pay_by_hand(actor=life.boss, refund=refund.public_id, note="By bank transfer.")
    erase(life)
    assert life.user.status is UserStatus.ERASED


def test_a_refund_that_was_refused_holds_it_up_though_nothing_is_owed(life: Life) -> None:
    buy(life)
    refunds.start(actor=life.boss, order=life.order, scope=RefundScope.UNUSED, sessions=1)
    [refund] = stored(Refund)
    refunds.give_up(refund=refund.public_id, reason="refused")
    assert "not settled" in refused(life)


def test_money_of_which_nobody_said_for_which_sessions_holds_it_up(life: Life) -> None:
    buy(life)
    life.studio.refund_in_dashboard(life.order, 3_000)
    life.studio.deliver()
    [refund] = stored(Refund)
    assert refund.source is RefundSource.PROVIDER
    assert "not settled" in refused(life)
    refunds.close_sessions(actor=life.boss, refund=refund.public_id, sessions=1)
    erase(life)


def test_money_that_fits_no_order_of_theirs_goes_back_first(life: Life) -> None:
    life.order = checkout.start(actor=life.actor, offer=an_offer(life.mentor).public_id).order
    page = life.studio.another_page(life.order, euros(5_000))
    life.studio.pay(life.order, checkout=page)
    life.studio.deliver()
    [order] = stored(Order)
    assert order.paid_at is None
    assert "does not fit its order" in refused(life)
    refunds.start(actor=life.boss, order=life.order, scope=RefundScope.WHOLE)
    life.studio.send()
    assert seen(life).obstacles == ()
