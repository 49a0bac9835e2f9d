"""Picks the adapter of a payment provider by the settings."""

from __future__ import annotations

from functools import lru_cache

from services.config import settings
from services.providers.payments.base import PaymentProvider


@lru_cache
def _stripe(key: str, webhook_secret: str, api_base: str, timeout: float) -> PaymentProvider:
    from services.providers.payments.stripe import StripePayments  # the SDK takes a second

    return StripePayments(
        key=key, webhook_secret=webhook_secret, api_base=api_base, timeout_seconds=timeout
    )


def payments(provider: str) -> PaymentProvider:
    """The adapter of `provider`, made once per process and settings."""
    match provider:
        case "stripe":
            chosen = settings()
            return _stripe(
                chosen.effective_stripe_key,
                chosen.effective_stripe_webhook_secret,
                chosen.stripe_api_base,
                chosen.stripe_timeout_seconds,
            )
        case _:
            raise ValueError(f"unknown payment provider {provider!r}")
