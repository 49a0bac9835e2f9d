"""Recordings as admins look after them, in browsers."""

from __future__ import annotations

import io
import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlmodel import select

from services import clock, db
from services.models import FileStatus, Pack, Recording, RecordingFile, RecordingStatus
from services.providers.storage.registry import store
from services.topics import RECORDINGS, publish
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import World
from tests.services.recorded import recorded
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.rows import saved
from tests.support.filled_recordings import an_orphan

WORK_SECONDS = 60
_HERE = "/admin/recordings"


def a_ready_one(pack: Pack, days_ago: float = 1) -> Recording:
    """A recording of a session, with its film, and what it has cost."""
    session = a_held_session(pack, days_ago=days_ago)
    recorded(session)
    recording = a_recording(session)
    a_file(recording, b"the film of a session")
    return recording


def test_an_admin_holds_releases_and_deletes_a_recording_and_sees_the_proof(
    world: World, person: NewPerson
) -> None:
    recording = a_ready_one(a_pair("Nora Nagl", "Mina Meier"))
    ada = person(world.admin()).is_signed_in().open(f"{_HERE}?q={recording.public_id}")
    ada.follows("Nora Nagl").reads("Recording of Nora Nagl with Mina Meier")
    ada.is_told("Nobody has been given a link to it.")

    ada.presses("Hold it").fills("Reason", "A dispute is open.").presses("Hold it")
    ada.is_told("Nothing deletes it: it is held").is_not_told("Delete it now")
    ada.presses("Lift the hold").fills("Reason", "It was settled.").presses("Lift the hold")
    ada.is_told("The hold is lifted.").is_told("A dispute is open.")

    ada.presses("Delete it now").fills("Reason", "The mentee asked for it.")
    ada.presses("Delete every version")
    proof = ada.page.get_by_label("Proof that it is deleted")
    expect(proof).to_be_visible(timeout=WORK_SECONDS * 1000)  # the worker did it; nobody reloads
    expect(proof.get_by_text("1 file, 1 version")).to_be_visible()
    assert not store("local").exists(_film(recording).key)
    is_for_everyone(ada.page)


def test_a_recording_is_kept_longer_and_goes_to_another_store_while_everybody_may_watch(
    world: World, person: NewPerson
) -> None:
    recording = a_ready_one(a_pair("Nils Nagl", "Mona Meier"))
    ada = person(world.admin()).is_signed_in().open(f"{_HERE}/{recording.public_id}")
    ada.presses("Keep it longer").fills("Reason", "A second look.").presses("Keep it")
    ada.is_told("It is kept for longer.").is_told("A second look.")
    ada.presses("Move it")
    ada.page.get_by_label("To the store").select_option("recorder")
    is_for_everyone(ada.page)
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ada.presses("Move it").is_told("Its files are on their way.")
    where = ada.page.get_by_role("row").filter(has_text="Film 1")
    expect(where.get_by_text("checked")).to_be_visible(timeout=WORK_SECONDS * 1000)
    assert _film(recording).store == "recorder"


def test_the_list_shows_how_far_each_recording_is_as_it_goes_on(
    world: World, person: NewPerson
) -> None:
    pack = a_pair("Nele Nagl", "Mara Meier")
    a_ready_one(pack, days_ago=2)
    coming = a_recording(a_held_session(pack), RecordingStatus.TRANSFERRING)
    file = a_file(
        coming,
        status=FileStatus.WAITING,
        bytes=1_000,
        copied=250,
        sha256="",
        checked_at=None,
    )
    a_recording(
        a_held_session(pack, days_ago=3),
        RecordingStatus.FAILED,
        trouble="The recorder left a file that is empty.",
    )
    ada = person(world.admin()).is_signed_in().open(f"{_HERE}?q=nele+nagl")
    row = ada.page.get_by_role("row").filter(has_text="transferring")
    expect(row.get_by_text("250 bytes of 1 kB, 25 %")).to_be_visible()
    with db.transaction() as session:
        session.get_one(RecordingFile, file.id).copied = 750
        publish(session, RECORDINGS)
    expect(row.get_by_text("750 bytes of 1 kB, 75 %")).to_be_visible()
    is_for_everyone(ada.page)

    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ada.follows("Needs help")
    expect(ada.page.locator("main tbody tr")).to_have_count(1)
    ada.is_told("The recorder left a file that is empty.")


def test_a_store_is_emptied_and_what_fits_nowhere_is_settled(
    world: World, person: NewPerson
) -> None:
    store("local").put("recordings/strange.mp4", io.BytesIO(b"strange"))
    found = clock.utc_now() - timedelta(days=1)
    saved(an_orphan(key="recordings/strange.mp4", bytes=7, found_at=found))
    saved(an_orphan(key="recordings/other.mp4", bytes=7, found_at=found))
    ada = person(world.admin()).is_signed_in().open("/admin/storage").reads("Stores")
    expect(ada.page.get_by_role("row").filter(has_text="the recorder writes here")).to_contain_text(
        re.compile("answers")
    )
    strange = ada.page.get_by_role("row").filter(has_text="strange.mp4").first
    strange.get_by_role("button", name="Delete it").click()
    is_for_everyone(ada.page)
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    ada.fills("Reason", "It is from another shop.").presses("Delete every version")
    ada.is_told("Settled.").is_not_told("recordings/strange.mp4")
    assert not store("local").exists("recordings/strange.mp4")

    ada.page.get_by_role("row").filter(has_text="other.mp4").first.get_by_role(
        "button", name="Leave it so"
    ).click()
    ada.fills("Reason", "We know it.").presses("Leave it so").is_told("Settled.")
    ada.follows("Settled").is_told("Noted: We know it., by Ada Admin")
    is_for_everyone(ada.page)


def _film(recording: Recording) -> RecordingFile:
    own = select(RecordingFile).where(RecordingFile.recording_id == recording.id)
    with db.reading() as session:
        return session.exec(own).one()
