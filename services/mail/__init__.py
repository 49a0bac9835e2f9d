"""Mails: rendered from the world as it is when they leave, sent through the chosen provider."""

from __future__ import annotations

from typing import Any

from services.config import settings
from services.mail.render import Skipped, compose
from services.providers.mail.base import Mail
from services.providers.mail.registry import mailer

__all__ = ["Skipped", "compose", "send"]


def send(*, key: str, data: dict[str, Any]) -> None:
    """Render and send one mail of the outbox; one that makes no sense any more is not sent.

    `key` is the outbox message's unique key, and the vendor's idempotency key.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    try:
        letter = compose(data)
    except Skipped:
        return
    mailer().send(
        Mail(
            key=key,
            sender=settings().mail_from,
            to=letter.to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            kind=data["template"],
            attachments=letter.attachments,
        )
    )
