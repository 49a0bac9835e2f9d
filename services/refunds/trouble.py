"""Which refunds wait for an admin: for an answer, or for help. Each rule as a question to the
database, and of one row."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from services.models import Refund, RefundSource, RefundStatus

_ENDED = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})


def waits() -> ColumnElement[bool]:
    """Nobody has decided about it yet."""
    return and_(col(Refund.status) == RefundStatus.REQUESTED, col(Refund.decided_at).is_(None))


def is_waiting(refund: Refund) -> bool:
    """The same of one refund."""
    return refund.status is RefundStatus.REQUESTED and refund.decided_at is None


def failed() -> ColumnElement[bool]:
    """It was decided and did not go through, or came back, and nobody has found another way yet.
    One that was made at the provider, and did not go through there, is the provider's affair."""
    return and_(
        col(Refund.status).in_(_ENDED),
        col(Refund.decided_at).is_not(None),
        col(Refund.remedy).is_(None),
        or_(col(Refund.owed), col(Refund.source) != RefundSource.PROVIDER),
    )


def has_failed(refund: Refund) -> bool:
    """The same of one refund."""
    ended = refund.status in _ENDED and refund.decided_at is not None
    ours = refund.owed or refund.source is not RefundSource.PROVIDER
    return ended and refund.remedy is None and ours


def unexplained() -> ColumnElement[bool]:
    """It was made at the provider, and nobody has said for which sessions."""
    return and_(
        col(Refund.source) == RefundSource.PROVIDER,
        col(Refund.status) == RefundStatus.SUCCEEDED,
        col(Refund.pack_id).is_not(None),
        col(Refund.sessions).is_(None),
    )


def is_unexplained(refund: Refund) -> bool:
    """The same of one refund."""
    arrived = refund.source is RefundSource.PROVIDER and refund.status is RefundStatus.SUCCEEDED
    return arrived and refund.pack_id is not None and refund.sessions is None


def troubled() -> ColumnElement[bool]:
    """It needs an admin's help, of either kind."""
    return or_(failed(), unexplained())
