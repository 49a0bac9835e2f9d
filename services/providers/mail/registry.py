"""Picks the mail adapter by MAIL_PROVIDER."""

from __future__ import annotations

from functools import lru_cache

from services.config import settings
from services.providers.hooks import Hooks
from services.providers.mail.base import MailProvider


@lru_cache
def _resend(key: str, api_base: str, per_second: int) -> MailProvider:
    from services.providers.mail.resend import ResendMail

    return ResendMail(key=key, api_base=api_base, per_second=per_second)


@lru_cache
def _resend_hooks(secret: str) -> Hooks:
    from services.providers.mail.resend_events import ResendHooks

    return ResendHooks(secret)


def mailer() -> MailProvider:
    """The adapter that the settings choose."""
    chosen = settings()
    match chosen.mail_provider:
        case "resend":
            return _resend(
                chosen.effective_resend_key, chosen.resend_api_base, chosen.resend_per_second
            )
        case "smtp":
            from services.providers.mail.smtp import SmtpMail

            return SmtpMail(
                host=chosen.smtp_host,
                port=chosen.smtp_port,
                user=chosen.smtp_user,
                password=chosen.smtp_password,
                security=chosen.smtp_security,
            )


def hooks() -> Hooks | None:
    """Who reads the mail service's webhooks; None where it has none, or no secret is set."""
    chosen = settings()
    secret = chosen.effective_resend_webhook_secret
    return _resend_hooks(secret) if chosen.mail_provider == "resend" and secret else None
