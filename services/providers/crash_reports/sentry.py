"""Sentry, or any service that speaks its protocol: on only with SENTRY_DSN.

Nothing is collected by the SDK itself: no requests, no variables, no breadcrumbs, no hostname. The
event that leaves is built anew from the fields named in `_kept`, and its texts are cut as in logs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Event, Hint

from services import redaction
from services.errors import AppError

FLUSH_SECONDS = 3
_PLAIN = (
    "event_id",
    "timestamp",
    "level",
    "platform",
    "environment",
    "release",
    "sdk",
)
_FRAME = ("filename", "function", "lineno", "module", "in_app", "context_line")
_TAGS = ("trace", "error_id", "event", "kind", "handler", "route", "logger")


def start(
    *, dsn: str, environment: str, release: str, process: str
) -> Callable[[BaseException, dict[str, str]], None]:
    """Begin to report; returns the function that reports one error with what its log line says."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=_without_a_word),
            DedupeIntegration(),
            ExcepthookIntegration(),
            ThreadingIntegration(),
        ],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        send_client_reports=False,
        auto_session_tracking=False,
        shutdown_timeout=FLUSH_SECONDS,
        before_send=_kept,
    )
    sentry_sdk.set_tag("process", process)

    def report(error: BaseException, told: dict[str, str]) -> None:
        with sentry_sdk.new_scope() as scope:
            for name in _TAGS:
                if value := told.get(name):
                    scope.set_tag("line" if name == "event" else name, redaction.text(value))
            scope.capture_exception(error)

    return report


def _without_a_word(_pending: int, _timeout: float) -> None:
    """The SDK would print to the terminal of who stops the product."""


def _kept(event: Event, hint: Hint) -> Event | None:
    """What leaves: type, text and place of the error, and our tags. Nothing for an AppError."""
    exc_info = hint.get("exc_info")
    if exc_info and isinstance(exc_info[1], AppError):
        return None
    whole = cast("dict[str, Any]", event)
    kept: dict[str, Any] = {name: whole[name] for name in _PLAIN if name in whole}
    kept["tags"] = {
        str(name): redaction.text(str(value)) for name, value in dict(whole.get("tags", {})).items()
    }
    chain = whole.get("exception", {}).get("values", [])
    kept["exception"] = {"values": [_exception(each) for each in chain]}
    return cast(Event, kept)


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": redaction.text(str(value.get("value", ""))),
        "mechanism": value.get("mechanism"),
        "stacktrace": {
            "frames": [{name: each[name] for name in _FRAME if name in each} for each in frames]
        },
    }
