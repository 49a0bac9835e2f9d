"""What the people of a waitlist are told. Each is told once per offer."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from services import telling, urls
from services.models import Mentor, User, WaitlistEntry
from services.telling import Line
from services.times import in_zone

DASHBOARD = "/dashboard"


def offered(db: Session, entry: WaitlistEntry) -> None:
    """A place is theirs for a while."""
    mentor, name = _mentor(db, entry)
    line = Line(
        f"A place with {name} is yours",
        f"{_until(db, entry)} Choose a pack to take it, or decline it.",
        urls.mentor(mentor.slug),
    )
    _tell(db, entry, "waitlist_offer", line, occasion=_moment(entry.offered_at))


def ending_line(db: Session, entry: WaitlistEntry) -> Line:
    """The reminder that an offer ends soon."""
    mentor, name = _mentor(db, entry)
    return Line(
        f"Your offer of a place with {name} ends soon",
        f"{_until(db, entry)} Then it goes to the next in line.",
        urls.mentor(mentor.slug),
    )


def lapsed(db: Session, entry: WaitlistEntry) -> None:
    """Nobody took it in time."""
    mentor, name = _mentor(db, entry)
    line = Line(
        f"Your offer of a place with {name} has ended",
        "It went to the next in line. You can join the waitlist again.",
        urls.mentor(mentor.slug),
    )
    _tell(db, entry, "waitlist_offer_lapsed", line, occasion=_moment(entry.offered_at))


def withdrawn(db: Session, entry: WaitlistEntry) -> None:
    """It cannot be taken now; they keep their place in the line."""
    _, name = _mentor(db, entry)
    line = Line(
        f"The offer of a place with {name} was taken back",
        "Nobody can buy a pack there for now. You keep your place in the line.",
        DASHBOARD,
    )
    _tell(db, entry, "waitlist_offer_withdrawn", line, occasion=_moment(entry.offered_at))


def seated_again(db: Session, entry: WaitlistEntry) -> None:
    """They had sessions left: nothing is to be bought."""
    mentor, name = _mentor(db, entry)
    line = Line(
        f"You have your place with {name} again",
        "You can book the sessions that you have left.",
        f"/book/{mentor.slug}",
    )
    _tell(db, entry, "waitlist_place_back", line)


def removed(db: Session, entry: WaitlistEntry, reason: str) -> None:
    """An admin took them off the waitlist."""
    _, name = _mentor(db, entry)
    line = Line(f"You are not on {name}'s waitlist any more", f"The reason: {reason}", DASHBOARD)
    _tell(db, entry, "waitlist_removed", line)


def ended(db: Session, entry: WaitlistEntry) -> None:
    """Their mentor has left the studio."""
    line = Line(
        "A mentor whom you waited for has left the studio",
        "Your place in that line is gone. Others may have a seat.",
        "/mentors",
    )
    _tell(db, entry, "waitlist_ended", line)


def _tell(db: Session, entry: WaitlistEntry, kind: str, line: Line, *, occasion: str = "1") -> None:
    telling.tell(
        db,
        user_id=entry.mentee_id,
        kind=kind,
        about=entry.public_id,
        occasion=occasion,
        line=line,
        data={"entry_id": entry.id, "offered_at": _moment(entry.offered_at)},
    )


def _until(db: Session, entry: WaitlistEntry) -> str:
    if entry.offer_ends_at is None:
        return ""
    reader = db.get_one(User, entry.mentee_id)
    return f"It is held for you until {in_zone(entry.offer_ends_at, reader)}."


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""


def _mentor(db: Session, entry: WaitlistEntry) -> tuple[Mentor, str]:
    mentor = db.get_one(Mentor, entry.mentor_id)
    return mentor, db.get_one(User, mentor.user_id).name
