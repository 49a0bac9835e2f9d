"""The evidence about a dispute as a zip, for admins."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http import failures
from services import disputes, signin
from services.providers.mail.base import Attachment
from state import cookies
from state.shown import plain

_PRIVATE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


async def send_evidence(request: Request) -> Response:
    """GET /files/disputes/<id>.zip, made now in a thread: others do not wait for it."""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    dispute = plain(str(request.path_params["dispute"]), 60)
    try:
        file = await asyncio.to_thread(_made, secret, dispute)
    except Exception as error:
        return failures.refused(error, _PRIVATE)
    named = {"Content-Disposition": f'attachment; filename="{file.filename}"'}
    return Response(file.content, media_type=file.content_type, headers=_PRIVATE | named)


def _made(secret: str, dispute: str) -> Attachment:
    return disputes.make_evidence(actor=signin.actor_for(secret), dispute=dispute)


routes = [Route("/files/disputes/{dispute}.zip", send_evidence, methods=["GET"])]
