"""What becomes of a mail at its recipient, and the signed webhooks that tell of it (VENDORS.md,
Resend and Svix).

Addresses behave as Resend's own test addresses do, at any domain: bounced@, complained@ and
suppressed@, also with a label as in bounced+nora@; besides those delayed@, full@ (a mailbox that is
full) and failed@. Any other address can be given such a fate.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
import time
import uuid
from datetime import UTC, datetime
from email.utils import parseaddr

from mentorships.sandbox import clock, deliveries, store
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.deliveries import Courier, Delivery
from mentorships.sandbox.store import Json, Record

VENDOR = "resend"
FATES: dict[str, tuple[str, ...]] = {
    "delivered": ("delivered",),
    "delayed": ("delivery_delayed",),
    "bounced": ("bounced",),
    "full": ("bounced",),
    "complained": ("delivered", "complained"),
    "suppressed": ("suppressed",),
    "failed": ("failed",),
}
"""What is reported of a mail, by the fate of its recipient."""
REPORTS = ("delivered", "delivery_delayed", "bounced", "complained", "suppressed", "failed")
"""What a person may have reported of a mail, by hand."""
_FATES_KEPT = "mail fates"
_STOPPED = "mail addresses stopped"
_BOUNCES: dict[str, Json] = {
    "bounced": {
        "type": "Permanent",
        "subType": "General",
        "message": "The recipient's mail server says that there is no such mailbox.",
        "diagnosticCode": ["smtp; 550 5.1.1 user unknown"],
    },
    "full": {
        "type": "Transient",
        "subType": "MailboxFull",
        "message": "The recipient's mailbox is full.",
        "diagnosticCode": ["smtp; 452 4.2.2 mailbox full"],
    },
}
_SUPPRESSED: Json = {
    "type": "OnAccountSuppressionList",
    "reason": "previous_bounce",
    "message": "Resend has suppressed sending to this address: an earlier mail bounced.",
    "diagnosticCode": [],
}
_SPAM: Json = _SUPPRESSED | {
    "reason": "previous_complaint",
    "message": "Resend has suppressed sending to this address: its reader called a mail spam.",
}


def set_fate(db: sqlite3.Connection, address: str, fate: str) -> None:
    """What becomes of mails to this address from now on; "" for what its name says. Resend's own
    list forgets it."""
    unblock(db, address)
    fates = store.read_meta(db, _FATES_KEPT) or {}
    fates[address.strip().lower()] = fate
    store.write_meta(db, _FATES_KEPT, {one: kept for one, kept in fates.items() if kept})


def unblock(db: sqlite3.Connection, address: str) -> str:
    """Take an address off Resend's own list; the id of its entry, "" when it was not there."""
    stopped = store.read_meta(db, _STOPPED) or {}
    entry = stopped.pop(address.strip().lower(), None)
    store.write_meta(db, _STOPPED, stopped)
    return str(entry["id"]) if entry else ""


def _stop(db: sqlite3.Connection, address: str, why: str) -> None:
    stopped = store.read_meta(db, _STOPPED) or {}
    stopped.setdefault(parseaddr(address)[1].lower(), {"id": str(uuid.uuid4()), "why": why})
    store.write_meta(db, _STOPPED, stopped)


def _why_stopped(db: sqlite3.Connection, address: str) -> str:
    """What had become of the mail that put the address on Resend's own list; "" when none did."""
    entry = (store.read_meta(db, _STOPPED) or {}).get(parseaddr(address)[1].lower())
    return str(entry["why"]) if entry else ""


def fate_of(db: sqlite3.Connection, address: str) -> str:
    """What becomes of mails to this address."""
    if _why_stopped(db, address):
        return "suppressed"
    bare = parseaddr(address)[1].lower()
    chosen = (store.read_meta(db, _FATES_KEPT) or {}).get(bare)
    name = bare.partition("@")[0].partition("+")[0]
    return str(chosen or (name if name in FATES else "delivered"))


def follow(db: sqlite3.Connection, record: Record) -> None:
    """A mail was taken: report what becomes of it at its first recipient."""
    fate = fate_of(db, record.body["to"][0])
    for what in FATES[fate]:
        report(db, record, what, fate=fate)


def report(db: sqlite3.Connection, record: Record, what: str, *, fate: str = "bounced") -> None:
    """One webhook about a mail; `fate` says how it bounced. What comes back for good, or is called
    spam, puts its reader on Resend's own list."""
    now = _instant(clock.now(db))
    data: Json = {
        "email_id": record.id,
        "created_at": _instant(record.body["created"]),
        "from": record.body["from"],
        "to": record.body["to"],
        "subject": record.body["subject"],
    }
    if record.extra["tags"]:
        data["tags"] = {tag["name"]: tag["value"] for tag in record.extra["tags"]}
    if record.extra["headers"]:
        data["headers"] = [
            {"name": name, "value": value} for name, value in record.extra["headers"].items()
        ]
    if what == "bounced":
        data["bounce"] = _BOUNCES.get(fate, _BOUNCES["bounced"])
    elif what == "suppressed":
        spam = _why_stopped(db, record.body["to"][0]) == "complained"
        data["suppressed"] = _SPAM if spam else _SUPPRESSED
    elif what == "failed":
        data["failed"] = {"reason": "reached_daily_quota"}
    if what == "complained" or (what == "bounced" and fate != "full"):
        _stop(db, record.body["to"][0], what)
    kind = f"email.{what}"
    event: Json = {"type": kind, "created_at": now, "data": data}
    record.extra["last_event"] = what
    store.save(db, record)
    plan = deliveries.default_plan(db, VENDOR)
    event_id = f"msg_{uuid.uuid4().hex}"
    deliveries.queue(db, VENDOR, event, kind, record.id, plan, event_id=event_id)


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def signature(body: bytes, secret: str, event_id: str, signed_at: int) -> str:
    """Svix's `svix-signature` header."""
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    message = f"{event_id}.{signed_at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _address(sandbox: Sandbox) -> str:
    return f"{sandbox.settings.public_url}/api/webhooks/resend"


def _headers(sandbox: Sandbox, delivery: Delivery, signed_at: int | None) -> dict[str, str]:
    moment = int(time.time()) if signed_at is None else signed_at
    secret = sandbox.settings.effective_resend_webhook_secret
    return {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1.84.0",
        "svix-id": delivery.event_id,
        "svix-timestamp": str(moment),
        "svix-signature": signature(delivery.body, secret, delivery.event_id, moment),
    }


COURIER = Courier(VENDOR, _address, _headers)
