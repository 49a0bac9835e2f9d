"""Reading calendars in the worker: one run at a time, and none that does not end."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context

from jobs import calendar as jobs
from services import calendar
from tests.services.calendars import Desk, acting_mentee, desk
from tests.services.rows import a_mentor, acting_mentor
from tests.support.google import Google, utc
from tests.support.studio import studio

__all__ = ["desk", "studio"]


def test_a_second_run_leaves_what_is_due_to_the_first(desk: Desk) -> None:
    """Google is slow for the first; meanwhile another calendar becomes due."""
    desk.connect()
    desk.studio.wait(minutes=4)
    desk.connect(acting_mentee(desk))
    desk.google.add(utc(4, 9))
    desk.google.fault("*/freeBusy", "slow", seconds=4)
    first = threading.Thread(target=copy_context().run, args=(jobs.sync_calendars.call_local,))
    first.start()
    while not jobs._reading.locked():  # pyright: ignore[reportPrivateUsage]
        time.sleep(0.01)
    desk.studio.wait(minutes=4)
    desk.poll()
    assert desk.busy() == []
    first.join()
    desk.poll()
    assert desk.busy() == [(utc(4, 9), utc(4, 10))] * 2


def test_a_run_that_took_its_time_leaves_the_rest_to_the_next_one(desk: Desk) -> None:
    desk.connect()
    for number in range(3):
        mentor = a_mentor(f"Mentor {number}")
        other = Google(desk.google.sandbox, f"m{number}@example.com")
        Desk(desk.studio, other, mentor, desk.mentee, desk.pack).connect(acting_mentor(mentor))
    desk.studio.wait(minutes=4)
    jobs.read_due(seconds=0)
    left = calendar.take_due()
    assert 0 < len(left) < 4
