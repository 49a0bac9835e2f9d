"""The page of one recording for admins, without a browser: what stands there, what buttons do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import SQLModel, select

from pages.admin_recording import TOLD
from services import clock, db
from services.models import (
    Access,
    AuditEntry,
    FileStatus,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingStatus,
    User,
)
from services.recordings import purging, transferring
from state.admin_recording import AdminRecordingState
from tests.services.recorded import recorded
from tests.services.recording_rows import (
    a_file,
    a_held_session,
    a_pair,
    a_recording,
    answered,
    mentee_user,
)
from tests.services.rows import a_user, an_admin, saved
from tests.support.open_page import OpenPage
from tests.support.servers import environment_of

pytestmark = pytest.mark.usefixtures("database")

DAY = timedelta(days=1)


def opened(recording: Recording, boss: User | None = None) -> OpenPage[AdminRecordingState]:
    """The recording's page, before an admin."""
    address = f"/admin/recordings/{recording.public_id}"
    return OpenPage(AdminRecordingState, boss or an_admin(), address)


def a_ready_one(**fields: Any) -> Recording:
    """A recording of yesterday with one film."""
    recording = a_recording(a_held_session(a_pair()), **fields)
    a_file(recording, b"film")
    return recording


def now_of(recording: Recording) -> Recording:
    """The row as it is now."""
    with db.reading() as session:
        return session.get_one(Recording, recording.id)


def all_of(kind: type[SQLModel]) -> list[Any]:
    """All rows of a table."""
    with db.reading() as session:
        return list(session.exec(select(kind)).all())


def may(page: OpenPage[AdminRecordingState]) -> set[str]:
    """Which buttons there are."""
    shown = page.state
    flags = {
        "extend": shown.may_extend,
        "hold": shown.may_hold,
        "release": shown.may_release,
        "purge": shown.may_purge,
        "retry": shown.may_retry,
        "move": shown.may_move,
    }
    return {name for name, is_so in flags.items() if is_so}


def test_everything_about_a_recording_stands_on_its_page() -> None:
    session = a_held_session(a_pair("Nora Novak", "Mina Mentor"))
    recorded(session, seconds=1_800)
    recording = a_recording(session, seconds=1_800, stop_reason="The session was over.", sid="sid1")
    file = a_file(recording, b"x" * 2_000)
    mentee = mentee_user(session)
    answered(session, mentee.id)
    saved(
        RecordingAccess(
            recording_id=recording.id, file_id=file.id, user_id=mentee.id, how=Access.WATCHED
        )
    )
    page = opened(recording)
    shown = page.state
    assert (shown.head.mentee, shown.head.mentor, shown.head.status) == (
        "Nora Novak",
        "Mina Mentor",
        "ready",
    )
    facts = {one.name: one.value for one in shown.facts}
    assert facts["Recorded"] == "30 min"
    assert facts["Why it ended"] == "The session was over."
    assert facts["At the video service"] == "sid1"
    [line] = shown.files
    assert (line.kind, line.size, line.sha256, line.store, line.status) == (
        "Film 1",
        "2 kB",
        file.sha256,
        "local",
        "checked",
    )
    assert [(one.who, one.how) for one in shown.accesses] == [("Nora Novak", "watched")]
    assert [(one.who, one.answer) for one in shown.consents] == [
        ("Nora Novak", "granted"),
        ("Mina Mentor", "no answer, which is no"),
    ]
    assert shown.cost.recording != "US$0.00" and "30 min recorded" in shown.cost.measured
    assert may(page) == {"extend", "hold", "purge", "move"}
    assert shown.proof.public_id == ""
    page.goes_to("/admin/recordings/rec_nothing")
    assert shown.phase == "missing"


def test_the_new_end_that_is_offered_is_a_day_of_the_studios_zone_not_of_the_admins() -> None:
    studio = ZoneInfo("America/New_York")
    end = (clock.utc_now() + timedelta(days=90)).replace(hour=22, minute=0, second=0, microsecond=0)
    offered = end.astimezone(studio).date() + timedelta(days=30)
    recording, boss = a_ready_one(keep_until=end), an_admin()
    with db.transaction() as tx:
        tx.get_one(User, boss.id).time_zone = "Pacific/Auckland"
    with environment_of({"STUDIO_TIMEZONE": studio.key}):
        page = opened(recording, boss)
        shown = page.state
        assert (shown.until, shown.until_zone) == (offered.isoformat(), studio.key)
        page.does("ask", "extend")
        page.does("answer", {"until": shown.until, "reason": "A second look"})
    midnight = datetime.combine(offered + timedelta(days=1), time(), studio)
    assert now_of(recording).keep_until == midnight


@pytest.mark.parametrize(
    ("question", "mail"),
    [("extend", "extended"), ("hold", "held"), ("release", "released"), ("purge", "purged")],
)
def test_whose_reason_is_mailed_to_both_is_asked_for_saying_so(question: str, mail: str) -> None:
    template = Path(f"services/mail/templates/recording_{mail}.txt").read_text(encoding="utf-8")
    assert ("Both people read it." in TOLD[question]) == ("{{ reason }}" in template)


def test_an_extension_needs_a_later_day_and_a_reason_and_both_people_hear_of_it() -> None:
    recording = a_ready_one()
    page = opened(recording)
    shown = page.state
    page.does("ask", "extend")
    assert (shown.asking, bool(shown.until)) == ("extend", True)
    page.does("answer", {"until": "", "reason": "x"})
    assert (shown.asking, shown.wrong_field) == ("extend", "until")
    page.does("answer", {"until": "2020-01-01", "reason": "A second look"})
    assert (shown.asking, shown.wrong_field) == ("extend", "until")
    page.does("answer", {"until": shown.until, "reason": " "})
    assert (shown.asking, shown.wrong_field) == ("extend", "reason")

    page.does("answer", {"until": shown.until, "reason": "A second look"})
    assert (shown.asking, shown.wrong, shown.notice_tone) == ("", "", "good")
    assert "extended" in shown.head.marks
    before, after = recording.keep_until, now_of(recording).keep_until
    assert before and after and after > before
    assert ("Kept for longer", "Ada Admin", "A second look") in [
        (one.what, one.who, one.reason) for one in shown.story
    ]


def test_a_hold_stands_above_deletion_and_is_lifted_again() -> None:
    recording = a_ready_one()
    page = opened(recording)
    shown = page.state
    page.does("ask", "hold")
    page.does("answer", {"reason": "A dispute is open"})
    assert (shown.hold_reason, may(page)) == ("A dispute is open", {"extend", "release", "move"})
    page.does("ask", "purge")
    page.does("answer", {"reason": "Now"})
    assert shown.notice_tone == "warning", "the button was not there, and the service refuses"
    assert now_of(recording).purge_asked_at is None
    page.does("ask", "release")
    page.does("answer", {"reason": "It was settled"})
    assert (shown.hold_reason, now_of(recording).held_at) == ("", None)
    assert "purge" in may(page)


def test_what_an_admin_deletes_is_gone_with_a_proof_on_the_page() -> None:
    recording = a_ready_one()
    page = opened(recording)
    shown = page.state
    page.does("ask", "purge")
    page.does("answer", {"reason": "They asked for it on the phone"})
    assert (shown.head.marks, shown.wish) == (["to be deleted"], "They asked for it on the phone")
    assert may(page) == {"hold"}
    purging.purge_due()
    page.reconnects()
    assert (shown.head.status, may(page)) == ("purged", set())
    [certificate] = all_of(PurgeCertificate)
    assert (shown.proof.public_id, shown.proof.gone) == (
        certificate.public_id,
        "1 file, 1 version, 4 bytes",
    )
    [gone] = shown.purged
    assert (gone.size, gone.versions, len(gone.sha256)) == ("4 bytes", "1", 64)
    assert [one.status for one in shown.files] == ["deleted"]
    assert shown.watch_href == ""


def test_a_recording_goes_to_another_store_and_can_be_watched_meanwhile() -> None:
    recording = a_ready_one()
    page = opened(recording)
    shown = page.state
    page.does("ask", "move")
    assert shown.stores == ["recorder"]
    page.does("answer", {"to": "nowhere"})
    assert (shown.asking, shown.wrong_field) == ("move", "to")
    page.does("answer", {"to": "recorder"})
    assert (shown.asking, shown.head.marks) == ("", ["being moved"])
    assert shown.head.progress.startswith("0 bytes of 4 bytes")
    assert shown.watch_href
    assert "move" not in may(page)
    transferring.transfer_due()
    page.reconnects()
    assert [(one.store, one.status) for one in shown.files] == [("recorder", "checked")]
    assert shown.head.marks == []


def test_what_failed_is_tried_again_and_the_page_says_what_stood_against_it() -> None:
    recording = a_recording(
        a_held_session(a_pair()), RecordingStatus.FAILED, trouble="A file was cut short."
    )
    a_file(
        recording,
        status=FileStatus.WAITING,
        source="recorder",
        bytes=100,
        copied=50,
        sha256="",
        checked_at=None,
    )
    page = opened(recording)
    shown = page.state
    assert (shown.head.note, may(page)) == (
        "A file was cut short.",
        {"extend", "hold", "purge", "retry"},
    )
    assert [(one.status, one.tone) for one in shown.files] == [("did not arrive", "bad")]
    page.does("try_again")
    assert (shown.head.status, shown.head.note) == ("transferring", "")
    assert "recording.retried" in {one.action for one in all_of(AuditEntry)}


def test_a_question_that_there_is_not_opens_nothing_and_answers_nothing() -> None:
    recording = a_ready_one()
    page = opened(recording)
    page.does("ask", "everything")
    assert page.state.asking == ""
    page.does("answer", {"reason": "x"})
    page.does("try_again")
    assert page.state.notice_tone == "warning"
    assert [one for one in all_of(AuditEntry) if one.thing == recording.public_id] == []


def test_people_who_are_no_admins_see_nothing_and_change_nothing() -> None:
    recording = a_ready_one()
    page = opened(recording, a_user("Mia Maler"))
    assert (page.state.files, page.state.story) == ([], [])
    assert page.state.phase in {"failed", "missing"}
    page.does("ask", "purge")
    page.does("answer", {"reason": "x"})
    assert now_of(recording).purge_asked_at is None
