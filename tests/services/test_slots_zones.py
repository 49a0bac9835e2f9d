"""Every zone of the world, across both changes of clocks of a year."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from services import accounts
from services.slots import Rules, Window, slots

YEAR = 2026
DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
NOT_PLACES = {"Factory", "localtime", "posixrules"}


def changes(zone: ZoneInfo) -> list[datetime]:
    """The UTC days of the year during which the zone's clocks change."""
    begin = datetime(YEAR, 1, 1, tzinfo=UTC)
    offsets = [(begin + n * DAY).astimezone(zone).utcoffset() for n in range(367)]
    return [begin + n * DAY for n in range(366) if offsets[n] != offsets[n + 1]]


def test_in_every_zone_slots_are_what_the_wall_clock_shows_around_both_changes() -> None:
    """Open from 00:30 to 03:30 and from 09:00 to 10:00: whatever the zone does at night, each
    half hour that its clock shows inside is found once, and 09:00 stays 09:00."""
    zones = sorted(available_timezones() - NOT_PLACES)
    assert len(zones) > 400
    changing = 0
    for name in zones:
        zone = ZoneInfo(name)
        rules = Rules(
            zone=name,
            weekly=((Window(30, 210), Window(540, 600)),) * 7,
            session_minutes=15,
            notice_minutes=0,
            horizon_days=3,
        )
        days = changes(zone)
        changing += bool(days)
        for day in days or [datetime(YEAR, 7, 1, tzinfo=UTC)]:
            since, until = day - DAY, day + 2 * DAY
            found = slots(rules, now=since, since=since, until=until)
            starts = [slot.starts_at for slot in found]
            assert starts == sorted(set(starts)), name
            assert all(slot.ends_at - slot.starts_at == HALF_HOUR / 2 for slot in found), name
            shown = [start.astimezone(zone) for start in starts]
            expected = _expected(zone, since, until)
            assert shown == expected, name
            assert sum(f"{wall:%H:%M}" == "09:00" for wall in shown) in {2, 3, 4}, name
    assert changing > 100


def _expected(zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """Every quarter is looked at: all zones of today differ from UTC by whole quarters."""
    found: list[datetime] = []
    instant = since
    while instant < until:
        wall = instant.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        if minute % 30 == 0 and (30 <= minute < 210 or minute == 540 or minute == 570):
            found.append(wall)
        instant += timedelta(minutes=15)
    return found


def test_old_names_and_odd_offsets_are_zones_that_people_may_choose() -> None:
    for name in (
        *("Asia/Kolkata", "Asia/Calcutta", "Asia/Kathmandu", "Australia/Lord_Howe"),
        *("Pacific/Chatham", "Europe/Kiev", "Europe/Kyiv"),
    ):
        assert accounts.is_zone(name)
        nine = Rules(zone=name, weekly=((Window(540, 600),),) * 7, notice_minutes=0)
        now = datetime(YEAR, 12, 1, tzinfo=UTC)
        [slot] = slots(nine, now=now, since=now, until=now + DAY)
        assert f"{slot.starts_at.astimezone(ZoneInfo(name)):%H:%M}" == "09:00"


def test_old_and_new_names_of_a_place_offer_the_same() -> None:
    now = datetime(YEAR, 3, 27, tzinfo=UTC)
    for old, new in (("Asia/Calcutta", "Asia/Kolkata"), ("Europe/Kiev", "Europe/Kyiv")):
        both = [
            slots(
                Rules(zone=name, weekly=((Window(0, 1440),),) * 7),
                now=now,
                since=now,
                until=now + 4 * DAY,
            )
            for name in (old, new)
        ]
        assert both[0] == both[1]
        assert both[0]


def test_zones_come_from_the_pinned_package_and_not_from_the_machine() -> None:
    assert zoneinfo.TZPATH == ()
    assert set(accounts.list_zones()) <= set(files("tzdata").joinpath("zones").read_text().split())
