"""Invoices and credit notes as PDFs, for their buyer and for admins."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http import failures
from services import invoices, signin
from services.providers.mail.base import Attachment
from state import cookies
from state.shown import plain

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def send_file(request: Request) -> Response:
    """GET /files/invoices/<id>.pdf"""
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    invoice = plain(str(request.path_params["invoice"]), 60)
    try:
        file = await asyncio.to_thread(_file, secret, invoice)
    except Exception as error:
        return failures.refused(error, _NO_STORE)
    shown = {"Content-Disposition": f'inline; filename="{file.filename}"'}
    return Response(file.content, media_type=file.content_type, headers=_NO_STORE | shown)


def _file(secret: str, invoice: str) -> Attachment:
    return invoices.file_of(actor=signin.actor_for(secret), invoice=invoice)


routes = [Route("/files/invoices/{invoice}.pdf", send_file, methods=["GET"])]
