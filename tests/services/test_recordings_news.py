"""What both people are told of a recording: in the app and by mail, each in their own zone, and
nothing that has stopped being true meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from services import clock, db
from services.audit import Actor
from services.mail import render
from services.mail.render import Letter
from services.mail.shared import Skipped
from services.models import (
    MentoringSession,
    Notification,
    OutboxMessage,
    Recording,
    RecordingStatus,
    Reminder,
    User,
)
from services.recordings import news, reasons
from services.telling import CATEGORIES, Category
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.rows import acting, an_admin
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
Tell = Callable[..., Any]


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    with clock.at(NOW):
        yield


@pytest.fixture
def held_session() -> MentoringSession:
    """Yesterday's session of Nora, in Berlin, with Mina, in Tokyo."""
    session = a_held_session(a_pair())
    with db.transaction() as tx:
        tx.get_one(User, session.mentee_id).time_zone = "Europe/Berlin"
        tx.get_one(User, session.mentor_user_id).time_zone = "Asia/Tokyo"
    return session


def told(tell: Tell, recording: Recording, **more: Any) -> None:
    with db.transaction() as tx:
        row = tx.get_one(Recording, recording.id)
        tell(tx, recording=row, session=tx.get_one(MentoringSession, row.session_id), **more)


def lines(user_id: int) -> list[Notification]:
    own = select(Notification).where(col(Notification.user_id) == user_id)
    with db.reading() as session:
        return list(session.exec(own.order_by(col(Notification.id))).all())


def letters() -> list[Letter]:
    """The mails that wait, as they would read now, without those that are left out."""
    found: list[Letter] = []
    for message in stored(OutboxMessage):
        if message.kind == "mail":
            try:
                found.append(render.compose(dict(message.data)))
            except Skipped:
                continue
    return found


def changed(recording: Recording, **fields: Any) -> None:
    with db.transaction() as tx:
        row = tx.get_one(Recording, recording.id)
        for name, value in fields.items():
            setattr(row, name, value)


def test_a_ready_recording_is_told_to_both_in_their_own_zone(
    held_session: MentoringSession,
) -> None:
    recording = a_recording(held_session)
    told(news.ready, recording)
    [mentee], [mentor] = lines(held_session.mentee_id), lines(held_session.mentor_user_id)
    assert mentee.title == "The recording of your session with Mina Mentor is ready"
    assert mentor.title == "The recording of your session with Nora Novak is ready"
    assert "(Europe/Berlin)" in mentee.body and "(Asia/Tokyo)" in mentor.body
    assert mentee.href == f"/recordings/{recording.public_id}"
    assert mentee.read_at is None
    first, second = letters()
    assert "60 minutes" in first.text and f"/recordings/{recording.public_id}" in first.text
    assert {first.subject, second.subject} == {mentee.title, mentor.title}


def test_what_failed_after_all_and_is_ready_again_is_told_again(
    held_session: MentoringSession,
) -> None:
    recording = a_recording(held_session)
    for _ in range(2):
        told(news.ready, recording)
    assert len(lines(held_session.mentee_id)) == 1, "a moment is told once"
    changed(recording, ready_at=NOW + timedelta(hours=5))
    told(news.ready, recording)
    assert len(lines(held_session.mentee_id)) == 2
    assert len(letters()) == 4


def test_a_second_recording_of_a_session_says_which_one_it_is(
    held_session: MentoringSession,
) -> None:
    told(news.ready, a_recording(held_session, number=2))
    assert lines(held_session.mentee_id)[0].title.startswith("The recording 2 of your session")
    assert letters()[0].subject == "Recording 2 of your session with Mina Mentor is ready"


def test_a_failure_is_told_in_words(held_session: MentoringSession) -> None:
    recording = a_recording(
        held_session, RecordingStatus.FAILED, trouble="Nothing was heard or seen."
    )
    told(news.failed, recording)
    assert lines(held_session.mentee_id)[0].body.endswith("Nothing was heard or seen.")
    assert sum("Nothing was heard or seen." in letter.text for letter in letters()) == 2


def test_the_end_is_reminded_of_once_and_anew_after_an_extension(
    held_session: MentoringSession,
) -> None:
    recording = a_recording(held_session)
    for _ in range(2):
        told(news.expiring, recording)
    assert len(lines(held_session.mentee_id)) == 1
    changed(recording, keep_until=NOW + timedelta(days=90))
    told(news.expiring, recording)
    assert len(lines(held_session.mentee_id)) == 2
    assert len(stored(Reminder)) == 4
    assert len(letters()) == 2, "the mails about the first end are left out"


@pytest.mark.parametrize(
    "since",
    [
        {"held_at": NOW, "hold_reason": "A dispute."},
        {"purge_asked_at": NOW, "purge_reason": reasons.WITHDRAWN},
        {"keep_until": NOW + timedelta(days=60)},
    ],
)
def test_nobody_is_mailed_an_end_that_does_not_stand_any_more(
    held_session: MentoringSession, since: dict[str, Any]
) -> None:
    recording = a_recording(held_session)
    told(news.expiring, recording)
    assert len(letters()) == 2
    changed(recording, **since)
    assert letters() == []


def by_an_admin() -> Actor:
    return acting(an_admin())


def test_an_extension_a_hold_and_its_end_give_their_reasons_to_both(
    held_session: MentoringSession,
) -> None:
    ada, recording = by_an_admin(), a_recording(held_session)
    until = NOW + timedelta(days=60)
    changed(recording, keep_until=until, extend_reason="For your exam.", extended_by=ada.user_id)
    told(news.extended, recording, actor=ada)
    changed(recording, held_at=NOW, held_by=ada.user_id, hold_reason="A question is open.")
    told(news.held, recording, actor=ada)
    said = [line.body for line in lines(held_session.mentor_user_id)]
    assert said[0].endswith("(Asia/Tokyo). “For your exam.”")
    assert said[1] == "It is not deleted meanwhile. “A question is open.”"
    assert "A question is open." in letters()[-1].text
    changed(recording, held_at=None, held_by=None)
    told(news.released, recording, actor=ada)
    assert lines(held_session.mentee_id)[-1].body.startswith("It is kept until")
    assert len(lines(held_session.mentee_id)) == 3
    assert "as usual" in letters()[-1].text


def test_a_released_recording_that_somebody_wanted_deleted_says_so(
    held_session: MentoringSession,
) -> None:
    recording = a_recording(held_session, purge_asked_at=NOW, purge_reason=reasons.WITHDRAWN)
    told(news.released, recording, actor=by_an_admin())
    assert lines(held_session.mentee_id)[-1].body == "It is being deleted."
    assert "being deleted now" in letters()[-1].text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (reasons.RETENTION, "The time that recordings are kept for was over."),
        (reasons.ERASED, "An account was erased, and what it had recorded with it."),
        ("A wrong room was recorded.", 'The studio\'s reason: "A wrong room was recorded."'),
    ],
)
def test_a_deleted_recording_says_why(
    held_session: MentoringSession, reason: str, words: str
) -> None:
    recording = a_recording(held_session, RecordingStatus.PURGED, purge_reason=reason)
    told(news.purged, recording)
    assert all(words in letter.text for letter in letters())
    assert len(letters()) == 2
    assert reason.rstrip(".") in lines(held_session.mentee_id)[0].body


def test_who_took_back_their_consent_is_told_as_such(held_session: MentoringSession) -> None:
    recording = a_recording(
        held_session,
        RecordingStatus.PURGED,
        purge_reason=reasons.WITHDRAWN,
        purge_asked_by=held_session.mentee_id,
    )
    told(news.purged, recording)
    [own], [others] = lines(held_session.mentee_id), lines(held_session.mentor_user_id)
    assert own.body.endswith("You took back your consent.") and own.read_at is not None
    assert others.body.endswith("Nora Novak took back their consent.") and others.read_at is None
    texts = {letter.user_id: letter.text for letter in letters()}
    assert "You took back your consent." in texts[held_session.mentee_id]
    assert "Nora Novak took back their consent." in texts[held_session.mentor_user_id]


def test_nothing_is_mailed_of_what_was_deleted_meanwhile(held_session: MentoringSession) -> None:
    recording = a_recording(held_session)
    told(news.ready, recording)
    changed(recording, purge_asked_at=NOW, purge_reason=reasons.WITHDRAWN)
    assert letters() == []


def test_what_is_told_commits_with_the_change_or_not_at_all(
    held_session: MentoringSession,
) -> None:
    recording = a_recording(held_session)

    def fails(tx: Session) -> None:
        news.ready(tx, recording=recording, session=held_session)
        raise RuntimeError("the change is taken back")

    with pytest.raises(RuntimeError), db.transaction() as tx:
        fails(tx)
    assert stored(Notification) == [] and stored(OutboxMessage) == []


def test_news_of_recordings_always_come_by_mail() -> None:
    assert CATEGORIES[Category.RECORDINGS].transactional
