"""The facts of reminders, and of what a purchase begins: each reads the world again as it leaves.

What was moved, renewed, done or given back meanwhile is not reminded of any more.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from services import clock, onboarding, times, urls
from services.config import settings
from services.mail.shared import Skipped
from services.models import (
    LIVE_SESSIONS,
    Mentor,
    MentoringSession,
    Order,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
    User,
    UserStatus,
)
from services.onboarding import StepKind
from services.reminders import renewal

Facts = dict[str, Any]
MOST_GOALS = 300
"""Letters of what a mentee wrote about a session; all of it is on the session's page."""
STEPS = {
    StepKind.PROFILE: "Say who you are",
    StepKind.ZONE: "Confirm your time zone",
    StepKind.GOALS: "Say what the sessions are for",
    StepKind.PREFERENCES: "Say how you like to work",
    StepKind.CALENDAR: "Connect your calendar, if you like",
}


def checklist(db: Session, user: User) -> list[str]:
    """What a person has still to do before the first booking; empty when booking is open."""
    if onboarding.is_done(db, user.id):
        return []
    return [STEPS[step.kind] for step in onboarding.list_steps(db, user.id) if not step.done]


def _ahead(db: Session, user: User, data: Facts) -> Facts:
    facts = _session(db, user, data)
    soon = clock.utc_now() + timedelta(minutes=settings().session_reminder_minutes)
    if db.get_one(MentoringSession, data["session_id"]).starts_at <= soon:
        raise Skipped("the next reminder takes its place: the session begins soon")
    return facts


def _session(db: Session, user: User, data: Facts) -> Facts:
    row = db.get_one(MentoringSession, data["session_id"])
    if row.status not in LIVE_SESSIONS:
        raise Skipped("the session does not take place any more")
    if row.sequence != data["sequence"]:
        raise Skipped("the session was moved since")
    now, until = clock.utc_now(), row.starts_at - timedelta(hours=settings().change_limit_hours)
    if row.starts_at <= now:
        raise Skipped("the session has begun")
    mentor = row.mentor_user_id == user.id
    return {
        "mentor": mentor,
        "other": db.get_one(User, row.mentee_id if mentor else row.mentor_user_id).name,
        "when": times.span_in_zone(row.starts_at, row.ends_at, user),
        "day": times.day_in_zone(row.starts_at, user),
        "hour": times.hour(row.starts_at, user.time_zone),
        "goals": textwrap.shorten(row.goals, MOST_GOALS, placeholder=" …") if mentor else "",
        "change_until": times.in_zone(until, user) if until > now else "",
        "join_minutes": settings().join_minutes,
        "link": urls.session(row.public_id),
    }


def _renewal(db: Session, user: User, data: Facts, *, at: int) -> Facts:
    pack = db.get_one(Pack, data["pack_id"])
    left = renewal.left(db, mentee_id=pack.mentee_id, mentor_id=pack.mentor_id)
    if left != at:
        raise Skipped("the number of sessions left has changed since")
    mentor = db.get_one(Mentor, pack.mentor_id)
    if mentor.suspended_at is not None:
        raise Skipped("the mentor is away")
    seat = db.get_one(Seat, pack.seat_id)
    if seat.status is SeatStatus.RELEASED:
        raise Skipped("the seat was given back")
    until = times.in_zone(seat.grace_ends_at, user) if seat.grace_ends_at else ""
    return _about(db, mentor) | {"until": until, "ended": pack.status is PackStatus.EXPIRED}


def _one_left(db: Session, user: User, data: Facts) -> Facts:
    return _renewal(db, user, data, at=1)


def _none_left(db: Session, user: User, data: Facts) -> Facts:
    return _renewal(db, user, data, at=0)


def _pack_expiring(db: Session, user: User, data: Facts) -> Facts:
    pack = db.get_one(Pack, data["pack_id"])
    if pack.status is not PackStatus.ACTIVE or not pack.left or pack.expires_at is None:
        raise Skipped("no session of the pack is left")
    if pack.paused_at is not None:
        raise Skipped("the pack's time stands still")
    if pack.expires_at <= clock.utc_now():
        raise Skipped("the pack has ended")
    mentor = db.get_one(Mentor, pack.mentor_id)
    return _about(db, mentor) | {
        "title": pack.title,
        "left": pack.left,
        "booked": pack.reserved,
        "until": times.in_zone(pack.expires_at, user),
        "link": urls.absolute(f"/book/{mentor.slug}"),
    }


def _onboarding(db: Session, user: User, _data: Facts) -> Facts:
    steps = checklist(db, user)
    if not steps:
        raise Skipped("everything is done")
    return {"steps": steps, "link": urls.absolute("/onboarding")}


def _grace_warning(db: Session, user: User, data: Facts) -> Facts:
    seat = db.get_one(Seat, data["seat_id"])
    if seat.status is not SeatStatus.GRACE or seat.grace_ends_at is None:
        raise Skipped("the seat is not about to be released any more")
    mentor = db.get_one(Mentor, seat.mentor_id)
    if mentor.suspended_at is not None:
        raise Skipped("the mentor is away, and the seat's time stands still")
    least = clock.utc_now() + timedelta(hours=settings().grace_warning_hours)
    ends_at = max(seat.grace_ends_at, least)  # handed over late, it moves the end
    return _about(db, mentor) | {"until": times.in_zone(ends_at, user)}


def _seat_released(db: Session, _user: User, data: Facts) -> Facts:
    seat = db.get_one(Seat, data["seat_id"])
    return _about(db, db.get_one(Mentor, seat.mentor_id))


def _new_mentee(db: Session, _user: User, data: Facts) -> Facts:
    order = db.get_one(Order, data["order_id"])
    mentee = db.get_one(User, order.mentee_id)
    if mentee.status is UserStatus.ERASED:
        raise Skipped("the account was erased")
    return {
        "mentee": mentee.name,
        "title": order.title,
        "sessions": order.sessions,
        "ready": onboarding.is_done(db, mentee.id),
        "link": urls.absolute(f"/mentor/mentees/{mentee.public_id}"),
    }


def _about(db: Session, mentor: Mentor) -> Facts:
    return {
        "mentor": db.get_one(User, mentor.user_id).name,
        "link": urls.absolute(urls.mentor(mentor.slug)),
    }


FACTS: dict[str, Callable[[Session, User, Facts], Facts]] = {
    "session_ahead": _ahead,
    "session_soon": _session,
    "renewal_one_left": _one_left,
    "renewal_none_left": _none_left,
    "pack_expiring": _pack_expiring,
    "onboarding_reminder": _onboarding,
    "grace_warning": _grace_warning,
    "seat_released": _seat_released,
    "new_mentee": _new_mentee,
}
