"""One session as a calendar file, for those who may see its page."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http import failures
from services import db, invitations, signin
from state import cookies
from state.shown import plain

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def send_file(request: Request) -> Response:
    """GET /files/sessions/<id>.ics"""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    session = plain(str(request.path_params["session"]), 60)
    try:
        content = await asyncio.to_thread(_file, secret, session)
    except Exception as error:
        return failures.refused(error, _NO_STORE)
    attached = {"Content-Disposition": f'attachment; filename="{session}.ics"'}
    return Response(content, media_type="text/calendar", headers=_NO_STORE | attached)


def _file(secret: str, session: str) -> bytes:
    actor = signin.actor_for(secret)
    with db.reading() as reading:
        return invitations.single(reading, actor=actor, session=session)


routes = [Route("/files/sessions/{session}.ics", send_file, methods=["GET"])]
