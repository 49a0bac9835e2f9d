"""A person connects their Google calendar, chooses calendars, and disconnects.

The way there and back is bound to the signed-in browser (`oauth_attempts`). What people may leave
unticked is checked before anything is kept.
"""

from __future__ import annotations

from collections.abc import Collection

import structlog
from sqlmodel import Session, select

from services import access, audit, clock, db, encryption, oauth_attempts, ratelimits
from services.audit import Actor
from services.calendar import busy, channels, events, listing, returning, tokens
from services.config import settings
from services.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ProviderError,
    ProviderRejected,
)
from services.ids import CalendarConnectionId, UserId, new_secret
from services.models import (
    CalendarConnection,
    ConnectionStatus,
    Mentor,
    OAuthAttempt,
    User,
)
from services.providers.calendar.base import Access, RemoteCalendar, Tokens
from services.providers.calendar.registry import calendars, consent

WORDS = {
    Access.CALENDARS: "see the list of your calendars",
    Access.BUSY: "see when you are free or busy",
    Access.EVENTS: "see and change events on calendars you own",
}

log = structlog.get_logger()


def begin(*, actor: Actor, sign_in: str, return_to: str = "/settings/calendar") -> str:
    """Where to send the person's browser. `sign_in` is the public id of that browser's sign-in.

    Raises:
        SignInNeeded, NotAllowed: the studio has no Google client. TooManyAttempts
    """
    user_id = access.require_user(actor)
    if not settings().google_offered:
        raise NotAllowed("This studio does not connect calendars.")
    ratelimits.hit(ratelimits.CONNECT, str(user_id))
    verifier = new_secret()
    with db.transaction() as session:
        email = session.get_one(User, user_id).email
        state = oauth_attempts.begin(
            session,
            vendor=tokens.GOOGLE,
            user_id=user_id,
            sign_in=sign_in,
            return_to=return_to,
            default="/settings/calendar",
            verifier=verifier,
        )
        wanted = _wanted(session, user_id)
    return consent().consent_url(wanted=wanted, state=state, verifier=verifier, hint=email)


def _wanted(db: Session, user_id: UserId) -> frozenset[Access]:
    """Mentees are asked for their busy time alone: nothing is written into their calendar."""
    mentors = db.exec(select(Mentor.id).where(Mentor.user_id == user_id)).first() is not None
    return frozenset(Access) if mentors else frozenset({Access.CALENDARS, Access.BUSY})


def finish(*, actor: Actor, sign_in: str, state: str, code: str, error: str = "") -> str:
    """Turn what the browser brought back into a connection; where it goes from here.

    Raises:
        SignInNeeded
        NotAllowed: another browser's, used or too old; or the person said no, or not to all.
        ProviderUnavailable, Conflict: Google did not go along; nothing was kept.
    """
    user_id = access.require_user(actor)
    attempt = oauth_attempts.claim(
        vendor=tokens.GOOGLE, user_id=user_id, sign_in=sign_in, state=state
    )
    if error or not code:
        raise NotAllowed("Your calendar was not connected: you did not allow it at Google.")
    try:
        got = consent().exchange(code=code, verifier=encryption.decrypt(attempt.verifier_encrypted))
    except encryption.Unreadable:
        raise NotAllowed(oauth_attempts.TOO_OLD) from None
    except ProviderRejected as refused:
        raise NotAllowed(_REFUSED) from refused
    with db.reading() as session:
        wanted = _wanted(session, user_id)
    try:
        _check_granted(wanted, got)
        found = calendars(got.access).list_calendars()
        connection_id = _keep(actor, user_id, attempt, got, found)
    except (AppError, ProviderError):
        returning.give_back_unkept(user_id, got)
        raise
    try:
        busy.sync(connection_id)
    except ProviderError as failed:  # it is tried again in a minute
        log.warning("calendar_not_read_yet", reason=type(failed).__name__)
    return attempt.return_to


_REFUSED = "Google did not accept what your browser brought back. Please connect once more."


def _check_granted(wanted: frozenset[Access], got: Tokens) -> None:
    missing = [WORDS[each] for each in Access if each in wanted - got.granted]
    if missing:
        raise NotAllowed(
            f"Your calendar was not connected. Google asks for each permission with a box of its "
            f"own, and without these it cannot work: {'; '.join(missing)}. Please connect again "
            f"and leave every box ticked."
        )
    if not got.refresh:
        raise Conflict("Google gave access for an hour only. Please connect once more.")


def _keep(
    actor: Actor,
    user_id: UserId,
    attempt: OAuthAttempt,
    got: Tokens,
    found: Collection[RemoteCalendar],
) -> CalendarConnectionId:
    """Store the connection. The same account as before is the same connection; another one takes
    its place."""
    primary = next((each for each in found if each.primary), None)
    if primary is None:
        raise Conflict("This Google account has no calendar of its own. Nothing was changed.")
    with db.transaction() as session:
        session.get_one(User, user_id, with_for_update=True)
        row = _current(session, user_id)
        if row is not None and row.account != primary.id:
            _end(session, row)
            session.flush()
            row = None
        if row is None:
            row = CalendarConnection(user_id=user_id, account=primary.id[:254])
            row.sessions_calendar = primary.id
            session.add(row)
            session.flush()
            events.take_over(session, row)
        row.status, row.broken_at, row.broken_reason = ConnectionStatus.ACTIVE, None, ""
        row.scopes = " ".join(sorted(each.value for each in got.granted))
        tokens.keep(row, got)
        session.flush()
        _take_over(session, row, found)
        audit.record(session, actor=actor, action="calendar.connected", thing=row.public_id)
        events.queue_waiting(session, row, occasion=f"connected {attempt.state_hash[:16]}")
        tokens.changed(session, user_id)
        return row.id


def _current(db: Session, user_id: UserId) -> CalendarConnection | None:
    return db.exec(
        select(CalendarConnection)
        .where(
            CalendarConnection.user_id == user_id,
            CalendarConnection.status != ConnectionStatus.DISCONNECTED,
        )
        .with_for_update()
    ).one_or_none()


def _take_over(
    db: Session, connection: CalendarConnection, found: Collection[RemoteCalendar]
) -> None:
    """The calendars there are now, to be read at once. Channels ended with the access that opened
    them."""
    listing.put(db, connection, found)
    for row in listing.calendars_of(db, connection.id):
        row.error, row.look_at = "", clock.utc_now()
        row.channel_id, row.channel_token_hash = None, ""
        row.channel_resource, row.channel_expires_at = "", None


def choose(*, actor: Actor, calendars: Collection[str]) -> None:
    """Say which calendars (by public id) keep the person from being booked.

    Raises:
        SignInNeeded, NotFound, InvalidInput: not one of theirs.
    """
    user_id = access.require_user(actor)
    with db.transaction() as session:
        connection = _current(session, user_id)
        if connection is None:
            raise NotFound("calendar connection")
        rows = listing.calendars_of(session, connection.id)
        if not set(calendars) <= {row.public_id for row in rows}:
            raise InvalidInput("calendars", "One of these calendars is not yours. Reload the page.")
        before = sorted(row.public_id for row in rows if row.busy)
        for row in rows:
            row.busy = row.public_id in calendars
            if row.busy and row.public_id not in before:
                row.read_at, row.look_at = None, clock.utc_now()
        listing.forget(session, [row.id for row in rows if not row.busy])
        audit.record(
            session,
            actor=actor,
            action="calendar.chosen",
            thing=connection.public_id,
            before={"calendars": before},
            after={"calendars": sorted(calendars)},
        )
        tokens.changed(session, user_id)
    busy.refresh_if_stale(user_id)


def disconnect(*, actor: Actor) -> None:
    """Forget the person's calendars and busy time, and have the access given back to Google. Events
    that were written stay where they are.

    Raises:
        SignInNeeded
    """
    user_id = access.require_user(actor)
    with db.reading() as session:
        row = session.exec(
            select(CalendarConnection).where(
                CalendarConnection.user_id == user_id,
                CalendarConnection.status != ConnectionStatus.DISCONNECTED,
            )
        ).one_or_none()
        opened = [
            (each.channel_id, each.channel_resource)
            for each in (listing.calendars_of(session, row.id) if row else [])
            if each.channel_id
        ]
    if row is None:
        return
    if row.status is ConnectionStatus.ACTIVE:
        channels.close(row.id, opened, timeout_seconds=tokens.IMPATIENT_SECONDS)
    with db.transaction() as session:
        current = _current(session, user_id)
        if current is None:
            return
        _end(session, current)
        audit.record(session, actor=actor, action="calendar.disconnected", thing=current.public_id)
        tokens.changed(session, user_id)


def end_for(db: Session, *, user_id: UserId) -> None:
    """End the connection of somebody who leaves, without asking Google: the access is given back by
    the outbox, and push channels run out by themselves. The caller holds the person's lock."""
    row = _current(db, user_id)
    if row is not None:
        _end(db, row)
        db.flush()
        if returning.is_shared(db, row):  # nothing to give back, and its account is forgotten soon
            row.refresh_token_encrypted = ""
        tokens.changed(db, user_id)


def _end(db: Session, row: CalendarConnection) -> None:
    """The refresh token stays until it is revoked."""
    row.status, row.broken_at, row.broken_reason = ConnectionStatus.DISCONNECTED, None, ""
    row.access_token_encrypted, row.access_expires_at = "", None
    returning.queue(db, row)
    rows = listing.calendars_of(db, row.id)
    listing.forget(db, [each.id for each in rows])
    for each in rows:
        db.delete(each)
