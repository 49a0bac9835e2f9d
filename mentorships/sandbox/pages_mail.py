"""The mailbox: every mail that the product has sent through the Resend simulator."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import context, mailbox
from mentorships.sandbox.pages import not_found, page
from mentorships.sandbox.store import Json

_MOST = 200


async def _list(request: Request) -> Response:
    to = request.query_params.get("to", "").strip()
    with context.of(request).store.transaction() as db:
        mails = mailbox.listed(db, to)
    return page(request, "mail.html", {"mails": mails[:_MOST], "count": len(mails), "to": to})


async def _one(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        mail = mailbox.find(db, request.path_params["id"])
    if mail is None:
        return not_found(request, "This mail")
    files = [_file(each) for each in mail["attachments"]]
    return page(request, "mail_one.html", {"mail": mail, "files": files})


def _file(attachment: Json) -> Json:
    """What a reader sees of an attachment: its name, its type, and its text if it has one."""
    kind = str(attachment.get("content_type") or "application/octet-stream")
    content = attachment.get("content")
    text = ""
    if kind.startswith("text/") and isinstance(content, str):
        with suppress(ValueError):  # Resend takes what is no base64, too
            text = b64decode(content).decode(errors="replace")
    return {"name": attachment.get("filename") or "unnamed", "type": kind, "text": text}


def routes() -> list[Route]:
    """The mailbox's pages."""
    return [
        Route("/sandbox/mail", _list, methods=["GET"]),
        Route("/sandbox/mail/{id}", _one, methods=["GET"]),
    ]
