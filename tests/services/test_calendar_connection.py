"""Connecting a calendar: bound to one browser, used once, with every permission, encrypted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import calendar, clock, db, encryption
from services.audit import Actor
from services.calendar import listing
from services.errors import (
    InvalidInput,
    NotAllowed,
    ProviderUnavailable,
    SignInNeeded,
    TooManyAttempts,
)
from services.models import (
    AuditEntry,
    BusyTime,
    CalendarConnection,
    ConnectedCalendar,
    ConnectionStatus,
    OAuthAttempt,
)
from services.oauth_attempts import MOST_ATTEMPTS
from services.providers.calendar.base import RemoteCalendar
from tests.services.calendars import Desk, acting_mentee, asked_for, desk
from tests.services.rows import a_mentor, a_user, acting, acting_mentor
from tests.support.google import Google, utc
from tests.support.studio import stored

__all__ = ["desk"]


def test_a_mentor_connects_and_their_own_calendar_counts_at_once(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=5)
    view = desk.view()
    assert (view.account, view.broken, view.writes, view.blocked) == (
        desk.google.email,
        False,
        True,
        "",
    )
    assert [(one.name, one.busy, one.holds_sessions) for one in view.calendars] == [
        (desk.google.email, True, True),
        ("Family", False, False),
        ("Public holidays", False, False),
    ]
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    assert [line.action for line in stored(AuditEntry)] == ["calendar.connected"]


def test_mentors_are_asked_for_events_and_mentees_for_their_busy_time_alone(desk: Desk) -> None:
    mentor = calendar.begin(actor=desk.actor, sign_in="sig_1")
    assert "calendar.events.owned" in asked_for(mentor)
    mentee = calendar.begin(actor=acting_mentee(desk), sign_in="sig_2")
    assert asked_for(mentee) == ["calendar.calendarlist.readonly", "calendar.freebusy"]
    desk.connect(acting_mentee(desk))
    view = desk.view(acting_mentee(desk))
    assert (view.account, view.writes, view.should_write) == (desk.google.email, False, False)


def test_no_token_lies_in_the_database_in_the_clear(desk: Desk) -> None:
    desk.connect()
    row = desk.connection()
    for kept, start in ((row.refresh_token_encrypted, "1//"), (row.access_token_encrypted, "ya29")):
        assert encryption.decrypt(kept) not in kept
        assert encryption.decrypt(kept).startswith(start)
    [attempt] = stored(OAuthAttempt)
    assert len(encryption.decrypt(attempt.verifier_encrypted)) >= 43


def test_another_browser_or_person_cannot_finish_what_somebody_began(desk: Desk) -> None:
    url = calendar.begin(actor=desk.actor, sign_in="sig_1")
    brought = desk.google.consent(url)
    stranger = acting(a_user("Sam Stranger"))
    for actor, browser in ((desk.actor, "sig_2"), (stranger, "sig_1"), (stranger, "sig_2")):
        with pytest.raises(NotAllowed, match="another browser"):
            desk.finish(actor, brought, browser)
    with pytest.raises(SignInNeeded):
        desk.finish(Actor("visitor"), brought, "sig_1")
    assert stored(CalendarConnection) == []
    desk.finish(desk.actor, brought, "sig_1")
    assert len(stored(CalendarConnection)) == 1


def test_a_way_back_works_once_and_for_ten_minutes(desk: Desk) -> None:
    url = calendar.begin(actor=desk.actor, sign_in="sig_1")
    brought = desk.google.consent(url)
    desk.finish(desk.actor, brought, "sig_1")
    with pytest.raises(NotAllowed):
        desk.finish(desk.actor, brought, "sig_1")
    late = desk.google.consent(calendar.begin(actor=desk.actor, sign_in="sig_1"))
    desk.studio.wait(minutes=10)
    with pytest.raises(NotAllowed, match="too long"):
        desk.finish(desk.actor, late, "sig_1")


@pytest.mark.parametrize("state", ["", "made up"])
def test_a_state_that_we_did_not_give_is_refused(desk: Desk, state: str) -> None:
    with pytest.raises(NotAllowed):
        desk.finish(desk.actor, {"state": state, "code": "4/made-up"})
    assert stored(CalendarConnection) == []


def test_a_person_who_says_no_stays_as_they_were(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="did not allow"):
        desk.connect(deny=True)
    assert stored(CalendarConnection) == []


def test_a_permission_that_was_not_ticked_is_named_and_nothing_is_kept_anywhere(
    desk: Desk,
) -> None:
    with pytest.raises(NotAllowed, match="see and change events"):
        desk.connect(scopes=["calendar.calendarlist.readonly", "calendar.freebusy"])
    assert stored(CalendarConnection) == []
    assert desk.google.access() == ""


def test_google_being_away_while_connecting_changes_nothing(desk: Desk) -> None:
    desk.google.fault("/oauth/token", "status", status=503)
    with pytest.raises(ProviderUnavailable):
        desk.connect()
    desk.google.fault("*/calendarList", "status", status=500)
    with pytest.raises(ProviderUnavailable):
        desk.connect()
    assert stored(CalendarConnection) == []
    desk.connect()
    assert desk.view().account


def test_until_the_first_reading_nobody_can_book(desk: Desk) -> None:
    desk.google.fault("*/freeBusy", "status", status=500, times=1)
    desk.connect()
    assert desk.blocked()
    desk.poll()
    assert desk.blocked() is None


def test_the_same_account_again_is_the_same_connection_and_keeps_its_choices(desk: Desk) -> None:
    desk.connect()
    family = desk.view().calendars[1].public_id
    calendar.choose(actor=desk.actor, calendars=[family])
    desk.google.revoke()
    desk.later(minutes=5)
    assert desk.view().broken
    desk.connect()
    assert not desk.view().broken
    assert [one.busy for one in desk.view().calendars] == [False, True, False]
    assert len(stored(CalendarConnection)) == 1


def test_another_account_takes_the_place_of_the_first_one(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=5)
    other = Desk(
        desk.studio,
        Google(desk.google.sandbox, "m@example.org"),
        desk.mentor,
        desk.mentee,
        desk.pack,
    )
    other.connect()
    assert desk.view().account == "m@example.org"
    assert desk.busy() == []
    desk.studio.send()
    first, second = stored(CalendarConnection)
    assert (first.status, first.refresh_token_encrypted) == (ConnectionStatus.DISCONNECTED, "")
    assert second.status is ConnectionStatus.ACTIVE
    assert (desk.google.access(), bool(other.google.access())) == ("", True)


def test_chosen_calendars_block_and_the_others_do_not(desk: Desk) -> None:
    desk.connect()
    own, family, _ = desk.view().calendars
    desk.google.add(utc(4, 9))
    desk.google.add(utc(5, 9), calendar=stored(ConnectedCalendar)[1].external_id)
    desk.later(minutes=5)
    assert desk.busy() == [(utc(4, 9), utc(4, 10))]
    calendar.choose(actor=desk.actor, calendars=[own.public_id, family.public_id])
    assert desk.busy() == [(utc(4, 9), utc(4, 10)), (utc(5, 9), utc(5, 10))]
    calendar.choose(actor=desk.actor, calendars=[])
    assert desk.busy() == []
    assert desk.blocked() is None


def test_nobody_chooses_among_somebody_elses_calendars(desk: Desk) -> None:
    desk.connect()
    other = a_mentor("Otto Other")
    actor = acting_mentor(other)
    mine = desk.view().calendars[0].public_id
    Desk(
        desk.studio, Google(desk.google.sandbox, "otto@example.org"), other, desk.mentee, desk.pack
    ).connect(actor)
    with pytest.raises(InvalidInput) as refused:
        calendar.choose(actor=actor, calendars=[mine])
    assert refused.value.field == "calendars"


def test_disconnecting_forgets_everything_and_gives_the_access_back(desk: Desk) -> None:
    desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=5)
    calendar.disconnect(actor=desk.actor)
    calendar.disconnect(actor=desk.actor)
    assert desk.view().account == ""
    assert (stored(BusyTime), stored(ConnectedCalendar)) == ([], [])
    desk.studio.send()
    row = desk.connection()
    assert (row.refresh_token_encrypted, row.access_token_encrypted) == ("", "")
    assert {one["status"] for one in desk.google.channels()} == {"stopped"}
    assert desk.google.access() == ""
    assert desk.blocked() is None


def test_a_reconnect_that_fails_leaves_the_connection_that_works(desk: Desk) -> None:
    desk.connect()
    desk.google.fault("*/calendarList", "status", status=500)
    with pytest.raises(ProviderUnavailable):
        desk.connect()
    desk.google.add(utc(4, 9))
    desk.later(minutes=5)
    assert (desk.view().broken, desk.busy()) == (False, [(utc(4, 9), utc(4, 10))])


def test_an_access_that_cannot_be_given_back_now_is_given_back_later(desk: Desk) -> None:
    desk.connect()
    calendar.disconnect(actor=desk.actor)
    desk.google.fault("/oauth/revoke", "status", status=503)
    desk.studio.send()
    assert desk.google.access()
    desk.studio.wait(minutes=1)
    desk.studio.send()
    assert (desk.google.access(), desk.connection().refresh_token_encrypted) == ("", "")


def test_an_access_that_another_connection_lives_on_is_not_given_back(desk: Desk) -> None:
    desk.connect()
    desk.connect(acting_mentee(desk))
    calendar.disconnect(actor=acting_mentee(desk))
    desk.studio.send()
    assert desk.google.access()
    assert [bool(row.refresh_token_encrypted) for row in stored(CalendarConnection)] == [
        True,
        False,
    ]
    calendar.disconnect(actor=desk.actor)
    desk.connect()
    desk.studio.send()
    desk.google.add(utc(4, 9))
    desk.later(minutes=5)
    assert (desk.view().broken, desk.busy()) == (False, [(utc(4, 9), utc(4, 10))])


def test_everybodys_old_attempts_are_cleared_away(desk: Desk) -> None:
    calendar.begin(actor=desk.actor, sign_in="sig_1")
    calendar.begin(actor=acting_mentee(desk), sign_in="sig_2")
    with clock.at(clock.utc_now() + timedelta(hours=1)):
        calendar.begin(actor=desk.actor, sign_in="sig_1")
    assert len(stored(OAuthAttempt)) == 1


def test_only_the_newest_attempts_of_a_person_stay_open_and_there_is_an_end_to_them(
    desk: Desk,
) -> None:
    urls = [calendar.begin(actor=desk.actor, sign_in="sig_1") for _ in range(MOST_ATTEMPTS + 1)]
    assert len(stored(OAuthAttempt)) == MOST_ATTEMPTS
    with pytest.raises(NotAllowed):
        desk.finish(desk.actor, desk.google.consent(urls[0]), "sig_1")
    desk.finish(desk.actor, desk.google.consent(urls[-1]), "sig_1")
    with pytest.raises(TooManyAttempts):
        for _ in range(30):
            calendar.begin(actor=desk.actor, sign_in="sig_1")


def test_of_very_many_calendars_the_own_one_is_among_those_that_count() -> None:
    others = [RemoteCalendar(f"other{n}", "Other", "UTC", primary=False) for n in range(60)]
    own = RemoteCalendar("mina@example.com", "Own", "UTC", primary=True)
    kept = listing.shortened([*others, own])
    assert (len(kept), own in kept) == (listing.MOST_CALENDARS, True)


def test_only_signed_in_people_have_a_connection(desk: Desk) -> None:
    visitor = Actor("visitor")
    with pytest.raises(SignInNeeded):
        calendar.begin(actor=visitor, sign_in="")
    with pytest.raises(SignInNeeded):
        calendar.choose(actor=visitor, calendars=[])
    with db.reading() as session, pytest.raises(SignInNeeded):
        calendar.get_connection(session, actor=visitor)
