"""What lists and the page of a recording say: how it stands, until when it is kept, who saw it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services import clock
from services.consent_text import TEXT_VERSION
from services.models import Access, ConsentAnswer, FileKind, FileStatus, RecordingStatus
from services.recordings.views import (
    AccessView,
    CertificateView,
    ConsentView,
    FileView,
    RecordingRow,
    RecordingView,
)
from services.sessions import Side
from state.recording_faces import (
    access_face,
    certificate_face,
    consent_face,
    facts,
    head,
    note,
    part_label,
    parts,
    recording_face,
    standing,
    status_of,
)
from state.recording_words import STATUS

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BERLIN = "Europe/Berlin"


def a_row(status: RecordingStatus = RecordingStatus.READY, **fields: Any) -> RecordingRow:
    row = RecordingRow(
        public_id="rec_1",
        number=1,
        status=status,
        began_at=NOW - DAY,
        ready_at=NOW,
        seconds=3_120,
        bytes=1_200_000_000,
        copied=1_200_000_000,
        files=1,
        videos=1,
        stores=("local",),
        tries=0,
        trouble="",
        keep_until=NOW + 27 * DAY,
        extended=False,
        held=False,
        purging=False,
        purged_at=None,
        session="ses_1",
        starts_at=NOW - DAY,
        ends_at=NOW - DAY + HOUR,
        mentee="usr_1",
        mentee_name="Mia Maler",
        mentee_email="",
        mentor_slug="mina-mentor",
        mentor_name="Mina Mentor",
        mentor_photo=None,
    )
    return replace(row, **fields)


def a_film(part: int = 1, **fields: Any) -> FileView:
    film = FileView(
        public_id=f"fil_{part}",
        kind=FileKind.VIDEO,
        status=FileStatus.CHECKED,
        part=part,
        bytes=600_000_000,
        copied=600_000_000,
        sha256="0" * 64,
        checked_at=NOW,
        gone_at=None,
        removed=0,
    )
    return replace(film, **fields)


def a_view(row: RecordingRow | None = None, side: Side = Side.MENTEE, **fields: Any) -> Any:
    view = RecordingView(
        row=row or a_row(),
        side=side,
        files=(a_film(),),
        consents=(),
        accesses=(),
        accessed=0,
        certificate=None,
        started_at=NOW,
        recording_at=NOW,
        stopped_at=NOW,
        stop_reason="",
        extend_reason="",
        hold_reason="",
        held_at=None,
        purge_asked_at=None,
        purge_reason="",
    )
    return replace(view, **fields)


def test_every_status_has_a_word_and_a_sentence() -> None:
    with clock.at(NOW):
        for status in RecordingStatus:
            row = a_row(status, purged_at=NOW if status is RecordingStatus.PURGED else None)
            word, _ = status_of(row)
            assert word == STATUS[status][0] == status.value
            assert note(row, BERLIN).endswith(".")


def test_each_of_the_two_reads_the_name_of_the_other() -> None:
    with clock.at(NOW):
        mentee, mentor = (
            recording_face(a_row(number=2), side, BERLIN) for side in (Side.MENTEE, Side.MENTOR)
        )
    assert (mentee.name, mentor.name) == ("Mina Mentor", "Mia Maler")
    assert mentee.facts == "52 min · 1.2 GB"
    assert (mentee.which, mentee.href) == ("Recording 2", "/recordings/rec_1")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (a_row(), "Kept until 21 Dec 2026."),
        (a_row(held=True), ""),
        (a_row(purging=True), "It is being deleted."),
        (a_row(purging=True, held=True), "It is deleted as soon as the hold ends."),
        (a_row(RecordingStatus.TRANSFERRING, copied=0, bytes=0), "Its files are being collected."),
        (
            a_row(RecordingStatus.TRANSFERRING, copied=540_000_000, trouble="The store is away."),
            "It is being saved. The store is away.",
        ),
        (a_row(RecordingStatus.FAILED, trouble="Nothing was heard."), "Nothing was heard."),
        (a_row(RecordingStatus.PURGED, purged_at=NOW), "Deleted on 24 Nov 2026."),
    ],
)
def test_a_row_says_in_a_line_what_becomes_of_it(row: RecordingRow, words: str) -> None:
    with clock.at(NOW):
        assert note(row, BERLIN) == words


def test_a_deleted_recording_has_no_size_any_more() -> None:
    assert facts(a_row(RecordingStatus.PURGED, purged_at=NOW)) == "52 min"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (NOW + 27 * DAY, "27 days left. Then it is deleted; the session and its notes stay."),
        (NOW + 2 * DAY, "2 days left. Then it is deleted; the session and its notes stay."),
        (NOW + 47 * HOUR, "47 hours left. Then it is deleted; the session and its notes stay."),
        (NOW + HOUR, "1 hour left. Then it is deleted; the session and its notes stay."),
        (
            NOW + HOUR / 2,
            "Less than an hour left. Then it is deleted; the session and its notes stay.",
        ),
        (NOW - HOUR / 2, "Its time is over. It is being deleted; the session and its notes stay."),
    ],
)
def test_the_countdown_is_in_whole_days_and_at_the_end_in_hours(end: datetime, words: str) -> None:
    with clock.at(NOW):
        assert standing(a_view(a_row(keep_until=end)), BERLIN, NOW).left == words


def test_a_held_recording_has_no_countdown_and_says_why() -> None:
    held = a_view(a_row(held=True), hold_reason="A question is open.", held_at=NOW)
    with clock.at(NOW):
        shown = standing(held, BERLIN, NOW)
    assert (shown.held, shown.hold, shown.left) == (True, "“A question is open.”", "")
    assert shown.held_since.text == "24 Nov 2026"


@pytest.mark.parametrize(
    ("row", "kind", "title"),
    [
        (a_row(RecordingStatus.STARTING), "runs", "The recorder is being started."),
        (a_row(RecordingStatus.RECORDING), "runs", "The session is being recorded now."),
        (a_row(RecordingStatus.TRANSFERRING), "coming", "It is being saved"),
        (a_row(), "ready", ""),
        (a_row(RecordingStatus.FAILED), "failed", "There is nothing to watch"),
        (a_row(purging=True), "going", "It is being deleted"),
        (a_row(RecordingStatus.RECORDING, purging=True), "going", "It is being deleted"),
        (a_row(purging=True, held=True), "going", "It waits to be deleted"),
        (a_row(RecordingStatus.PURGED, purged_at=NOW), "gone", "It is deleted"),
    ],
)
def test_its_page_says_what_can_be_done_with_it_now(
    row: RecordingRow, kind: str, title: str
) -> None:
    with clock.at(NOW):
        shown = standing(a_view(row), BERLIN, NOW)
    assert (shown.kind, shown.title) == (kind, title)


def test_progress_is_in_bytes_and_in_percent() -> None:
    row = a_row(RecordingStatus.TRANSFERRING, copied=450_000_000)
    with clock.at(NOW):
        shown = standing(a_view(row), BERLIN, NOW)
    assert (shown.percent, shown.progress) == (37, "450 MB of 1.2 GB, 37 %")


def test_films_are_offered_only_while_they_can_be_watched_and_an_admin_has_no_plain_link() -> None:
    films = (a_film(1), a_film(2))
    shown = parts(a_view(files=films))
    assert [part.label for part in shown] == ["Part 1 of 2", "Part 2 of 2"]
    assert shown[0].href == "/files/recordings/fil_1"
    assert [part.href for part in parts(a_view(side=Side.ADMIN, files=films))] == ["", ""]
    for row in (a_row(purging=True), a_row(RecordingStatus.FAILED)):
        assert parts(a_view(row, files=films)) == []
    assert part_label(1, 1) == "The film"


def test_a_stream_is_a_part_to_watch_and_to_keep_like_a_film() -> None:
    listed = a_film(2, kind=FileKind.PLAYLIST, public_id="fil_list")
    segment = a_film(0, kind=FileKind.SEGMENT, public_id="fil_segment")
    _, shown = parts(a_view(files=(a_film(), listed, segment)))
    assert (shown.label, shown.href) == ("Part 2 of 2", "/files/recordings/fil_list")
    assert (shown.size, shown.sha256) == ("a stream, saved as .ts", "")
    assert parts(a_view(a_row(purging=True), files=(listed,))) == []


def test_no_list_says_how_far_it_is_since_it_would_not_hear_of_every_step() -> None:
    for copied in (0, 450_000_000):
        row = a_row(RecordingStatus.TRANSFERRING, copied=copied)
        assert note(row, BERLIN) == "It is being saved."


def test_the_page_leads_to_the_session_the_person_and_for_admins_to_their_own_page() -> None:
    with clock.at(NOW):
        mentee, mentor, admin = (head(a_view(side=side), BERLIN) for side in Side)
    assert mentee.title == "Recording with Mina Mentor"
    assert mentee.person_href == "/mentors/mina-mentor"
    assert mentor.person_href == "/mentor/mentees/usr_1"
    assert (admin.title, admin.person_href) == ("Recording: Mia Maler and Mina Mentor", "")
    assert (admin.admin_href, mentee.admin_href) == ("/admin/recordings/rec_1", "")


def test_answers_are_told_in_words_and_an_earlier_text_is_said_to_be_one() -> None:
    def said(answer: ConsentAnswer | None, version: str = TEXT_VERSION) -> str:
        view = ConsentView(Side.MENTEE, "Mia Maler", True, answer, version, NOW)
        return consent_face(view, BERLIN).answer

    with clock.at(NOW):
        assert said(ConsentAnswer.GRANTED) == "agreed"
        assert said(ConsentAnswer.GRANTED, "2020-01") == "agreed, to an earlier text"
        assert said(ConsentAnswer.DECLINED) == "declined"
        assert said(ConsentAnswer.WITHDRAWN) == "took it back"
        assert said(None) == "no answer, which is a no"


def test_who_watched_is_you_the_other_or_the_studio() -> None:
    def said(side: Side, name: str, *, films: int = 1, how: Access = Access.WATCHED) -> str:
        return access_face(
            AccessView(NOW, how, side, name, 2), films, BERLIN, side=Side.MENTEE
        ).words

    with clock.at(NOW):
        assert said(Side.MENTEE, "Mia Maler") == "You watched it"
        assert said(Side.MENTOR, "Mina Mentor", films=3) == "Mina Mentor watched part 2"
        assert said(Side.ADMIN, "", how=Access.DOWNLOADED) == "The studio downloaded it"


def test_a_certificate_says_what_was_removed() -> None:
    found = CertificateView("pur_1", "The time was over.", 5, 1_200_000_000, 2, NOW)
    with clock.at(NOW):
        shown = certificate_face(found, BERLIN)
    assert shown.words == "2 files in 5 versions, 1.2 GB"
    assert certificate_face(None, BERLIN).public_id == ""
