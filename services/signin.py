"""Being signed in: a browser holds a random secret, the database its hash.

Every sign-in makes a new secret and ends the one the browser had before. Roles are not stored with
it: `find_presence` reads them from the user's row each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from services import access, audit, clock, locking, passwords, ratelimits
from services import db as database
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput, NotAllowed, NotFound
from services.ids import MentorId, UserId, hashed, new_secret
from services.models import Document, Mentor, SignIn, User, UserStatus
from services.privacy import documents

VISITOR = Actor("visitor")
SEEN_EVERY = timedelta(minutes=5)
_MAX_SECRET = 128
_WRONG = (
    "That e-mail address and password do not match, or the address is not confirmed yet. "
    "Check both, open the link we mailed you, or set a new password."
)
_SUSPENDED = "This account is suspended. Please write to the studio."


@dataclass(frozen=True, slots=True)
class Presence:
    """Who sits at a browser, as of now. `sign_in` is empty for a visitor. `terms_due`: the terms or
    the privacy notice in force are others than the person agreed to."""

    actor: Actor
    sign_in: str = ""
    user: str = ""
    name: str = ""
    email: str = ""
    time_zone: str = "UTC"
    locale: str = "en"
    terms_due: bool = False

    @property
    def identity(self) -> str:
        """Changes whenever what this browser may see could have changed."""
        if self.actor.user_id is None:
            return "visitor"
        return f"{self.sign_in} {self.actor.mentor_id or '-'} {self.actor.is_admin}"


NOBODY = Presence(VISITOR)


@dataclass(frozen=True, slots=True)
class SignInView:
    """One browser in a person's list of sign-ins."""

    public_id: str
    user_agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_current: bool


def sign_in(
    *, email: str, password: str, user_agent: str = "", address: str = "", replaces: str = ""
) -> str:
    """Check the password and open a sign-in; the answer is the secret for the cookie.

    An unknown or unconfirmed address costs the same work and gets the same answer as a wrong
    password.
    `replaces` is the secret the browser held before; it ends.

    Raises:
        TooManyAttempts: per account and address, or per address.
        InvalidInput: no such account, not confirmed, or the wrong password.
        NotAllowed: the password is right, but the account is suspended.
    """
    email = email.strip().lower()[:254]
    ratelimits.hit(ratelimits.SIGN_IN_ADDRESS, address)
    ratelimits.hit(ratelimits.SIGN_IN_ACCOUNT, email)
    ratelimits.hit(ratelimits.SIGN_IN_PAIR, email, address)
    with database.reading() as session:
        user = session.exec(select(User).where(User.email == email)).one_or_none()
    known_hash = user.password_hash if user and _may_sign_in(user) else ""
    fits, better_hash = passwords.verify(password, known_hash)
    if user is None or not fits:
        raise InvalidInput("password", _WRONG)
    if user.status is not UserStatus.ACTIVE:
        raise NotAllowed(_SUSPENDED)
    secret = _open(
        user.id, known_hash, better_hash, user_agent=user_agent, address=address, replaces=replaces
    )
    ratelimits.clear(ratelimits.SIGN_IN_PAIR, email, address)
    return secret


def _may_sign_in(user: User) -> bool:
    """Not before the address is confirmed, or signing up and then in would tell who has an account.
    The suspended may try, and are told."""
    return user.email_verified_at is not None and user.status is not UserStatus.ERASED


def _open(
    user_id: UserId,
    known_hash: str,
    better_hash: str | None,
    *,
    user_agent: str,
    address: str,
    replaces: str,
) -> str:
    """Write the sign-in, unless the password or the account changed since it was checked."""
    secret = new_secret()
    with database.transaction() as session:
        locking.lock(session, users=[user_id])
        user = session.get_one(User, user_id)
        if user.password_hash != known_hash or user.status is not UserStatus.ACTIVE:
            raise InvalidInput("password", _WRONG)
        if better_hash:
            user.password_hash = better_hash
        now = clock.utc_now()
        row = SignIn(
            user_id=user_id,
            token_hash=hashed(secret),
            user_agent=_printable(user_agent, 300),
            address=_printable(address, 64),
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=settings().session_days),
        )
        session.add(row)
        actor = Actor("user", user_id=user_id, is_admin=user.is_admin)
        if replaces:
            _end(session, actor, SignIn.token_hash == hashed(replaces[:_MAX_SECRET]))
        audit.record(session, actor=actor, action="sign_in.opened", thing=row.public_id)
    return secret


def find_presence(secret: str) -> Presence:
    """Who holds this secret; `NOBODY` if it is unknown, ended, too old, or not of an active user.

    Notes at most every five minutes that the browser was seen.
    """
    if not secret or len(secret) > _MAX_SECRET:
        return NOBODY
    now = clock.utc_now()
    with database.reading() as session:
        found = session.exec(
            select(SignIn, User, Mentor.id, documents.count_agreed())
            .join(User, col(User.id) == col(SignIn.user_id))
            .outerjoin(Mentor, col(Mentor.user_id) == col(User.id))
            .where(
                SignIn.token_hash == hashed(secret),
                col(SignIn.revoked_at).is_(None),
                SignIn.expires_at > now,
                User.status == UserStatus.ACTIVE,
            )
        ).one_or_none()
    if found is None:
        return NOBODY
    row, user, mentor, agreed = found
    if now - row.seen_at >= SEEN_EVERY:
        _seen(row.id, now)
    actor = Actor(
        "user",
        user_id=user.id,
        mentor_id=MentorId(mentor) if mentor else None,
        is_admin=user.is_admin,
        verified=user.email_verified_at is not None,
    )
    return Presence(
        actor,
        row.public_id,
        user.public_id,
        user.name,
        user.email,
        user.time_zone,
        user.locale,
        terms_due=agreed < len(Document) and not user.is_admin,
    )


def actor_for(secret: str) -> Actor:
    """The actor behind a cookie's secret; the visitor when it is not valid."""
    return find_presence(secret).actor


def _seen(row_id: int, now: datetime) -> None:
    with database.transaction() as session:
        session.exec(update(SignIn).where(col(SignIn.id) == row_id).values(seen_at=now))


def list_sign_ins(db: Session, *, actor: Actor, current: str = "") -> list[SignInView]:
    """The browsers in which the actor is signed in, last seen first.

    `current` is the public id of the sign-in that asks.
    """
    user_id = access.require_user(actor)
    rows = db.exec(
        select(SignIn)
        .where(
            SignIn.user_id == user_id,
            col(SignIn.revoked_at).is_(None),
            SignIn.expires_at > clock.utc_now(),
        )
        .order_by(col(SignIn.seen_at).desc(), col(SignIn.id).desc())
        .limit(100)
    ).all()
    return [
        SignInView(
            row.public_id,
            row.user_agent,
            row.address,
            row.created_at,
            row.seen_at,
            row.expires_at,
            row.public_id == current,
        )
        for row in rows
    ]


def revoke(db: Session, *, actor: Actor, public_id: str) -> None:
    """End one of the actor's own sign-ins.

    Raises:
        NotFound: unknown, ended already, or somebody else's.
    """
    user_id = access.require_user(actor)
    if not _end(db, actor, SignIn.public_id == public_id, SignIn.user_id == user_id):
        raise NotFound("sign-in")


def revoke_all(db: Session, *, actor: Actor, user_id: UserId, keep: str = "") -> int:
    """End all sign-ins of a user, but for the one with the public id `keep`; how many."""
    return _end(db, actor, SignIn.user_id == user_id, SignIn.public_id != keep)


def sign_out(secret: str) -> None:
    """End the sign-in behind a cookie's secret; an unknown one is no error."""
    actor = actor_for(secret)
    if not secret or len(secret) > _MAX_SECRET:
        return
    with database.transaction() as session:
        _end(session, actor, SignIn.token_hash == hashed(secret))


def _end(db: Session, actor: Actor, *conditions: bool) -> int:
    """End the open sign-ins that meet the conditions, one audit line each."""
    rows = db.exec(select(SignIn).where(col(SignIn.revoked_at).is_(None), *conditions)).all()
    for row in rows:
        row.revoked_at = clock.utc_now()
        audit.record(db, actor=actor, action="sign_in.ended", thing=row.public_id)
    return len(rows)


def _printable(text: str, length: int) -> str:
    """What a browser says of itself, bounded and without control characters."""
    return "".join(c for c in text[: length * 2] if c.isprintable())[:length]
