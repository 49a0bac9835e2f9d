"""GET /v1/reporting/transactions: what moved on the account, at most 31 days at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from mentorships.sandbox import paypal_money, store
from mentorships.sandbox.paypal_errors import PayPalError, invalid, missing
from mentorships.sandbox.paypal_events import Cause, link
from mentorships.sandbox.paypal_objects import CAPTURE, DISPUTE, PAYEE, REFUND
from mentorships.sandbox.store import Json

_LONGEST_SECONDS = 31 * 86_400
_LARGEST_PAGE = 500
_USUAL_PAGE = 100
_ALL = 1_000_000
_KNOWN = {
    "start_date",
    "end_date",
    "transaction_id",
    "transaction_status",
    "fields",
    "page_size",
    "page",
    "balance_affecting_records_only",
}
DELAY = "paypal report delay"  # seconds after which a movement appears; PayPal says up to 3 hours

# PayPal's transaction event codes.
PAYMENT, REFUNDED, HELD, RELEASED, REVERSED, FEE = (
    "T0006",
    "T1107",
    "T1110",
    "T1111",
    "T1201",
    "T0106",
)
_STATUS = {"PENDING": "P", "DECLINED": "D", "FAILED": "D"}


@dataclass(frozen=True, slots=True)
class _Line:
    """One movement; amounts in minor units, negative when money leaves."""

    at: int
    id: str
    code: str
    amount: int
    fee: int
    currency: str
    status: str
    updated: int
    capture: str | None = None
    custom: str | None = None
    invoice: str | None = None

    def wire(self) -> Json:
        info: Json = {
            "paypal_account_id": PAYEE["merchant_id"],
            "transaction_id": self.id,
            "transaction_event_code": self.code,
            "transaction_initiation_date": _moment(self.at),
            "transaction_updated_date": _moment(self.updated),
            "transaction_amount": paypal_money.wire(self.amount, self.currency),
            "transaction_status": self.status,
            "protection_eligibility": "02",
        }
        if self.fee:
            info["fee_amount"] = paypal_money.wire(-self.fee, self.currency)
        if self.capture is not None:
            info.update(paypal_reference_id=self.capture, paypal_reference_id_type="TXN")
        if self.custom is not None:
            info["custom_field"] = self.custom
        if self.invoice is not None:
            info["invoice_id"] = self.invoice
        return {"transaction_info": info}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _captures(db: sqlite3.Connection) -> list[_Line]:
    return [
        _Line(
            at=body["created"],
            id=body["id"],
            code=PAYMENT,
            amount=body["amount"],
            fee=body["fee"] or 0,
            currency=body["currency"],
            status=_STATUS.get(body["status"], "S"),
            updated=body["updated"],
            custom=body["custom_id"],
            invoice=body["invoice_id"],
        )
        for body in (record.body for record in store.listed(db, CAPTURE, store.Filter(), _ALL)[0])
    ]


def _refunds(db: sqlite3.Connection) -> list[_Line]:
    return [
        _Line(
            at=body["created"],
            id=body["id"],
            code=REFUNDED,
            amount=-body["amount"],
            fee=0,
            currency=body["currency"],
            status=_STATUS.get(body["status"], "S"),
            updated=body["updated"],
            capture=body["capture"],
            custom=body["custom_id"],
            invoice=body["invoice_id"],
        )
        for body in (record.body for record in store.listed(db, REFUND, store.Filter(), _ALL)[0])
    ]


def _disputes(db: sqlite3.Connection) -> list[_Line]:
    lines: list[_Line] = []
    for record in store.listed(db, DISPUTE, store.Filter(), _ALL)[0]:
        body = record.body
        for move in body["moves"]:
            taken = move["type"] == "DEBIT"
            code = HELD if taken else RELEASED
            if move["reason"] == "DISPUTE_FEE":
                code = FEE
            elif taken and body["transaction_status"] == "REVERSED":
                code = REVERSED
            lines.append(
                _Line(
                    at=move["at"],
                    id=move["id"],
                    code=code,
                    amount=-move["amount"] if taken else move["amount"],
                    fee=0,
                    currency=body["currency"],
                    status="S",
                    updated=move["at"],
                    capture=body["capture"],
                )
            )
    return lines


def _instant(query: dict[str, str], name: str) -> int:
    text = query.get(name)
    if text is None:
        raise missing(name, "query")
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise _wrong(name) from None
    if moment.tzinfo is None:
        raise _wrong(name)
    return int(moment.timestamp())


def _wrong(name: str, words: str = "A parameter value is not valid.") -> PayPalError:
    return invalid("INVALID_PARAMETER_VALUE", words, name, "query")


def _number(query: dict[str, str], name: str, usual: int, largest: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= largest:
        raise _wrong(name)
    return int(text)


def listed(db: sqlite3.Connection, cause: Cause, query: dict[str, str]) -> Json:
    """One page of the account's movements, oldest first.

    Raises:
        PayPalError: 400 for a missing or wrong parameter, or a window of more than 31 days.
    """
    if unknown := set(query) - _KNOWN:
        raise _wrong(sorted(unknown)[0], "PayPal knows no such parameter.")
    start, end = _instant(query, "start_date"), _instant(query, "end_date")
    if end < start or end - start > _LONGEST_SECONDS:
        raise _wrong("end_date", "Date range is greater than 31 days")
    size = _number(query, "page_size", _USUAL_PAGE, _LARGEST_PAGE)
    page = _number(query, "page", 1, _ALL)
    shown_until = min(end, cause.now - int(store.read_meta(db, DELAY) or 0))
    lines = sorted(
        (
            line
            for line in (*_captures(db), *_refunds(db), *_disputes(db))
            if start <= line.at <= shown_until
            and query.get("transaction_id", line.id) == line.id
            and query.get("transaction_status", line.status) == line.status
        ),
        key=lambda line: (line.at, line.id),
    )
    pages = -(-len(lines) // size)
    return {
        "transaction_details": [line.wire() for line in lines[(page - 1) * size : page * size]],
        "account_number": PAYEE["merchant_id"],
        "start_date": _moment(start),
        "end_date": _moment(end),
        "last_refreshed_datetime": _moment(shown_until),
        "page": page,
        "total_items": len(lines),
        "total_pages": pages,
        "links": _links(cause, query, page, pages),
    }


def _links(cause: Cause, query: dict[str, str], page: int, pages: int) -> list[Json]:
    def address(number: int) -> str:
        return f"{cause.api}/v1/reporting/transactions?{urlencode({**query, 'page': number})}"

    links = [link(address(page), "self")]
    if page < pages:
        links.append(link(address(page + 1), "next"))
    return links
