"""What each session's recordings cost, from what was measured of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services import access, clock
from services.analytics import periods
from services.analytics.periods import DAY, Period
from services.analytics.sql import fetch, pick
from services.audit import Actor
from services.costs import book as books
from services.costs import points
from services.costs.measured import NOTED, Noted, noted_of, uses_of
from services.costs.pricing import Book, Kept, Recorded, Sent, Use, use_cost
from services.costs.reports import SessionCost, SessionLine
from services.errors import InvalidInput, NotFound
from services.ids import SessionId
from services.models import Component, Mentor, MentoringSession, Usage, User

MOST_SESSIONS = 20_000
"""A list of sessions has no more of them."""
_AT_ONCE = 1_000


def get_session_cost(db: Session, *, actor: Actor, session: str, preset: str = "") -> SessionCost:
    """What the recordings of a session (its public id) cost up to now, for admins. Three queries.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
    """
    access.require_admin(actor)
    named = select(MentoringSession.id).where(MentoringSession.public_id == session)
    found = db.exec(named).one_or_none()
    if found is None:
        raise NotFound("session")
    book = books.find_book(db, preset)
    return cost_of(uses_of(noted_of(db, SessionId(found))), book)


def list_session_costs(
    db: Session, *, actor: Actor, sessions: Collection[str], preset: str = ""
) -> dict[str, SessionCost]:
    """What the recordings of these sessions (public ids) cost up to now, for admins; a session that
    used nothing is left out. Two queries.

    Raises:
        SignInNeeded, NotAllowed, InvalidInput
    """
    access.require_admin(actor)
    book = books.find_book(db, preset)
    named = col(MentoringSession.public_id).in_(list(sessions))
    uses = _uses(db, named)
    return {session: cost_of(uses_of(rows), book) for session, rows in uses.items()}


def list_sessions(
    db: Session, *, actor: Actor, period: Period, preset: str = "", most: int = MOST_SESSIONS
) -> tuple[SessionLine, ...]:
    """Every session that began in the period and was recorded, with its whole cost up to now, the
    first one first; for admins.

    Raises:
        SignInNeeded, NotAllowed
        InvalidInput: no such preset; or there are more than `most`.
    """
    access.require_admin(actor)
    book = books.find_book(db, preset)
    starts = col(MentoringSession.starts_at)
    used = select(Usage.id).where(Usage.session_id == MentoringSession.id).exists()
    session = (col(MentoringSession.id), col(MentoringSession.public_id), starts)
    wanted = (
        pick(*session, col(Mentor.slug), col(User.name))
        .select_from(MentoringSession)
        .join(Mentor, col(Mentor.id) == col(MentoringSession.mentor_id))
        .join(User, col(User.id) == col(MentoringSession.mentor_user_id))
        .where(
            starts >= periods.begin_of(period.first),
            starts < periods.begin_of(period.last + DAY),
            used,
        )
        .order_by(starts, col(MentoringSession.id))
        .limit(most + 1)
    )
    found = fetch(db, wanted)
    if len(found) > most:
        raise InvalidInput(
            "first", f"These are more than {most:,} sessions: choose a shorter period."
        )
    costs = _costs(db, [session for session, *_ in found], book)
    return tuple(
        SessionLine(public_id, starts_at, slug, name, costs[public_id])
        for _, public_id, starts_at, slug, name in found
    )


def _costs(db: Session, sessions: Sequence[SessionId], book: Book) -> dict[str, SessionCost]:
    found: dict[str, SessionCost] = {}
    for first in range(0, len(sessions), _AT_ONCE):
        some = col(MentoringSession.id).in_(sessions[first : first + _AT_ONCE])
        for session, rows in _uses(db, some).items():
            found[session] = cost_of(uses_of(rows), book)
    return found


def _uses(db: Session, wanted: ColumnElement[bool]) -> dict[str, list[Noted]]:
    """What was noted of these sessions in the order of time, by the session's public id; one
    query."""
    rows = fetch(
        db,
        pick(col(MentoringSession.public_id), *NOTED)
        .join(MentoringSession, col(MentoringSession.id) == col(Usage.session_id))
        .where(wanted)
        .order_by(col(Usage.at), col(Usage.id)),
    )
    found: dict[str, list[Noted]] = defaultdict(list)
    for session, *row in rows:
        found[session].append(Noted(*row))
    return found


def cost_of(uses: Iterable[Use], book: Book) -> SessionCost:
    """What these uses cost up to now, nothing of it free."""
    sums: dict[Component, int] = defaultdict(int)
    seconds = stored = sent = 0
    unpriced = False
    now = clock.utc_now()
    for use in uses:
        micros = use_cost(use, book, now=now)
        unpriced = unpriced or micros is None
        sums[_component(use)] += micros or 0
        match use:
            case Recorded():
                seconds += use.seconds
            case Kept():
                stored += use.bytes if use.until is None else 0
            case Sent():
                sent += use.bytes
    return SessionCost(points.parts_of(sums, book.currency), seconds, stored, sent, unpriced)


def _component(use: Use) -> Component:
    match use:
        case Recorded():
            return Component.RECORDING
        case Kept():
            return Component.STORAGE
        case Sent():
            return Component.CDN if use.by_cdn else Component.DOWNLOAD
