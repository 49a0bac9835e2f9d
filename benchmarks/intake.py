"""Webhook intake: verify, store durably, answer. The product's whole web process beside a bare
route with the same signature check and the same single INSERT, in alternating rounds of one load.

No job worker runs, so wake-ups only reach the queue. The ceiling of the load's own process is told
too: what it sends against a route that does nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy

from benchmarks.figure import Figure, at_least, middle, sized, without_goal
from benchmarks.surroundings import DATABASES, fresh_databases, product, serving
from mentorships.launch import ROOT
from services.config import settings

GOALS = {"sqlite": 0.7, "postgres": 0.6}
CONNECTIONS = 32
ROUNDS = 3
UNIT = "webhooks/s"
FIGURES = ("webhook_intake_sqlite", "webhook_intake_postgres", "webhook_load_ceiling")


def measure() -> list[Figure]:
    """The figures of both databases and the ceiling of the load."""
    figures: list[Figure] = []
    ceiling = 0.0
    for kind in DATABASES:
        with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as name:
            rates = _alternate(kind, Path(name))
        bare, ours = middle(rates["bare"]), middle(rates["product"])
        figures.append(
            at_least(f"webhook_intake_{kind}", ours, UNIT, baseline=bare, goal=GOALS[kind])
        )
        ceiling = max(ceiling, *rates["nothing"])
    return [*figures, without_goal("webhook_load_ceiling", ceiling, "requests/s")]


def _alternate(kind: str, folder: Path) -> dict[str, list[float]]:
    """The rates of all rounds. Each server has a database of its own, and both always run."""
    count, warming = sized((8_000, 1_500), (200, 50))
    rates: dict[str, list[float]] = {"bare": [], "product": [], "nothing": []}
    with (
        fresh_databases(kind, folder / "databases", 2) as (for_bare, for_product),
        serving(folder / "bare", for_bare, "--factory", "benchmarks.bare:create_app") as bare,
        product(folder / "product", for_product) as ours,
    ):
        addresses = {
            "bare": f"{bare}/api/webhooks/stripe",
            "product": f"{ours}/api/webhooks/stripe",
        }
        for address in addresses.values():
            _send(address, warming)
        for _ in range(sized(ROUNDS, 1)):
            for name, address in addresses.items():
                rates[name].append(_send(address, count))
        rates["nothing"].append(_send(f"{bare}/nothing", count))
        sent = warming + count * len(rates["bare"])
        for url in (for_bare, for_product):
            _check_stored(url, sent)
    return rates


def _send(address: str, count: int) -> float:
    """Answers per second; all of them must be 200.

    Raises:
        RuntimeError: some were not.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", address, str(count), str(CONNECTIONS)],
        cwd=ROOT,
        env=os.environ | {"WEBHOOK_SECRET": settings().effective_stripe_webhook_secret},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    if told["answers"] != {"200": count}:
        raise RuntimeError(f"{address} answered {told['answers']} to {count} webhooks")
    rate = count / told["seconds"]
    where = address.rpartition("/")[2] if address.endswith("nothing") else address
    print(
        f"   {where}: {rate:,.0f}/s, half in {told['p50_ms']:.1f} ms, "
        f"99 % in {told['p99_ms']:.1f} ms",
        flush=True,
    )
    return rate


def _check_stored(url: str, count: int) -> None:
    """Every webhook that was answered is there.

    Raises:
        RuntimeError: it is not.
    """
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        stored = connection.execute(sqlalchemy.text("SELECT count(*) FROM inbox_event")).scalar()
    engine.dispose()
    if stored != count:
        raise RuntimeError(f"{count} webhooks were answered, {stored} are stored")
