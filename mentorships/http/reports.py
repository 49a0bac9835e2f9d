"""The reports as files: the same numbers as on the pages, asked for with the same address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http import failures
from services import analytics, costs, db, signin
from services.audit import Actor
from services.errors import (
    InvalidInput,
)
from state import admin_costs, admin_revenue, admin_seats, cookies
from state.admin_costs import CostsAsked
from state.admin_revenue import RevenueAsked
from state.admin_seats import SeatsAsked

Query = Mapping[str, str]
Made = tuple[str, analytics.Period]
"""The file's text, and the period that it is about."""

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _route(name: str, make: Callable[[Actor, Query], Made]) -> Route:
    """GET /files/reports/<name>.csv, for admins."""

    async def send(request: Request) -> Response:
        secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
        try:
            actor = await asyncio.to_thread(signin.actor_for, secret)
            text, period = await asyncio.to_thread(make, actor, request.query_params)
        except Exception as error:
            return failures.refused(error, _NO_STORE)
        named = f"{name}-{period.first.isoformat()}-{period.last.isoformat()}.csv"
        attached = {"Content-Disposition": f'attachment; filename="{named}"'}
        return Response(text, media_type="text/csv", headers=_NO_STORE | attached)

    return Route(f"/files/reports/{name}.csv", send, methods=["GET"])


def _revenue(actor: Actor, query: Query) -> Made:
    by = _by(query, admin_revenue.BY)
    with db.reading() as session:
        report = admin_revenue.snapshot(session, actor=actor, asked=RevenueAsked.of(query))
    return analytics.csv_of(analytics.revenue_frame(report, by)), report.period


def _seats(actor: Actor, query: Query) -> Made:
    by = _by(query, admin_seats.BY)
    with db.reading() as session:
        report = admin_seats.snapshot(session, actor=actor, asked=SeatsAsked.of(query))
    return analytics.csv_of(analytics.seats_frame(report, by)), report.period


def _costs(actor: Actor, query: Query) -> Made:
    by, asked = _by(query, admin_costs.BY), CostsAsked.of(query)
    with db.reading() as session:
        if by == admin_costs.BY_SESSION:
            lines, period = admin_costs.sessions(session, actor=actor, asked=asked)
            return analytics.csv_of(costs.sessions_frame(lines)), period
        report = admin_costs.snapshot(session, actor=actor, asked=asked)
    return analytics.csv_of(costs.costs_frame(report, by)), report.period


def _by(query: Query, known: tuple[str, ...]) -> str:
    """Which of the report's tables is asked for; the first one when none is.

    Raises:
        InvalidInput
    """
    by = query.get("by", known[0])
    if by not in known:
        raise InvalidInput("by", f"Ask for one of these tables: {', '.join(known)}.")
    return by


routes = [_route("revenue", _revenue), _route("seats", _seats), _route("costs", _costs)]
