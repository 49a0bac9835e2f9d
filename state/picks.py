"""What may be booked and what is chosen, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.booking import ChoiceView, Obstacle
from state import slots
from state.shown import count, date
from state.slots import Reader

WAYS: dict[Obstacle, tuple[str, str]] = {
    Obstacle.VERIFY: ("Send the link again", "/verify"),
    Obstacle.ONBOARDING: ("Answer the first questions", "/onboarding"),
    Obstacle.NO_PACK: ("See the packs", ""),
    Obstacle.NO_SEAT: ("See how to go on", "/dashboard"),
    Obstacle.NO_CREDITS: ("Buy another pack", ""),
    Obstacle.EXPIRED: ("Buy another pack", ""),
    Obstacle.CLOSED: ("Back to the mentor", ""),
}
"""What to do about an obstacle, and where; an empty address is the mentor's page."""
WEEKS_LOOKED_THROUGH = 14


@dataclass(frozen=True)
class PickFace:
    """A chosen time; `gone` when somebody else has it now, `leave` the button's words."""

    iso: str
    when: str
    theirs: str
    gone: bool
    leave: str


def pack_words(choice: ChoiceView, zone: str) -> list[str]:
    """What may be booked of each pack, and until when its sessions start."""
    return [
        f"{pack.title}: {count(pack.available, 'session')} to book"
        + (f", by {date(pack.expires_at, zone).text}" if pack.expires_at else "")
        for pack in choice.packs
        if pack.available
    ]


def pick_faces(
    picks: Iterable[datetime], gone: Collection[datetime], reader: Reader, minutes: int
) -> list[PickFace]:
    """The chosen times, in the order in which they were given."""
    faces: list[PickFace] = []
    for one in picks:
        when = range_words(one, reader.zone, minutes)
        beside = slots.theirs(one, reader)
        faces.append(PickFace(one.isoformat(), when, beside, one in gone, f"Take away {when}"))
    return faces


def weeks_on(instant: datetime, zone: str) -> list[datetime]:
    """The same time of day in each of the weeks after."""
    return [slots.weeks_after(instant, 1 + week, zone) for week in range(WEEKS_LOOKED_THROUGH)]


def booked_words(times: Iterable[datetime], zone: str, minutes: int) -> list[str]:
    """What was booked."""
    return [f"{range_words(one, zone, minutes)} ({zone})" for one in times]


def way_on(made: Sequence[str]) -> tuple[str, str]:
    """Where to see these sessions, and what the link there says."""
    if len(made) == 1:
        return f"/sessions/{made[0]}", "See the session"
    return "/sessions", "See your sessions"


def range_words(starts_at: datetime, zone: str, minutes: int) -> str:
    """A session's day, start and end."""
    ends_at = starts_at + timedelta(minutes=minutes)
    return slots.range_words(starts_at, ends_at, zone, short=True)


def book_label(number: int) -> str:
    """What the button says; "" when there is nothing to book."""
    if not number:
        return ""
    return "Book this session" if number == 1 else f"Book these {number} sessions"
