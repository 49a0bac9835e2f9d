"""A mentee asks for their money back: the amount is known before, and nothing is lost meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services import booking, packs, refunds
from services.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NoCredit,
    NotAllowed,
    NotFound,
    TooManyAttempts,
)
from services.models import OutboxMessage, PackStatus, Refund, RefundStatus, SeatStatus
from tests.services.disputing import apply, lost
from tests.services.refunding import DAY, HOUR, a_sale, euros, freeze
from tests.services.rows import a_user, acting
from tests.support.studio import BEGINNING, Studio, stored

A, R = PackStatus.ACTIVE, RefundStatus


def refused(error: type[AppError], call: Callable[[], object]) -> str:
    """The call is refused in these words, and no refund was written or sent."""
    before = [row.model_dump() for row in stored(Refund)], len(stored(OutboxMessage))
    with pytest.raises(error) as caught:
        call()
    assert ([row.model_dump() for row in stored(Refund)], len(stored(OutboxMessage))) == before
    return caught.value.message


def test_the_offer_is_the_exact_sum_of_the_unused_sessions(studio: Studio) -> None:
    sale = a_sale(studio, price=10_000, count=3)
    assert [worth.minor for worth in sale.quote().worth] == [3_333, 6_666, 10_000]
    sale.hold_session()
    quote = sale.quote()
    assert (quote.amount, quote.sessions, quote.booked) == (euros(6_666), 2, 0)


def test_asking_locks_the_credits_and_stops_the_clock(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 3 * DAY)
    assert (sale.quote().amount, sale.quote().booked) == (euros(12_000), 1)
    sale.ask("I am moving away.")
    assert sale.credits() == (A, 4, 1, 3)
    studio.wait(days=100)
    packs.expire_due()
    assert sale.pack().status is A
    assert sale.seat() is SeatStatus.ACTIVE
    with pytest.raises(NoCredit, match="refund is under way"):
        sale.book(BEGINNING + 103 * DAY)
    assert booked


def test_a_session_that_is_given_back_meanwhile_cannot_be_booked_either(studio: Studio) -> None:
    sale = a_sale(studio)
    [booked] = sale.book(BEGINNING + 5 * DAY)
    sale.ask()
    booking.cancel(actor=sale.buyer, session=booked, sequence=0)
    with pytest.raises(NoCredit):
        sale.book(BEGINNING + 6 * DAY)
    assert sale.quote().why_not == "A refund of this order is under way already."


def test_another_amount_than_the_page_showed_is_refused_and_said(studio: Studio) -> None:
    sale = a_sale(studio)
    said = refused(
        Conflict,
        lambda: refunds.request(actor=sale.buyer, order=sale.order, amount=euros(12_001)),
    )
    assert "it is €120.00 now" in said
    assert sale.credits() == (A, 4, 0, 0)


def test_a_double_click_is_one_request_and_one_mail(studio: Studio) -> None:
    sale = a_sale(studio)
    offer = sale.quote().amount
    asked = {refunds.request(actor=sale.buyer, order=sale.order, amount=offer) for _ in range(2)}
    assert len(asked) == len(stored(Refund)) == 1
    studio.send()
    mails = studio.mails("nora.novak@example.com")
    assert mails.count("We have your request for €120.00") == 1


def test_asking_and_taking_back_by_a_script_ends_with_no_more_mails(studio: Studio) -> None:
    sale = a_sale(studio)
    for _ in range(5):
        refunds.withdraw(actor=sale.buyer, refund=sale.ask())
    refused(TooManyAttempts, sale.ask)
    assert len(stored(Refund)) == 5


def test_of_a_lost_pack_it_is_said_that_the_bank_took_the_payment_back(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(lost(sale))
    assert sale.quote().why_not == "The bank took this payment back, so the pack is over."


def test_nobody_asks_for_somebody_elses_money(studio: Studio) -> None:
    sale = a_sale(studio)
    stranger = acting(a_user("Sam Stranger"))
    for actor, error in ((stranger, NotFound), (sale.admin, NotAllowed)):
        refused(
            error, lambda a=actor: refunds.request(actor=a, order=sale.order, amount=euros(12_000))
        )
    sale.ask()
    waiting = sale.refund().public_id
    for actor in (stranger, sale.admin):
        with pytest.raises(NotFound):
            refunds.withdraw(actor=actor, refund=waiting)


def test_a_request_taken_back_gives_the_credits_and_the_days_back(studio: Studio) -> None:
    sale = a_sale(studio)
    before = sale.pack().expires_at
    refund = sale.ask()
    studio.wait(days=10)
    refunds.withdraw(actor=sale.buyer, refund=refund)
    refunds.withdraw(actor=sale.buyer, refund=refund)
    assert sale.status() is R.CANCELED
    assert sale.credits() == (A, 4, 0, 0)
    assert before is not None
    assert sale.pack().expires_at == before + 10 * DAY
    assert sale.book(BEGINNING + 13 * DAY)
    with pytest.raises(Conflict, match="taken back"):
        refunds.decide(actor=sale.admin, refund=refund, approve=True)


def test_a_denial_has_a_reason_and_gives_everything_back(studio: Studio) -> None:
    sale = a_sale(studio)
    before = sale.pack().expires_at
    refund = sale.ask()
    with pytest.raises(InvalidInput):
        refunds.decide(actor=sale.admin, refund=refund, approve=False)
    studio.wait(days=1)
    refunds.decide(actor=sale.admin, refund=refund, approve=False, note="Two weeks are over.")
    studio.send()
    assert sale.status() is R.DENIED
    assert sale.credits() == (A, 4, 0, 0)
    assert before is not None
    assert sale.pack().expires_at == before + DAY
    assert sale.at_provider() == []
    assert "Your request for €120.00 was declined" in studio.mails("nora.novak@example.com")
    assert sale.views()[0].decision_note == "Two weeks are over."
    with pytest.raises(Conflict):
        refunds.withdraw(actor=sale.buyer, refund=refund)


def test_expired_sessions_are_refunded_by_the_studio_alone(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.wait(days=46)
    assert "by the studio alone" in sale.quote().why_not
    packs.expire_due()
    assert "by the studio alone" in refused(Conflict, sale.ask)
    assert sale.quote().most == euros(12_000)


def test_used_sessions_cannot_be_asked_back(studio: Studio) -> None:
    sale = a_sale(studio, count=1)
    sale.hold_session()
    assert refused(Conflict, sale.ask) == "All sessions of this pack are used."


def test_a_session_that_has_begun_stays_with_its_outcome(studio: Studio) -> None:
    sale = a_sale(studio)
    start = BEGINNING + 2 * DAY
    sale.book(start)
    studio.wait_until(start + HOUR / 2)
    assert (sale.quote().amount, sale.quote().sessions) == (euros(9_000), 3)


def test_a_frozen_pack_waits_for_its_dispute(studio: Studio) -> None:
    sale = a_sale(studio)
    freeze(sale)
    assert "dispute" in refused(Conflict, sale.ask)
