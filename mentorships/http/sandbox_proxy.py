"""Forwards `/sandbox/*` to the simulators' process: people reach its pages by our address.

It exists only while simulators are on, never in production, and never forwards `/control/*`. This
is the one use of httpx outside the providers: it talks to our own process, not to a vendor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from services.config import Settings

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
TIMEOUT_SECONDS = 30
# Hop-by-hop headers belong to one connection; the rest would hand our visitors' secrets on.
NOT_FORWARDED = frozenset(
    {
        "authorization",
        "connection",
        "cookie",
        "host",
        "keep-alive",
        "proxy-authorization",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _forwarded(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in NOT_FORWARDED}


def routes(chosen: Settings) -> list[Route]:
    """The forwarding route, or none when there is nothing to forward to."""
    if not chosen.simulators_on or chosen.app_env == "production":
        return []
    client = httpx.AsyncClient(
        base_url=chosen.sandbox_address, timeout=TIMEOUT_SECONDS, trust_env=False
    )

    async def forward(request: Request) -> Response:
        if ".." in request.url.path.split("/"):
            return PlainTextResponse("There is no such page.", 404)
        outgoing = client.build_request(
            request.method,
            request.url.path,
            params=request.url.query,
            headers=_forwarded(request.headers.items()),
            content=request.stream() if request.method not in ("GET", "HEAD") else None,
        )
        try:
            answer = await client.send(outgoing, stream=True)
        except httpx.TransportError:
            return PlainTextResponse("The local simulators are not running.", 502)
        return StreamingResponse(
            _body(answer), answer.status_code, headers=_forwarded(answer.headers.multi_items())
        )

    return [Route("/sandbox/{path:path}", forward, methods=METHODS)]


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
