"""The pages of recordings for admins without a browser: what they say, and what buttons do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services import clock
from services.models import FileStatus, RecordingStatus
from state import recording_words
from state.admin_recordings import CHOICES, AdminRecordingsState
from tests.services.recorded import recorded
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording
from tests.services.rows import a_user, an_admin
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TONES = {"good", "warning", "bad", "quiet"}
LIST = "/admin/recordings"


def listed(address: str = LIST) -> OpenPage[AdminRecordingsState]:
    """The list, before an admin."""
    return OpenPage(AdminRecordingsState, an_admin(), address)


def named(page: OpenPage[AdminRecordingsState]) -> list[str]:
    """Whose sessions the rows are of, from the top."""
    return [row.mentee for row in page.state.rows]


def test_every_state_of_a_recording_has_its_words_and_can_be_filtered_by() -> None:
    assert set(recording_words.STATUS) == set(RecordingStatus)
    assert set(recording_words.FILE_STATUS) == set(FileStatus)
    assert {tone for _, tone in recording_words.STATUS.values()} <= TONES
    assert {status.value for status in RecordingStatus} < set(CHOICES)
    assert len(set(CHOICES.values())) == len(CHOICES)


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_250_000, "1.3 MB"),
        (123_456_789, "123 MB"),
        (1_200_000_000, "1.2 GB"),
        (2_345_000_000_000, "2,345 GB"),
    ],
)
def test_bytes_are_told_in_the_unit_that_fits(bytes_: int, words: str) -> None:
    assert recording_words.weight(bytes_) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (40, "40 s"), (3_120, "52 min"), (3_600, "1 h"), (3_720, "1 h 2 min")],
)
def test_how_long_it_is_stands_in_minutes(seconds: int, words: str) -> None:
    assert recording_words.length(seconds) == words


def test_what_the_audit_trail_says_has_words_even_if_nobody_thought_of_them() -> None:
    assert recording_words.action_words("recording.held") == "Held"
    assert recording_words.action_words("recording.looked_at") == "Looked at"


def test_where_nothing_was_recorded_the_list_says_so() -> None:
    shown = listed().state
    assert (shown.phase, shown.rows, shown.filtered) == ("ready", [], False)


def test_a_row_says_whose_session_it_is_how_far_it_is_and_what_it_costs() -> None:
    session = a_held_session(a_pair("Nora Novak", "Mina Mentor"))
    recorded(session, seconds=1_800)
    recording = a_recording(session, RecordingStatus.TRANSFERRING, number=2, seconds=1_800)
    a_file(recording, b"x" * 100)
    a_file(
        recording,
        status=FileStatus.WAITING,
        bytes=300,
        copied=100,
        sha256="",
        checked_at=None,
    )
    [row] = listed("/admin/recordings").state.rows
    assert (row.mentee, row.mentor, row.href) == (
        "Nora Novak",
        "Mina Mentor",
        f"/admin/recordings/{recording.public_id}",
    )
    assert (row.status, row.tone, row.marks) == (
        "transferring",
        "warning",
        ["no. 2 of its session"],
    )
    assert (row.progress, row.copied) == ("200 bytes of 400 bytes, 50 %", 500)
    assert (row.lasts, row.size, row.stores) == ("30 min", "400 bytes", "local")
    assert row.cost.startswith("US$0.")


def test_what_is_held_extended_going_or_in_trouble_is_seen_at_once() -> None:
    pack, boss = a_pair(), an_admin()
    now = clock.utc_now()
    held = a_recording(
        a_held_session(pack, days_ago=1),
        held_at=now,
        held_by=boss.id,
        hold_reason="A dispute",
        extended_by=boss.id,
    )
    going = a_recording(a_held_session(pack, days_ago=2), purge_asked_at=now, purge_reason="x")
    failed = a_recording(
        a_held_session(pack, days_ago=3), RecordingStatus.FAILED, trouble="A file was cut short."
    )
    page = OpenPage(AdminRecordingsState, boss, LIST)
    assert [one.marks for one in page.state.rows] == [["held", "extended"], ["to be deleted"], []]
    assert page.state.rows[2].note == "A file was cut short." and page.state.rows[2].is_bad
    for asked, one in (("held", held), ("purging", going), ("trouble", failed)):
        page.goes_to(f"{LIST}?only={asked}")
        assert [row.public_id for row in page.state.rows] == [one.public_id]


def test_a_file_on_its_way_to_another_store_is_being_moved() -> None:
    recording = a_recording(a_held_session(a_pair()))
    a_file(
        recording,
        status=FileStatus.WAITING,
        bytes=300,
        copied=150,
        source="local",
        source_since=clock.utc_now(),
        store="recorder",
    )
    [row] = listed().state.rows
    assert (row.status, row.marks, row.progress) == (
        "ready",
        ["being moved"],
        "150 bytes of 300 bytes, 50 %",
    )


def test_the_list_is_narrowed_to_a_mentor_a_status_or_words_and_the_address_keeps_it() -> None:
    one, other = a_pair("Mia Maler", "Mina Mentor"), a_pair("Ben Bauer", "Otto Oster")
    a_recording(a_held_session(one))
    a_recording(a_held_session(other), RecordingStatus.PURGED)
    page = listed()
    first = next(row for row in page.state.rows if row.mentor == "Mina Mentor")
    page.goes_to(first.mentor_href)
    shown = page.state
    assert (named(page), shown.filtered) == (["Mia Maler"], True)
    [chip] = shown.mentor_chip
    assert (chip.label, chip.href) == ("Sessions of Mina Mentor", LIST)
    ready = {chip.label: chip.href for chip in shown.chips}["Ready"]
    assert ready == f"{LIST}?only=ready&mentor=mina-mentor"

    page.goes_to(f"{LIST}?only=purged")
    assert named(page) == ["Ben Bauer"]
    page.goes_to(f"{LIST}?q=maler")
    assert named(page) == ["Mia Maler"]
    page.goes_to(f"{LIST}?q=nobody")
    assert (named(page), shown.filtered) == ([], True)
    page.goes_to(f"{LIST}?only=weather&mentor=nobody%00")
    assert (named(page), shown.phase) == ([], "ready")


def test_a_long_list_goes_on_after_its_last_row() -> None:
    pack = a_pair()
    for number in range(52):
        a_recording(a_held_session(pack, days_ago=number + 1))
    page = listed()
    shown = page.state
    assert (len(shown.rows), shown.total) == (50, "50 of 52 recordings")
    seen = {row.public_id for row in shown.rows}
    page.goes_to(shown.older_href)
    assert (len(shown.rows), shown.older_href) == (2, "")
    assert not seen & {row.public_id for row in shown.rows}
    page.goes_to(shown.first_href)
    assert {row.public_id for row in shown.rows} == seen


def test_people_who_are_no_admins_see_no_recording_here() -> None:
    a_recording(a_held_session(a_pair()))
    page = OpenPage(AdminRecordingsState, a_user("Mia Maler"), LIST)
    assert (page.state.phase, page.state.rows) == ("failed", [])
