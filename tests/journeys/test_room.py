"""The room in browsers with a camera and a microphone that Chromium plays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Playwright, expect
from sqlmodel import select

from services import clock, db, meeting_news
from services.models import Consent, ConsentAnswer, MentoringSession, OccupiedTime, SessionJoin
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import NARROW, enters, has_no_obstacles, is_for_everyone
from tests.journeys.people import Person
from tests.journeys.rooms import comes, own_picture, soon
from tests.journeys.test_sessions import Meeting
from tests.journeys.world import World
from tests.support import browser as chromium
from tests.support.tabs import Tabs


@pytest.fixture(scope="module")
def tabs(playwright: Playwright) -> Iterator[Tabs]:
    """A Chromium of its own, with devices that it makes up and may use."""
    executable = chromium.find()
    assert executable, chromium.MISSING
    launched = playwright.chromium.launch(
        executable_path=executable, args=[*chromium.flags(), *chromium.DEVICES]
    )
    yield Tabs(launched)
    launched.close()


def entered(one: Person) -> Person:
    """The person has looked at themselves and gone in."""
    own_picture(one.page)
    one.presses("Enter the room")
    expect(one.page.get_by_role("button", name="Leave")).to_be_visible()
    return one


def joins(meeting: Meeting) -> list[SessionJoin]:
    with db.reading() as session:
        of = select(MentoringSession.id).where(MentoringSession.public_id == meeting.session)
        found = select(SessionJoin).where(SessionJoin.session_id == session.exec(of).one())
        return list(session.exec(found.order_by(SessionJoin.id)).all())  # pyright: ignore[reportArgumentType]


def answers(meeting: Meeting) -> list[ConsentAnswer]:
    with db.reading() as session:
        of = select(MentoringSession.id).where(MentoringSession.public_id == meeting.session)
        found = select(Consent).where(Consent.session_id == session.exec(of).one())
        return sorted(row.answer for row in session.exec(found).all())


@pytest.mark.several(full=True)
def test_two_people_meet_in_the_room_agree_to_be_recorded_and_leave(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Anka Arp")
    mia = person(meeting.mentee).open("/").is_signed_in().open(meeting.path)
    outside: list[str] = []
    mia.page.on("request", lambda request: outside.append(request.url))
    mia.follows("Join now").reads("Room with Anka Arp")
    mia.is_told("Anka Arp is not here yet.").is_told("Not recording")
    entered(mia)

    anka = entered(comes(person, meeting, mentor=True))
    anka.is_told("Mia Maler is in the room.").is_told("drawn by the simulator")
    mia.is_told("Anka Arp is in the room.")
    assert {entry.user_id for entry in joins(meeting)} == {
        world.user(meeting.mentee).id,
        world.user(meeting.seller.account).id,
    }

    mia.is_told("Anka Arp has not answered yet.").presses("Yes, record it")
    mia.is_told("You agreed to be recorded.")
    anka.is_told("Mia Maler agreed.").presses("Yes, record it")
    anka.is_told("You agreed to be recorded.")
    assert answers(meeting) == [ConsentAnswer.GRANTED] * 2
    for one in (mia, anka):
        one.is_told(re.compile("^(The recording is about to start|Recording)$"))  # pyright: ignore[reportArgumentType]
    mia.presses("Take back my consent").presses("Take it back and delete")
    mia.is_told("Your consent is taken back.")
    anka.is_told("Mia Maler does not want to be recorded.")

    mia.presses("Leave").is_at(meeting.path)
    anka.is_told("Mia Maler left")
    assert [entry.left_at is not None for entry in joins(meeting)] == [True, False]
    away = [url for url in outside if not url.startswith((world.app.address, "data:", "blob:"))]
    assert not away, f"nothing leaves this machine without keys: {away}"


def test_who_declines_has_their_session_just_the_same(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Bela Busch")
    mia, bela = comes(person, meeting), comes(person, meeting, mentor=True)
    bela.presses("No, do not record it").is_told("You do not want to be recorded. That is fine.")
    mia.is_told("Bela Busch does not want to be recorded.").presses("Yes, record it")
    entered(mia)
    entered(bela)
    mia.is_told("Bela Busch is in the room.").is_told("Not recording")
    assert answers(meeting) == [ConsentAnswer.DECLINED, ConsentAnswer.GRANTED]


def test_on_a_phone_the_question_is_read_before_the_door_until_it_is_answered(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Heda Hain")
    mia = comes(person, meeting)
    mia.page.set_viewport_size({"width": NARROW, "height": 740})
    own_picture(mia.page)
    assert order(mia.page) == ["Yes, record it", "No, do not record it", "Enter the room"]
    mia.presses("No, do not record it").is_told("You do not want to be recorded. That is fine.")
    own_picture(mia.page)
    assert order(mia.page) == ["Enter the room", "Yes, record it"]


def order(page: Page) -> list[str]:
    """The question's buttons and the door's, as they stand below each other; as in the page."""
    words = re.compile("^(Yes, record it|No, do not record it|Enter the room)$")
    buttons = page.get_by_role("button", name=words).all()
    boxes = [one.bounding_box() or {"x": 0.0, "y": 0.0} for one in buttons]
    places = [(box["y"], box["x"]) for box in boxes]
    assert places == sorted(places), f"what is read is not what is seen: {places}"
    return [one.inner_text() for one in buttons]


def test_one_mutes_oneself_shows_no_picture_and_shares_the_screen(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Carla Cohn")
    mia = entered(comes(person, meeting))
    mia.presses("Mute")
    expect(mia.page.get_by_role("button", name="Unmute")).to_be_visible()
    mia.is_told("You · muted").presses("Unmute").presses("Camera off")
    expect(mia.page.locator("video")).to_have_count(0)
    mia.presses("Camera on")
    own_picture(mia.page)
    mia.page.get_by_text("Camera and microphone").click()
    camera = mia.page.get_by_label("Camera", exact=True)
    expect(camera.locator("option")).not_to_have_count(0)
    # Chromium's microphone beeps.
    heard = "() => document.querySelector('[role=meter]').getAttribute('aria-valuenow') > 0"
    mia.page.wait_for_function(heard)
    mia.presses("Share screen").is_told("You · You share your screen")
    mia.presses("Stop sharing")
    own_picture(mia.page)


def test_a_page_that_is_loaded_again_is_back_in_the_room(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Dana Dorn")
    mia = entered(comes(person, meeting))
    mia.page.reload()
    expect(mia.page.get_by_role("button", name="Leave")).to_be_visible()
    own_picture(mia.page)
    assert len(joins(meeting)) == 1


def test_a_lost_connection_is_shown_until_it_is_back(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Emil Eck")
    mia = entered(comes(person, meeting))
    mia.page.context.set_offline(True)
    mia.is_told("The connection is lost. Trying again")
    own_picture(mia.page)
    mia.page.context.set_offline(False)
    expect(mia.page.get_by_text("The connection is lost. Trying again")).to_have_count(0)
    expect(mia.page.get_by_role("button", name="Leave")).to_be_visible()


def test_the_end_is_counted_down_and_then_the_room_closes(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Flora Fink")
    mia = entered(comes(person, meeting))
    ends_in(meeting, timedelta(minutes=4, seconds=30))
    mia.is_told("The session ends in 4 minutes.")
    ends_in(meeting, -timedelta(minutes=5))
    mia.page.reload()
    mia.is_told("The session is over. The room closes at")
    ends_in(meeting, -timedelta(minutes=16))
    mia.page.reload()
    mia.is_told("Its room is closed.")
    expect(mia.page.locator("video")).to_have_count(0)


def ends_in(meeting: Meeting, away: timedelta) -> None:
    """Let the session be over after so long, and open pages hear of it."""
    with db.transaction() as session:
        row = session.exec(
            select(MentoringSession).where(MentoringSession.public_id == meeting.session)
        ).one()
        back = row.ends_at - clock.utc_now() - away
        row.starts_at, row.ends_at = row.starts_at - back, row.ends_at - back
        for time in session.exec(select(OccupiedTime).where(OccupiedTime.session_id == row.id)):
            session.delete(time)
        meeting_news.changed(session, row)


def test_everyone_can_use_the_room(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Gesa Gold")
    anka = entered(comes(person, meeting, mentor=True))
    mia = comes(person, meeting)
    own_picture(mia.page)
    has_no_obstacles(mia.page)
    enters(mia, "button", "Enter the room")
    expect(mia.page.get_by_role("button", name="Leave")).to_be_visible()
    mia.is_told("Gesa Gold is in the room.")
    for one in (mia, anka):
        is_for_everyone(one.page)
