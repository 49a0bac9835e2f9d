"""The Stripe simulator takes exactly the parameters that the SDK's types have."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import params as sdk
from stripe.params import checkout

from mentorships.sandbox import stripe_params
from mentorships.sandbox.stripe_endpoints import ENDPOINTS
from tests.sandbox.conftest import SIMULATED_STRIPE_KEY, Simulators
from tests.sandbox.sdk_types import literals, parameters

SDK_TYPES: dict[str, Any] = {
    "POST checkout/sessions": checkout.SessionCreateParams,
    "GET checkout/sessions": checkout.SessionListParams,
    "GET checkout/sessions/{id}": checkout.SessionRetrieveParams,
    "POST checkout/sessions/{id}/expire": checkout.SessionExpireParams,
    "GET payment_intents/{id}": sdk.PaymentIntentRetrieveParams,
    "GET payment_intents": sdk.PaymentIntentListParams,
    "GET disputes": sdk.DisputeListParams,
    "GET disputes/{id}": sdk.DisputeRetrieveParams,
    "GET charges/{id}": sdk.ChargeRetrieveParams,
    "POST refunds": sdk.RefundCreateParams,
    "GET refunds": sdk.RefundListParams,
    "GET refunds/{id}": sdk.RefundRetrieveParams,
    "GET events": sdk.EventListParams,
    "GET events/{id}": sdk.EventRetrieveParams,
    "GET webhook_endpoints": sdk.WebhookEndpointListParams,
}
CHOICES_OF: dict[str, Any] = {
    "billing_address_collection": checkout.SessionCreateParams,
    "customer_creation": checkout.SessionCreateParams,
    "locale": checkout.SessionCreateParams,
    "mode": checkout.SessionCreateParams,
    "submit_type": checkout.SessionCreateParams,
    "ui_mode": checkout.SessionCreateParams,
    "reason": sdk.RefundCreateParams,
    "status": checkout.SessionListParams,
}


def test_every_endpoint_of_the_simulator_is_compared_with_the_sdk() -> None:
    assert set(SDK_TYPES) == set(ENDPOINTS) == set(stripe_params.TABLE)


@pytest.mark.parametrize("endpoint", SDK_TYPES)
def test_the_table_has_exactly_the_names_and_kinds_of_the_sdks_types(endpoint: str) -> None:
    assert stripe_params.TABLE[endpoint] == parameters(SDK_TYPES[endpoint])


@pytest.mark.parametrize("name", sorted(stripe_params.CHOICES))
def test_the_closed_values_are_those_that_the_sdk_names(name: str) -> None:
    assert set(stripe_params.CHOICES[name]) == set(literals(CHOICES_OF[name], name))


def _post(simulators: Simulators, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = simulators.http.post(
        "/stripe/v1/checkout/sessions",
        data=form,
        headers={"authorization": f"Bearer {SIMULATED_STRIPE_KEY}"},
    )
    return answer.status_code, answer.json()["error"]


GOOD = {
    "mode": "payment",
    "success_url": "https://studio.example.com/paid",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][price_data][product_data][name]": "Four sessions",
    "line_items[0][quantity]": "1",
}


@pytest.mark.parametrize(
    "name",
    [
        "payment_method_types[0]",  # removed from the API in 2026-09-30.endive
        "seat",
        "metadata_",
        "line_items[0][amount]",
        "line_items[0][price_data][colour]",
        "payment_intent_data[order]",
        "payment_method_options[card][seat]",
    ],
)
def test_a_name_that_stripe_does_not_have_is_refused(simulators: Simulators, name: str) -> None:
    status, error = _post(simulators, {**GOOD, name: "1"})
    assert status == 400
    assert error["code"] == "parameter_unknown"
    assert error["type"] == "invalid_request_error"
    assert error["param"] == name.removesuffix("[0]")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("expires_at", "tomorrow", "parameter_invalid_integer"),
        ("line_items[0][quantity]", "1.5", "parameter_invalid_integer"),
        ("line_items[0][quantity]", "0", "parameter_invalid_integer"),
        ("line_items[0][price_data][unit_amount]", "-5", "parameter_invalid_integer"),
        ("client_reference_id", "", "parameter_invalid_empty"),
        ("allow_promotion_codes", "perhaps", None),
        ("locale", "tlh", None),
        ("submit_type", "buy", None),
        ("ui_mode", "hosted", None),  # the name before 2026-03-25.dahlia
        ("metadata", "text", None),
        ("line_items[0][price_data][currency]", "eurs", None),
        ("customer_email", "nobody", "email_invalid"),
        ("success_url", "/paid", "url_invalid"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_and_named(
    simulators: Simulators, name: str, value: str, code: str | None
) -> None:
    status, error = _post(simulators, {**GOOD, name: value})
    assert status == 400
    assert error.get("code") == code
    assert error["param"] == name


@pytest.mark.parametrize(
    "name",
    [
        "mode",
        "success_url",
        "line_items[0][price_data][currency]",
        "line_items[0][price_data][unit_amount]",
        "line_items[0][price_data][product_data][name]",
    ],
)
def test_a_missing_parameter_is_named(simulators: Simulators, name: str) -> None:
    status, error = _post(simulators, {key: GOOD[key] for key in GOOD if key != name})
    assert status == 400
    assert error["code"] == "parameter_missing"
    # Without its only name, the product's data is not sent at all.
    assert error["param"] == name.removesuffix("[name]")


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"mode=%FF", b"[x]=1", b"mode", b"a=1&a[b]=2"])
def test_a_garbled_form_is_refused_and_breaks_nothing(simulators: Simulators, body: bytes) -> None:
    answer = simulators.http.post(
        "/stripe/v1/checkout/sessions",
        content=body,
        headers={"authorization": f"Bearer {SIMULATED_STRIPE_KEY}"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
