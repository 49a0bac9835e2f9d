"""What a mentee tells before the first booking: a few steps, each a small form, with one next."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from services import access, accounts, audit, clock, db, inputs, locking, topics
from services.audit import Actor
from services.db import insert_or_ignore
from services.ids import UserId
from services.models import CalendarConnection, ConnectionStatus, Onboarding, User

ABOUT_LENGTH = 2000
GOALS_LENGTH = 2000
PREFERENCES_LENGTH = 1000


class StepKind(StrEnum):
    """The steps, in the order in which they are asked for."""

    PROFILE = "profile"
    ZONE = "time zone"
    GOALS = "goals"
    PREFERENCES = "preferences"
    CALENDAR = "calendar"


OPTIONAL = frozenset({StepKind.CALENDAR})
"""Steps that booking does not wait for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. An optional one is done when it was skipped, too."""

    kind: StepKind
    done: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class OnboardingView:
    """Where a person stands, and what was told so far. `next` is None when nothing is left."""

    steps: tuple[Step, ...]
    next: StepKind | None
    done_at: datetime | None
    name: str
    time_zone: str
    about: str
    goals: str
    preferences: str
    calendar_connected: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of the steps that booking waits for are done, and which comes next ("": none)."""

    done: int
    of: int
    next: str


def get(db: Session, *, actor: Actor) -> OnboardingView:
    """One's own steps; three queries.

    Raises:
        SignInNeeded
    """
    user = db.get_one(User, access.require_user(actor))
    told = db.get(Onboarding, user.id)
    connected = _has_calendar(db, user.id)
    steps = _steps(told, calendar_connected=connected)
    return OnboardingView(
        steps=steps,
        next=_next(steps),
        done_at=told.done_at if told else None,
        name=user.name,
        time_zone=user.time_zone,
        about=told.about if told else "",
        goals=told.goals if told else "",
        preferences=told.preferences if told else "",
        calendar_connected=connected,
    )


def list_steps(db: Session, user_id: UserId) -> tuple[Step, ...]:
    """All steps of a person, done or not; two queries. The caller settles who may see."""
    told = db.get(Onboarding, user_id)
    return _steps(told, calendar_connected=_has_calendar(db, user_id))


def is_done(db: Session, user_id: UserId) -> bool:
    """Whether booking is open to a person; one query."""
    done = select(Onboarding.done_at).where(col(Onboarding.user_id) == user_id)
    return db.exec(done).one_or_none() is not None


def standing(db: Session, user_ids: Collection[UserId]) -> dict[UserId, Standing]:
    """Where each of several people stands; one query."""
    rows = db.exec(select(Onboarding).where(col(Onboarding.user_id).in_(user_ids))).all()
    told = {row.user_id: row for row in rows}
    return {user_id: _standing(told.get(user_id)) for user_id in user_ids}


def save_profile(*, actor: Actor, name: str, about: str) -> None:
    """The name, and a few words about oneself.

    Raises:
        SignInNeeded, InvalidInput
    """
    checked = inputs.paragraphs(
        about, field="about", what="The text about you", least=1, most=ABOUT_LENGTH
    )

    def apply(db: Session, told: Onboarding, user: User) -> None:
        accounts.update_profile(db, actor=actor, name=name, time_zone=user.time_zone)
        told.about = checked

    _save(actor, StepKind.PROFILE, apply)


def confirm_zone(*, actor: Actor, zone: str) -> None:
    """The person has looked at the time zone, and it is this one.

    Raises:
        SignInNeeded, InvalidInput
    """

    def apply(db: Session, told: Onboarding, user: User) -> None:
        accounts.update_profile(db, actor=actor, name=user.name, time_zone=zone)
        told.zone_confirmed_at = clock.utc_now()

    _save(actor, StepKind.ZONE, apply)


def save_goals(*, actor: Actor, goals: str) -> None:
    """What the sessions are for.

    Raises:
        SignInNeeded, InvalidInput
    """
    checked = inputs.paragraphs(
        goals, field="goals", what="The text about your goals", least=1, most=GOALS_LENGTH
    )

    def apply(_db: Session, told: Onboarding, _user: User) -> None:
        told.goals = checked

    _save(actor, StepKind.GOALS, apply)


def save_preferences(*, actor: Actor, preferences: str) -> None:
    """How one likes to work.

    Raises:
        SignInNeeded, InvalidInput
    """
    checked = inputs.paragraphs(
        preferences,
        field="preferences",
        what="The text about how you like to work",
        least=1,
        most=PREFERENCES_LENGTH,
    )

    def apply(_db: Session, told: Onboarding, _user: User) -> None:
        told.preferences = checked

    _save(actor, StepKind.PREFERENCES, apply)


def skip_calendar(*, actor: Actor) -> None:
    """No calendar is connected, and that is all right.

    Raises:
        SignInNeeded
    """

    def apply(_db: Session, told: Onboarding, _user: User) -> None:
        told.calendar_skipped_at = told.calendar_skipped_at or clock.utc_now()

    _save(actor, StepKind.CALENDAR, apply)


def _save(actor: Actor, step: StepKind, apply: Callable[[Session, Onboarding, User], None]) -> None:
    """One step at a time: two tabs that save different ones at once lose nothing. The audit line
    names the step; what a person tells about themselves is not copied there."""
    user_id = access.require_user(actor)
    with db.transaction() as session:
        locking.lock(session, users=[user_id])
        user = session.get_one(User, user_id)
        # A purchase of this moment may be writing the same row.
        insert_or_ignore(session, Onboarding(user_id=user_id))
        told = session.get_one(Onboarding, user_id)
        apply(session, told, user)
        opens = told.done_at is None and _standing(told).next == ""
        if opens:
            told.done_at, told.remind_at = clock.utc_now(), None
        session.flush()
        topics.publish(session, topics.mentee(user_id))
        audit.record(
            session,
            actor=actor,
            action="onboarding.saved",
            thing=user.public_id,
            after={"step": step.value, "booking_open": told.done_at is not None},
        )


def _steps(told: Onboarding | None, *, calendar_connected: bool) -> tuple[Step, ...]:
    told = told or Onboarding(user_id=UserId(0))
    done = {
        StepKind.PROFILE: bool(told.about),
        StepKind.ZONE: told.zone_confirmed_at is not None,
        StepKind.GOALS: bool(told.goals),
        StepKind.PREFERENCES: bool(told.preferences),
        StepKind.CALENDAR: calendar_connected or told.calendar_skipped_at is not None,
    }
    return tuple(Step(kind, done[kind], kind in OPTIONAL) for kind in StepKind)


def _next(steps: Collection[Step]) -> StepKind | None:
    return next((step.kind for step in steps if not step.done), None)


def _standing(told: Onboarding | None) -> Standing:
    needed = [step for step in _steps(told, calendar_connected=False) if not step.optional]
    coming = _next(needed)
    return Standing(sum(step.done for step in needed), len(needed), coming.value if coming else "")


def _has_calendar(db: Session, user_id: UserId) -> bool:
    """Whether a calendar is connected, broken or not: a broken one is mended, not skipped."""
    found = select(CalendarConnection.id).where(
        col(CalendarConnection.user_id) == user_id,
        col(CalendarConnection.status) != ConnectionStatus.DISCONNECTED,
    )
    return db.exec(found).first() is not None
