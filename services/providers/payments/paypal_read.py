"""PayPal's objects in the product's words: orders, captures, refunds, disputes, transactions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from services.money import Money, exponent
from services.providers.payments.base import (
    Checkout,
    CheckoutState,
    DisputeState,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    RefundState,
)
from services.providers.payments.paypal_client import Json

# fmt: off
CURRENCIES: Final = frozenset({
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY",
    "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
})
# fmt: on
ZERO_DECIMAL: Final = frozenset({"HUF", "JPY", "TWD"})
"""PayPal's own rule: people and other vendors write HUF and TWD with two digits."""
PAID: Final = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
PAYMENT_STATES: Final = dict.fromkeys(PAID, PaymentState.COMPLETED) | {
    "PENDING": PaymentState.PENDING,
    "DECLINED": PaymentState.FAILED,
    "FAILED": PaymentState.FAILED,
}
TRANSACTION_STATES: Final = {
    "S": PaymentState.COMPLETED,
    "V": PaymentState.COMPLETED,  # it came, and went back
    "P": PaymentState.PENDING,
    "D": PaymentState.FAILED,
}
REFUND_LINE_STATES: Final = {
    "S": RefundState.SUCCEEDED,
    "P": RefundState.PENDING,
    "D": RefundState.FAILED,
    "V": RefundState.FAILED,  # it went back, and came again
}
REFUND_STATES: Final = {
    "COMPLETED": RefundState.SUCCEEDED,
    "PENDING": RefundState.PENDING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.CANCELED,
}
LOST: Final = frozenset({"RESOLVED_BUYER_FAVOUR", "ACCEPTED"})
DISPUTE_FEES: Final = frozenset({"DISPUTE_FEE", "CHARGEBACK_FEE", "DISPUTE_SETTLEMENT_FEE"})


def step(currency: str) -> int:
    """The smallest amount PayPal can move, in minor units of ours."""
    return 10 ** max(0, exponent(currency) - _digits(currency))


def written(money: Money) -> Json:
    """The amount as PayPal reads it: a text with the currency's own number of digits.

    Raises:
        ValueError: it has more digits than PayPal can move.
    """
    if money.minor % step(money.currency):
        raise ValueError(f"{money.currency} has {_digits(money.currency)} digits at PayPal")
    major = Decimal(money.minor).scaleb(-exponent(money.currency))
    value = f"{major:.{_digits(money.currency)}f}"
    return {"currency_code": money.currency, "value": value}


def read_money(told: Json) -> Money:
    """An amount of PayPal's, exactly."""
    currency = str(told["currency_code"]).upper()
    minor = Decimal(str(told["value"])).scaleb(exponent(currency))
    return Money(int(minor.to_integral_value()), currency)


def checkout(told: Json) -> Checkout:
    """An order of PayPal's. Its own status never says paid: its captures do."""
    unit = _first(told.get("purchase_units"))
    capture = _decisive(unit)
    state = _state(str(told.get("status", "")), capture)
    paid = capture if state is CheckoutState.PAID else None
    return Checkout(
        id=str(told["id"]),
        state=state,
        order=str(unit.get("custom_id", "")),
        url=_link(told, "payer-action") or _link(told, "approve"),
        created_at=_instant(told.get("create_time")),
        payment_id=str(capture["id"]) if capture else None,
        paid=read_money(paid["amount"]) if paid else None,
        fee=_fee(paid) if paid else None,
        bank_failed=capture is not None and state is CheckoutState.ENDED,
        changed_at=_instant(told["update_time"]) if told.get("update_time") else None,
    )


def approved_since(told: Json) -> str:
    """What changes when the buyer approves anew: one capture belongs to it."""
    return str(told.get("update_time") or told.get("create_time") or "")


def asked_price(told: Json) -> Money | None:
    """What the order is about, where the answer shows it."""
    amount = _first(told.get("purchase_units")).get("amount")
    return read_money(amount) if amount else None


def order_of_capture(told: Json) -> str:
    """The id of PayPal's order by which a capture came, "" when it does not tell."""
    related = (told.get("supplementary_data") or {}).get("related_ids") or {}
    return str(related.get("order_id") or "") or _last_part(_link(told, "up"))


def payment(told: Json) -> ProviderPayment:
    """A capture. What went back of it is in its refunds."""
    status = str(told.get("status", ""))
    return ProviderPayment(
        id=str(told["id"]),
        order=str(told.get("custom_id", "")),
        checkout=order_of_capture(told),
        amount=read_money(told["amount"]),
        fee=_fee(told),
        refunded=None,
        state=PAYMENT_STATES.get(status, PaymentState.PENDING),
        created_at=_instant(told.get("create_time")),
    )


def transaction(told: Json) -> ProviderPayment:
    """A line of PayPal's transaction report that is a payment."""
    amount, kept = read_money(told["transaction_amount"]), told.get("fee_amount")
    fee = -read_money(kept) if kept else None
    return ProviderPayment(
        id=str(told["transaction_id"]),
        order=str(told.get("custom_field", "")),
        checkout="",
        amount=amount,
        fee=fee if fee and fee.currency == amount.currency else None,
        refunded=None,
        state=TRANSACTION_STATES.get(str(told.get("transaction_status")), PaymentState.PENDING),
        created_at=_instant(told.get("transaction_initiation_date")),
    )


def transaction_refund(told: Json) -> ProviderRefund:
    """A line of PayPal's transaction report that is a refund: its amount is below zero."""
    amount = read_money(told["transaction_amount"])
    ours, attempt = _ours(told.get("custom_field"))
    status = str(told.get("transaction_status", ""))
    return ProviderRefund(
        id=str(told["transaction_id"]),
        refund=ours,
        attempt=attempt,
        payment_id=str(told.get("paypal_reference_id", "")),
        amount=Money(abs(amount.minor), amount.currency),
        state=REFUND_LINE_STATES.get(status, RefundState.PENDING),
        created_at=_instant(told.get("transaction_initiation_date")),
    )


def refund(told: Json) -> ProviderRefund:
    """A refund; its custom_id is our refund and the attempt."""
    ours, attempt = _ours(told.get("custom_id"))
    return ProviderRefund(
        id=str(told["id"]),
        refund=ours,
        attempt=attempt,
        payment_id=capture_of(told),
        amount=read_money(told["amount"]),
        state=REFUND_STATES.get(str(told.get("status", "")), RefundState.PENDING),
        created_at=_instant(told.get("create_time")),
    )


def _ours(custom: Any) -> tuple[str, int]:
    """Our refund and its attempt; nothing of a refund that is not ours."""
    name, _, attempt = str(custom or "").rpartition(".")
    return (name, int(attempt)) if attempt.isascii() and attempt.isdigit() else ("", 0)


def capture_of(told: Json) -> str:
    """The capture that a refund or a reversal belongs to: its link upwards."""
    return _last_part(_link(told, "up"))


def refunds_of(order: Json) -> list[ProviderRefund]:
    """All refunds of an order's captures."""
    unit = _first(order.get("purchase_units"))
    return [refund(each) for each in (unit.get("payments") or {}).get("refunds") or []]


def dispute(told: Json) -> ProviderDispute:
    """A dispute. PayPal's first stage, a talk between buyer and seller, moves no money."""
    disputed = _first(told.get("disputed_transactions"))
    asked = read_money(told.get("dispute_amount") or disputed["gross_amount"])
    inquiry = str(told.get("dispute_life_cycle_stage", "")) == "INQUIRY"
    state = _dispute_state(told, inquiry=inquiry)
    taken = _taken(told, asked, state)
    fee = _moved(told, asked.currency, fees=True)
    due = told.get("seller_response_due_date")
    return ProviderDispute(
        id=str(told["dispute_id"]),
        payment_id=str(disputed.get("seller_transaction_id", "")),
        amount=Money(taken, asked.currency) if taken else asked,
        fee=Money(max(fee, 0), asked.currency) if told.get("money_movements") else None,
        state=state,
        inquiry=inquiry,
        withdrawn=taken > 0,
        reason=str(told.get("reason", "")).lower().replace("_", " "),
        evidence_due_at=_instant(due) if due else None,
        created_at=_instant(told.get("create_time")),
    )


def _dispute_state(told: Json, *, inquiry: bool) -> DisputeState:
    if str(told.get("status", "")) != "RESOLVED":
        return DisputeState.OPEN
    outcome = str((told.get("dispute_outcome") or {}).get("outcome_code", ""))
    if outcome in LOST:
        return DisputeState.LOST
    return DisputeState.INQUIRY_CLOSED if inquiry else DisputeState.WON


def _taken(told: Json, asked: Money, state: DisputeState) -> int:
    """What the dispute keeps from the seller now, in minor units: a lost case may be for a part,
    and says so before the rest of what was held is back."""
    went = (told.get("dispute_outcome") or {}).get("amount_refunded")
    decided = read_money(went) if went and state is DisputeState.LOST else asked
    most = decided.minor if decided.currency == asked.currency else asked.minor
    if told.get("money_movements"):
        return min(max(_moved(told, asked.currency, fees=False), 0), most)
    # Without a list of movements, a lost case is the only one known to have taken the money.
    return most if state is DisputeState.LOST else 0


def _moved(told: Json, currency: str, *, fees: bool) -> int:
    """What the dispute has taken from the seller, less what it gave back, in minor units."""
    taken = 0
    for each in told.get("money_movements") or []:
        if each.get("affected_party") != "SELLER" or "amount" not in each:
            continue
        amount = read_money(each["amount"])
        is_fee = str(each.get("reason", "")) in DISPUTE_FEES
        if is_fee is fees and amount.currency == currency:
            taken += amount.minor if each.get("type") == "DEBIT" else -amount.minor
    return taken


def _decisive(unit: Json) -> Json | None:
    """The capture that tells how the order stands: one that brought money before any other."""
    captures: Sequence[Json] = (unit.get("payments") or {}).get("captures") or []
    ranks = (PAID, frozenset({"PENDING"}))
    for wanted in ranks:
        for each in captures:
            if each.get("status") in wanted:
                return each
    return captures[0] if captures else None


def _state(status: str, capture: Json | None) -> CheckoutState:
    if capture is not None:
        told = str(capture.get("status", ""))
        if told in PAID:
            return CheckoutState.PAID
        return CheckoutState.WAITING if told == "PENDING" else CheckoutState.ENDED
    if status == "APPROVED":
        return CheckoutState.APPROVED
    open_ = status in {"CREATED", "SAVED", "PAYER_ACTION_REQUIRED"}
    return CheckoutState.OPEN if open_ else CheckoutState.ENDED


def _fee(capture: Json) -> Money | None:
    """What PayPal keeps; of no use in another currency than the payment's."""
    told = (capture.get("seller_receivable_breakdown") or {}).get("paypal_fee")
    fee = read_money(told) if told else None
    return fee if fee and fee.currency == read_money(capture["amount"]).currency else None


def _digits(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 2


def _first(items: Any) -> Json:
    return items[0] if items else {}


def _link(told: Json, rel: str) -> str | None:
    links: Sequence[Json] = told.get("links") or []
    return next((str(each["href"]) for each in links if each.get("rel") == rel), None)


def _last_part(link: str | None) -> str:
    return link.rstrip("/").rsplit("/", 1)[-1] if link else ""


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
