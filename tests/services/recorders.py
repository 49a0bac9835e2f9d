"""A session whose two people are in its room, the recorder that is sent to them, and the time that
passes for all: the product, its worker, and the simulated Agora."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update

from jobs.inbox import handle_inbox
from jobs.outbox import send_outbox
from services import clock, db, inbox, locking, outbox, recordings
from services.consent_text import TEXT_VERSION
from services.ids import RecordingId, SessionId, UserId
from services.models import (
    Consent,
    ConsentAnswer,
    InboxEvent,
    MentoringSession,
    Recording,
    RecordingFile,
    SessionJoin,
    SessionStatus,
)
from services.providers.video import registry
from services.providers.video.base import Reservation
from tests.services.recording_rows import a_pair
from tests.services.rows import a_session, saved
from tests.support.agora import Agora
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import BEGINNING, Studio, stored

STEP_SECONDS = 50.0
"""At least so often people's rooms say here that they are there."""
EMPTY_STEP_SECONDS = 600.0
SWEEP = timedelta(minutes=1)


@dataclass
class Room:
    """One session that takes place, and its recordings as they are stored now."""

    studio: Studio
    world: Agora
    folder: Path
    session_id: SessionId
    people: tuple[UserId, UserId]
    inside: set[UserId] = field(default_factory=set[UserId])
    taken: int = 0
    swept: datetime = BEGINNING

    # What people do

    def enter(self, *people: UserId) -> None:
        """They come in; both of them unless told otherwise."""
        now = clock.utc_now()
        for person in people or self.people:
            saved(
                SessionJoin(session_id=self.session_id, user_id=person, joined_at=now, seen_at=now)
            )
            self.inside.add(person)
        self.reconsider()

    def leave(self, *people: UserId) -> None:
        """They go; both of them unless told otherwise."""
        for person in people or self.people:
            self.inside.discard(person)
            self._joins({person}, left_at=clock.utc_now())
        self.reconsider()

    def fall_silent(self) -> None:
        """Their browsers do not say anything any more."""
        self.inside.clear()

    def says(self, person: UserId, answer: ConsentAnswer, version: str = TEXT_VERSION) -> None:
        """Somebody's answer, as a row."""
        with db.transaction() as tx:
            found = select(Consent).where(
                Consent.session_id == self.session_id, Consent.user_id == person
            )
            row = tx.exec(found).one_or_none() or Consent(
                session_id=self.session_id,
                user_id=person,
                answer=answer,
                text_version=version,
                answered_at=clock.utc_now(),
            )
            row.answer, row.text_version = answer, version
            tx.add(row)
        self.reconsider()

    def agree(self) -> None:
        """Both say yes."""
        for person in self.people:
            self.says(person, ConsentAnswer.GRANTED)

    def reconsider(self) -> None:
        """What every one of these causes."""
        with db.transaction() as tx:
            row = tx.get_one(MentoringSession, self.session_id)
            locking.lock_session(tx, row)
            recordings.reconsider(tx, session=row)

    def _joins(self, people: set[UserId], **values: Any) -> None:
        with db.transaction() as tx:
            tx.exec(
                update(SessionJoin)
                .where(
                    col(SessionJoin.session_id) == self.session_id,
                    col(SessionJoin.user_id).in_(people),
                    col(SessionJoin.left_at).is_(None),
                )
                .values(**values)
            )

    # What time does

    def work(self) -> None:
        """The worker does what is due: messages, recorders."""
        if outbox.lanes_due():
            send_outbox.call_local()
        recordings.watch_due()

    def wait(self, seconds: float, *, works: bool = True) -> None:
        """Let time pass for everybody, moment after moment; the worker `works`, or not."""
        end = clock.utc_now() + timedelta(seconds=seconds)
        if not works:
            self.move(end)
            return
        while (now := clock.utc_now()) < end:
            step = STEP_SECONDS if self.inside else EMPTY_STEP_SECONDS
            following = recordings.next_look() or end
            soonest = max(following, now + timedelta(seconds=1))
            self.move(min(soonest, now + timedelta(seconds=step), end))
            recordings.check_due()
            self.work()
            if clock.utc_now() >= self.swept + SWEEP:
                self.swept = clock.utc_now()
                recordings.stop_strays()

    def wait_until(self, instant: datetime, *, works: bool = True) -> None:
        """The same until a moment."""
        self.wait((instant - clock.utc_now()).total_seconds(), works=works)

    def move(self, instant: datetime) -> None:
        """It is that moment, and nobody has done anything."""
        self.studio.wait_until(instant)
        self.world.settle()
        if self.inside:
            self._joins(self.inside, seen_at=instant)

    # What Agora does

    def deliver(self, *, twice: bool = False, backwards: bool = False) -> list[str]:
        """The notifications that wait reach us, and the worker handles them; their types."""
        fresh = self.world.deliveries()[self.taken :]
        self.taken += len(fresh)
        for each in reversed(fresh) if backwards else fresh:
            self.receive(each["body"], each["headers"])
            if twice:
                self.receive(each["body"], each["headers"])
        handle_inbox.call_local()
        return [each["type"] for each in fresh]

    def receive(self, body: str, headers: dict[str, str] | None = None) -> None:
        """One notification, as the webhook's route takes it."""
        reader = registry.hooks()
        assert reader is not None
        event = reader.read_event(
            body.encode(), headers or self.world.signed(body.encode()), clock.utc_now()
        )
        inbox.receive(
            provider="agora",
            event_id=event.id,
            type=event.type,
            object_id=event.object_id,
            payload=body,
        )

    def lose(self) -> None:
        """The notifications that wait are lost."""
        self.taken = len(self.world.deliveries())

    # What can be seen

    @property
    def rows(self) -> list[Recording]:
        """The session's recordings, the first one first."""
        with db.reading() as reading:
            mine = select(Recording).where(Recording.session_id == self.session_id)
            return list(reading.exec(mine.order_by(col(Recording.number))).all())

    @property
    def row(self) -> Recording:
        """The newest one."""
        return self.rows[-1]

    @property
    def states(self) -> list[str]:
        return [row.status.value for row in self.rows]

    @property
    def session(self) -> MentoringSession:
        with db.reading() as reading:
            return reading.get_one(MentoringSession, self.session_id)

    def files(self, recording: RecordingId | None = None) -> list[str]:
        """The kinds of a recording's files, in order."""
        wanted = recording or self.row.id
        return sorted(row.kind.value for row in stored(RecordingFile) if row.recording_id == wanted)

    def outcomes(self) -> list[str]:
        """What became of the notifications that reached us."""
        return [row.status.value for row in stored(InboxEvent)]

    def at_work(self) -> int:
        """How many recorders are in the room at Agora."""
        return sum(
            each["left_at"] is None and each["status"] == "live" for each in self.world.recordings()
        )


def fault_start(room: Room, kind: str, times: int = 1, **more: object) -> None:
    """Let the next starts go wrong at Agora."""
    row = room.row
    if not row.resource_id:
        resource = registry.video().acquire(row.channel, row.uid).resource_id
        set_row(resource_id=resource)
    path = f"{base()}/resourceid/{room.row.resource_id}/mode/mix/start"
    room.world.fault(path, kind, method="POST", times=times, **more)


def base() -> str:
    """Where the studio's app is at Agora."""
    return f"/v1/apps/{registry.settings().effective_agora_app_id}/cloud_recording"


def set_row(**values: object) -> None:
    """Let it stand so of every recording."""
    with db.transaction() as tx:
        tx.exec(update(Recording).values(**values))


def started(room: Room, reserved: Reservation) -> str:
    """Somebody's earlier start that comes through late."""
    now = clock.utc_now()
    recorder = registry.video().start(
        reserved,
        bucket=registry.recording_bucket(),
        prefix=(room.row.prefix,),
        now=now,
        until=now + timedelta(hours=1),
    )
    return recorder.sid


def a_notice(kind: int, *, sid: str, channel: str, uid: int, **details: object) -> str:
    """A notification as Agora writes it."""
    now = int(clock.utc_now().timestamp() * 1000)
    payload = {
        "cname": channel,
        "uid": str(uid),
        "sid": sid,
        "sequence": 1,
        "sendts": now,
        "serviceType": 0,
        "details": details,
    }
    body = {"noticeId": f"n-{sid}-{kind}-{uid}", "productId": 3, "eventType": kind}
    return json.dumps({**body, "notifyMs": now, "payload": payload})


_numbers = count(1)


def a_room(studio: Studio, sandbox: Sandbox, folder: Path) -> Room:
    """A session that has just begun."""
    world = Agora(sandbox)
    world.webhooks("hold")
    number = next(_numbers)
    pack = a_pair(f"Nora Novak {number}", f"Mina Mentor {number}")
    row = a_session(pack, clock.utc_now(), status=SessionStatus.IN_PROGRESS)
    return Room(studio, world, folder, row.id, (row.mentor_user_id, row.mentee_id))


@contextmanager
def recording_to(folder: Path) -> Iterator[None]:
    """Recorders write into a folder, which stands for a bucket."""
    values = {
        "STORAGE_REC_KIND": "local",
        "STORAGE_REC_BUCKET": str(folder),
        "RECORDING_SOURCE": "rec",
    }
    with environment_of(values):
        yield


@pytest.fixture
def room(studio: Studio, sandbox: Sandbox, tmp_path: Path) -> Iterator[Room]:
    """A session that has just begun, and a folder that the recorder writes to."""
    folder = Path(sandbox.environment["DATA_DIR"]) / "recorder" / tmp_path.name
    with recording_to(folder):
        assert clock.utc_now() == BEGINNING
        yield a_room(studio, sandbox, folder)


@pytest.fixture
def wanted(room: Room) -> Room:
    """A recorder is wanted, and nobody has begun yet."""
    room.agree()
    room.enter()
    assert room.states == ["starting"]
    return room


@pytest.fixture
def recorded(room: Room) -> Room:
    """Both are there and agree, and the recorder records."""
    room.agree()
    room.enter()
    room.wait(10)
    assert room.states == ["recording"], room.row.trouble
    return room
