"""The mailbox: every mail that the product has sent through the Resend simulator, and what becomes
of it at its reader."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.sandbox import context, deliveries, mailbox, resend_events, store
from mentorships.sandbox.pages import foreign, form, not_found, page, see_other
from mentorships.sandbox.store import Json

_MOST = 200
_STATES = {
    "sent": ("on its way", ""),
    "delivered": ("delivered", " good"),
    "delivery_delayed": ("delayed", " warning"),
    "bounced": ("came back", " bad"),
    "complained": ("called spam", " bad"),
    "suppressed": ("held back by Resend", " bad"),
    "failed": ("failed", " bad"),
}
_ACTS = {
    "delivered": "It arrives",
    "delivery_delayed": "It is delayed",
    "bounced": "It comes back",
    "complained": "The reader calls it spam",
    "failed": "It fails",
}
"""What a person can make of a mail here."""


async def _list(request: Request) -> Response:
    to = request.query_params.get("to", "").strip()
    with context.of(request).store.transaction() as db:
        mails = mailbox.listed(db, to)
    shown = [(mail, *_state(mail)) for mail in mails[:_MOST]]
    return page(request, "mail.html", {"mails": shown, "count": len(mails), "to": to})


async def _one(request: Request) -> Response:
    with context.of(request).store.transaction() as db:
        mail = mailbox.find(db, request.path_params["id"])
        if mail is None:
            return not_found(request, "This mail")
        told = deliveries.of_subject(db, mail["id"])
    words, tone = _state(mail)
    values: dict[str, object] = {
        "mail": mail,
        "files": [_file(each) for each in mail["attachments"]],
        "state": words,
        "tone": tone,
        "acts": _ACTS,
        "deliveries": told,
    }
    return page(request, "mail_one.html", values)


async def _report(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    mail_id: str = request.path_params["id"]
    with sandbox.store.transaction() as db:
        record = store.find(db, mailbox.KIND, mail_id)
        if record is None:
            return not_found(request, "This mail")
        if fields.get("what") in _ACTS:
            resend_events.report(db, record, fields["what"])
    sandbox.bell.set()
    return see_other(f"/sandbox/mail/{mail_id}")


async def _again(request: Request) -> Response:
    refused = foreign(request)
    if refused is not None:
        return refused
    sandbox, fields = context.of(request), await form(request)
    mail_id: str = request.path_params["id"]
    with sandbox.store.transaction() as db:
        try:
            deliveries.send_again(db, mail_id, fields.get("delivery", ""))
        except LookupError:
            return not_found(request, "This webhook")
    sandbox.bell.set()
    return see_other(f"/sandbox/mail/{mail_id}")


def _state(mail: Json) -> tuple[str, str]:
    return _STATES.get(mail["last_event"], (mail["last_event"], ""))


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
        Route("/sandbox/mail/{id}/report", _report, methods=["POST"]),
        Route("/sandbox/mail/{id}/again", _again, methods=["POST"]),
    ]
