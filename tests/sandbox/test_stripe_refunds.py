"""Refunds and disputes: amounts, refusals, what comes later."""

from __future__ import annotations

from typing import Any, cast

import pytest
import stripe
from stripe.params import RefundCreateParams

from tests.sandbox.conftest import Simulators


def refund(simulators: Simulators, intent: str, **params: Any) -> stripe.Refund:
    wanted = cast(RefundCreateParams, {"payment_intent": intent, **params})
    return simulators.stripe.v1.refunds.create(params=wanted)


def refused(simulators: Simulators, intent: str, **params: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(simulators, intent, **params)
    return caught.value


def charge_of(simulators: Simulators, intent: str) -> stripe.Charge:
    expanded = simulators.stripe.v1.payment_intents.retrieve(
        intent, params={"expand": ["latest_charge"]}
    )
    assert isinstance(expanded.latest_charge, stripe.Charge)
    return expanded.latest_charge


def test_partial_refunds_add_up_and_never_exceed_the_payment(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    assert refund(simulators, intent, amount=3_000, metadata={"refund": "1"}).amount == 3_000
    assert refused(simulators, intent, amount=9_001).code == "amount_too_large"
    rest = refund(simulators, intent)
    assert (rest.amount, rest.status) == (9_000, "succeeded")
    assert refused(simulators, intent).code == "charge_already_refunded"
    charge = charge_of(simulators, intent)
    assert (charge.amount_refunded, charge.refunded) == (12_000, True)


def test_a_refund_is_found_by_payment_with_its_metadata(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    _, other = simulators.paid()
    made = refund(simulators, intent, amount=100, metadata={"refund": "rfd_1"})
    refund(simulators, other, amount=200)
    found = simulators.stripe.v1.refunds.list(params={"payment_intent": intent}).data
    assert [(each.id, each.metadata) for each in found] == [(made.id, made.metadata)]
    charge = charge_of(simulators, intent)
    by_charge = simulators.stripe.v1.refunds.list(params={"charge": charge.id}).data
    assert [each.id for each in by_charge] == [made.id]
    assert simulators.stripe.v1.refunds.retrieve(made.id).charge == charge.id


def test_a_refund_tells_what_changed(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    simulators.receiver.wait_for(2)
    refund(simulators, intent, amount=3_000)
    refund(simulators, intent, amount=1_000)
    events = simulators.receiver.wait_for(6)[2:]
    changed = [event for event in events if event["type"] == "charge.refunded"]
    told = {event["data"]["object"]["amount_refunded"] for event in changed}
    assert told == {3_000, 4_000}
    assert sum(event["type"] == "refund.created" for event in events) == 2


def test_what_cannot_be_refunded_is_refused(simulators: Simulators) -> None:
    session = simulators.checkout()
    simulators.pay(session.id, method="sepa_debit")
    waiting = simulators.stripe.v1.checkout.sessions.retrieve(session.id)
    assert "successful charge" in str(refused(simulators, str(waiting.payment_intent)))
    assert refused(simulators, "pi_unknown").http_status == 404
    _, intent = simulators.paid()
    assert refused(simulators, intent, amount=0).param == "amount"
    assert refused(simulators, intent, reason="because").param == "reason"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        simulators.stripe.v1.refunds.create(params={"amount": 100})
    assert caught.value.code == "parameter_missing"


def test_a_refund_can_be_pending_before_it_succeeds(simulators: Simulators) -> None:
    _, intent = simulators.paid(card="4000000000007726")
    made = refund(simulators, intent)
    assert made.status == "pending"
    simulators.control("clock", {"offset": 60})
    later = simulators.stripe.v1.refunds.retrieve(made.id)
    assert later.status == "succeeded"
    simulators.receiver.wait_for(5)
    (updated,) = [e for e in simulators.receiver.events() if e["type"] == "refund.updated"]
    assert updated["data"]["object"]["status"] == "succeeded"


def test_a_refund_can_fail_after_it_succeeded_and_be_made_again(simulators: Simulators) -> None:
    _, intent = simulators.paid(card="4000000000005126")
    made = refund(simulators, intent)
    assert made.status == "succeeded"
    simulators.control("clock", {"offset": 60})
    later = simulators.stripe.v1.refunds.retrieve(made.id)
    assert later.status == "failed"
    assert charge_of(simulators, intent).amount_refunded == 0
    simulators.receiver.wait_for(6)
    assert {"refund.updated", "refund.failed"} <= set(simulators.receiver.types())
    assert refund(simulators, intent).amount == 12_000


@pytest.mark.parametrize(("outcome", "reinstated"), [("won", True), ("lost", False)])
def test_a_chargeback_takes_the_money_until_it_is_won(
    simulators: Simulators, outcome: str, reinstated: bool
) -> None:
    session, intent = simulators.paid()
    opened = simulators.control(f"stripe/sessions/{session}/dispute", {})
    assert (opened["status"], opened["amount"]) == ("needs_response", 12_000)
    assert refused(simulators, intent).code == "charge_disputed"
    closed = simulators.control(f"stripe/sessions/{session}/dispute/close", {"outcome": outcome})
    assert closed["status"] == outcome
    simulators.receiver.wait_for(6 if reinstated else 5)
    types = simulators.receiver.types()
    assert "charge.dispute.funds_withdrawn" in types
    assert "charge.dispute.closed" in types
    assert ("charge.dispute.funds_reinstated" in types) is reinstated
    if not reinstated:
        assert refused(simulators, intent).code == "charge_disputed"


def test_an_inquiry_moves_no_money(simulators: Simulators) -> None:
    session, intent = simulators.paid()
    opened = simulators.control(f"stripe/sessions/{session}/dispute", {"kind": "inquiry"})
    assert (opened["status"], opened["is_charge_refundable"]) == ("warning_needs_response", True)
    refund(simulators, intent, amount=100)
    closed = simulators.control(f"stripe/sessions/{session}/dispute/close", {"outcome": "lost"})
    assert closed["status"] == "warning_closed"
    simulators.receiver.wait_for(6)
    assert "charge.dispute.funds_withdrawn" not in simulators.receiver.types()


def test_a_refund_in_the_dashboard_is_like_any_other(simulators: Simulators) -> None:
    session, intent = simulators.paid()
    made = simulators.control(f"stripe/sessions/{session}/refund", {"amount": 500})
    found = simulators.stripe.v1.refunds.list(params={"payment_intent": intent}).data
    assert [each.id for each in found] == [made["id"]]
    assert [each["id"] for each in simulators.control("stripe/refunds")] == [made["id"]]
    assert made["metadata"] == {}
