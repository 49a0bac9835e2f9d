"""Checkout Sessions: made, ended, and kept on the simulator's clock."""

from __future__ import annotations

import sqlite3
from urllib.parse import urlsplit

from mentorships.sandbox import store, stripe_objects
from mentorships.sandbox.store import Json, Record
from mentorships.sandbox.stripe_errors import StripeError, invalid, missing, no_such, refused
from mentorships.sandbox.stripe_events import Cause, emit
from mentorships.sandbox.stripe_money import check_currency, check_total, check_unit_amount

KIND = "checkout.session"
CARD = "card"
DELAYED = "sepa_debit"

# Stripe's dynamic payment methods, as far as the simulator plays them.
_METHODS = (CARD, DELAYED)
_SHORTEST = 30 * 60
_LONGEST = 24 * 3600


def check_create(params: Json, now: int) -> None:
    """Refuse what Stripe refuses in a new session, and fill in its defaults.

    Raises:
        StripeError: 400, and 404 for a price or customer, none of which exist here.
    """
    _check_mode(params)
    _check_lines(params)
    _check_expiry(params, now)
    if len(params.get("client_reference_id", "")) > 200:
        raise invalid("client_reference_id is longer than 200.", param="client_reference_id")
    email = params.get("customer_email")
    if email is not None and not _is_email(email):
        raise invalid(
            f"Invalid email address: {email}", param="customer_email", code="email_invalid"
        )
    check_metadata(params.get("metadata", {}), "metadata")
    data = params.get("payment_intent_data", {})
    check_metadata(data.get("metadata", {}), "payment_intent_data[metadata]")
    if data.get("capture_method", "automatic") not in {"automatic", "automatic_async"}:
        raise invalid(
            "This simulator captures payments automatically.",
            param="payment_intent_data[capture_method]",
        )
    if not offered_methods(params):
        raise invalid("No valid payment method types for this Checkout Session.")


def _is_email(text: str) -> bool:
    name, at, domain = text.partition("@")
    return bool(name and at and "." in domain and " " not in text and len(text) <= 800)


def check_metadata(metadata: dict[str, str], param: str) -> None:
    """Refuse more than 50 keys, keys over 40 and values over 500 characters."""
    if len(metadata) > 50:
        raise invalid("Metadata can have up to 50 keys.", param=param)
    for key, value in metadata.items():
        if len(key) > 40 or len(value) > 500:
            raise invalid(
                "Metadata keys can have up to 40 characters and values up to 500.",
                param=f"{param}[{key[:40]}]",
            )


def _check_mode(params: Json) -> None:
    if "mode" not in params:
        raise missing("mode")
    if params["mode"] != "payment":
        raise invalid("This simulator sells one-time payments only.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("This simulator has the hosted page only.", param="ui_mode")
    if "subscription_data" in params:
        raise invalid(
            "You can not pass `subscription_data` in `payment` mode.", param="subscription_data"
        )
    if "success_url" not in params:
        raise missing("success_url")
    for name in ("success_url", "cancel_url"):
        url = params.get(name)
        if url is None:
            continue
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise invalid("Not a valid URL", param=name, code="url_invalid")
    for name, what in (("customer", "customer"), ("customer_account", "account")):
        if name in params:
            raise no_such(what, params[name], name)


def _check_lines(params: Json) -> None:
    lines = params.get("line_items")
    if not lines:
        raise missing("line_items")
    if len(lines) > 100:
        raise invalid("A Checkout Session can have up to 100 line items.", param="line_items")
    total = 0
    for index, line in enumerate(lines):
        total += _check_line(line, f"line_items[{index}]")
    codes = {line["price_data"]["currency"].lower() for line in lines}
    if len(codes) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    check_total(total, codes.pop())


def _check_line(line: Json, label: str) -> int:
    """The line's total in minor units."""
    if "price" in line:
        if "price_data" in line:
            raise invalid(
                "You may only specify one of these parameters: price, price_data.", param=label
            )
        raise no_such("price", line["price"], f"{label}[price]")
    if "price_data" not in line:
        raise missing(f"{label}[price]")
    if line.setdefault("quantity", 1) < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param=f"{label}[quantity]",
            code="parameter_invalid_integer",
        )
    price, label = line["price_data"], f"{label}[price_data]"
    if "recurring" in price:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            param=f"{label}[recurring]",
        )
    if "product" in price:
        raise no_such("product", price["product"], f"{label}[product]")
    if "product_data" not in price:
        raise missing(f"{label}[product_data]")
    if "unit_amount" not in price:
        raise missing(f"{label}[unit_amount]")
    check_currency(price["currency"], f"{label}[currency]")
    check_unit_amount(price["unit_amount"], price["currency"], f"{label}[unit_amount]")
    return int(price["unit_amount"]) * int(line["quantity"])


def _check_expiry(params: Json, now: int) -> None:
    # VENDORS.md, Stripe: 30 minutes to 24 hours after creation, default 24 hours.
    expires_at = params.setdefault("expires_at", now + _LONGEST)
    if expires_at < now + _SHORTEST:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if expires_at > now + _LONGEST:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )


def offered_methods(params: Json) -> list[str]:
    """The payment methods that the session will offer."""
    allowed = params.get("allowed_payment_method_types") or _METHODS
    excluded = params.get("excluded_payment_method_types") or ()
    methods = [method for method in _METHODS if method in allowed and method not in excluded]
    codes = {line["price_data"]["currency"].lower() for line in params["line_items"]}
    # Bank debits of this kind exist in euros only.
    return methods if codes == {"eur"} else [method for method in methods if method != DELAYED]


def create(db: sqlite3.Connection, cause: Cause, params: Json, public_url: str) -> Record:
    """Open a session from checked parameters."""
    body = stripe_objects.checkout_session(
        params, now=cause.now, public_url=public_url, methods=offered_methods(params)
    )
    extra: Json = {
        "line_items": [
            stripe_objects.line_item(line, now=cause.now) for line in params["line_items"]
        ],
        "payment_intent_data": params.get("payment_intent_data", {}),
    }
    return store.add(db, Record(KIND, body, due=body["expires_at"], extra=extra))


def expire(db: sqlite3.Connection, cause: Cause, session_id: str) -> Record:
    """End an open session at the seller's wish.

    Raises:
        StripeError: unknown (404), or no longer open (400).
    """
    record = store.find(db, KIND, session_id)
    if record is None:
        raise no_such("checkout.session", session_id, "session")
    if record.body["status"] != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{record.body['status']}`.",
            param="session",
        )
    end(db, cause, record)
    return record


def end(db: sqlite3.Connection, cause: Cause, record: Record) -> None:
    """An open session ends unpaid; its unpaid payment is given up with it."""
    record.body.update(status="expired", url=None)
    record.due = None
    store.save(db, record)
    intent_id = record.body["payment_intent"]
    if intent_id:
        intent = store.get(db, "payment_intent", intent_id)
        intent.body.update(
            status="canceled",
            canceled_at=cause.now,
            cancellation_reason="automatic",
            next_action=None,
        )
        store.save(db, intent)
    emit(db, cause, "checkout.session.expired", record.body, subject=record.id)


def open_session(db: sqlite3.Connection, session_id: str) -> Record:
    """The session, which a person is about to pay.

    Raises:
        LookupError: there is none.
        StripeError: it is no longer open (400).
    """
    record = store.get(db, KIND, session_id)
    if record.body["status"] != "open":
        raise StripeError(
            400,
            f"This Checkout Session is {record.body['status']}.",
            code="checkout_session_not_open",
        )
    return record
