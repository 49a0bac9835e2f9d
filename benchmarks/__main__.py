"""`python -m benchmarks [NAME…]`: runs the benchmarks, prints a table, writes results.json.

A name is a benchmark's or one of its figures'. A run of only some of them replaces their figures in
results.json and leaves the others, each with the commit and time of its own run. Exit code 1 when a
goal is missed.
"""

from __future__ import annotations

import os

# A developer's own settings must not change what is measured, nor be touched by it.
os.environ["ENV_FILE"] = ""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable

import structlog

from benchmarks import (
    booking,
    contention,
    cost_dashboard,
    dashboards,
    due_scan,
    events,
    fulfilment,
    intake,
    javascript,
    jobs_page,
    ledger,
    order_page,
    outbox_drain,
    refunds,
    results,
    slots,
    transfer,
)
from benchmarks.figure import Figure, is_small

BENCHMARKS: dict[str, tuple[Callable[[], list[Figure]], tuple[str, ...]]] = {
    "intake": (intake.measure, intake.FIGURES),
    "fulfilment": (fulfilment.measure, fulfilment.FIGURES),
    "contention": (contention.measure, contention.FIGURES),
    "events": (events.measure, events.FIGURES),
    "javascript": (javascript.measure, javascript.FIGURES),
    "dashboards": (dashboards.measure, dashboards.FIGURES),
    "cost_dashboard": (cost_dashboard.measure, cost_dashboard.FIGURES),
    "ledger": (ledger.measure, ledger.FIGURES),
    "order_page": (order_page.measure, order_page.FIGURES),
    "jobs_page": (jobs_page.measure, jobs_page.FIGURES),
    "outbox_drain": (outbox_drain.measure, outbox_drain.FIGURES),
    "refunds": (refunds.measure, refunds.FIGURES),
    "due_scan": (due_scan.measure, due_scan.FIGURES),
    "slots": (slots.measure, slots.FIGURES),
    "booking": (booking.measure, booking.FIGURES),
    "transfer": (transfer.measure, transfer.FIGURES),
}
SETTINGS = {
    "APP_ENV": "test",
    "SECRET_KEY": "only-for-benchmarks-" + "0123456789abcdef",
    "DATABASE_URL": "sqlite:////nonexistent/each-benchmark-makes-its-own.db",
    "RATE_LIMITS": "true",
}
OWN = ("PUBLIC_URL", "REDIS_URL", "PORT", "SANDBOX_PORT", "WEB_WORKERS", "GRANIAN_WORKERS")


def main(arguments: list[str]) -> int:
    """0 when every goal holds, 1 when one is missed, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(BENCHMARKS))
    chosen = parser.parse_args(arguments).names or list(BENCHMARKS)
    if unknown := [name for name in chosen if not _named(name)]:
        known = ", ".join(BENCHMARKS)
        print(f"Unknown: {', '.join(unknown)}. There are: {known}.", file=sys.stderr)
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures: list[Figure] = []
    for name in dict.fromkeys(_named(name) for name in chosen):
        print(f"Measuring {name} …", flush=True)
        with tempfile.TemporaryDirectory(prefix="mentorships-bench-") as folder:
            _use_settings_of_its_own(folder)
            measured = _measure(name)
        print(results.table(measured), flush=True)
        figures += measured
        if not is_small():
            results.write(measured)  # at once: a run that is cut off keeps what it has
    missed = [figure.name for figure in figures if figure.holds is False]
    print(f"Missed: {', '.join(missed)}" if missed else "Every goal holds.")
    return 1 if missed and not is_small() else 0


def _measure(name: str) -> list[Figure]:
    """Run one benchmark.

    Raises:
        RuntimeError: it did not produce the figures that it is known for.
    """
    run, produced = BENCHMARKS[name]
    figures = run()
    if {figure.name for figure in figures} != set(produced):
        raise RuntimeError(f"{name} produced {[figure.name for figure in figures]}")
    return figures


def _named(name: str) -> str:
    """The benchmark with this name or with a figure of this name; "" when there is none."""
    for benchmark, (_, produced) in BENCHMARKS.items():
        if name == benchmark or name in produced:
            return benchmark
    return ""


def _use_settings_of_its_own(folder: str) -> None:
    for name in OWN:
        os.environ.pop(name, None)
    os.environ.update(SETTINGS | {"DATA_DIR": folder})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
