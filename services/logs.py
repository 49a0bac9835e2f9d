"""How the product logs: one line per event, as text or (LOG_FORMAT=json) as one JSON object.

Every line carries the id of what it belongs to, ours and the libraries' alike. Tracebacks hold no
values of variables: those would be cookies, keys and people's data. An unexpected error is logged
with its traceback in exactly one place, and that line is what an error tracker gets to see.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from services import redaction, tracing
from services.config import ConfigError, Settings, settings
from services.setting_types import passwords_of

LONGEST_TRACEBACK = 12_000
LIBRARY_LEVEL = logging.WARNING
TAKEN_OVER = ("_granian", "granian.access", "huey")
"""Loggers of servers that bring handlers of their own."""

_SECRET_SETTINGS = tuple(
    name
    for name in Settings.model_fields
    if re.search(r"secret|password|certificate|api_key|_token$|_dsn$", name)
)
"""By their names: the key of one more service is cut without being listed here."""


class _Stderr:
    """Standard error as it is at the moment of a line: whoever replaces it may close it again."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


Report = Callable[[BaseException, dict[str, str]], None]
_report: Report | None = None
_quiet = False


def on_error(report: Report | None) -> None:
    """Call `report` with every unexpected error that is logged, and what the line says about it."""
    global _report
    _report = report


@contextmanager
def warnings_only() -> Iterator[None]:
    """Log no ordinary lines inside the `with` block: a year of demo purchases has thousands."""
    global _quiet
    _quiet = True
    try:
        yield
    finally:
        _quiet = False


def configure() -> None:
    """Set up logging for this process; every entry point calls it, and calling it again is right
    after a server has set up its own."""
    as_json = _knows_settings() and settings().log_format == "json"
    finish = _renderer(as_json=as_json)
    structlog.configure(
        processors=[*_common(), *finish],
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_forget_record, *_common()], processors=finish
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if getattr(each, "is_ours", False)]:
        root.removeHandler(old)
    handler.is_ours = True  # type: ignore[attr-defined]  # marks it for the next call
    root.addHandler(handler)
    root.setLevel(LIBRARY_LEVEL)
    for name in TAKEN_OVER:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _knows_settings() -> bool:
    """Whether the settings can be read; what is wrong with them is said by who needs them."""
    try:
        chosen = settings()
    except ConfigError:
        return False
    redaction.know(
        [
            *(str(getattr(chosen, name)) for name in _SECRET_SETTINGS),
            *passwords_of(chosen.database_url),
            *passwords_of(chosen.redis_url),
            *(store.secret for store in chosen.stores.values()),
        ]
    )
    return True


def _common() -> list[Processor]:
    return [
        _drop_ordinary_lines,
        _add_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _report_error,
        structlog.processors.format_exc_info,
        _redact,
    ]


def _renderer(*, as_json: bool) -> list[Processor]:
    if as_json:
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _drop_ordinary_lines(_logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    if _quiet and method == "info":
        raise structlog.DropEvent
    return line


def _add_trace(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if trace := tracing.current():
        line.setdefault("trace", trace)
    return line


def _report_error(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    error = _error_of(line.get("exc_info"))
    if error is not None and _report is not None:
        told = {
            name: str(value)
            for name, value in line.items()
            if isinstance(value, str) and name not in {"timestamp", "level"}
        }
        _report(error, told)
    return line


def _error_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and len(exc_info) == 3 and exc_info[1]:
        return exc_info[1]
    return sys.exc_info()[1] if exc_info is True else None


def _forget_record(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A line of a library: keep who wrote it, not the record behind it."""
    record: logging.LogRecord = line.pop("_record")
    line.pop("_from_structlog")
    line["logger"] = record.name
    return line


def _redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    traceback = line.get("exception")
    if isinstance(traceback, str) and len(traceback) > LONGEST_TRACEBACK:
        line["exception"] = "…" + traceback[-LONGEST_TRACEBACK:]
    cut: MutableMapping[str, Any] = redaction.fields(line)
    return cut
