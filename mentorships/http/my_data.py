"""One's own data as a file: GET /files/my-data.zip, by a link that lives for minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import IO

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mentorships.http import failures
from services import signin
from services.privacy import export
from state import cookies

CHUNK_BYTES = 65_536
_PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


async def send_copy(request: Request) -> Response:
    """The signed-in person's copy, made now."""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    key = request.query_params.get("key", "")
    try:
        actor = await asyncio.to_thread(signin.actor_for, secret)
        file = await asyncio.to_thread(export.make, actor=actor, key=key)
    except Exception as error:
        return failures.refused(error, _PRIVATE)
    named = {"Content-Disposition": 'attachment; filename="my-data.zip"'}
    return StreamingResponse(
        _chunks(file),
        media_type="application/zip",
        headers=_PRIVATE | named,
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:  # also when the browser goes away in between
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


routes = [Route(export.PATH, send_copy, methods=["GET"])]
