"""When the mentors of the demo studio can be booked, each in their own zone."""

from __future__ import annotations

from dataclasses import dataclass

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)
WORKDAYS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)

Hours = tuple[int, int]


@dataclass(frozen=True, slots=True)
class HoursSeed:
    """Windows of whole hours on these weekdays, and others on one more day."""

    days: tuple[int, ...]
    windows: tuple[Hours, ...]
    other_day: int | None = None
    other_windows: tuple[Hours, ...] = ()
    buffer_minutes: int = 0
    notice_hours: int = 24
    horizon_days: int = 30

    def of(self, weekday: int) -> tuple[Hours, ...]:
        """The windows of a weekday, Monday 0."""
        if weekday == self.other_day:
            return self.other_windows
        return self.windows if weekday in self.days else ()


HOURS = {
    "mentor@example.com": HoursSeed(
        WORKDAYS, ((9, 12), (13, 18)), SATURDAY, ((9, 13),), buffer_minutes=10
    ),
    "tomas.okafor@example.com": HoursSeed(
        (TUESDAY, WEDNESDAY, THURSDAY, FRIDAY), ((10, 17),), SATURDAY, ((10, 13),)
    ),
    "yuki.brandt@example.com": HoursSeed(
        (MONDAY, TUESDAY, WEDNESDAY, THURSDAY), ((17, 22),), SATURDAY, ((9, 14),), notice_hours=36
    ),
    "ines.caldeira@example.com": HoursSeed(WORKDAYS, ((10, 13), (15, 19)), buffer_minutes=15),
    "oskar.weiss@example.com": HoursSeed(
        (MONDAY, WEDNESDAY, FRIDAY), ((12, 20),), SATURDAY, ((10, 14),)
    ),
    "amara.diallo@example.com": HoursSeed(WORKDAYS, ((9, 16),), horizon_days=45),
    "nora.feld@example.com": HoursSeed(
        (TUESDAY, THURSDAY), ((9, 13), (14, 17)), SATURDAY, ((9, 12),), buffer_minutes=15
    ),
    "dev.raman@example.com": HoursSeed(WORKDAYS, ((14, 21),), SUNDAY, ((10, 13),), notice_hours=12),
}


def link(slug: str) -> str:
    """Where a mentor meets until sessions have a room of their own."""
    return f"https://meet.example.com/{slug}"
