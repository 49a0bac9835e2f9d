"""What all pages for people share: templates, the origin check, the index, the style sheet."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from mentorships.sandbox import context, deliveries, stripe_money
from mentorships.sandbox.deliveries import MODES, WORDS, Mode, Plan

_HERE = Path(__file__).parent
_LARGEST_FORM = 20_000
# No scripts at all; mails may show pictures from anywhere, as a mail program would.
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


# Jinja's type knows only its own filters' signatures.
cast(dict[str, object], _templates.filters).update(moment=_moment, money=stripe_money.shown)


def page(
    request: Request, template: str, values: dict[str, object] | None = None, status: int = 200
) -> HTMLResponse:
    """One rendered page."""
    current = context.of(request).settings
    html = _templates.get_template(template).render(
        studio=current.studio_name, simulated=current.simulated, **(values or {})
    )
    headers = {
        "content-security-policy": _POLICY,
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def not_found(request: Request, what: str) -> HTMLResponse:
    """The page that says that something is not here."""
    return page(request, "missing.html", {"what": what}, 404)


def foreign(request: Request) -> Response | None:
    """A refusal when a browser sends the form from somebody else's page."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    allowed = context.of(request).settings.allowed_origins
    if site not in {"same-origin", "none"} or (origin is not None and origin not in allowed):
        return PlainTextResponse("This form may only be sent from its own page.", status_code=403)
    return None


async def form(request: Request) -> dict[str, str]:
    """The fields of a sent form; one that is too large or garbled reads as empty."""
    raw = await request.body()
    if len(raw) > _LARGEST_FORM:
        return {}
    return dict(parse_qsl(raw.decode("utf-8", errors="replace"), keep_blank_values=True))


def see_other(url: str) -> Response:
    """The answer to a sent form: go and look there."""
    return RedirectResponse(url, status_code=303)


def chosen_plan(db: sqlite3.Connection, vendor: str, fields: Mapping[str, str]) -> Plan:
    """What the form's sender wants to happen to the webhook."""
    chosen = fields.get("webhooks")
    return Plan(chosen) if chosen in MODES else deliveries.default_plan(db, vendor)


def webhook_choices(db: sqlite3.Connection, vendor: str) -> list[tuple[Mode, str, bool]]:
    """The options of the select for it: value, words, whether chosen."""
    usual = deliveries.default_plan(db, vendor).mode
    offered: list[Mode] = [mode for mode in MODES if mode != "hold" or usual == "hold"]
    return [(mode, WORDS[mode], mode == usual) for mode in offered]


async def _index(request: Request) -> Response:
    return page(request, "index.html")


async def _style(_request: Request) -> Response:
    return FileResponse(_HERE / "templates" / "style.css", media_type="text/css")


def common_routes() -> list[Route]:
    """The index of the simulators and the style sheet."""
    return [
        Route("/sandbox", _index, methods=["GET"]),
        Route("/sandbox/style.css", _style, methods=["GET"]),
    ]
