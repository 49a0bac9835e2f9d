"""Stripe's lists and expansions: cursors, `created` bounds, `expand[]`."""

from __future__ import annotations

import sqlite3
from typing import Any

from mentorships.sandbox import store
from mentorships.sandbox.store import Filter, Json
from mentorships.sandbox.stripe_errors import invalid, no_such

# Which fields hold the id of another object, and of what kind.
_EXPANDABLE = {
    ("checkout.session", "payment_intent"): "payment_intent",
    ("payment_intent", "latest_charge"): "charge",
    ("charge", "balance_transaction"): "balance_transaction",
    ("charge", "payment_intent"): "payment_intent",
    ("refund", "charge"): "charge",
    ("refund", "payment_intent"): "payment_intent",
    ("dispute", "charge"): "charge",
    ("dispute", "payment_intent"): "payment_intent",
}
_DEEPEST = 4


def as_list(url: str, data: list[Json], has_more: bool) -> Json:
    """A page in Stripe's list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(db: sqlite3.Connection, kind: str, params: Json, **narrow: Any) -> tuple[list[Json], bool]:
    """One page of objects after the request's cursor, limit and bounds, and whether more follow.

    Raises:
        StripeError: a limit outside 1 to 100 (400), or a cursor that does not exist (404).
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", param="limit")
    for cursor in ("starting_after", "ending_before"):
        if cursor in params and store.find(db, kind, params[cursor]) is None:
            raise no_such(kind, params[cursor], cursor)
    wanted = Filter(
        bounds=tuple(params.get("created", {}).items()),
        after=params.get("starting_after"),
        before=params.get("ending_before"),
        **narrow,
    )
    records, more = store.listed(db, kind, wanted, limit)
    return [record.body for record in records], more


def expanded(db: sqlite3.Connection, thing: Json, paths: list[str]) -> Json:
    """A copy of the answer with the named ids replaced by their objects.

    Raises:
        StripeError: the name cannot be expanded (400).
    """
    answer = dict(thing)
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise invalid("You cannot expand more than 4 levels of a property.", param="expand")
        _expand(db, answer, parts, path)
    return answer


def _expand(db: sqlite3.Connection, node: Json, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    kind = str(node["object"])
    if kind == "list" and name == "data":
        node["data"] = [dict(item) for item in node["data"]]
        for item in node["data"]:
            _expand(db, item, rest, path)
        return
    target = _EXPANDABLE.get((kind, name))
    if target is None:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(node[name], str):
        node[name] = dict(store.get(db, target, node[name]).body)
    if rest and node[name] is not None:
        _expand(db, node[name], rest, path)
