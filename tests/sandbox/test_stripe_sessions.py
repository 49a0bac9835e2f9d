"""Checkout Sessions: what is refused, how they end, how they are paid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import SIMULATED_STRIPE_KEY, Simulators

HALF_HOUR = 30 * 60
DAY = 24 * 3600


def refusal(call: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call()
    return caught.value


def line(amount: int, currency: str = "eur", **more: Any) -> list[dict[str, Any]]:
    data = {"name": "Four sessions"}
    price = {"currency": currency, "unit_amount": amount, "product_data": data, **more}
    return [{"price_data": price, "quantity": 1}]


def test_a_new_session_is_open_and_says_what_was_asked(simulators: Simulators) -> None:
    session = simulators.checkout()
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.currency) == (12_000, "eur")
    assert session.url == f"{simulators.receiver.address}/sandbox/stripe/pay/{session.id}"
    assert session.payment_intent is None
    assert session.client_reference_id == "ord_1"
    assert session.metadata is not None
    assert session.metadata["order"] == "ord_1"
    assert session.expires_at == session.created + DAY


def test_a_paid_session_has_a_payment_and_no_address_any_more(simulators: Simulators) -> None:
    session_id, intent_id = simulators.paid()
    session = simulators.stripe.v1.checkout.sessions.retrieve(
        session_id, params={"expand": ["payment_intent.latest_charge"]}
    )
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    intent = session.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.id, intent.status, intent.amount_received) == (intent_id, "succeeded", 12_000)
    assert intent.metadata["order"] == "ord_1"
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.amount, charge.paid, charge.amount_refunded) == (12_000, True, 0)
    assert charge.metadata["order"] == "ord_1"


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [
        (HALF_HOUR - 1, False),
        (HALF_HOUR, True),
        (35 * 60, True),
        (DAY, True),
        (DAY + 1, False),
        (-1, False),
    ],
)
def test_expires_at_must_lie_between_half_an_hour_and_a_day_ahead(
    simulators: Simulators, offset: int, accepted: bool
) -> None:
    now = 1_800_000_000
    simulators.control("clock", {"now": now})
    if accepted:
        assert simulators.checkout(expires_at=now + offset).expires_at == now + offset
    else:
        error = refusal(lambda: simulators.checkout(expires_at=now + offset))
        assert (error.http_status, error.param) == (400, "expires_at")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"line_items": line(49)}, "amount_too_small"),
        ({"line_items": line(100_000_000)}, "amount_too_large"),
        ({"line_items": line(12_000, "xyz")}, None),
        ({"line_items": line(1_001, "isk")}, None),
        ({"line_items": line(1_001, "kwd")}, None),
        ({"line_items": [*line(500), *line(500, "usd")]}, None),
        ({"line_items": line(12_000, recurring={"interval": "month"})}, None),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "resource_missing"),
        ({"line_items": line(12_000) * 101}, None),
        ({"mode": "subscription"}, None),
        ({"mode": "setup"}, None),
        ({"ui_mode": "embedded_page"}, None),
        ({"customer": "cus_1"}, "resource_missing"),
        ({"metadata": {f"key{n}": "x" for n in range(51)}}, None),
        ({"metadata": {"k" * 41: "x"}}, None),
        ({"metadata": {"k": "x" * 501}}, None),
        ({"client_reference_id": "x" * 201}, None),
        ({"excluded_payment_method_types": ["card", "sepa_debit"]}, None),
    ],
)
def test_what_stripe_does_not_sell_is_refused(
    simulators: Simulators, changes: dict[str, Any], code: str | None
) -> None:
    error = refusal(lambda: simulators.checkout(**changes))
    assert error.http_status == (404 if code == "resource_missing" else 400)
    assert error.code == code
    assert simulators.control("stripe/sessions") == []


def test_an_open_session_can_be_ended_once(simulators: Simulators) -> None:
    sessions = simulators.stripe.v1.checkout.sessions
    session = simulators.checkout()
    assert sessions.expire(session.id).status == "expired"
    assert "open" in str(refusal(lambda: sessions.expire(session.id)))
    paid, _ = simulators.paid()
    assert refusal(lambda: sessions.expire(paid)).http_status == 400


@pytest.mark.parametrize("kind", ["sessions", "payment_intents", "charges", "refunds", "events"])
def test_an_unknown_id_is_a_missing_resource(simulators: Simulators, kind: str) -> None:
    api = simulators.stripe.v1
    services: dict[str, Any] = {
        "sessions": api.checkout.sessions,
        "payment_intents": api.payment_intents,
        "charges": api.charges,
        "refunds": api.refunds,
        "events": api.events,
    }
    error = refusal(lambda: services[kind].retrieve("no_such_id"))
    assert (error.http_status, error.code) == (404, "resource_missing")


def test_an_address_that_stripe_does_not_have_is_named(simulators: Simulators) -> None:
    answer = simulators.http.post(
        "/stripe/v1/subscriptions", headers={"authorization": f"Bearer {SIMULATED_STRIPE_KEY}"}
    )
    assert answer.status_code == 404
    assert "/v1/subscriptions" in answer.json()["error"]["message"]


@pytest.mark.parametrize("header", [None, "Bearer sk_test_other", "Basic abc", "Bearer"])
def test_a_wrong_or_missing_key_is_refused(simulators: Simulators, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = simulators.http.get("/stripe/v1/events", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["request-id"].startswith("req_")
    assert "sk_test_other" not in answer.text


def test_a_session_ends_by_the_clock_and_tells_so(simulators: Simulators) -> None:
    session = simulators.checkout()
    simulators.control("clock", {"offset": DAY - 60})
    sessions = simulators.stripe.v1.checkout.sessions
    assert sessions.retrieve(session.id).status == "open"
    simulators.control("clock", {"offset": DAY + 1})
    # Nobody asks: the simulator notices by itself.
    (event,) = simulators.receiver.wait_for(1)
    assert event["type"] == "checkout.session.expired"
    assert event["data"]["object"]["id"] == session.id
    assert event["created"] == session.expires_at
    assert sessions.retrieve(session.id).status == "expired"
    answer = simulators.http.post(f"/control/stripe/sessions/{session.id}/pay", json={})
    assert answer.status_code == 400


def test_objects_are_dated_by_the_simulators_clock(simulators: Simulators) -> None:
    simulators.control("clock", {"now": 1_700_000_000})
    session_id, intent_id = simulators.paid()
    refund = simulators.stripe.v1.refunds.create(params={"payment_intent": intent_id})
    event = simulators.stripe.v1.events.list(params={"limit": 1}).data[0]
    session = simulators.stripe.v1.checkout.sessions.retrieve(session_id)
    assert {session.created, refund.created, event.created} == {1_700_000_000}


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("1234123412341234", "unknown_card"),
    ],
)
def test_a_declined_card_leaves_the_session_open_for_another_try(
    simulators: Simulators, card: str, code: str
) -> None:
    session = simulators.checkout()
    url = f"/control/stripe/sessions/{session.id}/pay"
    answer = simulators.http.post(url, json={"card": card})
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)
    again = simulators.stripe.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.payment_status) == ("open", "unpaid")
    assert simulators.pay(session.id)["payment_status"] == "paid"


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_bank_debit_completes_unpaid_and_is_settled_later(
    simulators: Simulators, outcome: str
) -> None:
    session = simulators.checkout()
    body = simulators.pay(session.id, method="sepa_debit")
    assert (body["status"], body["payment_status"]) == ("complete", "unpaid")
    settled = simulators.control(f"stripe/sessions/{session.id}/settle", {"outcome": outcome})
    assert settled["payment_status"] == ("paid" if outcome == "succeeded" else "unpaid")
    event = "async_payment_succeeded" if outcome == "succeeded" else "async_payment_failed"
    simulators.receiver.wait_for(3 if outcome == "succeeded" else 2)
    assert f"checkout.session.{event}" in simulators.receiver.types()
    url = f"/control/stripe/sessions/{session.id}/settle"
    assert simulators.http.post(url, json={"outcome": outcome}).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        {"allowed_payment_method_types": ["card"]},
        {"excluded_payment_method_types": ["sepa_debit"]},
        {"line_items": line(12_000, "usd")},
    ],
)
def test_a_bank_debit_is_not_taken_where_it_was_not_offered(
    simulators: Simulators, params: dict[str, Any]
) -> None:
    session = simulators.checkout(**params)
    assert session.payment_method_types == ["card"]
    url = f"/control/stripe/sessions/{session.id}/pay"
    assert simulators.http.post(url, json={"method": "sepa_debit"}).status_code == 400
    assert "Bank debit" not in simulators.http.get(f"/sandbox/stripe/pay/{session.id}").text


def test_lists_are_newest_first_with_cursors_and_bounds(simulators: Simulators) -> None:
    created: list[str] = []
    for number in range(5):
        simulators.control("clock", {"now": 1_800_000_000 + number})
        created.insert(0, simulators.checkout().id)
    sessions = simulators.stripe.v1.checkout.sessions
    first = sessions.list(params={"limit": 2})
    assert [each.id for each in first.data] == created[:2]
    assert first.has_more
    assert [each.id for each in first.auto_paging_iter()] == created
    before = sessions.list(params={"ending_before": created[3], "limit": 2})
    assert [each.id for each in before.data] == created[1:3]
    bounds = sessions.list(params={"created": {"gte": 1_800_000_001, "lt": 1_800_000_003}})
    assert [each.id for each in bounds.data] == created[2:4]
    exact = sessions.list(params={"created": 1_800_000_004})
    assert [each.id for each in exact.data] == created[:1]


def test_sessions_are_found_by_payment_and_by_status(simulators: Simulators) -> None:
    session_id, intent_id = simulators.paid()
    simulators.checkout()
    sessions = simulators.stripe.v1.checkout.sessions
    assert [s.id for s in sessions.list(params={"payment_intent": intent_id}).data] == [session_id]
    assert [s.id for s in sessions.list(params={"status": "complete"}).data] == [session_id]


def test_fifty_people_pay_at_once_and_each_payment_counts_once(simulators: Simulators) -> None:
    simulators.control("stripe/webhooks", {"mode": "never"})
    sessions = [simulators.checkout().id for _ in range(5)]

    def pay(number: int) -> int:
        url = f"/control/stripe/sessions/{sessions[number % 5]}/pay"
        return simulators.http.post(url, json={}).status_code

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(pay, range(50)))
    assert sorted(answers) == [200] * 5 + [400] * 45
    events = simulators.stripe.v1.events.list(
        params={"type": "checkout.session.completed", "limit": 100}
    )
    assert len(events.data) == 5
