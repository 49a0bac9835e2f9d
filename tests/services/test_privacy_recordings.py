"""Recordings in one's own data: what the export tells of them, and what an erasure leaves."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest

from services import audit, clock, db, inbox, ratelimits
from services.audit import SYSTEM, Actor
from services.errors import Conflict
from services.inbox import Outcome
from services.models import (
    Access,
    Consent,
    ConsentAnswer,
    InboxEvent,
    MentoringSession,
    Pack,
    PurgeCertificate,
    Recording,
    RecordingAccess,
    RecordingFile,
    RecordingStatus,
    User,
)
from services.privacy import erasure, export, retention
from services.recordings import links, news, one, purging, reasons
from services.recordings import retention as keeping
from services.storage import orphans
from tests.services.lives import (
    MARKS,
    NAME,
    WORD,
    Life,
    a_life,
    as_buyer,
    as_mentor,
    erase,
    places_of,
    seen,
)
from tests.services.recording_rows import a_file, a_held_session, a_recording, answered
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting, saved
from tests.support.filled_recordings import an_orphan
from tests.support.people import PASSWORD
from tests.support.studio import Studio, stored

KEPT = {("invoice", "buyer")}
NOTED = "she was insulted in minute 12"
"""What an admin notes for the studio alone."""


@pytest.fixture
def life(studio: Studio) -> Life:
    """Somebody who has bought a pack."""
    ratelimits.forget_all()
    life = a_life(studio)
    as_buyer(life)
    return life


def a_session(life: Life, days_ago: float = 3) -> MentoringSession:
    """A session that the person has had as a mentee."""
    return a_held_session(stored(Pack)[0], days_ago=days_ago)


def watched(recording: Recording, file: RecordingFile, *people: User) -> None:
    for person in people:
        saved(
            RecordingAccess(
                recording_id=recording.id, file_id=file.id, user_id=person.id, how=Access.WATCHED
            )
        )


def mentor_of(life: Life) -> User:
    with db.reading() as session:
        return session.get_one(User, life.mentor.user_id)


def lists_of(actor: Actor) -> dict[str, list[dict[str, Any]]]:
    with db.reading() as session:
        key = export.make_link(session, actor=actor).path.partition("key=")[2]
    with export.make(actor=actor, key=key) as file, ZipFile(file) as bundle:
        return {
            name.removesuffix(".json"): json.loads(bundle.read(name))
            for name in bundle.namelist()
            if name.endswith(".json")
        }


def purge() -> None:
    """What the worker does about it, long after."""
    with clock.at(clock.utc_now() + timedelta(hours=2)):
        while purging.purge_due():
            pass


def test_ones_consents_recordings_and_who_watched_them_are_in_the_copy(life: Life) -> None:
    session = a_session(life)
    answered(session, life.user.id)
    answered(session, life.mentor.user_id, ConsentAnswer.WITHDRAWN)
    recording = a_recording(session, sid="the-recorders-name", extend_reason="For the exam")
    file = a_file(recording)
    watched(recording, file, life.user, mentor_of(life), life.admin)

    lists = lists_of(life.actor)

    [consent] = lists["recording_consents"]
    assert (consent["user"], consent["answer"]) == ("you", "granted")
    assert consent["session"] == session.public_id
    [told] = lists["recordings"]
    assert (told["public_id"], told["session"]) == (recording.public_id, session.public_id)
    assert told["extend_reason"] == "For the exam"
    assert not {"sid", "prefix", "resource_id", "channel", "trouble"} & set(told)
    [listed] = lists["recording_files"]
    assert (listed["recording"], listed["sha256"]) == (recording.public_id, file.sha256)
    assert not {"key", "store", "source_key"} & set(listed)
    assert [row["by"] for row in lists["recording_accesses"]] == [
        "you",
        "the mentor",
        "an admin of the studio",
    ]
    assert {row["file"] for row in lists["recording_accesses"]} == {file.public_id}


def test_why_an_admin_looked_at_it_is_in_nobodys_copy_but_that_they_did_is(life: Life) -> None:
    recording = a_recording(a_session(life))
    file = a_file(recording)
    links.link(actor=life.boss, file=file.public_id, how=Access.WATCHED, reason=NOTED)

    for person in (life.actor, acting(mentor_of(life))):
        lists = lists_of(person)
        assert NOTED not in json.dumps(lists)
        assert [row["by"] for row in lists["recording_accesses"]] == ["an admin of the studio"]
        assert "recording.watched" in {row["action"] for row in lists["record"]}


def a_stray(recording: Recording, admin: Actor) -> None:
    """A file that no row knows, and what an admin wrote about it."""
    orphan = an_orphan(recording_id=recording.id, key=f"{recording.prefix}/late.mp4")
    orphans.settle(actor=admin, orphan=saved(orphan).public_id, how="note", reason=NOTED)


def test_what_an_admin_wrote_about_a_stray_file_is_in_nobodys_copy_and_is_erased(
    life: Life,
) -> None:
    a_stray(a_recording(a_session(life)), life.boss)
    assert NOTED not in json.dumps(lists_of(life.actor))
    assert places_of(NOTED) == {("orphan", "settled_how"), ("audit_entry", "after")}

    erase(life)

    assert places_of(NOTED) == set()


def test_a_mentors_copy_tells_of_the_same_recording_without_the_mentee(life: Life) -> None:
    slug = as_mentor(life)
    mentee = a_user("Nora Novak")
    own = next(row for row in stored(type(life.mentor)) if row.slug == slug)
    session = a_held_session(a_pack(a_seat(mentee, own)))
    recording = a_recording(session)
    watched(recording, a_file(recording), mentee)
    answered(session, mentee.id)

    lists = lists_of(life.actor)

    assert [row["public_id"] for row in lists["recordings"]] == [recording.public_id]
    assert [row["by"] for row in lists["recording_accesses"]] == ["the mentee"]
    assert "recording_consents" not in lists
    assert "Nora" not in json.dumps(lists)


def test_recordings_of_others_are_in_nobodys_copy_but_what_one_watched_is(life: Life) -> None:
    other = a_pack(a_seat(a_user("Olga Other"), a_mentor("Vera Vogel")))
    recording = a_recording(a_held_session(other))
    watched(recording, a_file(recording), life.admin)

    assert "recordings" not in lists_of(life.actor)
    lists = lists_of(life.boss)
    assert "recordings" not in lists
    [watched_one] = lists["recording_accesses"]
    assert (watched_one["by"], watched_one["recording"]) == ("you", recording.public_id)


def test_a_deletion_is_in_the_copy_with_its_proof(life: Life) -> None:
    recording = a_recording(a_session(life))
    a_file(recording)
    with db.transaction() as tx:
        row = tx.get_one(Recording, recording.id)
        assert purging.ask(tx, recording=row, reason=reasons.RETENTION, actor=SYSTEM)
    purge()

    [told] = lists_of(life.actor)["recording_deletions"]

    assert (told["recording"], told["reason"]) == (recording.public_id, reasons.RETENTION)
    assert told["listed_at"]


def test_an_erasure_has_all_recordings_deleted_and_proves_it_without_a_name(life: Life) -> None:
    first, second = a_session(life, 3), a_session(life, 9)
    words: dict[str, Any] = {"extend_reason": f"For {WORD}", "stop_reason": f"{WORD} left"}
    recordings = [a_recording(first, **words), a_recording(first, number=2), a_recording(second)]
    files = [a_file(recording) for recording in recordings]
    answered(first, life.user.id)
    watched(recordings[0], files[0], life.user, mentor_of(life))
    with db.transaction() as tx:
        audit.record(
            tx,
            actor=life.boss,
            action="recording.extended",
            thing=recordings[0].public_id,
            after={"reason": f"For {WORD}"},
        )
    with db.transaction() as tx:
        news.ready(tx, recording=recordings[0], session=first)
    assert ("notification", "title") in places_of("quibble")
    assert (seen(life).recordings, seen(life).held) == (3, 0)

    erase(life)
    assert all(row.purge_asked_at for row in stored(Recording))
    purge()

    assert {row.status for row in stored(Recording)} == {RecordingStatus.PURGED}
    assert len(stored(PurgeCertificate)) == 3
    assert {row.reason for row in stored(PurgeCertificate)} == {reasons.ERASED}
    assert places_of(*MARKS) == KEPT
    assert [row.answer for row in stored(Consent)] == [ConsentAnswer.GRANTED]
    assert len(stored(RecordingAccess)) == 2


def test_what_is_held_stays_until_the_hold_is_over_and_goes_then(life: Life) -> None:
    recording = a_recording(a_session(life))
    a_file(recording)
    mark = seen(life).mark
    keeping.hold(actor=life.boss, recording=recording.public_id, reason=f"{WORD} is at court")
    assert (seen(life).recordings, seen(life).held) == (0, 1)
    with pytest.raises(Conflict, match="has changed"):
        erasure.erase_own(actor=life.actor, password=PASSWORD, mark=mark)

    erase(life)
    purge()

    [row] = stored(Recording)
    assert (row.status, row.hold_reason) == (RecordingStatus.READY, f"{WORD} is at court")
    keeping.release(actor=life.boss, recording=recording.public_id, reason="It is decided.")
    purge()
    retention.prune()
    [row] = stored(Recording)
    assert (row.status, row.hold_reason) == (RecordingStatus.PURGED, "")
    assert places_of(*MARKS) == KEPT


def test_a_mentors_erasure_deletes_the_recordings_of_their_mentees_too(life: Life) -> None:
    slug = as_mentor(life)
    own = next(row for row in stored(type(life.mentor)) if row.slug == slug)
    pack = a_pack(a_seat(a_user("Nora Novak"), own), left=0)
    recording = a_recording(a_held_session(pack))
    a_file(recording)

    erase(life)
    purge()

    [row] = stored(Recording)
    assert (row.status, row.purge_reason) == (RecordingStatus.PURGED, reasons.ERASED)


def test_others_recordings_are_left_alone(life: Life) -> None:
    other = a_pack(a_seat(a_user("Olga Other"), a_mentor("Vera Vogel")))
    recording = a_recording(a_held_session(other), extend_reason="For her exam")
    a_file(recording)

    erase(life)
    purge()

    [row] = stored(Recording)
    assert (row.status, row.extend_reason) == (RecordingStatus.READY, "For her exam")


def test_what_the_video_service_told_of_a_recorder_is_emptied(life: Life) -> None:
    a_recording(a_session(life), sid="sid-of-the-recorder", status=RecordingStatus.FAILED)

    def told(event_id: str) -> None:
        inbox.receive(
            provider="agora",
            event_id=event_id,
            type="recording.31",
            object_id="sid-of-the-recorder",
            payload=json.dumps({"payload": {"sid": "sid-of-the-recorder", "word": WORD}}),
        )

    told("before")
    [taken] = inbox.take()
    inbox.settled(taken, Outcome.HANDLED)
    assert ("inbox_event", "payload") in places_of(WORD.lower())

    erase(life)
    assert ("inbox_event", "payload") not in places_of(WORD.lower())

    told("after")
    [taken] = inbox.take()
    inbox.settled(taken, Outcome.HANDLED)
    retention.prune()
    assert [row.payload for row in stored(InboxEvent) if row.provider == "agora"] == ["", ""]


def test_the_other_person_can_still_read_that_it_was_deleted(life: Life) -> None:
    recording = a_recording(a_session(life))
    a_file(recording)
    erase(life)
    purge()

    with db.reading() as session:
        view = one.get_recording(
            session, actor=acting(mentor_of(life)), recording=recording.public_id
        )
    assert view.certificate is not None
    assert view.certificate.reason == reasons.ERASED
    assert NAME not in repr(view)
