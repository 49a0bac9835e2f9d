"""What the page of a session says of the time: how long until then, and what one may do now.

Pure functions of what was read and of the time, so that a page that stays open can say it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.config import settings
from services.models import LIVE_SESSIONS, OPEN_SESSIONS, ObjectionStatus, SessionStatus
from services.sessions import SessionView, Side
from state.session_faces import theirs
from state.sessions import span
from state.shown import NEVER, Moment, count, until

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Times:
    """When it is: on the reader's clock, on the other's, and how long until then."""

    mine: Moment = NEVER
    zone: str = ""
    theirs: str = ""
    countdown: str = ""
    ticking: bool = False


@dataclass(frozen=True)
class Rights:
    """What the reader may do now. What is not possible has its reason in the note beside it."""

    joins: bool = False
    room_href: str = ""
    join_note: str = ""
    move_href: str = ""
    propose_href: str = ""
    cancels: bool = False
    late: bool = False
    change_note: str = ""
    decides: bool = False
    corrects: bool = False
    objects: bool = False
    object_note: str = ""
    settles: bool = False
    writes: bool = False
    sets_goals: bool = False


def times(view: SessionView, zone: str, now: datetime) -> Times:
    """When it is, in the reader's zone and in the other's."""
    row = view.row
    return Times(
        mine=span(row.starts_at, row.ends_at, zone),
        zone=zone,
        theirs=theirs(view, row.starts_at, row.ends_at, zone),
        countdown=countdown(view, now),
        ticking=row.status in LIVE_SESSIONS,
    )


def countdown(view: SessionView, now: datetime) -> str:
    """How long until it begins or ends; empty once it is over."""
    row = view.row
    if row.status not in LIVE_SESSIONS:
        return ""
    if now >= row.ends_at:
        return "It is over."
    if now >= row.starts_at:
        return f"It has begun and ends in {lasting(row.ends_at - now)}."
    return f"Starts in {lasting(row.starts_at - now)}."


def lasting(time: timedelta) -> str:
    """`2 days and 3 hours`, `3 hours and 5 minutes`, `14 minutes`: the two largest parts."""
    if time < _MINUTE:
        return "less than a minute"
    days, hours, minutes = time // _DAY, time % _DAY // _HOUR, time % _HOUR // _MINUTE
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    largest = next(place for place, (number, _) in enumerate(parts) if number)
    return " and ".join(
        count(number, word) for number, word in parts[largest : largest + 2] if number
    )


def rights(view: SessionView, zone: str, now: datetime, *, is_admin: bool = False) -> Rights:
    """What the reader may do now. The services decide again when it is done.

    A mentor who is an admin, as in a studio of one person, may do both; a mentee who is one does
    not answer their own objection.
    """
    row, side = view.row, view.side
    mine = side is not Side.ADMIN
    disputed = row.objection is ObjectionStatus.OPEN
    judges = is_admin and side is not Side.MENTEE
    live = row.status in LIVE_SESSIONS and now < row.ends_at
    is_open = row.status in OPEN_SESSIONS
    before = row.status is SessionStatus.SCHEDULED and now < row.starts_at
    late = side is Side.MENTEE and now > view.change_until
    asked = f"?sequence={row.sequence}"
    move = f"/sessions/{row.public_id}/move"
    may_propose = before and mine and view.proposal is None and (side is Side.MENTOR or late)
    note = _object_note(view, zone, now)
    joins = live and mine and view.joins_open_at <= now
    returns = view.back_until is not None and row.ends_at <= now < view.back_until
    in_room = (joins or returns) and settings().video_offered
    return Rights(
        joins=joins or in_room,
        room_href=f"/sessions/{row.public_id}/room" if in_room else "",
        join_note=_join_note(view, zone, now) if (live and mine) or in_room else "",
        move_href=move + asked if before and not late else "",
        propose_href=f"{move}{asked}&propose=1" if may_propose else "",
        cancels=before or (side is not Side.MENTEE and live),
        late=late,
        change_note=_change_note(view, zone, late=late) if before else "",
        decides=is_open and (now >= row.ends_at or row.status is SessionStatus.UNRESOLVED),
        corrects=judges and not is_open and not disputed,
        objects=note != "",
        object_note=note,
        settles=judges and disputed,
        writes=mine,
        sets_goals=side is Side.MENTEE and is_open,
    )


def _join_note(view: SessionView, zone: str, now: datetime) -> str:
    if now >= view.row.ends_at:
        closes = until(view.back_until, zone).text
        return f"The session is over. You can go back into its room until {closes}."
    if now < view.joins_open_at:
        return f"You can join from {until(view.joins_open_at, zone).text}."
    if settings().video_offered:
        return "First you see your own picture, then you go in. The studio notes that you came."
    if view.row.has_link:
        return "The studio notes that you came, and opens the meeting link."
    if view.side is Side.MENTOR:
        return "You have no meeting link yet: add one to your availability. Joining says you came."
    return f"{view.row.mentor_name} has not given a meeting link. Joining says that you came."


def _change_note(view: SessionView, zone: str, *, late: bool) -> str:
    if view.side is not Side.MENTEE:
        return "You can move or cancel it at any time, with a reason. No session is used."
    end = until(view.change_until, zone).text
    if not late:
        return f"You can move or cancel it until {end}. Later, the session counts as used."
    return (
        f"It could be moved or canceled until {end}. If you cancel now, the session is used. "
        f"You can propose another time, and {view.row.mentor_name} may accept it."
    )


def _object_note(view: SessionView, zone: str, now: datetime) -> str:
    """Only an outcome that used the mentee's session has an end of objecting."""
    end = view.row.object_until
    if view.side is not Side.MENTEE or view.objection is not None or end is None or now > end:
        return ""
    return f"Is that wrong? You can object until {until(end, zone).text}."
