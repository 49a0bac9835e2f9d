"""Stripe's webhooks: where they go, and how they are signed."""

from __future__ import annotations

import hashlib
import hmac
import time

from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.deliveries import Courier, Delivery


def signature(body: bytes, secret: str, signed_at: int) -> str:
    """The `Stripe-Signature` header (VENDORS.md, Stripe, Webhook signature)."""
    payload = str(signed_at).encode() + b"." + body
    digest = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={digest}"


def _address(sandbox: Sandbox) -> str:
    return f"{sandbox.settings.public_url}/api/webhooks/stripe"


def _headers(sandbox: Sandbox, delivery: Delivery, signed_at: int | None) -> dict[str, str]:
    moment = int(time.time()) if signed_at is None else signed_at
    secret = sandbox.settings.effective_stripe_webhook_secret
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "stripe-signature": signature(delivery.body, secret, moment),
    }


COURIER = Courier("stripe", _address, _headers)
