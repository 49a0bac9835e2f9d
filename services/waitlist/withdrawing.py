"""Offers that cannot be taken now are taken back; their readers wait on, in the same place."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from services import locking, seats
from services.audit import Actor
from services.ids import MentorId, UserId
from services.models import Mentor, WaitlistEntry, WaitlistStatus
from services.seats import line, offering, releasing


def withdraw_of_mentor(db: Session, *, actor: Actor, mentor_id: MentorId) -> None:
    """A mentor was suspended, or sells nothing any more: nobody can take an offer now. An open
    checkout is settled first. The caller holds the mentor's lock."""
    for offer in _offers(db, col(WaitlistEntry.mentor_id) == mentor_id):
        if not offering.can_be_taken(db, offer):
            releasing.withdraw(db, actor=actor, offer=offer)


def withdraw_of_person(db: Session, *, actor: Actor, user_id: UserId) -> None:
    """An account was closed for now: its offers go to the next in line. Locks the mentors whom the
    person waits for and the one that the person is; call it before another mentor is locked."""
    _lock(db, user_id)
    for offer in _offers(db, col(WaitlistEntry.mentee_id) == user_id):
        releasing.withdraw(db, actor=actor, offer=offer)


def offer_to_person(db: Session, *, actor: Actor, user_id: UserId) -> None:
    """An account is open again: whatever place was kept from it, because nobody else waited for it,
    is offered. Locks as above."""
    for mentor_id in _lock(db, user_id):
        seats.fill(db, mentor_id=mentor_id, actor=actor)


def _offers(db: Session, wanted: ColumnElement[bool]) -> Sequence[WaitlistEntry]:
    found = (
        select(WaitlistEntry)
        .where(
            wanted,
            col(WaitlistEntry.status) == WaitlistStatus.OFFERED,
            ~line.is_being_paid(),
        )
        .order_by(col(WaitlistEntry.id))
    )
    return db.exec(found.execution_options(populate_existing=True)).all()


def _lock(db: Session, user_id: UserId) -> list[MentorId]:
    """Also those who have offered nothing yet: they may be doing it in this moment."""
    own = select(Mentor.id).where(Mentor.user_id == user_id)
    waited_for = select(WaitlistEntry.mentor_id).where(
        WaitlistEntry.mentee_id == user_id, col(WaitlistEntry.status).in_(line.OPEN_ENTRIES)
    )
    mentors = sorted({MentorId(found) for found in db.exec(waited_for)})
    locking.lock(db, mentors={*mentors, *(MentorId(found) for found in db.exec(own))})
    return mentors
