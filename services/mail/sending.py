"""Sending one mail of the outbox: at most once as far as anybody can know.

The key of the outbox message is the vendor's idempotency key. It is forgotten after a day; a retry
later than that looks first whether the mail went out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import structlog
from sqlmodel import Session

from services import clock, db, telling
from services.config import settings
from services.errors import DatabaseUnavailable, ProviderRejected, ProviderUnavailable
from services.mail import deliveries, quotas, render, suppressions
from services.mail.deliveries import Attempt
from services.mail.render import Letter
from services.mail.shared import Skipped
from services.providers.mail.base import Mail
from services.providers.mail.registry import mailer

KEYS_LIVE: Final = timedelta(hours=23)
"""Resend keeps idempotency keys for 24 hours."""
CLOCKS_APART: Final = timedelta(minutes=1)

log = structlog.get_logger()


def send(*, key: str, data: dict[str, Any]) -> None:
    """Render and send one mail of the outbox; one that makes no sense any more is not sent, and its
    row says why.

    `key` is the outbox message's unique key, and the vendor's idempotency key.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    with db.reading() as session:
        known = deliveries.find(session, key)
    if known is not None and known.settled:
        return
    letter = _written(key, data)
    if letter is None:
        return
    with db.transaction() as session:
        attempt = deliveries.begin(
            session,
            key=key,
            data=data,
            user=letter.user_id,
            to=letter.to,
            subject=letter.subject,
        )
    if not attempt.settled:
        _hand_over(key, data, letter, attempt)


def _written(key: str, data: dict[str, Any]) -> Letter | None:
    """The letter; None when it is not to be sent, which its row then says."""
    try:
        with db.reading() as session:
            return _wanted(session, data)
    except Skipped as why:
        with db.transaction() as session:
            deliveries.leave_out(session, key=key, data=data, why=why)
        return None
    except DatabaseUnavailable:
        raise
    except Exception as error:
        with db.transaction() as session:
            deliveries.fail(session, key=key, data=data, error=error)
        raise


def _wanted(db: Session, data: dict[str, Any]) -> Letter:
    letter = render.composed(db, data)
    if not telling.wants_mail(db, letter.user_id, str(data["template"]), data):
        raise Skipped("the reader wants no mails of this kind")
    suppressions.check(db, letter.to)
    return letter


def _hand_over(key: str, data: dict[str, Any], letter: Letter, attempt: Attempt) -> None:
    try:
        vendor_id = _look_first(letter, attempt) or _send(key, data, letter, attempt)
    except ProviderUnavailable as error:
        quotas.heed(error)
        raise
    except ProviderRejected as error:
        with db.transaction() as session:
            deliveries.fail(session, key=key, data=data, error=error)
        raise
    with db.transaction() as session:
        deliveries.handed(session, attempt, vendor_id)


def _look_first(letter: Letter, attempt: Attempt) -> str:
    """The vendor's id of this mail if it went out although we never heard so; "" when none is
    known. A mail that another row knows is not this one."""
    if clock.utc_now() - attempt.begun_at < KEYS_LIVE:
        return ""
    since = attempt.begun_at - CLOCKS_APART
    found = mailer().find(to=letter.to, subject=letter.subject, since=since)
    with db.reading() as session:
        unknown = deliveries.unknown(session, found)
    if unknown:
        log.info("mail_found_sent", delivery=attempt.public_id)
    return unknown[-1] if unknown else ""


def _send(key: str, data: dict[str, Any], letter: Letter, attempt: Attempt) -> str:
    if data["template"] == suppressions.KNOCK:
        mailer().unblock(address=letter.to)
    return mailer().send(
        Mail(
            key=key,
            sender=settings().mail_from,
            to=letter.to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            kind=data["template"],
            attachments=letter.attachments,
            headers=letter.headers,
            delivery=attempt.public_id,
        )
    )
