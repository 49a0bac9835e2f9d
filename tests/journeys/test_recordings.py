"""A recording in browsers: found, watched, kept, seen by the other, and deleted when one wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from services import clock, db, topics
from services.consent_text import TEXT_VERSION
from services.models import (
    Consent,
    ConsentAnswer,
    FileKind,
    FileStatus,
    MentoringSession,
    Pack,
    Recording,
    RecordingFile,
    RecordingStatus,
    SessionStatus,
)
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import Account, Seller, World
from tests.services.recording_rows import FILM, SLICE, a_file, a_recording, answered
from tests.services.rows import a_session
from tests.support.studio import stored

DAY = timedelta(days=1)
PLAYS = "() => document.querySelector('video')?.currentTime > 0.3"


@dataclass(frozen=True)
class Filmed:
    """A session that took place, and the recording of it."""

    mentee: Account
    seller: Seller
    session: MentoringSession
    recording: Recording

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/recordings/{self.recording.public_id}"


def held(world: World, mentor: str) -> tuple[Account, Seller, MentoringSession]:
    """A mentee, a mentor, and their session of three days ago."""
    seller, mentee = world.mentor(mentor), world.mentee("Mia Maler")
    world.bought(mentee, seller)
    with db.reading() as session:
        own = select(Pack).where(Pack.mentee_id == world.user(mentee).id)
        pack = session.exec(own).one()
    row = a_session(pack, clock.utc_now() - 3 * DAY, status=SessionStatus.COMPLETED)
    return mentee, seller, row


def filmed(world: World, mentor: str, **fields: Any) -> Filmed:
    """Their session was recorded, with the consent of both."""
    mentee, seller, row = held(world, mentor)
    for person in (row.mentee_id, row.mentor_user_id):
        given = answered(row, person)
        with db.transaction() as tx:
            tx.get_one(Consent, given.id).text_version = TEXT_VERSION
    return Filmed(mentee, seller, row, a_recording(row, **fields))


def plays(page: Page) -> None:
    """The film moves, and nothing stands against it."""
    page.wait_for_function(PLAYS, timeout=20_000)
    assert page.evaluate("document.querySelector('video').error") is None


@pytest.mark.several(full=True)
def test_a_person_finds_watches_and_keeps_a_recording_and_the_other_sees_it(
    world: World, person: NewPerson
) -> None:
    told = filmed(world, "Rita Rubin")
    a_file(told.recording, FILM.read_bytes())
    mia, rita = person(told.mentee), person(told.seller.account)
    rita.open("/").is_signed_in().open(told.path).reads("Recording with Mia Maler")
    rita.is_told("Nobody yet.")

    mia.open("/").is_signed_in().open("/dashboard").reads("Recordings")
    mia.page.locator(".meeting-open").first.click()
    mia.is_at(told.path).reads("Recording with Rita Rubin").is_told("days left.")
    is_for_everyone(mia.page)
    mia.page.set_viewport_size({"width": 1280, "height": 800})
    mia.presses("Watch")
    plays(mia.page)
    mia.is_told("You watched it")
    rita.is_told("Mia Maler watched it")
    is_for_everyone(mia.page)

    answer = mia.saves(mia.page.get_by_role("link", name="Download"))
    assert answer.body() == FILM.read_bytes()
    assert "recording-" in answer.headers["content-disposition"]
    rita.is_told("Mia Maler downloaded it")


def test_parts_follow_each_other_by_themselves(world: World, person: NewPerson) -> None:
    told = filmed(world, "Sara Sand")
    for part in range(2):
        a_file(told.recording, FILM.read_bytes(), name=f"sid_{part}.mp4")
    mia = person(told.mentee).open("/").is_signed_in().open(told.path)
    mia.is_told("Part 1 of 2").presses("Watch")
    plays(mia.page)
    first = mia.page.locator("video").get_attribute("src")
    mia.page.evaluate("document.querySelector('video').currentTime = 5.8")
    expect(mia.page.locator("video")).not_to_have_attribute("src", str(first))
    plays(mia.page)
    mia.is_told("You watched part 2").is_told("You watched part 1")


def test_a_stream_is_played_where_there_is_no_film(world: World, person: NewPerson) -> None:
    told = filmed(world, "Tina Thal")
    a_file(told.recording, SLICE.read_bytes(), kind=FileKind.SEGMENT, name="sid.ts")
    lines = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:7\n#EXTINF:6.0,\nsid.ts\n"
    a_file(told.recording, lines + b"#EXT-X-ENDLIST\n", kind=FileKind.PLAYLIST)
    mia = person(told.mentee).open("/").is_signed_in().open(told.path)
    mia.is_told("a stream, saved as .ts").presses("Watch")
    plays(mia.page)
    answer = mia.saves(mia.page.get_by_role("link", name="Download"))
    assert answer.body() == SLICE.read_bytes()


def test_a_player_whose_link_ran_out_offers_to_go_on(world: World, person: NewPerson) -> None:
    told = filmed(world, "Ulla Uhl")
    a_file(told.recording, FILM.read_bytes())
    mia = person(told.mentee).open("/").is_signed_in().open(told.path).reads("Recording with")
    mia.page.route("**/files/recordings/*/*", lambda route: route.fulfill(status=403))
    mia.presses("Watch").is_told("The player could not go on.")
    is_for_everyone(mia.page)
    mia.page.set_viewport_size({"width": 1280, "height": 800})
    mia.page.unroute("**/files/recordings/*/*")
    mia.presses("Watch again")
    plays(mia.page)


def test_a_player_that_broke_off_goes_on_where_it_was(world: World, person: NewPerson) -> None:
    told = filmed(world, "Ulf Unger")
    a_file(told.recording, FILM.read_bytes())
    mia = person(told.mentee).open("/").is_signed_in().open(told.path).reads("Recording with")
    mia.presses("Watch")
    plays(mia.page)
    mia.page.evaluate("""() => {
        const video = document.querySelector('video');
        video.pause();
        video.currentTime = 3;
    }""")
    mia.page.wait_for_function("() => !document.querySelector('video').seeking")
    # A small film is here whole by now: what a link that ran out does to a long one.
    mia.page.evaluate("document.querySelector('video').dispatchEvent(new Event('error'))")
    mia.is_told("The player could not go on.").presses("Watch again")
    begun = mia.page.wait_for_function("() => document.querySelector('video')?.currentTime")
    assert begun.json_value() >= 3
    assert mia.page.evaluate("document.querySelector('video').error") is None


def test_a_transfer_is_followed_live_until_it_can_be_watched(
    world: World, person: NewPerson
) -> None:
    told = filmed(world, "Vera Voss", status=RecordingStatus.TRANSFERRING)
    file = a_file(
        told.recording,
        status=FileStatus.WAITING,
        checked_at=None,
        bytes=1_200_000_000,
        copied=120_000_000,
    )
    mia = person(told.mentee).open("/").is_signed_in().open(told.path)
    mia.is_told("It is being saved").is_told("120 MB of 1.2 GB, 10 %")
    with db.transaction() as tx:
        tx.get_one(RecordingFile, file.id).copied = 600_000_000
        topics.publish(tx, topics.session(told.session.id))
    mia.is_told("600 MB of 1.2 GB, 50 %")
    with db.transaction() as tx:
        row = tx.get_one(Recording, told.recording.id)
        row.status, row.ready_at = RecordingStatus.READY, clock.utc_now()
        moved = tx.get_one(RecordingFile, file.id)
        moved.status, moved.checked_at = FileStatus.CHECKED, clock.utc_now()
        topics.publish(tx, topics.session(told.session.id))
    expect(mia.page.get_by_role("button", name="Watch", exact=True)).to_be_visible()


def test_taking_the_consent_back_says_what_follows_and_deletes_for_both(
    world: World, person: NewPerson
) -> None:
    told = filmed(world, "Wilma Wald")
    a_file(told.recording, FILM.read_bytes())
    mia, wilma = person(told.mentee), person(told.seller.account)
    wilma.open("/").is_signed_in().open(told.path).is_told("days left.")
    mia.open("/").is_signed_in().open(told.path).is_told("agreed")
    mia.presses("Take back my consent").is_told("cannot be brought back")
    is_for_everyone(mia.page)
    mia.page.set_viewport_size({"width": 1280, "height": 800})
    mia.presses("Keep it").is_not_told("cannot be brought back")
    mia.presses("Take back my consent").presses("Take it back and delete")
    mia.is_told("Your consent is taken back.").is_told("took it back")
    for somebody in (mia, wilma):
        expect(
            somebody.page.get_by_text("It is being deleted")
            .or_(somebody.page.get_by_text("It is deleted"))
            .first
        ).to_be_visible()
    [answer] = [row for row in stored(Consent) if row.user_id == told.session.mentee_id]
    assert answer.answer is ConsentAnswer.WITHDRAWN


def test_an_admin_says_why_before_watching_and_both_people_see_it(
    world: World, person: NewPerson
) -> None:
    told = filmed(world, "Xenia Xaver")
    a_file(told.recording, FILM.read_bytes())
    ada = person(world.admin()).open("/").is_signed_in().open(told.path)
    ada.reads("Recording: Mia Maler and Xenia Xaver")
    expect(ada.page.get_by_role("button", name="Watch", exact=True)).to_have_count(0)
    is_for_everyone(ada.page)
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ada.fills("Why do you look at it?", "The mentee asked us to.").presses("Open the recording")
    ada.presses("Watch")
    plays(ada.page)
    ada.page.get_by_role("button", name="Make a download link").click()
    ada.is_told("The link works for an hour.")
    assert ada.saves(ada.page.get_by_role("link", name="Save the file")).status == 200
    mia = person(told.mentee).open("/").is_signed_in().open(told.path)
    mia.is_told("The studio watched it").is_told("The studio downloaded it")
    mia.is_not_told("asked us to")


def test_both_answer_on_the_session_page_and_see_each_others_answer(
    world: World, person: NewPerson
) -> None:
    mentee, seller, _ = held(world, "Zita Zorn")
    with db.reading() as session:
        pack = session.exec(select(Pack).where(Pack.mentee_id == world.user(mentee).id)).one()
    ahead = a_session(pack, clock.utc_now() + 3 * DAY)
    mia, zita = person(mentee), person(seller.account)
    zita.open("/").is_signed_in().open(f"/sessions/{ahead.public_id}").reads("Recording")
    mia.open("/").is_signed_in().open(f"/sessions/{ahead.public_id}").reads("Recording")
    mia.page.get_by_text("What you agree to").click()
    mia.is_told("No is a good answer").presses("Yes, record it").is_told("You agreed.")
    expect(zita.page.get_by_role("list", name="Answers")).to_contain_text("Mia Maleragreed")
    zita.presses("No, do not record it").is_told("The session takes place all the same.")
    expect(mia.page.get_by_role("list", name="Answers")).to_contain_text("Zita Zorndeclined")
    mia.presses("Take back my consent").is_told("nothing of this session is recorded")
    mia.presses("Take it back").is_told("Your consent is taken back.")
    assert {row.answer for row in stored(Consent)} >= {
        ConsentAnswer.WITHDRAWN,
        ConsentAnswer.DECLINED,
    }


def test_the_session_page_shows_its_recordings_and_a_strangers_sees_none(
    world: World, person: NewPerson
) -> None:
    told = filmed(world, "Yara Yilmaz")
    a_file(told.recording, FILM.read_bytes())
    mia = person(told.mentee).open("/").is_signed_in()
    mia.open(f"/sessions/{told.session.public_id}").reads("Recording")
    mia.page.get_by_role("list", name="Its recordings").get_by_role("link").click()
    mia.is_at(told.path).reads("Recording with Yara Yilmaz")
    stranger = person(world.mentee("Nele Neu")).open("/").is_signed_in().open(told.path)
    stranger.reads("There is no such recording, or it is not yours.")
