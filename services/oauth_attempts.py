"""People who were sent to another service to consent, and come back.

The way there and back is bound to the signed-in browser: an attempt belongs to one sign-in, is used
once, and ends after ten minutes.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from services import clock, db, encryption, urls
from services.errors import NotAllowed
from services.ids import UserId, hashed, new_secret
from services.models import OAuthAttempt

ATTEMPT_LIVES = timedelta(minutes=10)
MOST_ATTEMPTS = 5
"""Open at a time for one person; older ones end."""
TOO_OLD = (
    "Connecting took too long, or was begun in another browser. Nothing was changed: try again."
)


def begin(
    db: Session,
    *,
    vendor: str,
    user_id: UserId,
    sign_in: str,
    return_to: str,
    default: str,
    verifier: str = "",
) -> str:
    """The state that the person's browser takes along. `sign_in` is the public id of that browser's
    sign-in; `return_to` where it goes afterwards, or to `default` if that is no page of ours."""
    state = new_secret()
    db.exec(delete(OAuthAttempt).where(_superfluous(user_id)))
    db.add(
        OAuthAttempt(
            vendor=vendor,
            user_id=user_id,
            state_hash=_bound(state, sign_in),
            verifier_encrypted=encryption.encrypt(verifier) if verifier else "",
            return_to=urls.safe_next(return_to, default)[:200],
            expires_at=clock.utc_now() + ATTEMPT_LIVES,
        )
    )
    return state


def claim(*, vendor: str, user_id: UserId, sign_in: str, state: str) -> OAuthAttempt:
    """The attempt that a browser brought back, used from now on.

    Raises:
        NotAllowed: another person's or browser's, used or too old.
    """
    now = clock.utc_now()
    with db.transaction() as session:
        row = session.exec(
            select(OAuthAttempt)
            .where(
                OAuthAttempt.state_hash == _bound(state, sign_in),
                OAuthAttempt.vendor == vendor,
                OAuthAttempt.user_id == user_id,
                col(OAuthAttempt.used_at).is_(None),
                col(OAuthAttempt.expires_at) > now,
            )
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise NotAllowed(TOO_OLD)
        row.used_at = now
        return row


def _superfluous(user_id: UserId) -> ColumnElement[bool]:
    """Everybody's attempts that are over, and the person's own but for the newest."""
    newest = (
        select(OAuthAttempt.id)
        .where(OAuthAttempt.user_id == user_id)
        .order_by(col(OAuthAttempt.id).desc())
        .limit(MOST_ATTEMPTS - 1)
    )
    over = col(OAuthAttempt.expires_at) < clock.utc_now()
    return over | ((col(OAuthAttempt.user_id) == user_id) & col(OAuthAttempt.id).not_in(newest))


def _bound(state: str, sign_in: str) -> str:
    return hashed(f"{state}:{sign_in}")
