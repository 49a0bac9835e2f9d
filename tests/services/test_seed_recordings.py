"""What a demo studio that is begun anew leaves of the recordings of the one before: nothing."""

from __future__ import annotations

import io

from mentorships.seed import recordings
from services.models import RecordingFile
from services.providers.storage.registry import store
from services.recordings import places
from services.store_settings import LOCAL, RECORDER
from tests.services.recording_rows import a_file, a_held_session, a_pair, a_recording


def test_a_story_that_is_broken_off_leaves_no_files_behind(database: str) -> None:
    recording = a_recording(a_held_session(a_pair()), prefix="0f" * 16)
    file: RecordingFile = a_file(recording)
    left = f"{places.recorded_below(recording)}0.mp4"
    other = "recordings/rec_of_somebody_else/1.mp4"
    for name, key in ((RECORDER, left), (LOCAL, other)):
        store(name).put(key, io.BytesIO(b"film"))

    recordings.forget_files()

    assert [version.key for version in store(LOCAL).list_versions()] == [other]
    assert list(store(RECORDER).list_versions()) == []
    assert file.key != other
