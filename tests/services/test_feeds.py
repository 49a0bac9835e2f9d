"""Sessions as calendars: the feed under its secret address, and single files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from services import booking, clock, db, feeds, invitations, sessions
from services.audit import Actor
from services.errors import NotFound, SignInNeeded, TooManyAttempts
from services.models import AuditEntry, CalendarFeed, SessionStatus, User, UserStatus
from tests.chaos import crowd
from tests.services.meetings import DAY, HOUR, Together, a_bookable_mentor, at, together
from tests.services.rows import VISITOR, a_session, a_user, acting, an_admin, counted_reading
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, stored

START = at(2)
SOMEWHERE = "192.0.2.7"


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


def secret_of(actor: Actor) -> str:
    """The secret of the address that a person is shown."""
    with db.reading() as reading:
        feed = feeds.find_feed(reading, actor=actor)
    assert feed is not None
    assert feed.webcal == feed.address.replace("http:", "webcal:")
    return feed.address.rsplit("/", 1)[1].removesuffix(".ics")


def opened(actor: Actor) -> str:
    """Make the person a feed; its secret."""
    feeds.renew_feed(actor=actor)
    return secret_of(actor)


def read(secret: str) -> Calendar:
    """The calendar as a subscribing program gets it."""
    content = feeds.read_feed(secret=secret, address=SOMEWHERE)
    return Calendar.from_ical(content)


def test_a_feed_holds_ones_sessions_in_both_roles(pair: Together) -> None:
    [taught] = pair.book(START)
    third = a_bookable_mentor("Thea Third")
    with db.reading() as reading:
        mentor_too = reading.get_one(User, pair.mentor.user_id)
    learning = together(third, mentee=mentor_too)
    other = together(third, "Otto Other")
    [learned] = [a_session(learning.pack, at(3)).public_id]
    other.book(at(5))
    calendar = read(opened(acting(mentor_too)))
    assert [(event.uid.partition("@")[0], event.summary) for event in calendar.events] == [
        (taught, "Session with Nora Novak"),
        (learned, "Session with Thea Third"),
    ]
    [first, _] = calendar.events
    assert (first.start, first.end) == (START, START + HOUR)
    assert first.to_ical().decode().count("DTSTART:20260304T120000Z") == 1
    assert str(first["URL"]).endswith(f"/sessions/{taught}")


def test_a_feed_reaches_90_days_back_and_all_the_way_ahead(pair: Together) -> None:
    now = clock.utc_now()
    for days in (-91, -89, 300):
        a_session(pair.pack, now + days * DAY)
    found = read(opened(pair.actor)).events
    assert [event.start - now for event in found] == [-89 * DAY, 300 * DAY]


def test_a_canceled_session_stays_and_says_so(pair: Together) -> None:
    first, second = pair.book(at(2), at(3))
    booking.cancel(actor=pair.actor, session=first, sequence=0)
    with clock.at(at(2, 13)):
        booking.cancel(actor=pair.actor, session=second, sequence=0, late_ok=True)
    found = read(opened(pair.actor)).events
    assert [(event.uid.partition("@")[0], event["STATUS"]) for event in found] == [
        (first, "CANCELLED"),
        (second, "CANCELLED"),
    ]
    assert found[0].summary == "Canceled: Session with Mina Mentor"
    assert found[0].sequence == 1
    assert found[0]["TRANSP"] == "TRANSPARENT"


def test_names_cannot_break_out_of_a_feed(pair: Together) -> None:
    nasty = 'N\\;,:"ora\r\nBEGIN:VEVENT\r\nSUMMARY:stolen'
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).name = nasty
    pair.book(START)
    [event] = read(opened(pair.owner)).events
    assert str(event.summary) == "Session with " + nasty.replace("\r\n", "\n")


def test_the_text_has_the_readers_zone_whatever_the_others_is(pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).time_zone = "Australia/Lord_Howe"
    pair.book(START)
    calendar = read(opened(pair.actor))
    [event] = calendar.events
    assert "Wednesday 4 March 2026, 23:00 to 00:00 (Australia/Lord_Howe)" in event.description
    assert calendar["X-WR-TIMEZONE"] == "Australia/Lord_Howe"
    assert calendar["METHOD"] == "PUBLISH"


def test_a_new_address_ends_the_one_before_at_once(pair: Together) -> None:
    old = opened(pair.actor)
    new = opened(pair.actor)
    assert new != old
    read(new)
    with pytest.raises(NotFound):
        read(old)
    feeds.close_feed(actor=pair.actor)
    feeds.close_feed(actor=pair.actor)
    with pytest.raises(NotFound):
        read(new)
    with db.reading() as reading:
        assert feeds.find_feed(reading, actor=pair.actor) is None
    assert [row.action for row in stored(AuditEntry)] == [
        "calendar_feed.made",
        "calendar_feed.renewed",
        "calendar_feed.closed",
    ]


def test_the_secret_is_in_no_table_as_it_is(pair: Together) -> None:
    secret = opened(pair.actor)
    with db.reading() as reading:
        row = reading.get_one(CalendarFeed, pair.mentee.id)
    assert secret not in f"{row.secret_hash} {row.secret_encrypted}"
    assert not any(secret in str(line.model_dump()) for line in stored(AuditEntry))


def test_an_address_that_cannot_be_read_any_more_still_works_and_can_be_renewed(
    pair: Together,
) -> None:
    secret = opened(pair.actor)
    with environment_of({"SECRET_KEY": "another-key-" + "0123456789abcdef" * 2}):
        with db.reading() as reading:
            feed = feeds.find_feed(reading, actor=pair.actor)
        assert feed is not None
        assert (feed.address, feed.webcal) == ("", "")
        read(secret)
        read(opened(pair.actor))


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.ERASED])
def test_whoever_is_gone_has_no_feed(pair: Together, status: UserStatus) -> None:
    secret = opened(pair.actor)
    with db.transaction() as tx:
        tx.get_one(User, pair.mentee.id).status = status
    with pytest.raises(NotFound):
        read(secret)


def test_unknown_secrets_are_not_there_and_trying_many_is_slowed(pair: Together) -> None:
    for wrong in ("", "x" * 65, "ü" * 20):
        with pytest.raises(NotFound):
            read(wrong)
    refused: list[str] = []
    for number in range(61):
        with pytest.raises((NotFound, TooManyAttempts)) as raised:
            read(f"guess-{number}")
        refused.append(type(raised.value).__name__)
    assert refused.count("NotFound") == 60
    assert refused[-1] == "TooManyAttempts"
    secret = opened(pair.actor)
    for _ in range(60):
        read(secret)
    with pytest.raises(TooManyAttempts):
        read(secret)


def test_a_feed_takes_the_same_queries_however_many_sessions(pair: Together) -> None:
    secret = opened(pair.actor)

    def count() -> int:
        with counted_reading() as (_, statements):
            read(secret)
        return len(statements)

    pair.book(START)
    before = count()
    pair.book(at(3), at(4), at(5))
    assert count() == before <= 3


def test_two_tabs_that_make_a_feed_end_with_one(pair: Together) -> None:
    results = crowd.together([lambda: feeds.renew_feed(actor=pair.actor)] * 4)
    assert results == [None] * 4
    read(secret_of(pair.actor))


def test_visitors_have_no_feed(database: str) -> None:
    with db.reading() as reading, pytest.raises(SignInNeeded):
        feeds.find_feed(reading, actor=VISITOR)
    for change in (feeds.renew_feed, feeds.close_feed):
        with pytest.raises(SignInNeeded):
            change(actor=VISITOR)


def test_a_single_file_is_for_the_two_and_for_admins(pair: Together) -> None:
    [booked] = pair.book(START)

    def single(actor: Actor) -> Any:
        with db.reading() as reading:
            content = invitations.single(reading, actor=actor, session=booked)
        [event] = Calendar.from_ical(content).events
        return event

    assert single(pair.actor).summary == "Session with Mina Mentor"
    assert single(pair.owner).summary == "Session with Nora Novak"
    assert single(acting(an_admin())).uid == f"{booked}@localhost"
    with pytest.raises(NotFound):
        single(acting(a_user("Sven Stranger")))


def test_the_hour_that_comes_twice_is_told_apart(database: str) -> None:
    """25 October 2026 in Berlin: 02:30 comes at 00:30 and again at 01:30 UTC."""
    first = at(0).replace(month=10, day=25, hour=0, minute=30)
    with clock.at(first - timedelta(days=10)):
        pair = together()
        with db.transaction() as tx:
            tx.get_one(User, pair.mentee.id).time_zone = "Europe/Berlin"
        for start in (first, first + HOUR):
            a_session(pair.pack, start, minutes=30, status=SessionStatus.COMPLETED)
        found = read(opened(pair.actor)).events
        assert [event.start for event in found] == [first, first + HOUR]
        with db.reading() as reading:
            assert len(sessions.list_mine(reading, actor=pair.actor).rows) == 2
