"""Asking two people whether their session may be recorded: no answer is no, a no costs nothing, and
a yes can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import pytest
from sqlmodel import col, select, update

from services import clock, consent, db, rooms
from services.audit import Actor
from services.config import settings
from services.consent import TEXT_VERSION, Withdrawn
from services.errors import AppError, Conflict, NotAllowed, NotFound, SignInNeeded, TooLate
from services.ids import UserId
from services.models import (
    RUNNING,
    Consent,
    MentoringSession,
    Pack,
    Recording,
    RecordingStatus,
    SessionJoin,
    SessionStatus,
    User,
)
from services.recordings import purging, running
from services.recordings.reasons import WITHDRAWN as TAKEN_BACK
from tests.chaos import crowd
from tests.services.meetings import audited
from tests.services.recorders import Room, recorded, room
from tests.services.recording_rows import a_pair, a_recording
from tests.services.rows import VISITOR, a_session, a_user, acting, an_admin
from tests.support.agora import in_folder
from tests.support.studio import BEGINNING, stored

__all__ = ["recorded", "room"]
NONE, GRANTED, DECLINED, WITHDRAWN = "none", "granted", "declined", "withdrawn"
STATES = (NONE, GRANTED, DECLINED, WITHDRAWN)
COMBINATIONS = list(product(STATES, STATES))
YES, NO, BACK = "yes", "no", "take back"
ACTIONS = (YES, NO, BACK)


@dataclass
class Pair:
    """Two people and their session."""

    session: MentoringSession
    actors: tuple[Actor, Actor]

    def does(self, who: int, action: str) -> None:
        """One of them answers."""
        name = self.session.public_id
        if action == BACK:
            consent.withdraw(actor=self.actors[who], session=name)
        else:
            consent.answer(
                actor=self.actors[who],
                session=name,
                granted=action == YES,
                text_version=TEXT_VERSION,
            )

    def come_to(self, who: int, state: str) -> None:
        """Give the answers that lead there."""
        for action in {NONE: (), GRANTED: (YES,), DECLINED: (NO,), WITHDRAWN: (YES, BACK)}[state]:
            self.does(who, action)

    def states(self) -> tuple[str, str]:
        """What counts of each now."""
        with db.reading() as reading:
            found = consent.answers(reading, self.session)
        first, second = (found.get(self.person(who)) for who in (0, 1))
        return (
            first.answer.value if first else NONE,
            second.answer.value if second else NONE,
        )

    def person(self, who: int) -> UserId:
        user_id = self.actors[who].user_id
        assert user_id is not None
        return user_id

    def enter(self, *people: int) -> None:
        """They come in, both unless told otherwise; and what is wanted is considered."""
        now = clock.utc_now()
        with db.transaction() as tx:
            for who in people or (0, 1):
                tx.add(
                    SessionJoin(
                        session_id=self.session.id,
                        user_id=self.person(who),
                        joined_at=now,
                        seen_at=now,
                    )
                )
            tx.flush()
            running.reconsider(tx, session=tx.get_one(MentoringSession, self.session.id))

    def another(self) -> Pair:
        """One more session of the two, at the same time: nobody occupies it any more, since it is
        settled, and its room is still open."""
        with db.reading() as reading:
            pack = reading.get_one(Pack, self.session.pack_id)
        row = a_session(pack, clock.utc_now(), status=SessionStatus.COMPLETED)
        return Pair(row, self.actors)

    def recordings(self) -> list[Recording]:
        with db.reading() as reading:
            mine = select(Recording).where(Recording.session_id == self.session.id)
            return list(reading.exec(mine.order_by(col(Recording.number))).all())

    def is_recorded(self) -> bool:
        """Whether a recorder is in the room, or on its way there."""
        return any(row.status in RUNNING - {RecordingStatus.STOPPING} for row in self.recordings())


_names = iter(range(10_000))


def a_session_of_two(status: SessionStatus = SessionStatus.IN_PROGRESS) -> Pair:
    number = next(_names)
    pack = a_pair(f"Nora Novak {number}", f"Mina Mentor {number}")
    row = a_session(pack, clock.utc_now(), status=status)
    with db.reading() as reading:
        people = [reading.get_one(User, each) for each in (row.mentor_user_id, row.mentee_id)]
    first, second = (acting(each) for each in people)
    return Pair(row, (first, second))


@pytest.fixture
def pair(database: str) -> Iterator[Pair]:
    """Two people whose session has just begun; the clock stands still."""
    with clock.at(BEGINNING):
        yield a_session_of_two()


def after(state: str, action: str) -> str:
    """What an answer makes of the one before."""
    match action:
        case "yes":
            return GRANTED
        case "no":
            return {GRANTED: WITHDRAWN, WITHDRAWN: WITHDRAWN}.get(state, DECLINED)
        case _:
            return {GRANTED: WITHDRAWN}.get(state, state)


# The matrix: two people, four states each


def test_before_they_come_a_session_is_recorded_only_if_both_said_yes(pair: Pair) -> None:
    for states in COMBINATIONS:
        one = pair.another()
        for who, state in enumerate(states):
            one.come_to(who, state)
        assert (one.states(), one.recordings()) == (states, [])
        one.enter()
        assert one.is_recorded() is (states == (GRANTED, GRANTED)), states
        assert len(one.recordings()) == (states == (GRANTED, GRANTED)), states


@pytest.mark.parametrize("first", STATES)
def test_each_answer_during_the_session_sends_a_recorder_in_or_has_it_leave(
    pair: Pair, first: str
) -> None:
    for second, who, action in product(STATES, (0, 1), ACTIONS):
        states = (first, second)
        one = pair.another()
        for person, state in enumerate(states):
            one.come_to(person, state)
        one.enter()
        before = one.is_recorded()
        expected = list(states)
        expected[who] = after(states[who], action)
        case = f"{states}: person {who} says {action}"
        if action == BACK and states[who] in {NONE, DECLINED}:
            with pytest.raises(Conflict):
                one.does(who, action)
        else:
            one.does(who, action)
        assert one.states() == tuple(expected), case
        assert before is (states == (GRANTED, GRANTED)), case
        assert one.is_recorded() is (expected == [GRANTED, GRANTED]), case
        if before and not one.is_recorded():
            [row] = one.recordings()
            assert (row.status, row.stop_reason) == (RecordingStatus.STOPPING, TAKEN_BACK), case
            assert row.purge_asked_at is not None, case


def test_whatever_they_answer_the_session_itself_is_not_touched(pair: Pair) -> None:
    for states in COMBINATIONS:
        one = pair.another()
        before = one.session.model_dump()
        one.enter()
        for who, state in enumerate(states):
            one.come_to(who, state)
        with db.reading() as reading:
            assert reading.get_one(MentoringSession, one.session.id).model_dump() == before


def test_who_comes_later_without_a_yes_is_never_recorded(pair: Pair) -> None:
    for states in COMBINATIONS:
        one = pair.another()
        for who, state in enumerate(states):
            one.come_to(who, state)
            one.enter(who)
            assert one.is_recorded() is (who == 1 and states == (GRANTED, GRANTED)), states


# A yes, a no, and taking it back


def test_an_answer_is_kept_with_the_version_of_the_text_and_its_story_in_the_audit(
    pair: Pair,
) -> None:
    pair.does(0, YES)
    pair.does(0, YES)
    pair.does(0, BACK)
    pair.does(0, BACK)
    pair.does(0, YES)
    [row] = stored(Consent)
    assert (row.text_version, row.answered_at) == (TEXT_VERSION, BEGINNING)
    assert audited(pair.session.public_id) == [
        "consent.granted",
        "consent.withdrawn",
        "consent.granted",
    ]


def test_an_answer_to_an_older_text_is_refused_and_changes_nothing(pair: Pair) -> None:
    with pytest.raises(Conflict, match="Read it again"):
        consent.answer(
            actor=pair.actors[0],
            session=pair.session.public_id,
            granted=True,
            text_version="2020-01",
        )
    assert stored(Consent) == []


def test_a_yes_to_an_older_text_does_not_begin_a_recording_until_it_is_said_again(
    pair: Pair,
) -> None:
    pair.come_to(0, GRANTED)
    pair.come_to(1, GRANTED)
    with db.transaction() as tx:
        tx.exec(update(Consent).values(text_version="2020-01"))
    pair.enter()
    assert not pair.is_recorded()
    pair.does(0, YES)
    assert not pair.is_recorded()
    pair.does(1, YES)
    assert pair.is_recorded()
    assert {row.text_version for row in stored(Consent)} == {TEXT_VERSION}


def test_a_yes_before_the_session_and_from_its_booking_on_counts(pair: Pair) -> None:
    early = a_session_of_two(SessionStatus.SCHEDULED)
    with db.transaction() as tx:
        later = clock.utc_now() + timedelta(days=3)
        moved = update(MentoringSession).where(col(MentoringSession.id) == early.session.id)
        tx.exec(moved.values(starts_at=later, ends_at=later + timedelta(hours=1)))
    early.does(0, YES)
    early.does(1, NO)
    assert early.states() == (GRANTED, DECLINED)


def test_after_the_end_nobody_can_agree_any_more_but_everybody_can_take_it_back(
    pair: Pair,
) -> None:
    pair.come_to(0, GRANTED)
    recording = a_recording(pair.session)
    with clock.at(rooms.closes_at(pair.session)):
        with pytest.raises(TooLate):
            pair.does(1, YES)
        done = consent.withdraw(actor=pair.actors[0], session=pair.session.public_id)
    assert done == Withdrawn(stopped=False, deleted=1, held=0)
    [row] = pair.recordings()
    assert row.public_id == recording.public_id
    assert (row.purge_asked_at is not None, row.purge_reason) == (True, TAKEN_BACK)


def test_a_canceled_session_is_not_agreed_to(pair: Pair) -> None:
    with db.transaction() as tx:
        canceled = {"status": SessionStatus.CANCELED, "canceled_at": clock.utc_now()}
        tx.exec(update(MentoringSession).values(**canceled))
    with pytest.raises(Conflict, match="canceled"):
        pair.does(0, YES)


def test_taking_it_back_deletes_every_recording_but_what_is_held(pair: Pair) -> None:
    pair.come_to(0, GRANTED)
    now = clock.utc_now()
    a_recording(pair.session, number=1)
    a_recording(pair.session, RecordingStatus.FAILED, number=2)
    a_recording(pair.session, number=3, held_at=now, hold_reason="a court")
    a_recording(pair.session, RecordingStatus.PURGED, number=4)
    done = consent.withdraw(actor=pair.actors[0], session=pair.session.public_id)
    assert done == Withdrawn(stopped=False, deleted=2, held=1)


def test_the_others_yes_stays_when_one_takes_theirs_back(pair: Pair) -> None:
    pair.come_to(0, GRANTED)
    pair.come_to(1, WITHDRAWN)
    assert pair.states() == (GRANTED, WITHDRAWN)


# Who may


def test_only_the_two_people_answer_and_each_for_themselves(pair: Pair) -> None:
    refusals: list[tuple[Actor, type[AppError]]] = [
        (VISITOR, SignInNeeded),
        (acting(a_user("Sam Stranger")), NotFound),
        (acting(an_admin()), NotAllowed),
    ]
    for actor, error in refusals:
        with pytest.raises(error):
            consent.answer(
                actor=actor,
                session=pair.session.public_id,
                granted=True,
                text_version=TEXT_VERSION,
            )
        with pytest.raises(error):
            consent.withdraw(actor=actor, session=pair.session.public_id)
    with pytest.raises(NotFound):
        consent.withdraw(actor=pair.actors[0], session="ses_never")
    assert stored(Consent) == []


# The text


def test_the_text_names_how_long_who_sees_it_that_no_is_free_and_how_to_take_it_back() -> None:
    whole = " ".join(consent.text_of(TEXT_VERSION))
    assert f"{settings().recording_days} days" in whole
    for words in ("keep it longer", "legal hold", "costs you nothing", "take a yes back", "reason"):
        assert words in whole
    assert settings().studio_name in whole


def test_there_is_no_text_of_a_version_that_never_was() -> None:
    with pytest.raises(KeyError):
        consent.text_of("2020-01")


# Together with the recorder


def test_taking_it_back_ends_the_recorder_and_the_recording(recorded: Room) -> None:
    with db.reading() as reading:
        person = acting(reading.get_one(User, recorded.people[1]))
    done = consent.withdraw(actor=person, session=recorded.session.public_id)
    assert done == Withdrawn(stopped=True, deleted=1, held=0)
    recorded.wait(5)
    assert recorded.at_work() == 0
    recorded.deliver()
    recorded.wait(60)
    purging.purge_due()
    assert recorded.states == ["transferring"], "it may still write"
    recorded.wait(90)
    purging.purge_due()
    assert recorded.states == ["purged"]
    assert (recorded.files(), in_folder(recorded.folder)) == ([], [])


def test_taking_it_back_before_the_recorder_was_started_leaves_nothing(room: Room) -> None:
    room.agree()
    room.enter()
    with db.reading() as reading:
        person = acting(reading.get_one(User, room.people[0]))
    done = consent.withdraw(actor=person, session=room.session.public_id)
    assert done == Withdrawn(stopped=True, deleted=1, held=0)
    room.work()
    purging.purge_due()
    assert (room.states, room.world.recordings()) == (["purged"], [])


def test_one_yes_and_one_taken_back_at_once_leave_nobody_recorded(pair: Pair) -> None:
    pair.enter()
    pair.does(0, YES)
    now = clock.utc_now()

    def at_now(who: int, action: str) -> None:
        with clock.at(now):
            pair.does(who, action)

    for _ in range(3):
        crowd.together([lambda: at_now(1, YES), lambda: at_now(0, BACK)])
        assert pair.states() == (WITHDRAWN, GRANTED)
        assert not pair.is_recorded()
        pair.does(1, NO)
        pair.does(0, YES)
