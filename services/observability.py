"""What a process does first so that it can be watched: logs, figures, reports of errors."""

from __future__ import annotations

from typing import Literal

import structlog

from services import logs, metrics, release
from services.config import settings

FOLDER = "metrics"
log = structlog.get_logger()


def start(process: Literal["web", "worker", "cli"]) -> None:
    """Begin to log, to count where others can read it, and to report if SENTRY_DSN is set.

    Called when the process really starts its work: after its server has set up its own logging.
    """
    logs.configure()
    chosen = settings()
    if process != "cli":
        try:
            metrics.share(chosen.data_dir / FOLDER)
        except OSError as error:
            log.warning("metrics_not_shared", error=type(error).__name__)
    if chosen.sentry_dsn:
        from services.providers.crash_reports import sentry  # only who uses it pays for its import

        report = sentry.start(
            dsn=chosen.sentry_dsn,
            environment=chosen.app_env,
            release=release.name(),
            process=process,
        )
        logs.on_error(report)
