"""Resend's webhooks, which Svix signs: verified by standardwebhooks, dated by our own clock."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from standardwebhooks.webhooks import Webhook

from services.providers.hooks import BadEvent, BadSignature, Event
from services.providers.mail.base import Gone, Happened, Report
from services.providers.payments import bodies

TOLERANCE_SECONDS: Final = 300
LONGEST_SIGNATURES: Final = 2_000
TYPES: Final = {
    "email.sent": Happened.SENT,
    "email.delivery_delayed": Happened.DELAYED,
    "email.delivered": Happened.DELIVERED,
    "email.bounced": Happened.BOUNCED,
    "email.complained": Happened.COMPLAINED,
    "email.failed": Happened.FAILED,
    "email.suppressed": Happened.SUPPRESSED,
}
"""What they tell of a mail that left. Openings and clicks nobody asks for."""
DELIVERY_TAG: Final = "delivery"


class ResendHooks:
    """Reads what was signed with this secret (`whsec_…`)."""

    def __init__(self, secret: str) -> None:
        self._signer = Webhook(secret)

    def reads_at_once(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002  # the protocol's
        """Always: the secret is here."""
        return True

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        """Svix's id is the event's: it stays the same however often it is sent.

        Raises:
            BadSignature, BadEvent
        """
        event_id = headers.get("svix-id", "")
        self._verify(body, event_id, headers, now)
        match bodies.parsed(body):
            case {"type": str(kind), "data": dict(data)} if bodies.is_name(kind, 100):
                mail_id = str(cast("dict[str, Any]", data).get("email_id") or "")
                return Event(event_id, kind, mail_id if bodies.is_name(mail_id, 100) else "")
            case _:
                raise BadEvent("the body is not an event with a type and data")

    def _verify(
        self, body: bytes, event_id: str, headers: Mapping[str, str], now: datetime
    ) -> None:
        at, signatures = headers.get("svix-timestamp", ""), headers.get("svix-signature", "")
        dated = at.isascii() and at.isdigit() and len(at) <= 10
        if not bodies.is_name(event_id, 255) or not dated or not signatures:
            raise BadSignature("the svix headers are missing or malformed")
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            raise BadEvent("the body is not UTF-8") from None
        expected = self._signer.sign(event_id, datetime.fromtimestamp(int(at), UTC), text)
        offered = signatures[:LONGEST_SIGNATURES].split()
        if not any(one.isascii() and hmac.compare_digest(expected, one) for one in offered):
            raise BadSignature("the signature does not match")
        if abs(now.timestamp() - int(at)) > TOLERANCE_SECONDS:
            raise BadSignature("the signature's time is more than 5 minutes away from ours")


def report(payload: str) -> Report | None:
    """What a stored event tells of a mail; None when it is about something else, or says nothing.

    Raises:
        BadEvent
    """
    match bodies.parsed(payload.encode()):
        case {"type": str(kind), "data": dict(found), **rest} if kind in TYPES:
            data = cast("dict[str, Any]", found)
            happened = TYPES[kind]
            reason, gone = _why(happened, data)
            return Report(
                mail_id=str(data.get("email_id") or "")[:100],
                delivery=_tagged(data.get("tags")),
                happened=happened,
                at=_instant(rest.get("created_at")),
                reason=reason,
                gone=gone,
            )
        case _:
            return None


def _why(happened: Happened, data: dict[str, Any]) -> tuple[str, Gone | None]:
    """The reason in words, and whether the address is to be left alone. A full mailbox passes; an
    address that does not exist does not."""
    match happened, data:
        case Happened.BOUNCED, {"bounce": {"type": kind, **rest}}:
            words = str(rest.get("message") or rest.get("subType") or kind)
            return words, Gone.NOBODY_THERE if kind == "Permanent" else None
        case Happened.FAILED, {"failed": {"reason": why}}:
            return str(why).replace("_", " "), None
        case Happened.SUPPRESSED, {"suppressed": {"reason": "previous_complaint"}}:
            return "Resend sends nothing there: an earlier mail was called spam", Gone.CALLED_SPAM
        case Happened.SUPPRESSED, _:
            return "Resend sends nothing there: an earlier mail came back", Gone.NOBODY_THERE
        case Happened.COMPLAINED, _:
            return "the reader called it spam", Gone.CALLED_SPAM
        case _:
            return "", None


def _tagged(tags: object) -> str:
    """Our id of the mail, which went along as a tag. Resend's reports hold tags as an object."""
    match tags:
        case {"delivery": str(ours)} if bodies.is_name(ours, 40):
            return ours
        case _:
            return ""


def _instant(text: object) -> datetime:
    """When it happened.

    Raises:
        BadEvent
    """
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadEvent("the event has no time") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
