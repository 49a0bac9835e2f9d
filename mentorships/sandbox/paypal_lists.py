"""GET /v1/customer/disputes: filtered, newest first, a page at a time."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from datetime import datetime
from urllib.parse import urlencode

from mentorships.sandbox import paypal_objects, store
from mentorships.sandbox.paypal_errors import PayPalError, invalid
from mentorships.sandbox.paypal_events import Cause, link
from mentorships.sandbox.paypal_objects import DISPUTE
from mentorships.sandbox.store import Filter, Json, Record

_ALL = 1_000_000
_USUAL_PAGE, _LARGEST_PAGE = 10, 50
_KNOWN = {
    "start_time",
    "disputed_transaction_id",
    "page_size",
    "next_page_token",
    "dispute_state",
    "update_time_before",
    "update_time_after",
}


def _wrong(name: str) -> PayPalError:
    return invalid("INVALID_PARAMETER_VALUE", "A parameter value is not valid.", name, "query")


def _instant(query: dict[str, str], name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise _wrong(name) from None
    if moment.tzinfo is None:
        raise _wrong(name)
    return moment.timestamp()


def _begin(query: dict[str, str]) -> int:
    token = query.get("next_page_token")
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).decode())
    except (binascii.Error, ValueError):
        raise _wrong("next_page_token") from None


def _matching(db: sqlite3.Connection, cause: Cause, query: dict[str, str]) -> list[Record]:
    begun = _instant(query, "start_time")
    after, before = _instant(query, "update_time_after"), _instant(query, "update_time_before")
    if begun is not None and "disputed_transaction_id" in query:
        raise _wrong("start_time")
    disputes, _ = store.listed(db, DISPUTE, Filter(), _ALL)
    states = query.get("dispute_state", "").split(",") if "dispute_state" in query else None
    return [
        each
        for each in disputes
        if (begun is None or each.body["created"] >= begun)
        and (after is None or each.body["updated"] >= after)
        and (before is None or each.body["updated"] <= before)
        and query.get("disputed_transaction_id", each.parent) == each.parent
        and (
            states is None or paypal_objects.dispute_summary(cause, each)["dispute_state"] in states
        )
    ]


def disputes(db: sqlite3.Connection, cause: Cause, query: dict[str, str]) -> Json:
    """One page of the account's disputes; without `items` when there are none.

    Raises:
        PayPalError: 400 for a wrong parameter.
    """
    if unknown := set(query) - _KNOWN:
        raise _wrong(sorted(unknown)[0])
    size = query.get("page_size", str(_USUAL_PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= _LARGEST_PAGE:
        raise _wrong("page_size")
    begin, wanted = _begin(query), _matching(db, cause, query)
    end = begin + int(size)
    url = f"{cause.api}/v1/customer/disputes"
    links = [link(f"{url}?{urlencode(query)}" if query else url, "self")]
    if end < len(wanted):
        token = base64.b64encode(f"{end:09d}".encode()).decode()
        links.append(link(f"{url}?{urlencode({**query, 'next_page_token': token})}", "next"))
    items = [paypal_objects.dispute_summary(cause, each) for each in wanted[begin:end]]
    return {"items": items, "links": links} if items else {"links": links}
