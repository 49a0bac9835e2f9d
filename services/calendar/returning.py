"""Giving access back to Google, by the outbox: a failure is tried again until it is done.

Google ends an account's whole consent with any of its tokens, so a consent that another connection
lives on is never revoked.
"""

from __future__ import annotations

import structlog
from sqlmodel import Session, col, select

from services import db, encryption, outbox
from services.errors import ProviderError
from services.ids import CalendarConnectionId, UserId
from services.models import CalendarConnection, ConnectionStatus
from services.providers.calendar.base import Tokens
from services.providers.calendar.registry import consent

KIND = "calendar_revoke"

log = structlog.get_logger()


def queue(db: Session, connection: CalendarConnection) -> None:
    """Have a connection's access given back, in the transaction that ends it."""
    outbox.add(
        db,
        kind=KIND,
        key=f"calendar_revoke:{connection.public_id}",
        data={"connection_id": connection.id},
    )


def is_shared(db: Session, ended: CalendarConnection) -> bool:
    """Whether another connection lives on the consent of one that has ended."""
    return _lives(db, CalendarConnection.account == ended.account)


def give_back(*, connection_id: CalendarConnectionId) -> None:
    """Revoke an ended connection's access, then forget its token.

    Raises:
        ProviderUnavailable, ProviderRejected: the token is still there.
    """
    with db.reading() as session:
        row = session.get_one(CalendarConnection, connection_id)
        shared = is_shared(session, row)
    kept = row.refresh_token_encrypted
    if row.status is not ConnectionStatus.DISCONNECTED or not kept:
        return
    if not shared:
        try:
            consent().revoke(encryption.decrypt(kept))
        except encryption.Unreadable:
            log.warning("calendar_access_not_revoked", reason="unreadable")
    with db.transaction() as session:
        session.get_one(CalendarConnection, connection_id).refresh_token_encrypted = ""


def give_back_unkept(user_id: UserId, got: Tokens) -> None:
    """What is not kept is not left lying at Google either, unless the person has a connection:
    whose account the tokens are of is not known, and it may be the same."""
    with db.reading() as session:
        if _lives(session, CalendarConnection.user_id == user_id):
            return
    try:
        consent().revoke(got.refresh or got.access)
    except ProviderError as error:
        log.warning("calendar_access_not_revoked", reason=type(error).__name__)


def _lives(db: Session, which: bool) -> bool:
    """Whether there is such a connection that is not disconnected."""
    found = select(CalendarConnection.id).where(
        which, col(CalendarConnection.status) != ConnectionStatus.DISCONNECTED
    )
    return db.exec(found).first() is not None
