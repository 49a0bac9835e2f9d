"""The page of one recording, without a browser: what plays, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from state.recording import RecordingState
from tests.services.recording_rows import (
    a_file,
    a_held_session,
    a_pair,
    a_recording,
    mentee_user,
)
from tests.support.open_page import OpenPage

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def opened(database: str) -> OpenPage[RecordingState]:
    """A recording of two parts, before its mentee."""
    session = a_held_session(a_pair())
    recording = a_recording(session)
    for part in (0, 1):
        a_file(recording, b"film", name=f"sid_a_{part}.mp4")
    return OpenPage(RecordingState, mentee_user(session), f"/recordings/{recording.public_id}")


def test_a_part_that_broke_off_goes_on_where_it_was_and_another_one_begins(
    opened: OpenPage[RecordingState],
) -> None:
    first, second = (part.file for part in opened.state.parts)
    opened.does("watch", first)
    opened.does("broke", 3.7)
    assert (opened.state.src, opened.state.broken) == ("", first)
    opened.does("watch", first)
    assert opened.state.src.endswith(".mp4#t=3")
    opened.does("broke", 5)
    opened.does("watch", second)
    assert opened.state.src.endswith(".mp4")
    opened.does("watch", first)
    assert opened.state.src.endswith(".mp4")


@pytest.mark.parametrize("said", [None, "3", -1, float("nan"), float("inf"), 10**30, {}])
def test_what_is_no_place_of_a_film_is_its_beginning(
    opened: OpenPage[RecordingState], said: Any
) -> None:
    first = opened.state.parts[0].file
    opened.does("watch", first)
    opened.does("broke", said)
    opened.does("watch", first)
    assert opened.state.src.endswith(".mp4")
