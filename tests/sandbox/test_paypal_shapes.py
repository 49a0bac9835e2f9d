"""What the PayPal simulator takes and answers is what PayPal's specifications say, both ways."""

from __future__ import annotations

import json

import pytest

from mentorships.sandbox import paypal_errors, paypal_events, paypal_params
from mentorships.sandbox.paypal_params import Field, Items, Object, Text
from tests.sandbox.paypal import CONTEXT, PayPal, captures, euros, order_body, paypal
from tests.sandbox.paypal_specs import Json, Specification, all_of_them, check_all

__all__ = ["paypal"]


@pytest.fixture(scope="module")
def specifications() -> dict[str, Specification]:
    return all_of_them()


def test_every_exchange_matches_paypals_specifications(
    paypal: PayPal, specifications: dict[str, Specification]
) -> None:
    item = {"name": "Pack", "quantity": "1", "unit_amount": euros("120.00")}
    total = {**euros("120.00"), "breakdown": {"item_total": euros("120.00")}}
    order, capture = paypal.paid(
        invoice_id="INV-1", soft_descriptor="STUDIO", amount=total, items=[item]
    )
    paypal.post("/v2/checkout/orders", order_body(), key="short", whole=False)
    without = order_body()
    del without["payment_source"]
    paypal.post("/v2/checkout/orders", without)
    paypal.get(f"/v2/checkout/orders/{order}")
    paypal.get(f"/v2/payments/captures/{capture}")
    part = {"amount": euros("10.00"), "custom_id": "ref_1.1", "note_to_payer": "Sorry"}
    refund = paypal.refund(capture, part, key="a").json()["id"]
    paypal.get(f"/v2/payments/refunds/{refund}")
    paypal.get(f"/v2/checkout/orders/{order}")
    paypal.capture(order)
    for instrument in ("review", "refused", "refund_pending"):
        other, other_capture = paypal.paid(instrument)
        paypal.refund(other_capture, key=instrument)
        paypal.get(f"/v2/checkout/orders/{other}")
        paypal.get(f"/v2/payments/captures/{other_capture}")
    for amount in ({"currency_code": "JPY", "value": "1500"}, euros("5")):
        paypal.get(f"/v2/checkout/orders/{paypal.paid(amount=amount)[0]}")
    check_all(paypal.exchanged, specifications)
    assert {answer.status_code for answer in paypal.exchanged} == {200, 201, 422}


def test_every_refusal_matches_paypals_specifications(
    paypal: PayPal, specifications: dict[str, Specification]
) -> None:
    order = paypal.order()
    paypal.capture(order)
    paypal.capture(paypal.approved("declined"))
    paypal.capture(paypal.approved("declined"), key="b")
    for amount in ("0", "1.001"):
        paypal.create(amount=euros(amount))
    paypal.create(custom_id="x" * 200)
    paypal.post("/v2/checkout/orders", order_body())
    paypal.create(key="x", context=CONTEXT | {"user_action": "BUY"})
    _, capture = paypal.paid(invoice_id="INV-1")
    paypal.create(key="dup", invoice_id="INV-1")
    paypal.capture(str(paypal.exchanged[-3].json().get("id", order)), key="again")
    for number, body in enumerate(
        (
            {"amount": euros("500")},
            {"amount": {"currency_code": "USD", "value": "1"}},
            {"amount": {"currency_code": "JPY", "value": "1.0"}},
            {"note_to_payer": ""},
        )
    ):
        paypal.refund(capture, body, key=f"r{number}")
    paypal.refund("5O190127TN364715T")
    for path in ("checkout/orders/5O190127TN364715T", "payments/captures/X", "payments/refunds/X"):
        paypal.get(f"/v2/{path}")
    url = f"/paypal/v2/checkout/orders/{order}"
    paypal.exchanged.append(paypal.simulators.http.get(url))  # without a token
    check_all(paypal.exchanged, specifications)
    assert {answer.status_code for answer in paypal.exchanged} == {201, 400, 401, 404, 422}


def test_disputes_and_webhooks_match_paypals_specifications(
    paypal: PayPal, specifications: dict[str, Specification]
) -> None:
    paypal.get("/v1/customer/disputes")
    for kind, outcome in (("inquiry", "canceled"), ("chargeback", "won"), ("chargeback", "lost")):
        _, capture = paypal.paid(invoice_id=f"INV-{kind}-{outcome}")
        dispute = paypal.control(f"captures/{capture}/dispute", {"kind": kind})["dispute_id"]
        paypal.get(f"/v1/customer/disputes/{dispute}")
        paypal.control(f"disputes/{dispute}/close", {"outcome": outcome})
        paypal.get(f"/v1/customer/disputes/{dispute}")
    paypal.get("/v1/customer/disputes", page_size="2")
    paypal.get("/v1/customer/disputes", page_size="0")
    paypal.get("/v1/notifications/webhooks")
    check_all(paypal.exchanged, specifications)


def test_every_event_shows_its_resource_as_the_api_does(
    paypal: PayPal, specifications: dict[str, Specification]
) -> None:
    paypal.control("webhooks", {"mode": "hold"})
    order, capture = paypal.paid()
    refund = paypal.refund(capture, {"amount": euros("10.00")}).json()["id"]
    dispute = paypal.control(f"captures/{capture}/dispute", {})["dispute_id"]
    paths = {
        "checkout-order": f"/v2/checkout/orders/{order}",
        "capture": f"/v2/payments/captures/{capture}",
        "refund": f"/v2/payments/refunds/{refund}",
        "dispute": f"/v1/customer/disputes/{dispute}",
    }
    envelope = specifications["/v1/notifications"]
    schema = envelope.document["components"]["schemas"]["event"]
    known = set(envelope.fields(schema))
    seen: set[str] = set()
    for row in paypal.control("deliveries"):
        event = json.loads(row["body"])
        assert set(event) <= known
        kind = event["resource_type"]
        seen.add(kind)
        assert set(event["resource"]) <= set(paypal.get(paths[kind]).json())
    assert seen == set(paths)
    assert {kind for kind, _ in paypal_events.TYPES.values()} == seen


def compare(specification: Specification, ours: Field, schemas: list[Json], path: str) -> None:
    """Every field that the simulator takes is in the specification, with the same limits."""
    if isinstance(ours, Items):
        items = [specification.resolved(each)["items"] for each in schemas]
        compare(specification, ours.item, items, f"{path}[]")
    elif isinstance(ours, Object):
        known: dict[str, list[Json]] = {}
        for schema in schemas:
            for name, inner in specification.fields(schema).items():
                known.setdefault(name, []).extend(inner)
        for name, inner in ours.fields.items():
            assert name in known, f"{path}.{name}"
            compare(specification, inner, known[name], f"{path}.{name}")
    elif ours != Text():
        [theirs] = [specification.resolved(each) for each in schemas]
        assert ours.high == theirs.get("maxLength", ours.high), path
        assert ours.low == theirs.get("minLength", 0), path
        assert list(ours.words) == theirs.get("enum", []), path


def test_the_fields_that_are_taken_are_paypals(specifications: dict[str, Specification]) -> None:
    orders, payments = specifications["/v2/checkout/orders"], specifications["/v2/payments"]
    order = orders.document["components"]["schemas"]["order_request"]
    compare(orders, paypal_params.ORDER, [order], "order")
    refund = payments.document["components"]["schemas"]["refund_request"]
    compare(payments, paypal_params.REFUND, [refund], "refund")


def test_refusals_are_worded_as_paypal_words_them(
    specifications: dict[str, Specification],
) -> None:
    text = " ".join(str(each.document) for each in specifications.values())
    for issue in paypal_errors.ISSUES:
        assert f"'{issue}'" in text, issue


def test_captures_of_an_order_are_those_that_stand_alone(paypal: PayPal) -> None:
    order, capture = paypal.paid()
    inside = captures(paypal.get(f"/v2/checkout/orders/{order}").json())[0]
    alone = paypal.get(f"/v2/payments/captures/{capture}").json()
    assert inside.items() <= alone.items()
