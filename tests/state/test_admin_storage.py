"""The page of the stores without a browser: what lies where, moving it, and what fits nowhere."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from jobs.outbox import send
from services import clock, db, outbox
from services.models import FileKind, FileStatus, Orphan, OrphanKind, RecordingFile
from services.providers.storage.registry import store
from services.recordings import transferring
from services.storage import moving
from state import stores
from state.admin_storage import AdminStorageState
from state.base import run
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.rows import a_user, an_admin, saved
from tests.support.filled_recordings import an_orphan
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")

HERE = "/admin/storage"


def opened(address: str = HERE) -> OpenPage[AdminStorageState]:
    """The page, before an admin."""
    return OpenPage(AdminStorageState, an_admin(), address)


def all_of(kind: type[SQLModel]) -> list[Any]:
    """All rows of a table."""
    with db.reading() as session:
        return list(session.exec(select(kind)).all())


def test_stores_that_hang_leave_threads_for_everybody_else() -> None:
    hang = threading.Event()

    async def somebody_else() -> int:
        # More than this process has threads of either kind.
        asked = [asyncio.ensure_future(stores.ask(hang.wait)) for _ in range(40)]
        try:
            return await asyncio.wait_for(run(lambda: 7), 5)
        finally:
            hang.set()
            await asyncio.gather(*asked)

    assert asyncio.run(somebody_else()) == 7


def test_every_store_of_the_settings_is_there_also_when_nothing_lies_in_it() -> None:
    page = opened()
    shown = page.state
    assert [(one.name, one.files, one.size, one.filled) for one in shown.stores] == [
        ("local", "0 files", "0 bytes", False),
        ("recorder", "0 files", "0 bytes", False),
    ]
    assert [one.role for one in shown.stores] == [
        "new recordings are kept here",
        "the recorder writes here",
    ]
    assert (shown.orphans, shown.phase) == ([], "ready")


def test_each_store_is_asked_whether_it_answers_after_the_page_is_there() -> None:
    saved(_file_in("lost_store"))
    page = opened()
    shown = page.state
    assert [one.answer for one in shown.stores] == ["being asked …", "not set up", "being asked …"]
    page.does("look")
    assert [(one.name, one.answer, one.tone) for one in shown.stores] == [
        ("local", "answers", "good"),
        ("lost_store", "not set up", "bad"),
        ("recorder", "answers", "good"),
    ]


def _file_in(name: str) -> RecordingFile:
    recording = a_recording(a_held_session(a_pair()))
    return RecordingFile(
        recording_id=recording.id,
        name="0.mp4",
        kind=FileKind.VIDEO,
        status=FileStatus.CHECKED,
        source="",
        source_key="x/0.mp4",
        store=name,
        key="recordings/x/1.mp4",
        bytes=100,
        sha256="ab" * 32,
        checked_at=clock.utc_now(),
    )


def test_all_recordings_of_a_store_are_moved_and_the_page_shows_how_far_they_are() -> None:
    recording = a_recording(a_held_session(a_pair()))
    a_file(recording, b"x" * 400)
    page = opened()
    shown = page.state
    page.does("ask_move", "local")
    assert (shown.moving, shown.names) == ("local", ["recorder"])
    page.does("move", {"to": "nowhere"})
    assert (shown.moving, shown.wrong_field) == ("local", "to")
    page.does("move", {"to": "recorder"})
    assert (shown.moving, shown.notice) == (
        "",
        "They go one after the other, as shown here. They can be watched meanwhile.",
    )
    assert {one.name: one.progress for one in shown.stores}["recorder"] == ""
    for message in outbox.take(only={moving.KIND}):
        send(message)
    page.reconnects()
    arriving = {one.name: one for one in shown.stores}["recorder"]
    assert (arriving.progress, arriving.copied) == ("0 bytes of 400 bytes, 0 %", 0)
    transferring.transfer_due()
    page.reconnects()
    assert {one.name: one.files for one in shown.stores} == {
        "local": "0 files",
        "recorder": "1 file",
    }
    page.does("ask_move", "local")
    page.does("move", {"to": "recorder"})
    assert shown.notice == "There is nothing to move."


def test_a_file_that_no_row_knows_is_deleted_or_left_with_a_reason() -> None:
    store("local").put("recordings/unknown.mp4", io.BytesIO(b"film"))
    orphan = saved(an_orphan(bytes=4))
    page = opened()
    shown = page.state
    [line] = shown.orphans
    assert (line.what, line.deletable, line.adoptable) == ("no recording knows it", True, False)
    page.does("ask", orphan.public_id, "delete")
    page.does("settle", {"reason": ""})
    assert (shown.asking, shown.wrong_field) == (orphan.public_id, "reason")
    page.does("settle", {"reason": "From a test"})
    assert (shown.asking, shown.orphans, shown.notice) == ("", [], "Settled.")
    assert not store("local").exists("recordings/unknown.mp4")
    page.goes_to(f"{HERE}?only=settled")
    [line] = shown.orphans
    assert (line.how, line.deletable) == ("Deleted: From a test, by Ada Admin", False)


def test_a_row_whose_file_is_missing_cannot_be_deleted_only_noted() -> None:
    recording = a_recording(a_held_session(a_pair()))
    kind = OrphanKind.ROW_WITHOUT_FILE
    orphan = saved(an_orphan(kind=kind, recording_id=recording.id))
    page = opened()
    shown = page.state
    [line] = shown.orphans
    assert (line.what, line.deletable, line.recording_href) == (
        "it is missing in its store",
        False,
        f"/admin/recordings/{recording.public_id}",
    )
    page.does("ask", orphan.public_id, "delete")
    page.does("settle", {"reason": "x"})
    assert shown.notice_tone == "warning"
    page.does("ask", orphan.public_id, "note")
    page.does("settle", {"reason": "The provider lost it"})
    [row] = all_of(Orphan)
    assert row.settled_how == "Noted: The provider lost it"


def test_a_long_list_of_finds_goes_on_after_its_last_row() -> None:
    now = clock.utc_now()
    for number in range(51):
        found = now - timedelta(minutes=number)
        saved(an_orphan(key=f"recordings/{number}.mp4", found_at=found))
    page = opened()
    shown = page.state
    assert (len(shown.orphans), bool(shown.older_href)) == (50, True)
    page.goes_to(shown.older_href)
    assert (len(shown.orphans), shown.older_href, shown.first_href) == (1, "", HERE)


def test_people_who_are_no_admins_see_no_store_and_settle_nothing() -> None:
    orphan = saved(an_orphan())
    page = OpenPage(AdminStorageState, a_user("Mia Maler"), HERE)
    assert (page.state.phase, page.state.stores, page.state.orphans) == ("failed", [], [])
    page.does("ask", orphan.public_id, "note")
    page.does("settle", {"reason": "x"})
    assert [one.settled_at for one in all_of(Orphan)] == [None]
