"""Stripe's hosted payment page, and a dashboard in which a person plays the rest of the world."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import (
    clock,
    context,
    deliveries,
    store,
    stripe_disputes,
    stripe_payments,
    stripe_refunds,
    stripe_time,
)
from mentorships.sandbox.control_stripe import charge_id
from mentorships.sandbox.pages import (
    chosen_plan,
    foreign,
    form,
    not_found,
    page,
    see_other,
    webhook_choices,
)
from mentorships.sandbox.store import Filter, Json, Record
from mentorships.sandbox.stripe_errors import StripeError
from mentorships.sandbox.stripe_events import VENDOR, Cause
from mentorships.sandbox.stripe_sessions import DELAYED, KIND

_MOST = 100
_DASHBOARD = "/sandbox/stripe"

Fields = dict[str, str]


def _cause(db: sqlite3.Connection, fields: Fields) -> Cause:
    return Cause(clock.now(db), chosen_plan(db, VENDOR, fields))


def _pay_url(session_id: str, step: str = "") -> str:
    return f"{_DASHBOARD}/pay/{session_id}{step}"


def _success_url(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _found(request: Request, db: sqlite3.Connection) -> Record | None:
    stripe_time.sweep(db)
    return store.find(db, KIND, request.path_params["id"])


async def _pay_page(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        session = _found(request, db)
        if session is None:
            return not_found(request, "This payment")
        choices = webhook_choices(db, VENDOR)
        waiting = stripe_payments.awaiting_authentication(db, session)
    body = session.body
    if body["status"] != "open":
        values: dict[str, object] = {"session": body, "success_url": _success_url(body)}
        return page(request, "ended.html", values)
    query = request.query_params
    if waiting and "declined" not in query and "card" not in query:
        return see_other(_pay_url(session.id, "/authenticate"))
    values = {
        "session": body,
        "lines": session.extra["line_items"],
        "cards": stripe_payments.CARDS.values(),
        "card": query.get("card", "4242 4242 4242 4242"),
        "error": stripe_payments.DECLINES.get(query.get("declined", "")),
        "webhooks": choices,
        "delayed": DELAYED in body["payment_method_types"],
    }
    return page(request, "pay.html", values)


def _submit(
    db: sqlite3.Connection, session_id: str, fields: Fields
) -> tuple[StripeError | None, Json]:
    """Send the payment form; returns the refusal, if any, and the session as it is then."""
    cause, email = _cause(db, fields), fields.get("email") or None
    refusal: StripeError | None = None
    if fields.get("method") == DELAYED:
        stripe_payments.submit_bank(db, cause, session_id, email)
    else:
        card = stripe_payments.card_of(fields.get("card", ""))
        refusal = stripe_payments.submit(db, cause, session_id, card, email)
    return refusal, store.get(db, KIND, session_id).body


def _error_code(refusal: StripeError) -> str:
    return str(refusal.body["error"].get("code", ""))


async def _pay(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    session_id: str = request.path_params["id"]
    try:
        with sandbox.store.transaction() as db:
            if _found(request, db) is None:
                return not_found(request, "This payment")
            refusal, session = _submit(db, session_id, fields)
    except StripeError as error:  # over by now, or no test number: the page tells which
        return see_other(_pay_url(session_id, f"?declined={_error_code(error)}"))
    sandbox.bell.set()
    if refusal is None:
        return see_other(_success_url(session))
    if _error_code(refusal) == "authentication_required":
        webhooks = fields.get("webhooks", "")
        return see_other(_pay_url(session_id, f"/authenticate?webhooks={webhooks}"))
    return see_other(_pay_url(session_id, f"?declined={_error_code(refusal)}"))


async def _authenticate_page(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        session = _found(request, db)
        if session is None:
            return not_found(request, "This payment")
        if not stripe_payments.awaiting_authentication(db, session):
            return see_other(_pay_url(session.id))
    chosen = request.query_params.get("webhooks", "")
    return page(request, "authenticate.html", {"session": session.body, "webhooks": chosen})


async def _authenticate(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    session_id: str = request.path_params["id"]
    passed = fields.get("outcome") == "complete"
    try:
        with sandbox.store.transaction() as db:
            if _found(request, db) is None:
                return not_found(request, "This payment")
            refusal = stripe_payments.authenticate(
                db, _cause(db, fields), session_id, passed=passed
            )
            session = store.get(db, KIND, session_id).body
    except StripeError:
        return see_other(_pay_url(session_id))
    sandbox.bell.set()
    if refusal is not None:
        return see_other(_pay_url(session_id, f"?declined={_error_code(refusal)}"))
    return see_other(_success_url(session))


async def _dashboard(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        stripe_time.sweep(db)
        records, more = store.listed(db, KIND, Filter(), _MOST)
        waiting = len(deliveries.undelivered(db, VENDOR))
    sessions = [record.body for record in records]
    return page(request, "stripe.html", {"sessions": sessions, "more": more, "waiting": waiting})


def _details(db: sqlite3.Connection, session: Record) -> dict[str, object]:
    """What the dashboard shows of one session."""
    try:
        charge = store.get(db, "charge", charge_id(db, session))
    except LookupError:
        charge = None
    intent_id = session.body["payment_intent"]
    intent = store.get(db, "payment_intent", intent_id).body if intent_id else None
    disputes = store.children(db, "dispute", charge.id) if charge else []
    return {
        "session": session.body,
        "lines": session.extra["line_items"],
        "intent": intent,
        "charge": charge.body if charge else None,
        "refunds": [refund.body for refund in stripe_refunds.of_charge(db, charge.id)]
        if charge
        else [],
        "disputes": [dispute.body for dispute in disputes],
        "disputed": any(stripe_disputes.is_open(dispute) for dispute in disputes),
        "deliveries": deliveries.of_subject(db, session.id),
        "webhooks": webhook_choices(db, VENDOR),
    }


async def _session_page(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        session = _found(request, db)
        if session is None:
            return not_found(request, "This Checkout Session")
        details = _details(db, session)
    problem = request.query_params.get("problem")
    return page(request, "session.html", {**details, "problem": problem})


Act = Callable[[sqlite3.Connection, Record, Fields], None]


def _settle(db: sqlite3.Connection, session: Record, fields: Fields) -> None:
    succeeded = fields.get("outcome") == "succeeded"
    stripe_payments.settle(db, _cause(db, fields), session.id, succeeded=succeeded)


def _refund(db: sqlite3.Connection, session: Record, fields: Fields) -> None:
    params: Json = {"charge": charge_id(db, session)}
    amount = fields.get("amount", "").strip()
    if amount:
        if not amount.isdecimal() or len(amount) > 12:
            raise StripeError(400, "Write the amount in minor units, such as 1500 for 15.00.")
        params["amount"] = int(amount)
    stripe_refunds.check_create(params)
    stripe_refunds.create(db, _cause(db, fields), params)


def _dispute(db: sqlite3.Connection, session: Record, fields: Fields) -> None:
    inquiry = fields.get("kind") == "inquiry"
    charge = charge_id(db, session)
    stripe_disputes.open_dispute(db, _cause(db, fields), charge, inquiry=inquiry)


def _close_dispute(db: sqlite3.Connection, session: Record, fields: Fields) -> None:
    outcome: stripe_disputes.Outcome = "won" if fields.get("outcome") == "won" else "lost"
    charge = charge_id(db, session)
    stripe_disputes.close_dispute(db, _cause(db, fields), charge, outcome)


def _resend(db: sqlite3.Connection, session: Record, fields: Fields) -> None:
    deliveries.send_again(db, session.id, fields.get("delivery", ""))


def _action(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A dashboard button: do it, and show the session again with what came of it."""

    async def route(request: Request) -> Response:
        refused = foreign(request)
        if refused is not None:
            return refused
        sandbox, fields = context.of(request), await form(request)
        with sandbox.store.transaction() as db:
            session = _found(request, db)
        if session is None:
            return not_found(request, "This Checkout Session")
        url = f"{_DASHBOARD}/sessions/{session.id}"
        try:
            with sandbox.store.transaction() as db:
                act(db, session, fields)
        except StripeError as error:
            return see_other(f"{url}?problem={quote(str(error))}")
        except LookupError:
            return see_other(f"{url}?problem={quote('There is nothing to do that with.')}")
        sandbox.bell.set()
        return see_other(url)

    return route


def routes() -> list[Route]:
    """The payment page and the dashboard."""
    pay, one = f"{_DASHBOARD}/pay/{{id}}", f"{_DASHBOARD}/sessions/{{id}}"
    acts: dict[str, Act] = {
        "settle": _settle,
        "refund": _refund,
        "dispute": _dispute,
        "dispute/close": _close_dispute,
        "resend": _resend,
    }
    return [
        Route(_DASHBOARD, _dashboard, methods=["GET"]),
        Route(pay, _pay_page, methods=["GET"]),
        Route(pay, _pay, methods=["POST"]),
        Route(f"{pay}/authenticate", _authenticate_page, methods=["GET"]),
        Route(f"{pay}/authenticate", _authenticate, methods=["POST"]),
        Route(one, _session_page, methods=["GET"]),
        *(Route(f"{one}/{name}", _action(act), methods=["POST"]) for name, act in acts.items()),
    ]
