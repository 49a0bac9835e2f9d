"""PayPal's webhooks: where they go, and how they are signed (VENDORS.md, PayPal, Webhooks)."""

from __future__ import annotations

import base64
import time
import uuid
import zlib
from datetime import UTC, datetime

from mentorships.sandbox import paypal_certificates
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.deliveries import Courier, Delivery
from mentorships.sandbox.paypal_events import VENDOR
from mentorships.sandbox.paypal_time import api_address


def signed(
    sandbox: Sandbox,
    body: bytes,
    *,
    transmission: str,
    signed_at: int | None = None,
    webhook_id: str | None = None,
) -> dict[str, str]:
    """The headers of a transmission: the body's CRC32 is signed, not the body itself.

    Args:
        signed_at: Unix time; now if None.
        webhook_id: the account's webhook if None.
    """
    settings = sandbox.settings
    moment = datetime.fromtimestamp(time.time() if signed_at is None else signed_at, UTC)
    written = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    webhook = webhook_id or settings.effective_paypal_webhook_id
    message = f"{transmission}|{written}|{webhook}|{zlib.crc32(body)}"
    with sandbox.store.transaction() as db:
        use = paypal_certificates.chosen(db)
        signer = paypal_certificates.signer(db, settings, api_address(settings), use)
    return {
        "content-type": "application/json",
        "user-agent": "PayPal/AUHD-214.0-58843307",
        "paypal-auth-algo": "SHA256withRSA",
        "paypal-cert-url": signer.url,
        "paypal-transmission-id": transmission,
        "paypal-transmission-time": written,
        "paypal-transmission-sig": base64.b64encode(signer.sign(message.encode())).decode(),
    }


def _address(sandbox: Sandbox) -> str:
    return f"{sandbox.settings.public_url}/api/webhooks/paypal"


def _headers(sandbox: Sandbox, delivery: Delivery, signed_at: int | None) -> dict[str, str]:
    transmission = uuid.uuid5(uuid.NAMESPACE_URL, f"{delivery.event_id}/{delivery.id}")
    return signed(sandbox, delivery.body, transmission=str(transmission), signed_at=signed_at)


COURIER = Courier(VENDOR, _address, _headers)
