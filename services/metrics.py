"""What is counted while the product works, for Prometheus. Counting never asks the database.

Every label has few values: names of routes, handlers and jobs from the code, never an address that
somebody typed. The figures of all processes of one DATA_DIR are added up (services/metric_files).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from services import metric_files

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


@dataclass(frozen=True, slots=True)
class Meters:
    """Everything that is counted."""

    registry: CollectorRegistry
    requests: Counter
    request_seconds: Histogram
    events: Counter
    event_seconds: Histogram
    jobs: Counter
    job_seconds: Histogram
    vendor_calls: Counter
    vendor_seconds: Histogram
    websockets: Gauge


_lock = threading.Lock()
_meters: Meters | None = None
_folder: metric_files.Folder | None = None
_requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def share(folder: Path) -> None:
    """Count in files below `folder` from now on, where the other processes' figures are too.

    Raises:
        OSError: the folder cannot be written.
    """
    global _meters, _folder
    with _lock:
        _folder = metric_files.Folder(folder)
        _meters = None
        _requests.clear()


def exposition(more: Iterable[Collector] = ()) -> bytes:
    """All figures in Prometheus' text format, with those that `more` collects now."""
    own = meters().registry
    if _folder is None:
        return b"".join(generate_latest(each) for each in (own, *_registries(more)))
    return b"".join([_folder.exposition(), *(generate_latest(each) for each in _registries(more))])


def request(method: str, route: str, status: int, seconds: float) -> None:
    """One HTTP request was answered."""
    key = (method, route, status)
    found = _requests.get(key)
    if found is None:
        known = meters()
        found = _requests[key] = (
            known.requests.labels(method, route, str(status)),
            known.request_seconds.labels(method, route),
        )
    found[0].inc()
    found[1].observe(seconds)


def event(handler: str, outcome: str, seconds: float) -> None:
    """One event of an open page was handled."""
    meters().events.labels(handler, outcome).inc()
    meters().event_seconds.labels(handler).observe(seconds)


def job(kind: str, outcome: str, seconds: float) -> None:
    """One background job ended."""
    meters().jobs.labels(kind, outcome).inc()
    meters().job_seconds.labels(kind).observe(seconds)


def vendor_call(provider: str, operation: str, outcome: str, seconds: float) -> None:
    """One request to an outside service came back, or did not."""
    meters().vendor_calls.labels(provider, operation, outcome).inc()
    meters().vendor_seconds.labels(provider, operation).observe(seconds)


def websockets(change: int) -> None:
    """So many more (or fewer) pages are open."""
    meters().websockets.inc(change)


def meters() -> Meters:
    """The meters of this process, made at first use."""
    global _meters
    with _lock:
        if _meters is None:
            _meters = _made()
        return _meters


def _registries(collectors: Iterable[Collector]) -> Iterable[CollectorRegistry]:
    for collector in collectors:
        registry = CollectorRegistry()
        registry.register(collector)
        yield registry


def _made() -> Meters:
    to = CollectorRegistry()
    return Meters(
        registry=to,
        requests=Counter(
            "mentorships_http_requests",
            "HTTP requests answered, by route (never the address itself).",
            ["method", "route", "status"],
            registry=to,
        ),
        request_seconds=Histogram(
            "mentorships_http_request_seconds",
            "How long HTTP requests took.",
            ["method", "route"],
            buckets=FAST,
            registry=to,
        ),
        events=Counter(
            "mentorships_events",
            "Events of open pages, by handler: done, refused (a reason was shown) or failed.",
            ["handler", "outcome"],
            registry=to,
        ),
        event_seconds=Histogram(
            "mentorships_event_seconds",
            "How long events of open pages took.",
            ["handler"],
            buckets=FAST,
            registry=to,
        ),
        jobs=Counter(
            "mentorships_jobs",
            "Background jobs that ended.",
            ["kind", "outcome"],
            registry=to,
        ),
        job_seconds=Histogram(
            "mentorships_job_seconds",
            "How long background jobs took.",
            ["kind"],
            buckets=SLOW,
            registry=to,
        ),
        vendor_calls=Counter(
            "mentorships_vendor_calls",
            "Requests to outside services, each try counted.",
            ["provider", "operation", "outcome"],
            registry=to,
        ),
        vendor_seconds=Histogram(
            "mentorships_vendor_call_seconds",
            "How long requests to outside services took.",
            ["provider", "operation"],
            buckets=SLOW,
            registry=to,
        ),
        websockets=Gauge(
            "mentorships_websockets_open",
            "Pages that are open now.",
            multiprocess_mode="livesum",
            registry=to,
        ),
    )
