"""Recorded sessions for the tests of what they cost: what is measured, noted as the services do."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from services import clock, costs, db
from services.costs import Recorded, Sent
from services.models import MentoringSession, Pack, SessionStatus
from tests.services.rows import a_mentor, a_pack, a_seat, a_session, a_user

GB = 10**9
DAY = timedelta(days=1)
_numbers = count(1)


def a_held_session(pack: Pack, at: datetime) -> MentoringSession:
    """A session that was held."""
    return a_session(pack, at, status=SessionStatus.COMPLETED)


def some_pack(mentor_name: str = "Mina Mentor") -> Pack:
    """A pack of somebody with a mentor."""
    return a_pack(a_seat(a_user(f"Person {next(_numbers)}"), a_mentor(mentor_name)))


def recorded(
    session: MentoringSession,
    *,
    seconds: int = 3_600,
    size: int = GB,
    store: str = "local",
    stays: timedelta | None = None,
    sent: int = 0,
    by_cdn: bool = False,
) -> None:
    """A recording that began with the session: its file is there when it ends, and stays so long
    (None: still)."""
    name, at = f"rec_{next(_numbers)}", session.starts_at
    until = at + stays if stays is not None else None
    with db.transaction() as own:
        costs.note(own, session=session, use=Recorded(name, seconds, at))
        costs.note_kept(own, session=session, recording=name, there={store: size}, at=at)
        if until is not None and until <= clock.utc_now():
            costs.note_kept(own, session=session, recording=name, there={}, at=until)
        if sent:
            use = Sent(name, store, sent, at + timedelta(hours=2), by_cdn)
            costs.note(own, session=session, use=use)
