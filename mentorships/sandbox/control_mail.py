"""What tests and the seeding ask of the mail simulator; people use the mailbox's pages instead."""

from __future__ import annotations

import sqlite3

from starlette.routing import Route

from mentorships.sandbox import control_deliveries, mailbox, resend_events, store
from mentorships.sandbox.control import Asked, control, one_of
from mentorships.sandbox.store import Json
from services.config import Settings


async def _mails(asked: Asked) -> list[Json]:
    with asked.sandbox.store.transaction() as db:
        return mailbox.listed(db, asked.query.get("to"))


async def _rate(asked: Asked) -> Json:
    limited = bool(asked.body.get("limited"))
    with asked.sandbox.store.transaction() as db:
        mailbox.set_limited(db, limited)
    return {"limited": limited}


async def _quota(asked: Asked) -> Json:
    full = one_of(asked.body, "full", ("", "daily", "monthly"), "")
    with asked.sandbox.store.transaction() as db:
        mailbox.set_full(db, full)
    return {"full": full}


async def _fate(asked: Asked) -> Json:
    fate = one_of(asked.body, "fate", ("", *resend_events.FATES))
    with asked.sandbox.store.transaction() as db:
        resend_events.set_fate(db, str(asked.body.get("address", "")), fate)
    return {"fate": fate}


async def _report(asked: Asked) -> Json:
    what = one_of(asked.body, "what", resend_events.REPORTS)
    with asked.sandbox.store.transaction() as db:
        record = store.get(db, mailbox.KIND, str(asked.path["id"]))
        resend_events.report(db, record, what)
    return {"reported": what}


def _nothing_falls_due(_db: sqlite3.Connection, _settings: Settings) -> None:
    """Whatever becomes of a mail is reported at once."""


def routes() -> list[Route]:
    """The mailbox, the service's limits, and its webhooks."""
    return [
        Route("/control/mail", control(_mails), methods=["GET"]),
        Route("/control/mail/rate", control(_rate), methods=["POST"]),
        Route("/control/mail/quota", control(_quota), methods=["POST"]),
        Route("/control/mail/fate", control(_fate), methods=["POST"]),
        Route("/control/mail/{id}/report", control(_report), methods=["POST"]),
        *control_deliveries.routes(resend_events.COURIER, _nothing_falls_due),
    ]
