"""Picks the adapter of a payment provider by the settings."""

from __future__ import annotations

from functools import lru_cache

from services.config import PAYMENT_NAMES, settings
from services.errors import ProviderUnavailable
from services.money import Money
from services.providers import rehearsing
from services.providers.payments.base import PaymentProvider

READS = frozenset(
    {
        "get_checkout",
        "get_payment",
        "list_payments",
        "get_refund",
        "list_refunds",
        "list_recent_refunds",
        "get_dispute",
        "list_disputes",
    }
)
"""What changes nothing at a provider."""
HARMLESS = frozenset({"takes", "step", "about", "reads_at_once", "read_event"})
"""What does not even ask it."""


@lru_cache
def _stripe(key: str, webhook_secret: str, api_base: str, timeout: float) -> PaymentProvider:
    from services.providers.payments.stripe import StripePayments  # the SDK takes a second

    return StripePayments(
        key=key, webhook_secret=webhook_secret, api_base=api_base, timeout_seconds=timeout
    )


@lru_cache
def _paypal(
    client: tuple[str, str], api_base: str, timeout: float, webhook_id: str, hosts: str, roots: str
) -> PaymentProvider:
    from services.providers.payments.paypal import PayPalPayments
    from services.providers.payments.paypal_certificates import Certificates
    from services.providers.payments.paypal_client import PayPalClient

    return PayPalPayments(
        client=PayPalClient(
            client_id=client[0], secret=client[1], api_base=api_base, timeout_seconds=timeout
        ),
        certificates=Certificates(hosts=hosts, roots=roots, timeout_seconds=timeout),
        webhook_id=webhook_id,
    )


def payments(provider: str) -> PaymentProvider:
    """The adapter of `provider`, made once per process and settings.

    Raises:
        ProviderUnavailable: this studio has no key for it (any more).
    """
    return rehearsing.seen_by(_adapter(provider), provider, reads=READS, harmless=HARMLESS)


def _adapter(provider: str) -> PaymentProvider:
    chosen = settings()
    if provider in PAYMENT_NAMES and provider not in chosen.payment_providers:
        raise ProviderUnavailable(provider, "no key is set", code="authentication")
    match provider:
        case "stripe":
            return _stripe(
                chosen.effective_stripe_key,
                chosen.effective_stripe_webhook_secret,
                chosen.stripe_api_base,
                chosen.stripe_timeout_seconds,
            )
        case "paypal":
            return _paypal(
                (chosen.effective_paypal_client_id, chosen.effective_paypal_client_secret),
                chosen.paypal_api_base,
                chosen.paypal_timeout_seconds,
                chosen.effective_paypal_webhook_id,
                chosen.paypal_cert_hosts,
                chosen.paypal_trust_roots,
            )
        case _:
            raise ValueError(f"unknown payment provider {provider!r}")


def offered(price: Money) -> dict[str, str]:
    """The providers that can take this amount, with the names that people know."""
    return {
        provider: name
        for provider, name in settings().payment_providers.items()
        if payments(provider).takes(price)
    }


def load() -> None:
    """Make all adapters now: their libraries take a second, for which no lock should be held."""
    for provider in settings().payment_providers:
        payments(provider)
