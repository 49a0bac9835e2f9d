"""New Stripe objects in the shape of the pinned API version, before anything happened to them."""

from __future__ import annotations

from mentorships.sandbox.store import Json
from mentorships.sandbox.stripe_events import new_id

_ADDRESS: Json = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def nulls(*names: str) -> Json:
    """Fields without a value, which Stripe answers all the same."""
    return dict.fromkeys(names)


def checkout_session(params: Json, *, now: int, public_url: str, methods: list[str]) -> Json:
    """An open Checkout Session in payment mode. Amounts are in minor units."""
    session_id = new_id("cs_test_a1", 54).replace("a1_", "a1")
    email = params.get("customer_email")
    price = params["line_items"][0]["price_data"]
    total = sum(
        item["price_data"]["unit_amount"] * item["quantity"] for item in params["line_items"]
    )
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": price["currency"].lower(),
        "custom_fields": [],
        "customer_creation": params.get("customer_creation", "if_required"),
        "customer_details": _customer_details(email) if email else None,
        "customer_email": email,
        "expires_at": params["expires_at"],
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": methods,
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{public_url}/sandbox/stripe/pay/{session_id}",
        **nulls(
            "after_expiration",
            "client_secret",
            "collected_information",
            "consent",
            "consent_collection",
            "currency_conversion",
            "customer",
            "discounts",
            "invoice",
            "payment_intent",
            "payment_link",
            "payment_method_configuration_details",
            "permissions",
            "recovered_from",
            "saved_payment_method_options",
            "setup_intent",
            "shipping_cost",
            "subscription",
        ),
        "custom_text": nulls(
            "after_submit", "shipping_address", "submit", "terms_of_service_acceptance"
        ),
    }


def _customer_details(email: str) -> Json:
    return {
        "address": None,
        "email": email,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def paid_customer_details(email: str) -> Json:
    """What Checkout knows about the buyer after the form was sent."""
    return {**_customer_details(email), "address": dict(_ADDRESS), "tax_ids": []}


def line_item(item: Json, *, now: int) -> Json:
    """One line of a Checkout Session with its price."""
    price = item["price_data"]
    amount = price["unit_amount"] * item["quantity"]
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"].lower(),
        "description": price["product_data"]["name"],
        "price": {
            "id": new_id("price"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": now,
            "currency": price["currency"].lower(),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("prod", 14),
            "recurring": None,
            "tax_behavior": price.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": item["quantity"],
    }


def payment_intent(session: Json, data: Json, *, now: int) -> Json:
    """The PaymentIntent that Checkout makes when the buyer first sends the payment form."""
    intent_id = new_id("pi")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "description": data.get("description"),
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "payment_method_options": {},
        "payment_method_types": session["payment_method_types"],
        "receipt_email": data.get("receipt_email"),
        "statement_descriptor": data.get("statement_descriptor"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        **nulls(
            "application",
            "application_fee_amount",
            "automatic_payment_methods",
            "canceled_at",
            "cancellation_reason",
            "customer",
            "last_payment_error",
            "latest_charge",
            "next_action",
            "on_behalf_of",
            "payment_method",
            "processing",
            "review",
            "setup_future_usage",
            "shipping",
            "transfer_data",
            "transfer_group",
        ),
    }


def charge(intent: Json, *, now: int, method: Json, email: str | None) -> Json:
    """A charge that took the whole amount. `method` is its payment_method_details."""
    charge_id = new_id("ch")
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "billing_details": {
            "address": dict(_ADDRESS),
            "email": email,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "calculated_statement_descriptor": "SIMULATED",
        "captured": True,
        "created": now,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {
            **nulls("advice_code", "network_advice_code", "network_decline_code", "reason"),
            "network_status": "approved_by_network",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": method,
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded",
        **nulls(
            "application",
            "application_fee",
            "application_fee_amount",
            "balance_transaction",
            "customer",
            "failure_balance_transaction",
            "failure_code",
            "failure_message",
            "on_behalf_of",
            "receipt_number",
            "receipt_url",
            "review",
            "shipping",
            "source_transfer",
            "transfer_data",
            "transfer_group",
        ),
    }


def card_details(number: str) -> Json:
    """`payment_method_details` of a card charge."""
    return {
        "card": {
            "brand": "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "exp_month": 12,
            "exp_year": 2040,
            "fingerprint": "simulatedcard000",
            "funding": "credit",
            "installments": None,
            "last4": number[-4:],
            "mandate": None,
            "network": "visa",
            "three_d_secure": None,
            "wallet": None,
        },
        "type": "card",
    }


def refund(charge_body: Json, *, now: int, amount: int, params: Json) -> Json:
    """A refund of part or all of a charge; `amount` in minor units."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge_body["id"],
        "created": now,
        "currency": charge_body["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": params.get("metadata", {}),
        "payment_intent": charge_body["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
