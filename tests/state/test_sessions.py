"""What lists and the page of a session say: times in two zones, what one may do, how it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services import clock
from services.models import ObjectionStatus, SessionStatus
from services.sessions import (
    HistoryLine,
    ObjectionView,
    ProposalView,
    SessionRow,
    SessionView,
    Side,
)
from state.mentor_sessions import grouped
from state.session_faces import (
    choices,
    head,
    history_face,
    objection_face,
    outcome,
    proposal_face,
)
from state.session_times import countdown, rights, times
from state.sessions import STATUS, note, session_face, span

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
STARTS = NOW + timedelta(days=2)
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
DAY_BEFORE = STARTS - timedelta(hours=24)


def a_row(starts_at: datetime = STARTS, **fields: Any) -> SessionRow:
    row = SessionRow(
        public_id="ses_1",
        sequence=3,
        status=SessionStatus.SCHEDULED,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        late=False,
        mentee="usr_1",
        mentee_name="Mia Maler",
        mentee_email="",
        mentor_slug="mina-mentor",
        mentor_name="Mina Mentor",
        mentor_photo=None,
        decide_by=None,
        object_until=None,
        objection=None,
        proposed_by_mentor=None,
        has_link=True,
    )
    return replace(row, **fields)


def a_view(side: Side = Side.MENTEE, row: SessionRow | None = None, **fields: Any) -> SessionView:
    row = row or a_row()
    view = SessionView(
        row=row,
        side=side,
        mentee_zone=BERLIN,
        mentor_zone=KOLKATA,
        pack="pck_1",
        pack_title="Four sessions",
        goals="",
        joins_open_at=row.starts_at - 15 * MINUTE,
        change_until=row.starts_at - timedelta(hours=24),
        mentee_joined_at=None,
        mentor_joined_at=None,
        back_until=None,
        cancel_reason="",
        canceled_by_name="",
        canceled_at=None,
        outcome_at=None,
        outcome_by_name="",
        credit_back=False,
        proposal=None,
        objection=None,
        notes=(),
        history=(),
    )
    return replace(view, **fields)


def ended(status: SessionStatus, side: Side = Side.MENTEE, **fields: Any) -> SessionView:
    row = a_row(NOW - 2 * HOUR, status=status, **fields.pop("row", {}))
    return a_view(side, row, **fields)


def a_proposal(*, by_mentor: bool) -> ProposalView:
    name = "Mina Mentor" if by_mentor else "Mia Maler"
    at = STARTS + timedelta(days=1)
    return ProposalView("pro_1", by_mentor, name, at, at + HOUR, "I am ill.")


def test_every_status_has_its_own_words_in_lists() -> None:
    assert set(STATUS) == set(SessionStatus)
    assert all(word == status.value for status, (word, _) in STATUS.items())


def test_a_session_is_read_on_ones_own_clock_and_the_zone_stands_behind_it() -> None:
    with clock.at(NOW):
        shown = span(STARTS, STARTS + HOUR, KOLKATA)
    assert shown.text == "Thu 26 Nov, 14:30 to 15:30"
    assert shown.full == "26 Nov 2026, 14:30 to 15:30 (Asia/Kolkata)"


def test_the_year_is_said_when_it_is_another_one() -> None:
    with clock.at(NOW):
        assert "2 Jan 2027" in span(datetime(2027, 1, 2, tzinfo=UTC), STARTS, "UTC").text


def test_both_clocks_are_shown_and_one_alone_where_they_agree() -> None:
    with clock.at(NOW):
        seen = times(a_view(), BERLIN, NOW)
        assert seen.mine.text == "Thu 26 Nov, 10:00 to 11:00"
        assert seen.theirs == "Thu 26 Nov, 14:30 to 15:30 for Mina Mentor (Asia/Kolkata)"
        assert times(a_view(mentor_zone=BERLIN), BERLIN, NOW).theirs == ""
        both = times(a_view(Side.ADMIN), "UTC", NOW).theirs
        assert "Mia Maler (Europe/Berlin)" in both and "Mina Mentor (Asia/Kolkata)" in both


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (NOW, "Starts in 2 days."),
        (STARTS - timedelta(hours=26, minutes=5), "Starts in 1 day and 2 hours."),
        (STARTS - 61 * MINUTE, "Starts in 1 hour and 1 minute."),
        (STARTS - 14 * MINUTE, "Starts in 14 minutes."),
        (STARTS - 10 * SECOND, "Starts in less than a minute."),
        (STARTS, "It has begun and ends in 1 hour."),
        (STARTS + HOUR, "It is over."),
    ],
)
def test_the_countdown_is_in_words(now: datetime, words: str) -> None:
    assert countdown(a_view(), now) == words


def test_nothing_is_counted_down_for_what_does_not_take_place() -> None:
    assert countdown(ended(SessionStatus.CANCELED), NOW) == ""


def test_a_mentee_may_move_and_cancel_until_24_hours_before_to_the_second() -> None:
    with clock.at(NOW):
        before = rights(a_view(), BERLIN, DAY_BEFORE)
        after = rights(a_view(), BERLIN, DAY_BEFORE + SECOND)
    assert (before.move_href, before.cancels, before.late) == (
        "/sessions/ses_1/move?sequence=3", True, False,
    )  # fmt: skip
    assert "until 25 Nov 2026, 10:00 (Europe/Berlin)" in before.change_note
    assert (after.move_href, after.cancels, after.late) == ("", True, True)
    assert "the session is used" in after.change_note
    assert (before.propose_href, after.propose_href) == (
        "", "/sessions/ses_1/move?sequence=3&propose=1",
    )  # fmt: skip


def test_a_mentor_may_change_it_until_its_end_and_nobody_moves_what_has_begun() -> None:
    view = a_view(Side.MENTOR)
    for now in (DAY_BEFORE + SECOND, STARTS - SECOND):
        may = rights(view, KOLKATA, now)
        assert may.move_href and may.propose_href and may.cancels and not may.late
    begun = rights(view, KOLKATA, STARTS)
    assert (begun.move_href, begun.propose_href, begun.cancels) == ("", "", True)
    assert not rights(view, KOLKATA, STARTS + HOUR).cancels
    assert not rights(a_view(), BERLIN, STARTS).cancels


def test_a_second_proposal_is_not_offered_while_one_is_open() -> None:
    open_one = a_view(Side.MENTOR, proposal=a_proposal(by_mentor=True))
    assert rights(open_one, KOLKATA, NOW).propose_href == ""


@pytest.mark.parametrize("side", [Side.MENTEE, Side.MENTOR])
def test_joining_opens_15_minutes_before_and_ends_with_the_session(side: Side) -> None:
    view, opens = a_view(side), STARTS - 15 * MINUTE
    with clock.at(STARTS - 20 * MINUTE):
        early = rights(view, BERLIN, STARTS - 20 * MINUTE)
    assert not early.joins
    assert early.join_note == "You can join from 09:45 (Europe/Berlin)."
    assert not rights(view, BERLIN, opens - SECOND).joins
    assert rights(view, BERLIN, opens).joins
    assert rights(view, BERLIN, STARTS + HOUR - SECOND).joins
    assert not rights(view, BERLIN, STARTS + HOUR).joins


def test_an_admin_neither_joins_nor_writes_notes_nor_proposes() -> None:
    may = rights(a_view(Side.ADMIN), "UTC", STARTS - MINUTE)
    assert not (may.joins or may.writes or may.sets_goals or may.propose_href)
    assert may.move_href and may.cancels


def test_what_happened_is_asked_once_it_is_over_and_corrected_by_admins_alone() -> None:
    assert not rights(a_view(Side.MENTOR), BERLIN, STARTS).decides
    assert rights(a_view(Side.MENTOR), BERLIN, STARTS + HOUR).decides
    for side in Side:
        assert rights(ended(SessionStatus.UNRESOLVED, side), BERLIN, NOW).decides
        may = rights(ended(SessionStatus.COMPLETED, side), BERLIN, NOW)
        assert (may.decides, may.corrects) == (False, False)


def test_an_admin_corrects_and_answers_also_as_the_mentor_but_never_as_the_mentee() -> None:
    for side in Side:
        objected = ended(SessionStatus.COMPLETED, side, row={"objection": ObjectionStatus.OPEN})
        may = rights(objected, BERLIN, NOW, is_admin=True)
        assert (may.corrects, may.settles) == (False, side is not Side.MENTEE)
        undisputed = rights(ended(SessionStatus.COMPLETED, side), BERLIN, NOW, is_admin=True)
        assert (undisputed.corrects, undisputed.settles) == (side is not Side.MENTEE, False)
        nobody = rights(objected, BERLIN, NOW)
        assert (nobody.corrects, nobody.settles) == (False, False)


def test_an_outcome_can_be_objected_to_in_time_once_and_by_the_mentee() -> None:
    open_until = {"object_until": NOW}
    view = ended(SessionStatus.COMPLETED, row=open_until)
    assert rights(view, BERLIN, NOW).objects
    assert not rights(view, BERLIN, NOW + SECOND).objects
    assert not rights(replace(view, side=Side.MENTOR), BERLIN, NOW).objects
    objected = ObjectionView(
        "obj_1", SessionStatus.COMPLETED, "No.", ObjectionStatus.OPEN, "", NOW, None
    )
    assert not rights(replace(view, objection=objected), BERLIN, NOW).objects


def test_who_reads_is_i_among_the_answers_and_what_is_said_already_is_not_asked() -> None:
    mentee = {one.value: one.word for one in choices(ended(SessionStatus.UNRESOLVED))}
    mentor = {one.value: one.word for one in choices(ended(SessionStatus.UNRESOLVED, Side.MENTOR))}
    assert mentee["mentor no-show"] == "Mina Mentor did not come"
    assert mentor["mentor no-show"] == "I did not come"
    assert "canceled" in mentor and "canceled" not in mentee
    corrected = choices(ended(SessionStatus.COMPLETED, Side.ADMIN))
    assert "completed" not in {one.value for one in corrected}


@pytest.mark.parametrize(
    ("view", "title", "words"),
    [
        (ended(SessionStatus.COMPLETED), "It took place", "Both joined. One session was used."),
        (
            ended(SessionStatus.CANCELED, canceled_by_name="Mina Mentor", cancel_reason="Ill.",
                  credit_back=True),
            "Canceled",
            "Mina Mentor canceled it. “Ill.” The session went back to the pack.",
        ),
        (
            ended(SessionStatus.MENTEE_NO_SHOW, row={"late": True}, canceled_by_name="Mia Maler"),
            "Canceled late",
            "Mia Maler canceled it after the limit. One session was used.",
        ),
        (
            ended(SessionStatus.MENTOR_NO_SHOW, outcome_by_name="Ada Admin", outcome_at=NOW,
                  credit_back=True),
            "Mina Mentor did not come",
            "Ada Admin said so on 24 Nov 2026. The session went back to the pack.",
        ),
    ],
)  # fmt: skip
def test_the_end_of_a_session_says_who_said_so_and_what_became_of_the_credit(
    view: SessionView, title: str, words: str
) -> None:
    shown = outcome(view, "UTC")
    assert (shown.title, shown.words) == (title, words)


def test_an_open_outcome_says_who_joined_and_what_happens_without_an_answer() -> None:
    decide_by = {"decide_by": NOW + timedelta(days=2)}
    with clock.at(NOW):
        shown = outcome(
            ended(SessionStatus.UNRESOLVED, row=decide_by, mentee_joined_at=NOW), BERLIN
        )
    assert shown.words.startswith("Only Mia Maler joined here.")
    assert "26 Nov 2026, 10:00 (Europe/Berlin), the session goes back" in shown.words


def test_only_the_other_one_answers_a_proposal_and_an_admin_reads_it() -> None:
    proposal = a_proposal(by_mentor=True)
    view = a_view(proposal=proposal)
    with clock.at(NOW):
        mentee, mentor, admin = (
            proposal_face(replace(view, side=side), proposal, BERLIN) for side in Side
        )
    assert (mentee.answers, mentee.mine) == (True, False)
    assert (mentor.answers, mentor.mine) == (False, True)
    assert (admin.answers, admin.mine) == (False, False)
    assert mentee.title == "Mina Mentor proposes another time"
    assert mentor.title == "You propose another time"


def test_a_list_says_what_waits_for_whom() -> None:
    with clock.at(NOW):
        asked = a_row(proposed_by_mentor=True)
        assert note(asked, Side.MENTEE, BERLIN) == "Mina Mentor proposes another time."
        assert note(asked, Side.MENTOR, BERLIN) == "You proposed another time."
        assert note(asked, Side.ADMIN, BERLIN) == "Mina Mentor proposes another time."
        waiting = a_row(status=SessionStatus.UNRESOLVED, decide_by=NOW + HOUR)
        assert "Open until 11:00 (Europe/Berlin)." in note(waiting, Side.MENTOR, BERLIN)
        assert note(a_row(), Side.MENTEE, BERLIN) == ""


def test_a_row_names_the_other_person_and_a_late_canceling() -> None:
    late = a_row(status=SessionStatus.MENTEE_NO_SHOW, late=True)
    assert session_face(late, Side.MENTEE, BERLIN).name == "Mina Mentor"
    assert session_face(late, Side.MENTOR, BERLIN).name == "Mia Maler"
    assert session_face(late, Side.MENTEE, BERLIN).status == "canceled late"
    assert head(a_view(Side.ADMIN)).title == "Mia Maler with Mina Mentor"


def test_an_objection_tells_how_it_stands_and_only_an_open_one_can_be_taken_back() -> None:
    told: set[str] = set()
    for status in ObjectionStatus:
        view = ended(SessionStatus.COMPLETED)
        one = ObjectionView("obj_1", SessionStatus.COMPLETED, "No.", status, "", NOW, None)
        shown = objection_face(view, one)
        assert shown.title.startswith("You objected to “completed”.")
        assert shown.withdraws == (status is ObjectionStatus.OPEN)
        told.add(shown.title)
        for side in (Side.MENTOR, Side.ADMIN):
            assert not objection_face(replace(view, side=side), one).withdraws
    assert len(told) == len(ObjectionStatus)


def test_what_happened_is_told_with_its_times_and_its_reason() -> None:
    with clock.at(NOW):
        line = HistoryLine(NOW, "Mina Mentor", "session.moved", "Ill.", STARTS, STARTS + HOUR)
        shown = history_face(line, BERLIN)
    assert shown.words == "Mina Mentor moved it from Thu 26 Nov, 10:00 to Thu 26 Nov, 11:00"
    assert shown.reason == "Ill."
    reminded = HistoryLine(NOW, "", "reminder.sent", "", to_name="Nora Novak")
    assert history_face(reminded, BERLIN).words == "The studio reminded Nora Novak"
    by_itself = history_face(HistoryLine(NOW, "", "session.strange_thing", "", None, None), BERLIN)
    assert by_itself.words == "The studio strange thing"


def test_a_mentors_days_begin_at_the_mentors_own_midnight() -> None:
    late_evening = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    rows = [
        a_row(NOW - 3 * HOUR, status=SessionStatus.UNRESOLVED),
        a_row(late_evening),
        a_row(NOW + timedelta(days=6)),
        a_row(NOW + timedelta(days=7)),
        a_row(NOW - timedelta(days=1), status=SessionStatus.COMPLETED),
    ]
    in_london = grouped(rows, "Europe/London", NOW)
    assert [(group.title, len(group.rows)) for group in in_london] == [
        ("To decide", 1), ("Today", 1), ("Next 7 days", 1), ("Later", 1), ("Past", 1),
    ]  # fmt: skip
    in_delhi = {group.title: len(group.rows) for group in grouped(rows, KOLKATA, NOW)}
    assert "Today" not in in_delhi, "half past ten in London is the next day in Delhi"


def test_today_is_the_mentors_today_when_it_is_still_yesterday_elsewhere() -> None:
    late = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    (group,) = grouped([a_row(late + 4 * HOUR)], KOLKATA, late)
    assert group.title == "Today"
