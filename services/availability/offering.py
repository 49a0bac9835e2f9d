"""Which times are offered now, to whom, and why another one is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from services import access, clock
from services.audit import Actor
from services.availability import words
from services.availability.reading import Asking, Desk, desks, taken_time
from services.availability.shapes import Offered, WhyView
from services.errors import SlotNotOffered, SlotTaken
from services.ids import MentorId, SessionId, UserId
from services.models import Mentor, MentoringSession, User
from services.slots import BusyKind, Reason, Rules, Slot, Taken, Why, first_slot, slots, why

LONGEST_ASKED = timedelta(days=100)
FURTHEST = timedelta(days=400)
"""No rule reaches so far ahead: what lies beyond is not looked at."""
_SOON = timedelta(days=4)
_OVERLAPS = frozenset({Why.PAST, Why.MENTOR_BUSY, Why.BUFFER, Why.MENTEE_BUSY})


def offered(
    db: Session,
    *,
    mentor_id: MentorId,
    mentee_id: UserId | None,
    starts: datetime,
    ends: datetime,
    now: datetime | None = None,
    moving: SessionId | None = None,
) -> tuple[Slot, ...]:
    """The slots that start from `starts` until before `ends`; seven queries.

    What the mentee holds, and the session that is being moved, do not stand in the way; that
    session keeps its length. Of a longer time than 100 days the first 100 are looked at.
    """
    asking = Asking(now or clock.utc_now(), mentee_id, moving)
    since = max(starts, asking.now)
    until = min(ends, since + LONGEST_ASKED, asking.now + FURTHEST)
    selling = _selling(db, mentor_id, asking, since, until)
    if selling is None:
        return ()
    rules, taken = selling
    return tuple(slots(rules, now=asking.now, since=since, until=until, taken=taken))


def next_offered(
    db: Session,
    *,
    mentor_id: MentorId,
    mentee_id: UserId,
    after: datetime,
    moving: SessionId | None = None,
) -> datetime | None:
    """When the first of those slots starts from `after` on, however far ahead it is."""
    asking = Asking(clock.utc_now(), mentee_id, moving)
    since, until = max(after, asking.now), asking.now + FURTHEST
    selling = _selling(db, mentor_id, asking, since, until)
    if selling is None:
        return None
    rules, taken = selling
    first = first_slot(rules, now=asking.now, since=since, until=until, taken=taken)
    return first.starts_at if first else None


def _selling(
    db: Session, mentor_id: MentorId, asking: Asking, since: datetime, until: datetime
) -> tuple[Rules, Taken] | None:
    """What decides on a mentor's slots between two instants; None where none are offered."""
    if since >= until:
        return None
    desk = desks(db, [mentor_id], since=since, until=until).get(mentor_id)
    if desk is None or desk.off_sale:
        return None
    taken = taken_time(db, [desk], asking=asking, since=since, until=until)[mentor_id]
    return _rules(db, desk, asking.moving), taken


def _rules(db: Session, desk: Desk, moving: SessionId | None) -> Rules:
    """A session that is moved keeps its length, whatever the mentor's is by now."""
    if moving is None:
        return desk.rules
    row = db.get_one(MentoringSession, moving)
    length = row.ends_at - row.starts_at
    return replace(desk.rules, session_minutes=length // timedelta(minutes=1))


def check_offered(
    db: Session,
    *,
    mentor: Mentor,
    mentee_id: UserId,
    starts_at: datetime,
    moving: SessionId | None = None,
    ignoring_rules: bool = False,
) -> Offered:
    """One time that is about to be booked; see `check_all_offered`."""
    [checked] = check_all_offered(
        db,
        mentor=mentor,
        mentee_id=mentee_id,
        starts=[starts_at],
        moving=moving,
        ignoring_rules=ignoring_rules,
    )
    return checked


def check_all_offered(
    db: Session,
    *,
    mentor: Mentor,
    mentee_id: UserId,
    starts: Sequence[datetime],
    moving: SessionId | None = None,
    ignoring_rules: bool = False,
) -> tuple[Offered, ...]:
    """Times that are about to be booked, in the order asked; each on its own, so that two of them
    may overlap each other. True only as long as both people's locks are held; seven queries.
    A session that is `moving` keeps its length.

    `ignoring_rules` is a mentor's or an admin's override: only sessions and holds of the two
    people count then, with the mentor's buffer, and nothing begins in the past.

    Raises:
        SlotTaken: a session or a hold of the mentor is in the way, and nothing else.
        SlotNotOffered: anything else is, such as an old page's hours.
    """
    now = clock.utc_now()
    asking = Asking(now, mentee_id, moving)
    for start in starts:
        if start.tzinfo is None or not now <= start < now + FURTHEST:
            past = start.tzinfo is not None and start < now
            raise SlotNotOffered("it is over already." if past else "it is too far ahead.", start)
    if not starts:
        return ()
    since, until = min(starts), max(starts)
    desk = desks(db, [mentor.id], since=since, until=until)[mentor.id]
    if desk.off_sale and not ignoring_rules:
        raise SlotNotOffered(f"{desk.name} takes no bookings at the moment.", starts[0])
    taken = taken_time(db, [desk], asking=asking, since=since, until=until)[mentor.id]
    rules = _rules(db, desk, moving)
    for start in starts:
        reasons = _standing_against(rules, start, now, taken, ignoring_rules=ignoring_rules)
        _refuse(db, desk, mentee_id, start, reasons)
    length, buffer = (timedelta(minutes=m) for m in (rules.session_minutes, rules.buffer_minutes))
    utc = [start.astimezone(UTC) for start in starts]
    return tuple(Offered(start, start + length, start + length + buffer) for start in utc)


def _standing_against(
    rules: Rules, start: datetime, now: datetime, taken: Taken, *, ignoring_rules: bool
) -> list[Reason]:
    reasons = [r for r in why(rules, start, now=now, taken=taken) if r.why is not Why.OFFERED]
    if not ignoring_rules:
        return reasons
    return [r for r in reasons if r.why in _OVERLAPS and r.kind is not BusyKind.CALENDAR]


def _refuse(
    db: Session, desk: Desk, mentee_id: UserId, start: datetime, reasons: list[Reason]
) -> None:
    if not reasons:
        return
    other = next((reason for reason in reasons if not _is_taken(reason)), None)
    if other is None:
        raise SlotTaken(start)
    mentee = db.get_one(User, mentee_id).name
    raise SlotNotOffered(words.for_both(other, desk.rules, mentor=desk.name, mentee=mentee), start)


def _is_taken(reason: Reason) -> bool:
    by_somebody = reason.kind in {BusyKind.SESSION, BusyKind.HOLD}
    return by_somebody and reason.why in {Why.MENTOR_BUSY, Why.BUFFER}


def why_offered(db: Session, *, actor: Actor, mentor: str, starts_at: datetime) -> WhyView:
    """Why a time (aware) is offered or not: for the mentor (slug) and for admins.

    Raises:
        NotFound
    """
    row = access.mentor_for(db, actor, mentor)
    now = clock.utc_now()
    start = max(min(starts_at.astimezone(UTC), now + FURTHEST), now - FURTHEST)
    desk = desks(db, [row.id], since=start, until=start)[row.id]
    taken = taken_time(db, [desk], asking=Asking(now), since=start, until=start)[row.id]
    reasons = why(desk.rules, start, now=now, taken=taken)
    told = [words.for_mentor(reason, desk.rules) for reason in reasons]
    if desk.off_sale:
        told = [desk.off_sale, *(told if reasons[0].why is not Why.OFFERED else ())]
    return WhyView(
        starts_at=start,
        ends_at=start + timedelta(minutes=desk.rules.session_minutes),
        offered=not desk.off_sale and reasons[0].why is Why.OFFERED,
        sentences=tuple(dict.fromkeys(told)),
        reasons=reasons,
    )


def next_free(
    db: Session, mentors: Collection[MentorId], *, now: datetime | None = None
) -> dict[MentorId, datetime | None]:
    """When each mentor's next slot starts, None where there is none; at most fourteen queries
    however many they are. Most have one within days, so that only the others are read on."""
    asking = Asking(now or clock.utc_now())
    found = dict.fromkeys(mentors, None) | _first_starts(db, mentors, asking, _SOON)
    others = [mentor for mentor, start in found.items() if start is None]
    return found | _first_starts(db, others, asking, FURTHEST) if others else found


def _first_starts(
    db: Session, mentors: Collection[MentorId], asking: Asking, ahead: timedelta
) -> dict[MentorId, datetime | None]:
    since = asking.now
    until = since + ahead
    known = desks(db, mentors, since=since, until=until)
    selling = [desk for desk in known.values() if not desk.off_sale]
    taken = taken_time(db, selling, asking=asking, since=since, until=until)
    found: dict[MentorId, datetime | None] = {}
    for desk in selling:
        first = first_slot(
            desk.rules, now=since, since=since, until=until, taken=taken[desk.mentor_id]
        )
        found[desk.mentor_id] = first.starts_at if first else None
    return found


def off_sale(db: Session, mentors: Collection[MentorId]) -> dict[MentorId, str]:
    """Those of the mentors who offer nothing at all now, and why."""
    now = clock.utc_now()
    known = desks(db, mentors, since=now, until=now)
    return {mentor: desk.off_sale for mentor, desk in known.items() if desk.off_sale}
