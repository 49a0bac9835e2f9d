"""Accounts: signing up, confirming an address, setting a new password, the profile.

Nobody learns from here whether an address has an account: the answers and the work are the same,
and what differs goes to the address itself, by mail. An account can be used once its address is
confirmed, or else signing up and then in would tell.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Session, col, select, update

from services import (
    access,
    audit,
    clock,
    email_links,
    inputs,
    locking,
    outbox,
    passwords,
    ratelimits,
    signin,
)
from services import (
    db as database,
)
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput
from services.ids import UserId
from services.models import Document, EmailLink, LinkPurpose, User, UserStatus
from services.privacy import documents
from services.signin import VISITOR

MAX_EMAIL = 254
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_BAD_EMAIL = "Write an e-mail address such as name@example.com."


def sign_up(
    *,
    email: str,
    name: str,
    password: str,
    time_zone: str,
    accepts: str,
    locale: str = "en",
    address: str = "",
) -> None:
    """Open an account and mail the link that confirms its address.

    `accepts` is the version of the terms that the person was shown and agrees to. An address that
    has an account already gets the mail for a new password instead. An unknown zone or locale
    becomes the studio's: they come from the browser, not from the person.

    Raises:
        InvalidInput: what was typed cannot be used; `field` says which.
        TooManyAttempts
    """
    email = checked_email(email)
    name = inputs.line(name, field="name", what="Your name", least=1, most=80)
    passwords.check(password)
    _check_accepts(accepts)
    ratelimits.hit(ratelimits.SIGN_UP_ADDRESS, address)
    ratelimits.hit(ratelimits.MAIL_ACCOUNT, email)
    newcomer = User(
        email=email,
        name=name,
        time_zone=time_zone if is_zone(time_zone) else settings().studio_timezone,
        locale=locale if _LOCALE.fullmatch(locale) else "en",
        password_hash=passwords.hash_password(password),
    )
    with database.transaction() as session:
        is_new = database.insert_or_ignore(session, newcomer)
        user = session.exec(select(User).where(User.email == email)).one()
        if is_new:
            _mail_link(session, user, LinkPurpose.VERIFY)
            audit.record(session, actor=_as(user), action="user.signed_up", thing=user.public_id)
            documents.agree(session, user_id=user.id)
        else:
            _drop_unconfirmed(session, user)
            _mail_reset(session, user, from_sign_up=True)


def _check_accepts(version: str) -> None:
    if not version:
        raise InvalidInput("accepts", "Tick the box: an account needs your agreement to the terms.")
    if version != documents.current(Document.TERMS):
        raise InvalidInput(
            "accepts", "The terms have changed meanwhile. Read them, then tick the box again."
        )


def _drop_unconfirmed(db: Session, user: User) -> None:
    """Whoever signed up with this address before may not be its owner: the owner, who signs up now,
    must not confirm that password by an older mail. The new password's link confirms instead."""
    if user.email_verified_at is None:
        db.exec(
            update(EmailLink)
            .where(
                col(EmailLink.user_id) == user.id,
                col(EmailLink.purpose) == LinkPurpose.VERIFY,
                col(EmailLink.used_at).is_(None),
            )
            .values(used_at=clock.utc_now())
        )


def request_verification(*, email: str, address: str = "") -> None:
    """Mail the confirming link again, if there is an account that still needs it.

    Raises:
        InvalidInput: not an e-mail address.
        TooManyAttempts
    """
    email = checked_email(email)
    _count_mail(email, address)
    with database.transaction() as session:
        user = session.exec(select(User).where(User.email == email)).one_or_none()
        if user and user.status is UserStatus.ACTIVE and user.email_verified_at is None:
            _mail_link(session, user, LinkPurpose.VERIFY)
        _asked(session, user, "verification.requested")


def verify_email(*, token: str, address: str = "") -> None:
    """Confirm the address that the link was mailed to. Doing it twice is no error.

    Raises:
        InvalidInput: the link is unknown, too old, or was replaced.
        TooManyAttempts
    """
    ratelimits.hit(ratelimits.LINK_ADDRESS, address)
    with database.transaction() as session:
        user = email_links.find_confirmed(session, token)
        if user is not None:
            return
        user = email_links.spend(session, token, LinkPurpose.VERIFY)
        _confirm(user, clock.utc_now())
        audit.record(session, actor=_as(user), action="user.verified", thing=user.public_id)


def request_reset(*, email: str, address: str = "") -> None:
    """Mail the link that sets a new password, if there is such an account.

    Raises:
        InvalidInput: not an e-mail address.
        TooManyAttempts
    """
    email = checked_email(email)
    _count_mail(email, address)
    with database.transaction() as session:
        user = session.exec(select(User).where(User.email == email)).one_or_none()
        if user is None:
            _asked(session, None, "reset.requested")
        else:
            _mail_reset(session, user, from_sign_up=False)


def reset_password(*, token: str, password: str, address: str = "") -> None:
    """Set a new password by the mailed link: ends all sign-ins, and confirms the address.

    Raises:
        InvalidInput: the link cannot be used (field `token`), or the password (`password`).
        TooManyAttempts
    """
    ratelimits.hit(ratelimits.LINK_ADDRESS, address)
    passwords.check(password)
    with database.reading() as session:
        email_links.find_usable(session, token, LinkPurpose.RESET)
    new_hash = passwords.hash_password(password)
    with database.transaction() as session:
        user = email_links.spend(session, token, LinkPurpose.RESET)
        if user.email_verified_at is None:  # whoever signed up was perhaps not the owner
            documents.forget_agreed(session, user_id=user.id)
        _confirm(user, clock.utc_now())
        _set_password(session, user, new_hash)


def change_password(*, actor: Actor, current: str, new: str, keep: str = "") -> None:
    """Change one's password, knowing the old one; ends all sign-ins but `keep` (a public id).

    Raises:
        SignInNeeded
        InvalidInput: `current` is wrong, or `new` cannot be used.
        TooManyAttempts
    """
    user_id = access.require_user(actor)
    passwords.check(new, field="new")
    ratelimits.hit(ratelimits.PASSWORD_ACCOUNT, str(user_id))
    with database.reading() as session:
        known_hash = session.get_one(User, user_id).password_hash
    if not passwords.verify(current, known_hash)[0]:
        raise InvalidInput("current", "This is not your current password.")
    new_hash = passwords.hash_password(new)
    with database.transaction() as session:
        locking.lock(session, users=[user_id])
        user = session.get_one(User, user_id)
        if user.password_hash != known_hash:
            raise InvalidInput("current", "Your password was changed meanwhile.")
        _set_password(session, user, new_hash, keep=keep)
    ratelimits.clear(ratelimits.PASSWORD_ACCOUNT, str(user_id))


def update_profile(
    db: Session, *, actor: Actor, name: str, time_zone: str, locale: str = ""
) -> None:
    """Change one's name, time zone and locale; an empty locale stays as it is.

    Raises:
        SignInNeeded
        InvalidInput: `field` says which.
    """
    user = db.get_one(User, access.require_user(actor))
    before = {"time_zone": user.time_zone, "locale": user.locale}
    user.name = inputs.line(name, field="name", what="Your name", least=1, most=80)
    user.time_zone = checked_zone(time_zone)
    if locale and not _LOCALE.fullmatch(locale):
        raise InvalidInput("locale", "Write a language such as en or en-GB.")
    user.locale = locale or user.locale
    after = {"time_zone": user.time_zone, "locale": user.locale}
    audit.record(
        db, actor=actor, action="user.updated", thing=user.public_id, before=before, after=after
    )


def checked_email(email: str) -> str:
    """The address in lower case, as it is stored.

    Raises:
        InvalidInput: cannot be an address. Nothing is asked of the network.
    """
    if len(email) > MAX_EMAIL:
        raise InvalidInput("email", _BAD_EMAIL)
    try:
        found = validate_email(email.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InvalidInput("email", _BAD_EMAIL) from None
    address = (found.ascii_email or found.normalized).lower()
    if len(address) > MAX_EMAIL:
        raise InvalidInput("email", _BAD_EMAIL)
    return address


def checked_zone(name: str) -> str:
    """The time zone, if it is an IANA name.

    Raises:
        InvalidInput
    """
    if not is_zone(name):
        raise InvalidInput("time_zone", "Choose a time zone such as Europe/Berlin.")
    return name


def is_zone(name: str) -> bool:
    """Whether this is an IANA name, old spellings (`Asia/Calcutta`) included."""
    return name in _zones()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def list_zones() -> list[str]:
    """The zones that a person chooses from, by name: places, and UTC."""
    places = [zone for zone in _zones() if zone.partition("/")[0] in _CONTINENTS]
    return [*sorted(places), "UTC"]


_CONTINENTS = frozenset(
    "Africa America Antarctica Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)


def _as(user: User) -> Actor:
    return Actor("user", user_id=user.id)


def _count_mail(email: str, address: str) -> None:
    ratelimits.hit(ratelimits.MAIL_ADDRESS, address)
    ratelimits.hit(ratelimits.MAIL_ACCOUNT, email)


def _asked(db: Session, user: User | None, action: str) -> None:
    """The audit line, also for an address without account: so both cost a write."""
    thing = user.public_id if user else "nobody"
    audit.record(db, actor=VISITOR, action=action, thing=thing)


def _mail_reset(db: Session, user: User, *, from_sign_up: bool) -> None:
    if user.status is UserStatus.ACTIVE:
        _mail_link(db, user, LinkPurpose.RESET, from_sign_up=from_sign_up)
    _asked(db, user, "reset.requested")


def _mail_link(
    db: Session, user: User, purpose: LinkPurpose, *, from_sign_up: bool = False
) -> None:
    """Write the link and its mail; the outbox names the link's row, never its token."""
    lifetime = {
        LinkPurpose.VERIFY: timedelta(hours=settings().verify_link_hours),
        LinkPurpose.RESET: timedelta(minutes=settings().reset_link_minutes),
    }[purpose]
    link = email_links.create(db, user_id=user.id, purpose=purpose, lifetime=lifetime)
    data: dict[str, str | int | bool] = {"template": purpose.value, "link_id": link.id}
    if purpose is LinkPurpose.RESET:
        data["from_sign_up"] = from_sign_up
    outbox.add(db, kind="mail", key=f"mail:{purpose.value}:{link.id}", data=data)


def _confirm(user: User, now: datetime) -> None:
    user.email_verified_at = user.email_verified_at or now


def _set_password(db: Session, user: User, new_hash: str, *, keep: str = "") -> None:
    """Store the hash; end the sign-ins and the links that the old password had let in."""
    user.password_hash = new_hash
    db.exec(
        update(EmailLink)
        .where(
            col(EmailLink.user_id) == user.id,
            col(EmailLink.purpose) == LinkPurpose.RESET,
            col(EmailLink.used_at).is_(None),
        )
        .values(used_at=clock.utc_now())
    )
    actor = _as(user)
    audit.record(db, actor=actor, action="user.password_changed", thing=user.public_id)
    signin.revoke_all(db, actor=actor, user_id=UserId(user.id), keep=keep)
