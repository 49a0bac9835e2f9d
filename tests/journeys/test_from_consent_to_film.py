"""From two yeses to the film of it, in browsers with cameras: the room, its recorder, the worker
that brings what it leaves, and the page on which it is watched."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.rooms import comes, soon
from tests.journeys.test_recordings import plays
from tests.journeys.test_room import entered, tabs
from tests.journeys.world import World

__all__ = ["tabs"]
BROUGHT_WITHIN_MS = 180_000
"""The bucket must stand still for a while before a film in it counts as whole."""


def test_two_people_agree_meet_leave_and_watch_the_film_of_it(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Frida Falk")
    mia = entered(comes(person, meeting))
    frida = entered(comes(person, meeting, mentor=True))
    for one in (mia, frida):
        one.presses("Yes, record it").is_told("You agreed to be recorded.")
    for one in (mia, frida):
        expect(one.page.locator(".room-light").get_by_text("Recording", exact=True)).to_be_visible()
    for one in (mia, frida):
        one.presses("Leave").is_at(meeting.path)

    mia.page.get_by_role("list", name="Its recordings").get_by_role("link").click()
    mia.reads("Recording with Frida Falk")
    watch = mia.page.get_by_role("button", name="Watch", exact=True)
    expect(watch).to_be_visible(timeout=BROUGHT_WITHIN_MS)  # by itself: nobody reloads the page
    watch.click()
    plays(mia.page)
    mia.is_told("You watched it")
