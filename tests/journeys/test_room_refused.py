"""The room in a browser that has no camera and no microphone, or keeps them to itself."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.rooms import LINK, comes, has_link, soon
from tests.journeys.world import World

NO_SCREEN = """(words) => {
    navigator.mediaDevices.getDisplayMedia = async () => {
        throw new DOMException(words, "NotAllowedError");
    };
}"""
REFUSED = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '%s'); }"


def test_who_has_no_camera_is_told_what_to_do_and_takes_part_without(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Hauke Hell")
    mia = comes(person, meeting)
    mia.page.add_init_script(REFUSED % "NotFoundError")
    mia.page.reload()
    mia.is_told("No camera was found.").is_told("No microphone was found.")
    mia.is_told("You can also take part without a picture.").is_told("Your camera is off.")
    mia.presses("Enter the room")
    expect(mia.page.get_by_role("button", name="Leave")).to_be_visible()
    is_for_everyone(mia.page)


def test_who_has_refused_the_camera_learns_how_to_allow_it(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Ilse Ihle")
    mia = comes(person, meeting)
    mia.page.add_init_script(REFUSED % "NotAllowedError")
    mia.page.reload()
    mia.is_told("The browser does not let this page use your camera.")
    mia.is_told("Press the sign beside the page's address and allow the camera")
    mia.page.evaluate(f"() => {{ {REFUSED % 'NotReadableError'} }}")
    mia.presses("Camera on").is_told("Your camera is in use by another program.")


def test_a_screen_that_the_system_keeps_is_told_and_a_change_of_mind_is_not(
    world: World, person: NewPerson
) -> None:
    meeting = soon(world, "Lena Lutz")
    mia = comes(person, meeting).presses("Enter the room")
    mia.page.evaluate(NO_SCREEN, "Permission denied")
    mia.presses("Share screen")
    mia.page.evaluate(f"() => {{ {REFUSED % 'NotReadableError'} }}")
    mia.presses("Camera on").is_told("Your camera is in use by another program.")
    mia.is_not_told("The browser does not let this page use your screen.")
    mia.page.evaluate(NO_SCREEN, "Permission denied by system")
    mia.presses("Share screen").is_told("The browser does not let this page use your screen.")


def test_when_the_room_does_not_work_the_mentors_link_does(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Jost Jahn")
    has_link(meeting)
    mia = comes(person, meeting)
    mia.page.route(f"{LINK}**", _answer)
    mia.presses("Use the meeting link")
    expect(mia.page).to_have_url(LINK)


def test_nobody_else_comes_into_the_room(world: World, person: NewPerson) -> None:
    meeting = soon(world, "Kuno Kahl")
    for account in (world.mentee("Ben Bauer"), world.admin()):
        one = person(account).open("/").is_signed_in().open(f"{meeting.path}/room")
        one.is_not_told("Enter the room").is_not_told("Kuno Kahl")


def _answer(route: Route) -> None:
    route.fulfill(content_type="text/html", body="<h1>The meeting</h1>")
