"""`/metrics` for Prometheus: what all processes have counted, and what the database says now.

With METRICS_TOKEN it wants `Authorization: Bearer <token>`. Without one it answers only who asks on
this machine and not through a proxy; in production nobody.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import cast

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from jobs import queue
from services import backlog, db, metrics, outages, release
from services.backlog import Backlog, Queue
from services.config import settings

log = structlog.get_logger()

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_STATES = ("status",)


class Now:
    """What is true at the moment of a scrape. What cannot be asked is left out, and said so."""

    def collect(self) -> Iterable[Metric]:
        """The families of figures, for Prometheus' registry."""
        yield _labelled("build", "Which version runs.", ("release",), {release.name(): 1})
        yield from _while_it_answers("database", _from_database)
        yield from _while_it_answers("queue", _from_queue)


async def scrape(request: Request) -> Response:
    """GET /metrics: 200 even while the database is away: that is when the figures are wanted."""
    if not _may_read(request):
        wants_token = bool(settings().metrics_token)
        return PlainTextResponse(
            "The figures need METRICS_TOKEN." if wants_token else "There is no such page.",
            401 if wants_token else 404,
            {"WWW-Authenticate": "Bearer"} if wants_token else None,
        )
    body = await asyncio.to_thread(metrics.exposition, (Now(),))
    return Response(
        body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"}
    )


def _may_read(request: Request) -> bool:
    token = settings().metrics_token
    if token:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if settings().app_env == "production":
        return False
    peer = request.client.host if request.client else ""
    return _is_loopback(peer) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _while_it_answers(name: str, ask: Callable[[], list[Metric]]) -> Iterator[Metric]:
    try:
        found = ask()
    except Exception as error:
        log.warning(f"{name}_away", route="/metrics", reason=outages.reason(error))
        found: list[Metric] = []
        answers = 0
    else:
        answers = 1
    yield _plain(f"{name}_up", f"Whether the {name} answers.", answers)
    yield from found


def _from_database() -> list[Metric]:
    with db.reading() as session:
        now: Backlog = backlog.read(session)
    return [
        *_queue("inbox", "Webhooks", now.inbox),
        *_queue("outbox", "Messages", now.outbox),
        _labelled("orders", "Orders by status.", _STATES, now.orders),
        _labelled("seats", "Seats in use by status.", _STATES, now.seats),
        _labelled("sessions", "Sessions without an outcome, by status.", _STATES, now.sessions),
        _plain("objections_open", "Objections that wait for an admin.", now.objections),
        _plain("refunds_waiting", "Refunds that wait for an admin's answer.", now.refunds_waiting),
        _plain(
            "refunds_failed", "Refunds that failed, or need somebody else.", now.refunds_troubled
        ),
        _plain("disputes_open", "Disputes that are open at a provider.", now.disputes_open),
        _plain("unmatched_money", "Movements of money that fit nothing.", now.unmatched_money),
    ]


def _queue(name: str, what: str, now: Queue) -> Iterator[Metric]:
    yield _plain(f"{name}_due", f"{what} that are due.", now.due)
    yield _plain(
        f"{name}_oldest_due_age_seconds", f"{what}: how long the oldest is due.", now.oldest_seconds
    )
    yield _plain(f"{name}_given_up", f"{what} that wait for somebody to look.", now.given_up)


def _from_queue() -> list[Metric]:
    waiting, age = cast(int, queue.huey.storage.queue_size()), queue.heartbeat_age()
    found: list[Metric] = [_plain("queue_length", "Wake-ups that no worker has taken.", waiting)]
    if age is not None:
        found.append(_plain("worker_heartbeat_age_seconds", "Since a worker last said so.", age))
    return found


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mentorships_{name}", text, value=value)


def _labelled(name: str, text: str, label: tuple[str, ...], values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"mentorships_{name}", text, labels=label)
    for each, value in values.items():
        family.add_metric([each], value)
    return family


routes = [Route("/metrics", scrape)]
