"""PayPal's webhooks, verified here: signature, certificate, host, chain and dates.

PayPal signs `transmission id|time|webhook id|crc32 of the raw body` with RSA and SHA-256, and names
the address of its certificate (`paypal_certificates`).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from services.providers.payments import bodies
from services.providers.payments.base import About, BadEvent, BadSignature, Event
from services.providers.payments.paypal_certificates import Certificates
from services.providers.payments.paypal_client import Json
from services.providers.payments.paypal_read import capture_of

ALGORITHM: Final = "SHA256withRSA"
OLDEST: Final = timedelta(days=4)
"""PayPal tries for three days; an event that came before changes nothing when it comes again."""
EARLIEST: Final = timedelta(minutes=5)
HEADERS: Final = (
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
)

_PAYMENT: Final = frozenset(
    f"PAYMENT.CAPTURE.{each}" for each in ("COMPLETED", "PENDING", "DECLINED", "DENIED", "REVERSED")
)
ABOUT: Final = {
    "CHECKOUT.ORDER.APPROVED": About.CHECKOUT,
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": About.CHECKOUT,
    **dict.fromkeys(_PAYMENT, About.PAYMENT),
    "PAYMENT.CAPTURE.REFUNDED": About.REFUND,
    "PAYMENT.REFUND.PENDING": About.REFUND,
    "PAYMENT.REFUND.FAILED": About.REFUND,
    "CUSTOMER.DISPUTE.CREATED": About.DISPUTE,
    "CUSTOMER.DISPUTE.UPDATED": About.DISPUTE,
    "CUSTOMER.DISPUTE.RESOLVED": About.DISPUTE,
}


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    webhook_id: str,
    certificates: Certificates,
    now: datetime,
) -> None:
    """Whether PayPal signed this very body for this very webhook.

    Raises:
        BadSignature
        ProviderUnavailable: the certificate cannot be fetched now.
    """
    transmission, sent_at, signature, url, algorithm = (headers.get(each, "") for each in HEADERS)
    if not (transmission and sent_at and signature and url):
        raise BadSignature("a header of PayPal's signature is missing")
    if algorithm != ALGORITHM:
        raise BadSignature("the signature's algorithm is not supported")
    _check_time(sent_at, now)
    try:
        signed = base64.b64decode(signature, validate=True)
        message = f"{transmission}|{sent_at}|{webhook_id}|{zlib.crc32(body)}".encode("ascii")
    except (binascii.Error, ValueError):
        raise BadSignature("the signature is malformed") from None
    certificates.verify(url, signed, message, now)


def read(body: bytes) -> Event:
    """The event in a verified body.

    Raises:
        BadEvent
    """
    match bodies.parsed(body):
        case {"id": str(id_), "event_type": str(kind), "resource": dict(thing)} if bodies.is_name(
            id_, 255
        ) and bodies.is_name(kind, 100):
            object_id = _object_of(kind, cast("Json", thing))
            return Event(id_, kind, object_id if bodies.is_name(object_id, 255) else "")
        case _:
            raise BadEvent("the body is not an event with an id, a type and a resource")


def _object_of(kind: str, thing: Json) -> str:
    if kind.startswith("CUSTOMER.DISPUTE."):
        return str(thing.get("dispute_id") or "")
    if kind == "PAYMENT.CAPTURE.REVERSED":  # it shows the reversal, which hangs on its capture
        return _safely_above(thing) or str(thing.get("id") or "")
    return str(thing.get("id") or thing.get("order_id") or "")


def _safely_above(thing: Json) -> str:
    try:
        return capture_of(thing)
    except (KeyError, TypeError, AttributeError):  # signed, and yet of no shape that is known
        return ""


def _check_time(sent_at: str, now: datetime) -> None:
    try:
        sent = datetime.fromisoformat(sent_at)
    except ValueError:
        raise BadSignature("the signature's time cannot be read") from None
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    if not now - OLDEST <= sent <= now + EARLIEST:
        raise BadSignature("the signature's time is too far from ours")


def webhook_problems(webhooks: Any, url: str, webhook_id: str, wanted: frozenset[str]) -> list[str]:
    """Sentences that say what to put right, so that all wanted events reach `url`."""
    ours = [each for each in webhooks if each.get("url") == url]
    if not ours:
        return [f"PayPal has no webhook {url}: create it in the app's page of the dashboard"]
    right = next((each for each in ours if each.get("id") == webhook_id), None)
    if right is None:
        return [f"PAYPAL_WEBHOOK_ID is not that of {url}: copy {ours[0].get('id', 'it')}"]
    sent = {str(each.get("name", "")) for each in right.get("event_types") or []}
    missing = [] if "*" in sent else sorted(wanted - sent)
    return [f"the webhook does not send {', '.join(missing)}: add them"] if missing else []
