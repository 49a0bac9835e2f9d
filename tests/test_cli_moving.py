"""The operator moves recordings from one store to another from the command line."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar

from mentorships.cli import main, moving
from services import db
from services.config import settings
from services.models import FileStatus, Recording, RecordingFile, RecordingStatus
from services.providers.storage import registry
from services.providers.storage.base import Written
from services.providers.storage.local import LocalStorage
from services.providers.storage.registry import store
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording

pytestmark = pytest.mark.usefixtures("database")

Said = pytest.CaptureFixture[str]


def some_recordings(many: int) -> list[Recording]:
    """Recordings, each with one film in the folder of this machine."""
    pack = a_pair()
    found = [a_recording(a_held_session(pack, days_ago=n + 1)) for n in range(many)]
    for recording in found:
        a_file(recording, b"film of " + recording.public_id.encode())
    return found


def _film_of(recording: Recording) -> SelectOfScalar[RecordingFile]:
    return select(RecordingFile).where(RecordingFile.recording_id == recording.id)


def whereabouts(recording: Recording) -> tuple[str, FileStatus, str]:
    """Where the recording's film lies, how it is, and what is in it."""
    with db.reading() as session:
        file = session.exec(_film_of(recording)).one()
    content = ""
    if file.status is FileStatus.CHECKED:
        with store(file.store).open(file.key) as opened:
            content = opened.read().decode()
    return file.store, file.status, content


def test_a_store_is_emptied_into_another_while_the_operator_waits(capsys: Said) -> None:
    first, second = some_recordings(2)
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["2 recordings on the way to recorder.", "All of it is in recorder."]
    assert "deletes the old copies in local from" in said[2]
    for recording in (first, second):
        expected = f"film of {recording.public_id}"
        assert whereabouts(recording) == ("recorder", FileStatus.CHECKED, expected)
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Nothing is to be moved."
    assert "keep its settings" in said[1]


def test_what_stays_is_said_by_what_the_rows_know_and_not_only_by_what_was_sent(
    capsys: Said,
) -> None:
    [recording] = some_recordings(1)
    failed = a_recording(a_held_session(a_pair("Olga Other", "Vera Vogel")), RecordingStatus.FAILED)
    a_file(failed, b"half of a film")
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 1
    said = capsys.readouterr()
    assert "All of it" not in said.out
    assert "1 recording cannot leave local now: it failed" in said.err
    assert whereabouts(recording)[0] == "recorder"
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 1


def test_the_same_command_goes_on_with_what_an_earlier_one_has_sent(capsys: Said) -> None:
    [recording] = some_recordings(1)
    moves = ["move-recordings", "--from", "local", "--to", "recorder"]
    assert main([*moves, "--no-wait"]) == 0
    assert main(moves) == 0
    assert "All of it is in recorder." in capsys.readouterr().out
    assert whereabouts(recording)[:2] == ("recorder", FileStatus.CHECKED)


def test_it_tells_how_far_it_is_while_it_works(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(LocalStorage):
        def put(self, key: str, content: BinaryIO, *, content_type: str = "") -> Written:
            time.sleep(1.5)
            return super().put(key, content)

    some_recordings(2)
    slow, made = Slow(Path(settings().stores["recorder"].bucket), "recorder"), registry._made  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(
        registry, "_made", lambda one, cdn: slow if one.name == "recorder" else made(one, cdn)
    )
    monkeypatch.setattr(moving, "LOOK_SECONDS", 0.05)
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if " left: " in line]
    said = dict.fromkeys(line.partition(" left")[0] for line in told)
    assert list(said) == ["2 recordings", "1 recording"]


def test_only_the_recordings_that_are_named_are_moved(capsys: Said) -> None:
    first, second = some_recordings(2)
    assert main(["move-recordings", first.public_id, "--to", "recorder"]) == 0
    assert whereabouts(first)[0] == "recorder"
    assert whereabouts(second)[0] == "local"
    capsys.readouterr()


def test_without_waiting_it_is_left_to_the_worker(capsys: Said) -> None:
    [recording] = some_recordings(1)
    moves = ["move-recordings", "--from", "local", "--to", "recorder", "--no-wait"]
    assert main(moves) == 0
    assert "The worker brings them there" in capsys.readouterr().out
    assert whereabouts(recording)[:2] == ("recorder", FileStatus.WAITING)


def test_what_cannot_be_brought_is_said_and_exit_code_1(capsys: Said) -> None:
    [recording] = some_recordings(1)
    store("local").delete(_key_of(recording))
    store("local").put(_key_of(recording), io.BytesIO(b"another film"))
    assert main(["move-recordings", "--from", "local", "--to", "recorder"]) == 1
    said = capsys.readouterr()
    assert f"{recording.public_id} stays where it is. " in said.err
    assert said.out.splitlines()[0] == "1 recording on the way to recorder."
    assert "All of it" not in said.out
    assert whereabouts(recording)[0] == "local"


def _key_of(recording: Recording) -> str:
    with db.reading() as session:
        return session.exec(_film_of(recording)).one().key


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--to", "recorder"], 2, "Name recordings, or the store to empty with --from"),
        (["rec_1", "--from", "local", "--to", "recorder"], 2, "one of the two"),
        (["rec_nothing", "--to", "recorder"], 1, "There is no such recording"),
        (["--from", "local", "--to", "nowhere"], 1, "There is no such store."),
        (["--from", "nowhere", "--to", "local"], 1, "There is no store nowhere"),
    ],
)
def test_wrong_words_are_one_sentence(
    words: list[str], code: int, sentence: str, capsys: Said
) -> None:
    assert main(["move-recordings", *words]) == code
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
