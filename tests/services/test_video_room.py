"""The room of a session: who gets in, for how long, and who is there."""

from __future__ import annotations

import base64
import contextvars
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from services import booking, clock, consent, db, rooms, sessions, video
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, NotAllowed, NotFound, SignInNeeded
from services.models import AuditEntry, Recording, RecordingStatus, SessionJoin, SessionStatus
from services.video import Admission
from tests.services.meetings import HOUR, Together, at, session_of, together
from tests.services.recording_rows import a_recording
from tests.services.rows import VISITOR, a_user, acting, an_admin, counted_reading
from tests.support.servers import environment_of
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
WITHOUT_VIDEO = {
    "APP_ENV": "production",
    "SECRET_KEY": "k" * 64,
    "PUBLIC_URL": "https://studio.example.com",
    "STRIPE_SECRET_KEY": "sk_live_1234567890",
    "STRIPE_WEBHOOK_SECRET": "whsec_1234567890",
    "RESEND_API_KEY": "re_1234567890",
}
"""The least that a studio in production sets."""
OPENS, CLOSES = START - 15 * MINUTE, END + 15 * MINUTE


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the clock stands still."""
    with clock.at(BEGINNING):
        yield together()


@pytest.fixture
def session(pair: Together) -> str:
    """One booked session of the pair."""
    [booked] = pair.book(START)
    return booked


def enters(actor: Actor, session: str, when: datetime) -> Admission:
    with clock.at(when):
        return video.enter(actor=actor, session=session)


def beats(actor: Actor, session: str, when: datetime) -> None:
    with clock.at(when):
        video.beat(actor=actor, session=session)


def there(pair: Together, session: str, when: datetime) -> set[str]:
    """Who is in the room."""
    names = {pair.mentee.id: "mentee", pair.mentor.user_id: "mentor"}
    with clock.at(when), db.reading() as reading:
        return {names[one] for one in rooms.present(reading, session_of(session))}


def said_by(token: str) -> tuple[str, str, int, int]:
    """App, channel, uid and seconds of a token, read by the layout alone."""
    assert token.startswith("007")
    packed = zlib.decompress(base64.b64decode(token[3:]))
    [length] = struct.unpack_from("<H", packed)
    rest = packed[2 + length :]

    def text(place: int) -> tuple[str, int]:
        [size] = struct.unpack_from("<H", rest, place)
        return rest[place + 2 : place + 2 + size].decode(), place + 2 + size

    app, place = text(0)
    _, seconds, _, _ = struct.unpack_from("<IIIH", rest, place)
    place += 14
    _, privileges = struct.unpack_from("<HH", rest, place)
    channel, place = text(place + 4 + 6 * privileges)
    uid, _ = text(place)
    return app, channel, int(uid), seconds


def test_the_room_opens_15_minutes_before_and_closes_15_minutes_after(
    pair: Together, session: str
) -> None:
    with pytest.raises(Conflict, match="not open yet"):
        enters(pair.actor, session, OPENS - SECOND)
    enters(pair.actor, session, OPENS)
    enters(pair.actor, session, CLOSES - SECOND)
    with pytest.raises(Conflict, match="closed"):
        enters(pair.actor, session, CLOSES)


def test_only_the_two_people_of_a_session_enter_its_room(pair: Together, session: str) -> None:
    with clock.at(START):
        with pytest.raises(NotFound):
            video.enter(actor=acting(a_user("Sven Stranger")), session=session)
        for act in (video.enter, video.renew, video.beat, video.leave):
            with pytest.raises(SignInNeeded):
                act(actor=VISITOR, session=session)
            with pytest.raises(NotAllowed):
                act(actor=acting(an_admin(f"Ada {act.__name__}")), session=session)
        with db.reading() as reading, pytest.raises(NotAllowed):
            video.get_room(reading, actor=acting(an_admin()), session=session)
    assert stored(SessionJoin) == []


def test_each_gets_a_ticket_of_their_own_that_lasts_20_minutes_at_most(
    pair: Together, session: str
) -> None:
    mentee, mentor = enters(pair.actor, session, START), enters(pair.owner, session, START)
    channel = session.replace("_", "")
    for one, own, other in ((mentee, 2, 1), (mentor, 1, 2)):
        assert (one.channel, one.uid, one.other_uid) == (channel, own, other)
        assert one.ends_at == START + 20 * MINUTE
        app = settings().effective_agora_app_id
        assert said_by(one.token) == (app, channel, own, 20 * 60)
        assert one.token not in repr(one)
    late = enters(pair.actor, session, CLOSES - 3 * MINUTE)
    assert late.ends_at == CLOSES


def test_a_ticket_is_renewed_for_who_entered_which_says_that_they_are_there(
    pair: Together, session: str
) -> None:
    with clock.at(START), pytest.raises(Conflict, match="Enter it first"):
        video.renew(actor=pair.actor, session=session)
    enters(pair.actor, session, START)
    with clock.at(START + MINUTE):
        assert video.renew(actor=pair.actor, session=session).ends_at == START + 21 * MINUTE
    with clock.at(START + 10 * MINUTE):  # the laptop slept meanwhile
        assert video.sweep_silent() == 1
        assert video.renew(actor=pair.actor, session=session).ends_at == START + 30 * MINUTE
    assert there(pair, session, START + 10 * MINUTE) == {"mentee"}
    assert [one.seen_at for one in stored(SessionJoin)] == [START + MINUTE, START + 10 * MINUTE]
    with clock.at(CLOSES), pytest.raises(Conflict, match="closed"):
        video.renew(actor=pair.actor, session=session)


def test_who_says_so_every_30_seconds_is_there_and_who_is_silent_for_75_is_not(
    pair: Together, session: str
) -> None:
    enters(pair.actor, session, START)
    enters(pair.owner, session, START)
    beats(pair.actor, session, START + 30 * SECOND)
    assert there(pair, session, START + 74 * SECOND) == {"mentee", "mentor"}
    assert there(pair, session, START + 75 * SECOND) == {"mentee"}
    with clock.at(START + 74 * SECOND):
        assert video.sweep_silent() == 0
    with clock.at(START + 75 * SECOND):
        assert video.sweep_silent() == 1
        assert video.sweep_silent() == 0
    left = {entry.user_id: entry.left_at for entry in stored(SessionJoin)}
    assert left == {pair.mentee.id: None, pair.mentor.user_id: START}, "as of when they were seen"
    beats(pair.owner, session, START + 3 * MINUTE)
    assert there(pair, session, START + 3 * MINUTE) == {"mentor"}


def test_leaving_is_noted_once_and_coming_back_is_another_entry(
    pair: Together, session: str
) -> None:
    enters(pair.actor, session, START)
    for later in (1, 2):
        with clock.at(START + later * MINUTE):
            video.leave(actor=pair.actor, session=session)
    [entry] = stored(SessionJoin)
    assert entry.left_at == START + MINUTE
    assert there(pair, session, START + MINUTE) == set()
    enters(pair.actor, session, START + 10 * MINUTE)
    assert [one.left_at for one in stored(SessionJoin)] == [START + MINUTE, None]
    told = [entry.action for entry in stored(AuditEntry) if entry.thing == session]
    assert told.count("session.left") == 1
    assert told.count("session.joined") == 2


def test_a_page_that_is_loaded_again_goes_on_with_the_same_entry(
    pair: Together, session: str
) -> None:
    for seconds in (0, 1, 70, 140):
        enters(pair.actor, session, START + seconds * SECOND)
    [entry] = stored(SessionJoin)
    assert (entry.joined_at, entry.seen_at) == (START, START + 140 * SECOND)


def test_after_the_end_only_who_was_there_comes_back_and_it_is_no_evidence(
    pair: Together, session: str
) -> None:
    enters(pair.actor, session, END - MINUTE)
    with clock.at(END):
        sessions.advance_due()
        video.leave(actor=pair.actor, session=session)
    assert session_of(session).status is SessionStatus.UNRESOLVED
    enters(pair.actor, session, END + 5 * MINUTE)
    assert there(pair, session, END + 5 * MINUTE) == {"mentee"}
    with pytest.raises(Conflict, match="over"):
        enters(pair.owner, session, END + 5 * MINUTE)
    assert [entry.joined_at for entry in stored(SessionJoin)] == [END - MINUTE, END + 5 * MINUTE]
    told = [entry.action for entry in stored(AuditEntry) if entry.thing == session]
    assert (told.count("session.joined"), told.count("session.entered")) == (1, 2)


def test_two_who_met_in_the_room_have_had_their_session_and_may_go_on_talking(
    pair: Together, session: str
) -> None:
    for actor in (pair.actor, pair.owner):
        enters(actor, session, END - MINUTE)
    with clock.at(END):
        sessions.advance_due()
    assert session_of(session).status is SessionStatus.COMPLETED
    for minutes in range(15):
        beats(pair.actor, session, END + minutes * MINUTE)
    assert len(stored(SessionJoin)) == 2
    with pytest.raises(Conflict):
        beats(pair.actor, session, CLOSES)


def test_a_canceled_session_has_no_room_any_more(pair: Together, session: str) -> None:
    enters(pair.actor, session, START - MINUTE)
    with clock.at(START - MINUTE / 2):
        booking.cancel(actor=pair.owner, session=session, sequence=0, reason="A train")
    for act in (video.enter, video.renew, video.beat):
        with clock.at(START), pytest.raises(Conflict, match="canceled"):
            act(actor=pair.actor, session=session)
    with clock.at(START):
        video.leave(actor=pair.actor, session=session)
    assert there(pair, session, START) == set()


def test_nobody_is_in_the_room_of_a_session_that_has_moved(pair: Together, session: str) -> None:
    enters(pair.actor, session, OPENS)
    with clock.at(OPENS + MINUTE):
        booking.reschedule(
            actor=pair.owner, session=session, sequence=0, starts_at=at(3), reason="A train"
        )
    with clock.at(at(3)):
        with pytest.raises(Conflict, match="Enter it first"):
            video.beat(actor=pair.actor, session=session)
        with db.reading() as reading:
            assert video.get_room(reading, actor=pair.owner, session=session).other_seen_at is None


def test_the_room_shows_each_of_the_two_the_other(pair: Together, session: str) -> None:
    enters(pair.actor, session, START)
    with clock.at(START + MINUTE), db.reading() as reading:
        mentee = video.get_room(reading, actor=pair.actor, session=session)
        mentor = video.get_room(reading, actor=pair.owner, session=session)
    assert (mentee.name, mentee.other_name) == (pair.mentee.name, "Mina Mentor")
    assert (mentor.name, mentor.other_name) == ("Mina Mentor", pair.mentee.name)
    assert (mentee.is_in, mentee.other_is_in, mentee.other_left) == (True, False, False)
    assert (mentor.is_in, mentor.other_is_in, mentor.other_seen_at) == (False, True, START)
    with clock.at(START + 2 * MINUTE), db.reading() as reading:
        assert video.get_room(reading, actor=pair.owner, session=session).other_left


def test_more_entries_and_recordings_take_no_more_queries(pair: Together, session: str) -> None:
    def queries() -> int:
        with counted_reading() as (reading, statements):
            video.get_room(reading, actor=pair.actor, session=session)
            return len(statements)

    enters(pair.actor, session, START)
    with clock.at(START):
        a_recording(session_of(session))
        few = queries()
        for number in range(2, 7):
            a_recording(session_of(session), number=number)
    for minute in range(1, 6):
        with clock.at(START + minute * MINUTE):
            video.leave(actor=pair.actor, session=session)
        enters(pair.actor, session, START + minute * MINUTE + 90 * SECOND)
    with clock.at(START + 10 * MINUTE):
        assert queries() == few


def agree(pair: Together, session: str) -> None:
    """Both say yes."""
    for actor in (pair.actor, pair.owner):
        with clock.at(START - HOUR):
            consent.answer(
                actor=actor, session=session, granted=True, text_version=consent.TEXT_VERSION
            )


def test_the_second_of_two_who_agreed_brings_the_recorder_along(
    pair: Together, session: str
) -> None:
    agree(pair, session)
    enters(pair.actor, session, START)
    assert stored(Recording) == []
    enters(pair.owner, session, START + MINUTE)
    [recording] = stored(Recording)
    assert (recording.number, recording.status) == (1, RecordingStatus.STARTING)
    for seconds in (0, 30):
        beats(pair.actor, session, START + MINUTE + seconds * SECOND)
    assert len(stored(Recording)) == 1


def test_when_both_have_gone_silent_the_recorder_is_told_to_leave(
    pair: Together, session: str
) -> None:
    agree(pair, session)
    enters(pair.actor, session, START)
    enters(pair.owner, session, START)
    with clock.at(START + 76 * SECOND):
        assert video.sweep_silent() == 2
    [recording] = stored(Recording)
    assert recording.status is RecordingStatus.STOPPING
    assert recording.stop_asked_at == START + 76 * SECOND


def test_two_who_enter_at_the_same_moment_find_each_other_and_one_recorder(
    pair: Together, session: str
) -> None:
    agree(pair, session)
    with clock.at(START):
        people = (pair.actor, pair.owner) * 3
        contexts = [(contextvars.copy_context(), actor) for actor in people]
        with ThreadPoolExecutor(len(contexts)) as pool:
            running = [
                pool.submit(context.run, video.enter, actor=actor, session=session)
                for context, actor in contexts
            ]
            for one in running:
                one.result()
    assert there(pair, session, START) == {"mentee", "mentor"}
    assert len(stored(SessionJoin)) == 2
    assert len(stored(Recording)) == 1


def test_a_studio_without_a_video_service_has_no_rooms(pair: Together, session: str) -> None:
    with environment_of(WITHOUT_VIDEO), clock.at(START):
        with pytest.raises(NotFound):
            video.enter(actor=pair.actor, session=session)
        with db.reading() as reading, pytest.raises(NotFound):
            video.get_room(reading, actor=pair.actor, session=session)
        assert sessions.join(actor=pair.actor, session=session) == ""
    assert [entry.seen_at for entry in stored(SessionJoin)] == [None]
