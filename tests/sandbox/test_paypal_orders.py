"""PayPal's orders: what is taken and refused, tokens, request ids, captures and their outcomes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.sandbox.paypal import (
    CONTEXT,
    PayPal,
    captures,
    euros,
    issue,
    link_of,
    order_body,
    paypal,
)

__all__ = ["paypal"]
HOUR = 3600
SUM = {**euros("120.00"), "breakdown": {"item_total": euros("120.00")}}


def test_an_order_is_made_approved_and_captured(paypal: PayPal) -> None:
    made = paypal.create(invoice_id="INV-1").json()
    assert made["status"] == "PAYER_ACTION_REQUIRED"
    assert "/sandbox/paypal/checkoutnow?token=" in link_of(made, "payer-action")
    unit = made["purchase_units"][0]
    assert (unit["custom_id"], unit["amount"]) == ("ord_1", euros("120.00"))
    approved = paypal.control(f"orders/{made['id']}/approve", {})
    assert approved["returns_to"].startswith("https://studio.example.com/back?order=ord_1&token=")
    assert paypal.get(f"/v2/checkout/orders/{made['id']}").json()["status"] == "APPROVED"
    done = paypal.capture(made["id"])
    assert (done.status_code, done.json()["status"]) == (201, "COMPLETED")
    captured = captures(done.json())[0]
    assert captured["status"] == "COMPLETED"
    assert captured["custom_id"] == "ord_1"
    breakdown = captured["seller_receivable_breakdown"]
    assert breakdown == {
        "gross_amount": euros("120.00"),
        "paypal_fee": euros("3.94"),
        "net_amount": euros("116.06"),
    }
    alone = paypal.get(f"/v2/payments/captures/{captured['id']}").json()
    assert alone["supplementary_data"]["related_ids"]["order_id"] == made["id"]


def test_without_a_payment_source_the_order_is_created_and_the_link_says_approve(
    paypal: PayPal,
) -> None:
    body = order_body()
    del body["payment_source"]
    made = paypal.post("/v2/checkout/orders", body).json()
    assert made["status"] == "CREATED"
    assert link_of(made, "approve")


def test_a_short_answer_shows_what_is_needed_to_go_on(paypal: PayPal) -> None:
    made = paypal.post("/v2/checkout/orders", order_body(), key="a", whole=False).json()
    assert set(made) == {"id", "status", "links", "payment_source"}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": {"currency_code": "EUR"}}, (400, "MISSING_REQUIRED_PARAMETER")),
        ({"amount": {"currency_code": "EUR", "value": 120}}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"amount": euros("1,50")}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"amount": euros("0.00")}, (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ({"amount": euros("-1.00")}, (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ({"amount": euros("1.001")}, (422, "DECIMAL_PRECISION")),
        ({"amount": {"currency_code": "JPY", "value": "100.00"}}, (422, "DECIMAL_PRECISION")),
        ({"amount": {"currency_code": "HUF", "value": "100.5"}}, (422, "DECIMAL_PRECISION")),
        ({"amount": {"currency_code": "TWD", "value": "100.0"}}, (422, "DECIMAL_PRECISION")),
        ({"amount": {"currency_code": "INR", "value": "100"}}, (422, "INVALID_CURRENCY_CODE")),
        ({"amount": euros("1" + "0" * 15)}, (422, "MAX_VALUE_EXCEEDED")),
        ({"custom_id": "x" * 128}, (400, "INVALID_STRING_LENGTH")),
        ({"custom_id": ""}, (400, "INVALID_STRING_LENGTH")),
        (
            {"items": [{"name": "Pack", "quantity": "1", "unit_amount": euros("120.00")}]},
            (422, "ITEM_TOTAL_REQUIRED"),
        ),
        (
            {"amount": {**euros("120.00"), "breakdown": {"item_total": euros("100.00")}}},
            (422, "AMOUNT_MISMATCH"),
        ),
        (
            {"amount": SUM, "items": [{"name": "P", "quantity": "2", "unit_amount": euros("120")}]},
            (422, "ITEM_TOTAL_MISMATCH"),
        ),
        ({"amount": SUM, "items": [{"name": "P"}]}, (400, "MISSING_REQUIRED_PARAMETER")),
        ({"description": 7}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"customid": "ord_1"}, (400, "INVALID_PARAMETER_SYNTAX")),
    ],
)
def test_an_order_that_paypal_does_not_take_is_refused(
    paypal: PayPal, changes: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert issue(paypal.create(**changes)) == refusal
    assert paypal.control("orders") == []
    # A refused request leaves its id free.
    assert paypal.create().status_code == 201


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"return_url": "/back"}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"user_action": "BUY"}, (400, "INVALID_PARAMETER_VALUE")),
        ({"locale": "english"}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"brand_name": "x" * 128}, (400, "INVALID_STRING_LENGTH")),
    ],
)
def test_a_page_that_paypal_does_not_show_is_refused(
    paypal: PayPal, change: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert issue(paypal.create(context=CONTEXT | change)) == refusal


def test_the_page_needs_both_addresses_and_a_request_id(paypal: PayPal) -> None:
    context = {name: value for name, value in CONTEXT.items() if name != "cancel_url"}
    answer = paypal.post("/v2/checkout/orders", order_body(context=context), key="a")
    assert issue(answer) == (400, "MISSING_REQUIRED_PARAMETER")
    assert issue(paypal.post("/v2/checkout/orders", order_body())) == (
        400,
        "PAYPAL_REQUEST_ID_REQUIRED",
    )


@pytest.mark.parametrize(("currency", "value"), [("JPY", "1500"), ("HUF", "45000"), ("TWD", "900")])
def test_a_currency_without_decimals_has_none_anywhere(
    paypal: PayPal, currency: str, value: str
) -> None:
    order, _ = paypal.paid(amount={"currency_code": currency, "value": value})
    breakdown = captures(paypal.get(f"/v2/checkout/orders/{order}").json())[0][
        "seller_receivable_breakdown"
    ]
    assert breakdown["gross_amount"]["value"] == value
    assert all("." not in amount["value"] for amount in breakdown.values())


def test_a_body_that_is_no_json_object_is_refused(paypal: PayPal) -> None:
    token = paypal.ask_token().json()["access_token"]
    for content in (b"{", b"[1]", b"\xff"):
        answer = paypal.simulators.http.post(
            "/paypal/v2/checkout/orders",
            content=content,
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        assert issue(answer) == (400, "MALFORMED_REQUEST_JSON")


def test_the_same_request_id_makes_one_order_and_shows_its_latest_state(paypal: PayPal) -> None:
    first = paypal.create(key="checkout:ord_1:1")
    paypal.control(f"orders/{first.json()['id']}/approve", {})
    again = paypal.create(key="checkout:ord_1:1")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert again.json()["status"] == "APPROVED"
    assert len(paypal.control("orders")) == 1
    assert paypal.create(key="checkout:ord_1:2").json()["id"] != first.json()["id"]


def test_request_ids_of_orders_are_forgotten_after_six_hours(paypal: PayPal) -> None:
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    first = paypal.create(key="k").json()["id"]
    paypal.simulators.control("clock", {"now": 1_780_000_000 + 6 * HOUR + 1})
    assert paypal.create(key="k").json()["id"] != first


def test_a_request_id_may_have_108_characters(paypal: PayPal) -> None:
    assert paypal.create(key="x" * 108).status_code == 201
    assert issue(paypal.create(key="x" * 109)) == (400, "INVALID_STRING_LENGTH")


def test_of_two_captures_at_once_with_one_request_id_one_may_be_told_to_wait(
    paypal: PayPal,
) -> None:
    order = paypal.approved()
    slow = {"vendor": "paypal", "kind": "slow", "seconds": 3, "path": "*/capture"}
    paypal.simulators.control("faults", slow)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: paypal.capture(order, key="c"), range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    waiting = next(answer for answer in answers if answer.status_code == 409)
    assert issue(waiting) == (409, "PREVIOUS_REQUEST_IN_PROGRESS")
    assert paypal.capture(order, key="c").status_code == 200


def test_an_order_is_captured_once_and_only_when_approved(paypal: PayPal) -> None:
    order = paypal.order()
    assert issue(paypal.capture(order)) == (422, "ORDER_NOT_APPROVED")
    paypal.control(f"orders/{order}/approve", {})
    # The refusal was not kept for the request id.
    assert paypal.capture(order).status_code == 201
    assert paypal.capture(order).status_code == 200
    assert issue(paypal.capture(order, key="another")) == (422, "ORDER_ALREADY_CAPTURED")
    assert len(captures(paypal.get(f"/v2/checkout/orders/{order}").json())) == 1


def test_a_declined_instrument_sends_the_buyer_back_and_another_one_pays(paypal: PayPal) -> None:
    order = paypal.approved("declined")
    first = paypal.capture(order, key="capture:1")
    assert issue(first) == (422, "INSTRUMENT_DECLINED")
    assert f"token={order}" in link_of(first.json(), "payer-action")
    assert paypal.get(f"/v2/checkout/orders/{order}").json()["status"] == "PAYER_ACTION_REQUIRED"
    assert issue(paypal.capture(order, key="capture:2")) == (422, "PAYER_ACTION_REQUIRED")
    paypal.control(f"orders/{order}/approve", {"instrument": "balance"})
    # The first request id keeps its result; a new one takes the money.
    assert issue(paypal.capture(order, key="capture:1")) == (422, "INSTRUMENT_DECLINED")
    assert captures(paypal.capture(order, key="capture:3").json())[0]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("instrument", "status", "reason"),
    [
        ("review", "PENDING", "PENDING_REVIEW"),
        ("echeck", "PENDING", "ECHECK"),
        ("refused", "DECLINED", "OTHER"),
    ],
)
def test_a_completed_order_does_not_mean_that_it_was_paid(
    paypal: PayPal, instrument: str, status: str, reason: str
) -> None:
    answer = paypal.capture(paypal.approved(instrument)).json()
    captured = captures(answer)[0]
    assert (answer["status"], captured["status"]) == ("COMPLETED", status)
    assert captured["status_details"] == {"reason": reason}
    assert "seller_receivable_breakdown" not in captured


@pytest.mark.parametrize(
    ("outcome", "status"), [("completed", "COMPLETED"), ("denied", "DECLINED")]
)
def test_a_pending_capture_is_settled_once(paypal: PayPal, outcome: str, status: str) -> None:
    order, capture = paypal.paid("review")
    paypal.control(f"orders/{order}/settle", {"outcome": outcome})
    settled = paypal.get(f"/v2/payments/captures/{capture}").json()
    assert settled["status"] == status
    assert ("seller_receivable_breakdown" in settled) == (outcome == "completed")
    again = paypal.simulators.http.post(
        f"/control/paypal/orders/{order}/settle", json={"outcome": "completed"}
    )
    assert again.status_code == 422


def test_a_seller_who_wants_to_be_paid_at_once_is_not_offered_a_bank_account(
    paypal: PayPal,
) -> None:
    context = CONTEXT | {"payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED"}
    order = paypal.order(context=context)
    refused = paypal.simulators.http.post(
        f"/control/paypal/orders/{order}/approve", json={"instrument": "echeck"}
    )
    assert refused.status_code == 422
    paypal.control(f"orders/{order}/approve", {"instrument": "review"})


def test_an_invoice_id_is_paid_once(paypal: PayPal) -> None:
    open_order = paypal.approved(invoice_id="INV-7")
    declined, _ = paypal.paid("refused", invoice_id="INV-8")
    assert declined
    paypal.paid(invoice_id="INV-7")
    assert issue(paypal.create(key="a", invoice_id="INV-7")) == (422, "DUPLICATE_INVOICE_ID")
    assert issue(paypal.capture(open_order)) == (422, "DUPLICATE_INVOICE_ID")
    assert paypal.create(key="b", invoice_id="INV-8").status_code == 201


def test_paypal_forgets_an_order_that_nobody_approves(paypal: PayPal) -> None:
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    order, approved = paypal.order(), paypal.approved()
    paypal.simulators.control("clock", {"now": 1_780_000_000 + 3 * HOUR + 1})
    assert issue(paypal.get(f"/v2/checkout/orders/{order}")) == (404, "INVALID_RESOURCE_ID")
    assert issue(paypal.capture(order)) == (404, "INVALID_RESOURCE_ID")
    assert paypal.get(f"/v2/checkout/orders/{approved}").json()["status"] == "VOIDED"
    assert issue(paypal.capture(approved)) == (422, "ORDER_NOT_APPROVED")


def test_unknown_things_are_not_found(paypal: PayPal) -> None:
    for path in ("checkout/orders/5O190127TN364715T", "payments/captures/X", "payments/refunds/X"):
        assert issue(paypal.get(f"/v2/{path}")) == (404, "INVALID_RESOURCE_ID")
    assert issue(paypal.capture("5O190127TN364715T")) == (404, "INVALID_RESOURCE_ID")
    assert paypal.get("/v2/nothing").status_code == 404


def test_a_token_is_asked_for_with_the_secret_and_lives_nine_hours(paypal: PayPal) -> None:
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    issued = paypal.ask_token()
    assert issued.json()["expires_in"] == 9 * HOUR
    assert issued.json()["token_type"] == "Bearer"
    wrong = paypal.ask_token(secret="other")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert paypal.ask_token(grant="password").status_code == 400
    assert paypal.get("/v1/notifications/webhooks").status_code == 200
    assert paypal.control("tokens") == {"asked": 2, "live": 2}
    paypal.simulators.control("clock", {"now": 1_780_000_000 + 9 * HOUR})
    late = paypal.get("/v1/notifications/webhooks")
    assert (late.status_code, late.json()["error"]) == (401, "invalid_token")


def test_tokens_can_be_expired_and_made_short(paypal: PayPal) -> None:
    paypal.order()
    paypal.control("tokens", {"expire": True, "seconds": 60})
    assert paypal.create(key="b").json()["error"] == "invalid_token"
    assert paypal.ask_token().json()["expires_in"] == 60
    without = paypal.simulators.http.get("/paypal/v1/notifications/webhooks")
    assert (without.status_code, without.json()["name"]) == (401, "AUTHENTICATION_FAILURE")
    paypal.token = "A21AAmadeup"
    assert paypal.get("/v1/notifications/webhooks").status_code == 401


@pytest.mark.parametrize(
    ("status", "name"), [(429, "RATE_LIMIT_REACHED"), (503, "SERVICE_UNAVAILABLE")]
)
def test_a_fault_is_answered_in_paypals_words(paypal: PayPal, status: int, name: str) -> None:
    fault = {"vendor": "paypal", "kind": "status", "status": status, "path": "/v2/*"}
    paypal.simulators.control("faults", fault)
    answer = paypal.create()
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert paypal.create().status_code == 201


def test_too_many_tokens_are_refused_when_asked_for(paypal: PayPal) -> None:
    fault = {"vendor": "paypal", "kind": "status", "status": 429, "path": "/v1/oauth2/token"}
    paypal.simulators.control("faults", fault)
    assert paypal.ask_token().json()["name"] == "RATE_LIMIT_REACHED"


def test_a_lost_answer_can_be_asked_for_again(paypal: PayPal) -> None:
    order = paypal.approved()
    fault = {"vendor": "paypal", "kind": "drop_after", "path": "*/capture"}
    paypal.simulators.control("faults", fault)
    with pytest.raises(httpx.HTTPError):
        paypal.capture(order)
    again = paypal.capture(order)
    assert (again.status_code, captures(again.json())[0]["status"]) == (200, "COMPLETED")


def test_a_refusal_can_be_asked_of_the_control(paypal: PayPal) -> None:
    order = paypal.approved()
    paypal.control("refuse", {"call": "capture", "issue": "TRANSACTION_REFUSED", "times": 2})
    for _ in range(2):
        assert issue(paypal.capture(order)) == (422, "TRANSACTION_REFUSED")
    assert paypal.capture(order).status_code == 201
