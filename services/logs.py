"""How the product logs: one line per event, tracebacks without the values of variables.

Variables at the time of an error hold cookies, keys and people's data; none of that is for a log.
"""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Set up logging for this process; every entry point calls it first."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
