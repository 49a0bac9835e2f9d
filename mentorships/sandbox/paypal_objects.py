"""How PayPal writes its orders, captures, refunds and disputes.

Kept records hold minor units and Unix seconds; here they become the vendor's JSON.
"""

from __future__ import annotations

import re
import sqlite3

from mentorships.sandbox import paypal_money, store
from mentorships.sandbox.paypal_events import Cause, link, moment
from mentorships.sandbox.store import Json, Record

ORDER, CAPTURE, REFUND, DISPUTE = (
    "paypal_order",
    "paypal_capture",
    "paypal_refund",
    "paypal_dispute",
)
PAYEE: Json = {"email_address": "studio@business.example.com", "merchant_id": "STUDXQ7R9WZ2K"}
# The dispute specification allows fewer characters in an invoice's number than the order's does.
_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9:\-|]{1,127}")


def payer_url(cause: Cause, order_id: str) -> str:
    """PayPal's page for the buyer."""
    return f"{cause.public_url}/sandbox/paypal/checkoutnow?token={order_id}"


def payer_link(cause: Cause, order: Record) -> Json:
    """The link to it: its name tells whether the order was made with a payment source."""
    rel = "payer-action" if order.body["context"] is not None else "approve"
    return link(payer_url(cause, order.id), rel)


def _kept(body: Json, *names: str) -> Json:
    return {name: body[name] for name in names if body[name] is not None}


def money(body: Json, name: str = "amount") -> Json:
    """An amount of a kept record, in the record's currency."""
    return paypal_money.wire(body[name], body["currency"])


def _order_links(cause: Cause, order: Record) -> list[Json]:
    url = f"{cause.api}/v2/checkout/orders/{order.id}"
    links = [link(url, "self")]
    if order.body["status"] in ("CREATED", "PAYER_ACTION_REQUIRED"):
        links.append(payer_link(cause, order))
    if order.body["status"] in ("CREATED", "APPROVED"):
        links.append(link(f"{url}/capture", "capture", "POST"))
    return links


def minimal_order(cause: Cause, order: Record) -> Json:
    """What answers when no representation was asked for."""
    body = order.body
    answer: Json = {
        "id": order.id,
        "status": body["status"],
        "links": _order_links(cause, order),
    }
    source = _payment_source(body)
    return answer if source is None else {**answer, "payment_source": source}


def _payment_source(body: Json) -> Json | None:
    payer = body["payer"]
    if payer is None:
        return None if body["context"] is None else {"paypal": {}}
    return {
        "paypal": {
            "email_address": payer["email_address"],
            "account_id": payer["payer_id"],
            "account_status": "VERIFIED",
            "name": payer["name"],
        }
    }


def order(db: sqlite3.Connection, cause: Cause, kept: Record) -> Json:
    """The whole order, with what was captured and refunded."""
    body = kept.body
    unit: Json = {
        "reference_id": body["reference_id"],
        "amount": {**money(body), **_kept(body, "breakdown")},
        "payee": PAYEE,
        **_kept(body, "description", "custom_id", "invoice_id", "soft_descriptor", "items"),
    }
    if body["capture"] is not None:
        captured = store.get(db, CAPTURE, body["capture"])
        unit["payments"] = {"captures": [capture(cause, captured)]}
        refunds = store.children(db, REFUND, captured.id)
        if refunds:
            unit["payments"]["refunds"] = [refund(cause, each) for each in refunds]
    whole: Json = {
        "id": kept.id,
        "intent": body["intent"],
        "status": body["status"],
        "purchase_units": [unit],
        "create_time": moment(body["created"]),
        "update_time": moment(body["updated"]),
        "links": _order_links(cause, kept),
    }
    if body["payer"] is not None:
        whole["payer"] = body["payer"]
    source = _payment_source(body)
    return whole if source is None else {**whole, "payment_source": source}


def capture(cause: Cause, kept: Record, *, alone: bool = False) -> Json:
    """A captured payment; `alone`, as GET and events show it, it names its order."""
    body = kept.body
    url = f"{cause.api}/v2/payments/captures/{kept.id}"
    answer: Json = {
        "id": kept.id,
        "status": body["status"],
        "amount": money(body),
        "final_capture": True,
        "disbursement_mode": "INSTANT",
        "seller_protection": {"status": "NOT_ELIGIBLE"},
        **_kept(body, "custom_id", "invoice_id"),
        "create_time": moment(body["created"]),
        "update_time": moment(body["updated"]),
        "links": [
            link(url, "self"),
            link(f"{url}/refund", "refund", "POST"),
            link(f"{cause.api}/v2/checkout/orders/{kept.parent}", "up"),
        ],
    }
    if body["reason"] is not None:
        answer["status_details"] = {"reason": body["reason"]}
    if body["fee"] is not None:
        net: Json = {"currency": body["currency"], "amount": body["amount"] - body["fee"]}
        answer["seller_receivable_breakdown"] = {
            "gross_amount": money(body),
            "paypal_fee": money(body, "fee"),
            "net_amount": money(net),
        }
    if alone:
        answer["supplementary_data"] = {"related_ids": {"order_id": kept.parent}}
        answer["payee"] = PAYEE
    return answer


def refund(cause: Cause, kept: Record) -> Json:
    """A refund, or a reversal by PayPal, which looks the same. PayPal keeps its fee."""
    body = kept.body
    nothing: Json = {"currency": body["currency"], "amount": 0}
    url = f"{cause.api}/v2/payments/refunds/{kept.id}"
    answer: Json = {
        "id": kept.id,
        "status": body["status"],
        "amount": money(body),
        **_kept(body, "custom_id", "invoice_id", "note_to_payer"),
        "seller_payable_breakdown": {
            "gross_amount": money(body),
            "paypal_fee": money(nothing),
            "net_amount": money(body),
            "total_refunded_amount": money(body, "total"),
        },
        "payer": PAYEE,
        "create_time": moment(body["created"]),
        "update_time": moment(body["updated"]),
        "links": [
            link(url, "self"),
            link(f"{cause.api}/v2/payments/captures/{body['capture']}", "up"),
        ],
    }
    if body["status"] == "PENDING":
        answer["status_details"] = {"reason": "ECHECK"}
    return answer


def minimal_refund(cause: Cause, kept: Record) -> Json:
    """What answers when no representation was asked for."""
    whole = refund(cause, kept)
    return {name: whole[name] for name in ("id", "status", "links")}


def _precise(seconds: int) -> str:
    return moment(seconds).replace("Z", ".000Z")


def dispute_summary(cause: Cause, kept: Record) -> Json:
    """A dispute as the list shows it."""
    body = kept.body
    states = {
        "WAITING_FOR_SELLER_RESPONSE": "REQUIRED_ACTION",
        "UNDER_REVIEW": "UNDER_PAYPAL_REVIEW",
        "RESOLVED": "RESOLVED",
    }
    open_inquiry = body["stage"] == "INQUIRY" and body["status"] != "RESOLVED"
    answer: Json = {
        "dispute_id": kept.id,
        "create_time": _precise(body["created"]),
        "update_time": _precise(body["updated"]),
        "reason": body["reason"],
        "status": body["status"],
        "dispute_state": "OPEN_INQUIRIES" if open_inquiry else states[body["status"]],
        "dispute_amount": money(body),
        "dispute_life_cycle_stage": body["stage"],
        "dispute_channel": "INTERNAL",
        "links": [link(f"{cause.api}/v1/customer/disputes/{kept.id}", "self")],
    }
    if body["status"] != "RESOLVED":
        answer["seller_response_due_date"] = _precise(body["due_by"])
    return answer


def dispute(db: sqlite3.Connection, cause: Cause, kept: Record) -> Json:
    """A dispute with everything."""
    body = kept.body
    captured = store.get(db, CAPTURE, body["capture"]).body
    transaction: Json = {
        "seller_transaction_id": captured["id"],
        "create_time": _precise(captured["created"]),
        "transaction_status": body["transaction_status"],
        "gross_amount": money(captured),
        "seller": {
            "email": PAYEE["email_address"],
            "merchant_id": PAYEE["merchant_id"],
            "name": "The studio",
        },
    }
    if captured["custom_id"] is not None:
        transaction["custom"] = captured["custom_id"]
    if _INVOICE_NUMBER.fullmatch(captured["invoice_id"] or ""):
        transaction["invoice_number"] = captured["invoice_id"]
    answer = {**dispute_summary(cause, kept), "disputed_transactions": [transaction]}
    del answer["dispute_state"]  # only the list has it
    if body["outcome"] is not None:
        answer["dispute_outcome"] = {"outcome_code": body["outcome"]}
        if body["returned"]:
            answer["dispute_outcome"]["amount_refunded"] = money(body, "returned")
    if body["moves"]:
        answer["money_movements"] = [
            {
                "affected_party": "SELLER",
                "amount": paypal_money.wire(move["amount"], body["currency"]),
                "initiated_time": _precise(move["at"]),
                "type": move["type"],
                "reason": move["reason"],
            }
            for move in body["moves"]
        ]
    return answer
