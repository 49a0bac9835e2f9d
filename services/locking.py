"""The one place where scarce things are locked.

Written rules: lock what you make scarcer (a mentor's seats and packs, an account's open checkouts,
a person's time, an order's one fulfilment), once per transaction, as late as possible but before
the check; accounts before mentors before orders before discount codes, each in id order, so that no
two transactions wait for each other. A recording comes after those, and the numbers of invoices
(`invoices.numbering`) come after all.

PostgreSQL locks the rows; FOR NO KEY UPDATE leaves foreign-key checks of other rows alone. On
SQLite a write transaction is already alone (BEGIN IMMEDIATE), so the rows need no lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, SQLModel, col, select

from services.ids import DiscountCodeId, MentorId, OrderId, RecordingId, UserId
from services.models import DiscountCode, Mentor, MentoringSession, Order, Recording, User


def lock(
    db: Session,
    *,
    users: Iterable[UserId] = (),
    mentors: Iterable[MentorId] = (),
    orders: Iterable[OrderId] = (),
    codes: Iterable[DiscountCodeId] = (),
) -> None:
    """Wait until this transaction alone may change what hangs on these rows."""
    if db.get_bind().dialect.name == "sqlite":
        return
    tables: tuple[tuple[Any, list[int]], ...] = (
        (User.id, sorted(users)),
        (Mentor.id, sorted(mentors)),
        (Order.id, sorted(orders)),
        (DiscountCode.id, sorted(codes)),
    )
    for column, ids in tables:
        if ids:
            rows = select(column).where(col(column).in_(ids)).order_by(col(column))
            db.exec(rows.with_for_update(key_share=True)).all()


def lock_discord(db: Session, user_id: UserId, *, shared: bool = False) -> None:
    """Wait until this transaction alone may change which Discord account a person has, and which
    roles it should have; `shared`, when it only follows a seat under its mentor's lock.

    No row's lock but one of its own, which comes after all of them: to insert what refers to the
    person never waits for it.
    """
    if db.get_bind().dialect.name != "sqlite":
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        db.exec(select(take(func.hashtextextended(f"discord:{user_id}", 0)))).one()


def lock_session(db: Session, session: MentoringSession) -> Mentor:
    """Lock a session's two people and its mentor, then read the session again; its mentor."""
    lock(db, users={session.mentee_id, session.mentor_user_id}, mentors=[session.mentor_id])
    mentor = db.get_one(Mentor, session.mentor_id)
    read_again(db, session, mentor)
    return mentor


def lock_recording(db: Session, recording_id: RecordingId) -> Recording:
    """Lock a recording, and with it its files; it is read again.

    Raises:
        NoResultFound
    """
    locked = select(Recording).where(col(Recording.id) == recording_id)
    again = locked.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.exec(again).one()


def lock_taking(db: Session) -> None:
    """Wait until this transaction alone may take recordings to work on: so many at once, and no
    more. It waits for no row's lock after that."""
    if db.get_bind().dialect.name != "sqlite":
        one = func.pg_advisory_xact_lock(func.hashtextextended("taking recordings", 0))
        db.exec(select(one)).one()


def read_again(db: Session, *rows: SQLModel) -> None:
    """Read rows again that were read before the lock was there.

    On SQLite nobody else has written since this transaction began.
    """
    if db.get_bind().dialect.name != "sqlite":
        for row in rows:
            db.refresh(row)
