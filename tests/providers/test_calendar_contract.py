"""What every calendar adapter promises, whoever the vendor is."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from services import clock
from services.config import settings
from services.errors import ProviderRejected
from services.providers.calendar.base import (
    Access,
    AccessExpired,
    AccessLost,
    EventChanged,
    EventExists,
    EventMissing,
    ScopeMissing,
    SyncExpired,
)
from services.providers.calendar.google import GoogleCalendar
from services.providers.calendar.registry import calendars, consent
from tests.providers.calendars import EVERYTHING, MARCH, MINE, VERIFIER, Vendor, a_text, at
from tests.support.google import ADDRESS, utc
from tests.support.studio import BEGINNING

__all__ = ["at"]


def test_a_consent_becomes_tokens_and_a_refresh_a_new_access_token(at: Vendor) -> None:
    tokens = at.tokens()
    assert tokens.granted == EVERYTHING
    assert tokens.refresh
    assert timedelta(minutes=50) < tokens.expires_at - clock.utc_now() <= timedelta(hours=1)
    again = at.consent.refresh(tokens.refresh)
    assert again.access not in ("", tokens.access)
    assert calendars(again.access).list_calendars()


def test_the_page_is_asked_for_offline_access_with_a_challenge_and_never_the_verifier(
    at: Vendor,
) -> None:
    asked = parse_qs(urlsplit(at.asked(frozenset({Access.BUSY}))).query)
    assert asked["access_type"] == ["offline"]
    assert asked["prompt"] == ["consent"]
    assert asked["state"] == ["the state"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"][0].endswith("calendar.freebusy")
    assert VERIFIER not in at.asked()


def test_a_code_works_once_and_only_with_its_verifier(at: Vendor) -> None:
    code = at.google.consent(at.asked())["code"]
    with pytest.raises(AccessLost):
        consent().exchange(code=code, verifier="w" * 64)
    assert consent().exchange(code=code, verifier=VERIFIER).access
    with pytest.raises(AccessLost):
        consent().exchange(code=code, verifier=VERIFIER)


def test_what_the_person_did_not_tick_is_not_granted_and_refused(at: Vendor) -> None:
    tokens = at.tokens(scopes=["calendar.freebusy"])
    assert tokens.granted == {Access.BUSY}
    with pytest.raises(ScopeMissing):
        calendars(tokens.access).insert_event("primary", MINE, a_text())


def test_a_revoked_consent_ends_both_tokens_and_revoking_again_is_no_error(at: Vendor) -> None:
    tokens = at.tokens()
    at.consent.revoke(tokens.refresh)
    at.consent.revoke(tokens.refresh)
    with pytest.raises(AccessLost):
        at.consent.refresh(tokens.refresh)
    with pytest.raises(AccessExpired):
        calendars(tokens.access).list_calendars()


def test_an_access_token_that_is_over_is_told_from_a_lost_one(at: Vendor) -> None:
    tokens = at.tokens()
    at.google.end_access()
    with pytest.raises(AccessExpired):
        calendars(tokens.access).list_calendars()
    assert calendars(at.consent.refresh(tokens.refresh).access).list_calendars()


def test_the_calendars_name_their_zone_and_which_is_the_accounts_own(at: Vendor) -> None:
    found = at.calendar(time_zone="Asia/Kolkata").list_calendars()
    [primary] = [each for each in found if each.primary]
    assert (primary.id, primary.time_zone) == (ADDRESS, "Asia/Kolkata")
    assert [each.name for each in found if each is not primary] == ["Family", "Public holidays"]


def test_busy_time_counts_tentative_repeated_and_whole_day_events_but_no_free_one(
    at: Vendor,
) -> None:
    calendar = at.calendar(time_zone="America/New_York")
    at.google.add(utc(5, 9))
    at.google.add(utc(6, 9), status="tentative")
    at.google.add(utc(7, 9), transparency="transparent")
    gone = at.google.add(utc(8, 9))
    at.google.delete(gone)
    at.google.add(utc(1, 0), start={"date": "2026-03-11"}, end={"date": "2026-03-12"})
    known = calendar.busy(("primary",), MARCH).known["primary"]
    # New York's clocks went forward on 8 March: its day begins at 04:00 UTC.
    assert known == (
        (utc(5, 9), utc(5, 10)),
        (utc(6, 9), utc(6, 10)),
        (utc(11, 4), utc(12, 4)),
    )


def test_a_repeated_event_keeps_its_wall_clock_time_when_the_clocks_change(at: Vendor) -> None:
    calendar = at.calendar(time_zone="America/New_York")
    local = {"dateTime": "2026-03-02T09:00:00", "timeZone": "America/New_York"}
    ends = {"dateTime": "2026-03-02T10:00:00", "timeZone": "America/New_York"}
    at.google.add(utc(1, 0), start=local, end=ends, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    known = calendar.busy(("primary",), MARCH).known["primary"]
    assert known == ((utc(2, 14), utc(2, 15)), (utc(9, 13), utc(9, 14)))


def test_a_long_window_is_asked_in_parts_and_nothing_is_lost(at: Vendor) -> None:
    calendar = at.calendar()
    at.google.add(utc(5, 9))
    late = utc(5, 9) + timedelta(days=200)
    at.google.add(late)
    known = calendar.busy(("primary",), (utc(1, 0), utc(1, 0) + timedelta(days=365))).known
    assert [start for start, _ in known["primary"]] == [utc(5, 9), late]


def test_a_calendar_that_cannot_be_read_is_unknown_and_never_free(at: Vendor) -> None:
    calendar = at.calendar()
    at.google.unreadable()
    told = calendar.busy(("primary", "nobody@example.com"), MARCH)
    assert told.known == {}
    assert told.unknown == {"primary": "internalError", "nobody@example.com": "notFound"}
    assert told.missing == {"nobody@example.com"}


def test_an_event_is_written_under_our_id_and_its_guests_are_invited_in_its_zone(
    at: Vendor,
) -> None:
    calendar = at.calendar()
    made = calendar.insert_event("primary", MINE, a_text())
    assert (made.id, made.session, made.deleted) == (MINE, a_text().session, False)
    assert (made.starts_at, made.ends_at) == (utc(10, 9), utc(10, 10))
    assert calendar.get_event("primary", MINE) == made
    [mail] = at.google.invitations()
    assert (mail["to"], mail["action"]) == ("nora.novak@example.com", "invited")
    assert mail["start"]["timeZone"] == "Asia/Kolkata"
    assert (mail["uid"], made.written) == (f"{MINE}@google.com", "0")


def test_the_same_id_is_refused_also_after_the_event_was_deleted(at: Vendor) -> None:
    calendar = at.calendar()
    calendar.insert_event("primary", MINE, a_text())
    with pytest.raises(EventExists):
        calendar.insert_event("primary", MINE, a_text())
    calendar.delete_event("primary", MINE)
    with pytest.raises(EventExists):
        calendar.insert_event("primary", MINE, a_text())


def test_a_deleted_event_is_seen_as_such_and_comes_back_when_it_is_written(at: Vendor) -> None:
    calendar = at.calendar()
    calendar.insert_event("primary", MINE, a_text())
    calendar.delete_event("primary", MINE)
    with pytest.raises(EventMissing):
        calendar.delete_event("primary", MINE)
    gone = calendar.get_event("primary", MINE)
    assert gone.deleted
    back = calendar.update_event("primary", gone, a_text())
    assert not back.deleted
    assert back.id == gone.id


def test_an_event_that_moves_keeps_its_thread_and_its_sequence_grows(at: Vendor) -> None:
    calendar = at.calendar()
    made = calendar.insert_event("primary", MINE, a_text())
    moved = calendar.update_event(
        "primary", made, a_text(starts_at=utc(11, 9), ends_at=utc(11, 10), sequence=1)
    )
    assert (moved.id, moved.starts_at, moved.written) == (made.id, utc(11, 9), "1")
    assert moved.sequence > made.sequence
    invited = [mail["uid"] for mail in at.google.invitations()]
    assert invited == [f"{MINE}@google.com"] * 2


def test_an_event_that_somebody_changed_meanwhile_is_not_overwritten(at: Vendor) -> None:
    calendar = at.calendar()
    made = calendar.insert_event("primary", MINE, a_text())
    at.google.move(MINE, utc(12, 9))
    with pytest.raises(EventChanged):
        calendar.update_event("primary", made, a_text(sequence=1))
    seen = calendar.get_event("primary", MINE)
    assert (seen.starts_at, seen.sequence) == (utc(12, 9), made.sequence + 1)
    assert calendar.update_event("primary", seen, a_text(sequence=1)).starts_at == utc(10, 9)


def test_an_event_that_was_never_there_is_missing(at: Vendor) -> None:
    calendar = at.calendar()
    for act in (calendar.get_event, calendar.delete_event):
        with pytest.raises(EventMissing):
            act("primary", MINE)


def test_an_id_that_google_does_not_take_is_refused_for_good(at: Vendor) -> None:
    with pytest.raises(ProviderRejected) as refused:
        at.calendar().insert_event("primary", "ses_XYZ", a_text())
    assert refused.value.code == "invalid"


def test_changes_are_told_page_by_page_and_then_only_what_is_new(at: Vendor) -> None:
    calendar = GoogleCalendar(
        access_token=at.tokens().access,
        api_base=settings().google_api_base,
        timeout_seconds=5,
        page=2,
    )
    ids = [at.google.add(utc(10 + day, 9)) for day in range(5)]
    first = calendar.changes("primary", "")
    assert [event.id for event in first.events] == ids
    assert calendar.changes("primary", first.token).events == ()
    at.google.delete(ids[0])
    at.google.move(ids[1], utc(20, 9))
    second = calendar.changes("primary", first.token)
    assert [(event.id, event.deleted) for event in second.events] == [
        (ids[0], True),
        (ids[1], False),
    ]
    assert calendar.changes("primary", second.token).events == ()


def test_what_is_long_over_is_not_listed_at_first(at: Vendor) -> None:
    at_calendar = at.calendar()
    at.google.add(BEGINNING - timedelta(days=40))
    assert at_calendar.changes("primary", "").events == ()


def test_a_sync_token_that_is_over_asks_for_everything_again(at: Vendor) -> None:
    calendar = at.calendar()
    token = calendar.changes("primary", "").token
    at.google.expire_sync()
    with pytest.raises(SyncExpired):
        calendar.changes("primary", token)
    assert calendar.changes("primary", calendar.changes("primary", "").token).events == ()


def test_a_channel_ends_in_a_week_at_the_latest_and_can_be_stopped_twice(at: Vendor) -> None:
    calendar = at.calendar()
    at.google.sandbox.control("google/pushes", {"mode": "hold"})
    address = at.google.sandbox.environment["PUBLIC_URL"] + "/api/webhooks/google"
    channel = calendar.watch("primary", channel="one", token="t", address=address, until=utc(31, 0))
    assert channel.expires_at <= BEGINNING + timedelta(days=7)
    at.google.add(utc(9, 9))
    told = [push["headers"]["X-Goog-Resource-State"] for push in at.google.pushes()]
    assert told == ["exists", "sync"]
    for _ in range(2):
        calendar.stop(channel=channel.id, resource=channel.resource)
    at.google.add(utc(9, 12))
    assert len(at.google.pushes()) == 2


def test_a_channel_on_a_calendar_that_is_not_ones_own_is_refused(at: Vendor) -> None:
    calendar = at.calendar(scopes=["calendar.calendarlist.readonly", "calendar.events.owned"])
    [holidays] = [each for each in calendar.list_calendars() if each.name == "Public holidays"]
    address = at.google.sandbox.environment["PUBLIC_URL"] + "/api/webhooks/google"
    with pytest.raises(ScopeMissing):
        calendar.watch(holidays.id, channel="one", token="t", address=address, until=utc(31, 0))
