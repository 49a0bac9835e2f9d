"""Whose data it is, and the conditions by which rows of any table are theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services import models as m
from services.ids import MentorId, UserId
from services.models import User

NO_MENTOR = MentorId(0)
"""The mentor's id of whoever is none: no row has it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data it is."""

    user_id: UserId
    public_id: str
    mentor_id: MentorId = NO_MENTOR


Which = Callable[[Person], ColumnElement[bool]]
Hidden = Callable[[Any, Person], frozenset[str]]


def _nothing(_row: Any, _person: Person) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class File:
    """The rows of one table in the export. `hides` names the columns of a row that are somebody
    else's words or business."""

    table: type[SQLModel]
    name: str
    about: str
    which: Which
    hides: Hidden = _nothing


def person_of(db: Session, user: User) -> Person:
    """The person behind an account."""
    mentor = db.exec(select(m.Mentor.id).where(m.Mentor.user_id == user.id)).one_or_none()
    return Person(user.id, user.public_id, MentorId(mentor) if mentor else NO_MENTOR)


def orders_of(person: Person) -> SelectOfScalar[Any]:
    """The ids of what the person ordered."""
    return select(m.Order.id).where(m.Order.mentee_id == person.user_id)


def packs_of(person: Person) -> SelectOfScalar[Any]:
    """The ids of the packs that the person owns or owned."""
    return select(m.Pack.id).where(m.Pack.mentee_id == person.user_id)


def sessions_of(person: Person) -> SelectOfScalar[Any]:
    """The ids of the sessions that the person had or has as a mentee."""
    mine = m.MentoringSession.mentee_id == person.user_id
    return select(m.MentoringSession.id).where(mine)


def recordings_of(person: Person) -> SelectOfScalar[Any]:
    """The ids of the recordings that the person is on, as mentee or as mentor."""
    meeting = m.MentoringSession
    there = or_(
        col(meeting.mentee_id) == person.user_id, col(meeting.mentor_user_id) == person.user_id
    )
    held = select(meeting.id).where(there)
    return select(m.Recording.id).where(col(m.Recording.session_id).in_(held))


def connections_of(person: Person) -> SelectOfScalar[Any]:
    """The ids of the person's calendar connections."""
    return select(m.CalendarConnection.id).where(m.CalendarConnection.user_id == person.user_id)


def messages_to(person: Person) -> ColumnElement[bool]:
    """The messages of the outbox that are for the person."""
    return col(m.OutboxMessage.data)["user_id"].as_integer() == person.user_id


def by_address(column: Any) -> Which:
    """The rows that name the person's mail address."""
    return lambda person: col(column).in_(select(m.User.email).where(m.User.id == person.user_id))


def named_in(column: Any) -> Which:
    """The rows that name, by its public id, what the person has with a mentor or a mentee: they say
    the person's name to somebody else."""
    return lambda person: or_(
        col(column) == person.public_id,
        *(col(column).in_(ids) for ids in _as_mentee(person)),
        *(col(column).in_(ids) for ids in _as_mentor(person)),
    )


def of_mentees(column: Any) -> Which:
    """The rows that name, by its public id, what somebody has with the person as a mentor: they
    say a mentee's name."""
    return lambda person: or_(*(col(column).in_(ids) for ids in _as_mentor(person)))


_PAIRS: tuple[Any, ...] = (m.Pack, m.Order, m.Seat, m.WaitlistEntry, m.Testimonial)
"""What a mentee and a mentor have together, besides sessions."""


def _as_mentee(person: Person) -> Iterator[SelectOfScalar[Any]]:
    """The public ids of what the person has with mentors."""
    for table in _PAIRS:
        yield select(table.public_id).where(table.mentee_id == person.user_id)
    yield from _of_sessions(m.MentoringSession.mentee_id == person.user_id)
    yield from _of_orders(m.Order.mentee_id == person.user_id)


def _as_mentor(person: Person) -> Iterator[SelectOfScalar[Any]]:
    """The public ids of what the person has with mentees, and of the mentor's own page."""
    for table in _PAIRS:
        yield select(table.public_id).where(table.mentor_id == person.mentor_id)
    yield from _of_sessions(m.MentoringSession.mentor_user_id == person.user_id)
    yield select(m.Mentor.public_id).where(m.Mentor.id == person.mentor_id)
    yield from _of_orders(m.Order.mentor_id == person.mentor_id)


def _of_sessions(which: Any) -> Iterator[SelectOfScalar[Any]]:
    meeting = m.MentoringSession
    yield select(meeting.public_id).where(which)
    held = select(meeting.id).where(which)
    yield select(m.Recording.public_id).where(col(m.Recording.session_id).in_(held))


def _of_orders(which: Any) -> Iterator[SelectOfScalar[Any]]:
    orders = select(m.Order.id).where(which)
    yield select(m.Refund.public_id).where(col(m.Refund.order_id).in_(orders))
    yield select(m.Dispute.public_id).where(col(m.Dispute.order_id).in_(orders))


def by_user(column: Any) -> Which:
    """The rows that name the account."""
    return lambda person: col(column) == person.user_id


def by_mentor(column: Any) -> Which:
    """The rows that name the mentor."""
    return lambda person: col(column) == person.mentor_id


def by_order(column: Any) -> Which:
    """The rows that name one of the person's orders."""
    return lambda person: col(column).in_(orders_of(person))


def by_pack(column: Any) -> Which:
    """The rows that name one of the person's packs."""
    return lambda person: col(column).in_(packs_of(person))


def by_recording(column: Any) -> Which:
    """The rows that name one of the recordings that the person is on."""
    return lambda person: col(column).in_(recordings_of(person))


def by_connection(column: Any) -> Which:
    """The rows that name one of the person's calendar connections."""
    return lambda person: col(column).in_(connections_of(person))
