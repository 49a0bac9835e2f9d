"""Sessions are booked and moved in browsers: all at once, against somebody else, by keyboard."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect
from sqlmodel import col, select

from services import accounts, booking, clock, db
from services.models import (
    MentoringSession,
    OccupiedTime,
    Pack,
    SessionStatus,
    SlotHold,
    SlotHoldStatus,
)
from state import slots
from tests.journeys.appointments import opened
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import (
    NARROW,
    has_no_obstacles,
    keyboard_focus_can_be_followed,
    nothing_sticks_out,
    tabs_to,
)
from tests.journeys.people import Person
from tests.journeys.world import Account, Seller, World
from tests.services.rows import onboarded

DAY = timedelta(days=1)
ZONE = "Europe/Berlin"
LATE = "This time was just taken. Nothing was changed: please choose another."


def seated(world: World, seller: Seller, name: str) -> Account:
    """Somebody with a pack of four, who may book."""
    account = world.mentee(name)
    world.bought(account, seller)
    onboarded(world.user(account))
    with db.transaction() as session:
        accounts.update_profile(session, actor=world.actor(account), name=name, time_zone=ZONE)
    return account


def open_mentor(world: World, name: str) -> Seller:
    """A mentor who can be booked at any hour."""
    seller = world.mentor(name)
    opened(seller)
    return seller


def noon_in(days: int) -> datetime:
    """Noon in UTC, so many days from now."""
    return (clock.utc_now() + days * DAY).replace(hour=12, minute=0, second=0, microsecond=0)


def words(instant: datetime) -> str:
    """How a time is called on the page."""
    at = slots.local(instant, ZONE)
    return f"{at:%H:%M}, {slots.day_words(at.date())}"


def short(instant: datetime) -> str:
    """How a chosen time is called."""
    return slots.range_words(instant, instant + timedelta(hours=1), ZONE, short=True)


def times_of(mia: Person, path: str, instant: datetime) -> Person:
    """The person looks at the times of the day."""
    day = slots.local(instant, ZONE).date()
    sign = "&" if "?" in path else "?"
    mia.open(f"{path}{sign}week={slots.monday(day).isoformat()}")
    mia.page.get_by_role("radio", name=f"{slots.day_words(day)},").click()
    expect(mia.page.get_by_role("heading", name=slots.day_words(day))).to_be_visible()
    return mia


def slot(mia: Person, instant: datetime) -> Locator:
    """The button of a time."""
    return mia.page.get_by_role("button", name=words(instant))


def booked(world: World, account: Account) -> list[MentoringSession]:
    """The person's sessions that will take place, in the order of time."""
    user_id = world.user(account).id
    with db.reading() as session:
        found = select(MentoringSession).where(
            MentoringSession.mentee_id == user_id,
            MentoringSession.status == SessionStatus.SCHEDULED,
        )
        return list(session.exec(found.order_by(col(MentoringSession.starts_at))).all())


def pack_of(world: World, account: Account) -> Pack:
    user_id = world.user(account).id
    with db.reading() as session:
        return session.exec(select(Pack).where(Pack.mentee_id == user_id)).one()


@pytest.mark.several
def test_all_four_sessions_are_chosen_by_the_week_and_booked_at_once(
    world: World, person: NewPerson
) -> None:
    seller = open_mentor(world, "Mona Moos")
    account = seated(world, seller, "Mia Maler")
    mia, first = person(account).is_signed_in(), noon_in(2)

    mia.open("/dashboard").reads(f"Book your first session with {seller.name}.")
    mia.follows("Choose a time").is_at(f"/book/{seller.slug}")
    times_of(mia, f"/book/{seller.slug}", first)
    slot(mia, first).click()
    expect(slot(mia, first)).to_have_attribute("aria-pressed", "true")
    mia.is_told("Held for you until").is_told("1 of 4 chosen.")
    mia.presses("Same time in the next weeks").is_told("4 of 4 chosen.")
    has_no_obstacles(mia.page)
    mia.presses("Book these 4 sessions").is_told(f"Booked with {seller.name}.")

    sessions = booked(world, account)
    wanted = [slots.weeks_after(first, number, ZONE) for number in range(4)]
    assert [one.starts_at for one in sessions] == wanted
    for start in wanted:
        mia.is_told(short(start))
    pack = pack_of(world, account)
    assert (pack.left, pack.reserved) == (4, 4)
    mia.open("/dashboard").reads(f"Your next session is with {seller.name}.")
    mia.is_told("4 of 4 sessions left, 4 booked")
    mia.open(f"/book/{seller.slug}").reads("Nothing can be booked now.")


@pytest.mark.several
def test_a_time_that_somebody_chooses_disappears_for_others_and_comes_back_when_left(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Nora Nagy"), noon_in(3)
    mia, ben = (
        times_of(person(seated(world, seller, name)).is_signed_in(), f"/book/{seller.slug}", noon)
        for name in ("Mia Maler", "Ben Bauer")
    )
    expect(slot(ben, noon)).to_be_visible()

    slot(mia, noon).click()
    expect(slot(ben, noon)).to_have_count(0)
    expect(slot(mia, noon)).to_have_attribute("aria-pressed", "true")

    mia.presses(f"Take away {short(noon)}")
    expect(slot(ben, noon)).to_be_visible()
    slot(ben, noon).click()
    ben.presses("Book this session").is_told(f"Booked with {seller.name}.")
    expect(slot(mia, noon)).to_have_count(0)
    assert booked(world, mia.account) == []


@pytest.mark.several
def test_when_a_hold_has_ended_and_one_time_is_gone_the_others_stay_chosen(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Olga Ohm"), noon_in(3)
    mia = person(seated(world, seller, "Mia Maler")).is_signed_in()
    ben = seated(world, seller, "Ben Bauer")
    times_of(mia, f"/book/{seller.slug}", noon)
    later = noon + timedelta(hours=3)
    for start in (noon, later):
        slot(mia, start).click()
        expect(slot(mia, start)).to_have_attribute("aria-pressed", "true")
    the_holds_end(world, mia.account)
    (taken,) = booking.book(actor=world.actor(ben), mentor=seller.slug, starts=[noon])

    mia.is_told("Not free any more. It will not be booked.").is_told("1 of 4 chosen.")
    mia.is_told("Not held for you any more")
    mia.presses(f"Take away {short(noon)}").is_told("Held for you until")
    expect(mia.page.locator(".pick")).to_have_count(1)
    mia.presses("Book this session").is_told(f"Booked with {seller.name}.")

    assert [one.starts_at for one in booked(world, mia.account)] == [later]
    assert [one.public_id for one in booked(world, ben)] == [taken]


def the_holds_end(world: World, account: Account) -> None:
    """Five minutes are over."""
    user_id, over = world.user(account).id, clock.utc_now() - timedelta(minutes=1)
    with db.transaction() as session:
        for hold in session.exec(select(SlotHold).where(SlotHold.mentee_id == user_id)):
            if hold.status is SlotHoldStatus.HELD:
                hold.held_until = over


def test_what_is_chosen_is_there_again_after_the_page_was_loaded_anew(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Petra Pohl"), noon_in(2)
    mia = person(seated(world, seller, "Mia Maler")).is_signed_in()
    times_of(mia, f"/book/{seller.slug}", noon)
    slot(mia, noon).click()
    mia.is_told("1 of 4 chosen.")
    other = mia.in_another_tab().open(f"/book/{seller.slug}")
    other.is_told("1 of 4 chosen.").is_told(short(noon))


@pytest.mark.several(full=True)
def test_a_session_is_moved_and_the_link_that_was_used_is_out_of_date(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Rita Rau"), noon_in(3)
    account = seated(world, seller, "Mia Maler")
    (session,) = booking.book(actor=world.actor(account), mentor=seller.slug, starts=[noon])
    link, later = f"/sessions/{session}/move?sequence=0", noon + timedelta(hours=2)
    mia = times_of(person(account).is_signed_in(), link, later)
    expect(slot(mia, noon)).to_have_count(0)
    slot(mia, later).click()
    mia.presses("Move the session").is_told("The session is now on")
    mia.page.reload()
    mia.is_told("The session is now on")

    (moved,) = booked(world, account)
    assert (moved.starts_at, moved.sequence) == (later, 1)
    assert (pack_of(world, account).left, pack_of(world, account).reserved) == (4, 1)
    mia.open(link).reads("This link is out of date.")
    mia.is_told(f"It is now on {slots.with_zone(later, ZONE)}.")
    has_no_obstacles(mia.page)
    mia.follows("Move it from there").is_told("Choose the new time.")


def test_a_mover_that_is_open_learns_that_the_session_has_changed(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Sina Sohn"), noon_in(3)
    account = seated(world, seller, "Mia Maler")
    actor = world.actor(account)
    (session,) = booking.book(actor=actor, mentor=seller.slug, starts=[noon])
    mia = person(account).is_signed_in().open(f"/sessions/{session}/move?sequence=0")
    mia.is_told("Choose the new time.")
    booking.reschedule(actor=actor, session=session, sequence=0, starts_at=noon + DAY)
    mia.reads("This link is out of date.")


def test_in_the_last_day_a_mentee_can_only_propose(world: World, person: NewPerson) -> None:
    seller, noon = open_mentor(world, "Tilda Thon"), noon_in(3)
    account = seated(world, seller, "Mia Maler")
    soon = (clock.utc_now() + timedelta(hours=20)).replace(second=0, microsecond=0)
    (session,) = booking.book_for(
        actor=world.actor(seller.account),
        mentor=seller.slug,
        mentee=world.user(account).public_id,
        starts=[soon],
        reason="Agreed by telephone",
    )
    mia = person(account).is_signed_in()
    times_of(mia, f"/sessions/{session}/move", noon).reads("Propose another time")
    mia.is_told("The time to move it yourself ended on")
    slot(mia, noon).click()
    mia.presses("Propose this time").is_told(f"is proposed to {seller.name}.")
    assert [one.starts_at for one in booked(world, account)] == [soon]


@pytest.mark.several(full=True)
def test_a_mentor_moves_a_session_with_a_reason_to_a_time_that_is_not_offered(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Ulla Uhl"), noon_in(3)
    account = seated(world, seller, "Mia Maler")
    (session,) = booking.book(actor=world.actor(account), mentor=seller.slug, starts=[noon])
    ulla = person(seller.account).is_signed_in().open(f"/sessions/{session}/move?sequence=0")
    ulla.is_told("Choose the new time.")
    odd = noon + timedelta(minutes=7)
    typed = slots.local(odd, world.user(seller.account).time_zone)
    ulla.page.get_by_text("A time that is not offered").first.click()
    ulla.fills("Date and time", f"{typed:%Y-%m-%dT%H:%M}").presses("Choose this time")
    ulla.fills("Why", "no").presses("Move the session")
    ulla.is_told("Say why, in 3 to 300 characters.")
    ulla.fills("Why", "A delivery comes at noon.")
    ulla.presses("Move the session").is_told("The session is now on")
    assert [one.starts_at for one in booked(world, account)] == [odd]


@pytest.mark.several(full=True)
def test_a_session_is_booked_by_keyboard_alone(world: World, person: NewPerson) -> None:
    seller, noon = open_mentor(world, "Vera Veit"), noon_in(2)
    account = seated(world, seller, "Mia Maler")
    day = slots.local(noon, ZONE).date()
    mia = person(account).is_signed_in()
    mia.open(f"/book/{seller.slug}?week={slots.monday(day).isoformat()}")
    keys, at = mia.page.keyboard, "document.activeElement"
    expect(mia.page.get_by_role("radio", checked=True)).to_be_visible()

    tabs_to(mia, "link", "The week after")
    keys.press("Tab")
    chosen = mia.page.get_by_role("radio", name=f"{slots.day_words(day)},")
    for _ in range(7):
        if chosen.is_checked():
            break
        was = mia.page.get_by_role("radio", checked=True).get_attribute("value")
        keys.press("ArrowRight")
        expect(mia.page.locator(f"input[type=radio][value='{was}']")).not_to_be_checked()
    expect(mia.page.get_by_role("heading", name=slots.day_words(day))).to_be_visible()
    keys.press("Tab")
    keys.press("End")
    last = mia.page.evaluate(f"{at}.getAttribute('aria-label')")
    assert last.startswith("23:30, ")
    keys.press("Home")
    first = mia.page.evaluate(f"{at}.getAttribute('aria-label')")
    keys.press("ArrowRight")
    second = mia.page.evaluate(f"{at}.getAttribute('aria-label')")
    assert first < second < last
    keys.press("Space")
    expect(
        mia.page.get_by_role("status").filter(has_text=f"Chosen: {_day_of(second)}")
    ).to_have_count(1)
    tabs_to(mia, "button", "Book this session", most=8)
    keys.press("Enter")
    mia.is_told(f"Booked with {seller.name}.")
    (session,) = booked(world, account)
    assert second.startswith(words(session.starts_at))


def _day_of(label: str) -> str:
    time, day = label.split(", ")[:2]
    return f"{day}, {time}"


def test_another_time_zone_is_chosen_where_the_times_are(world: World, person: NewPerson) -> None:
    seller, noon = open_mentor(world, "Wanda Wolf"), noon_in(3)
    account = seated(world, seller, "Mia Maler")
    mia = times_of(person(account).is_signed_in(), f"/book/{seller.slug}", noon)
    mia.page.get_by_text("Change the time zone").click()
    mia.fills("Your time zone", "Mars/Olympus").presses("Use this zone")
    mia.is_told("Choose a time zone such as Europe/Berlin.")
    mia.fills("Your time zone", "Asia/Kathmandu").presses("Use this zone")
    mia.is_told("Times are now shown in Asia/Kathmandu.")
    at = slots.local(noon, "Asia/Kathmandu")
    expect(
        mia.page.get_by_role("button", name=f"{at:%H:%M}, {slots.day_words(at.date())}")
    ).to_be_visible()
    assert world.user(account).time_zone == "Asia/Kathmandu"


def test_who_may_not_book_yet_is_told_why_and_where_to_go(world: World, person: NewPerson) -> None:
    seller = open_mentor(world, "Xenia Xander")
    account = world.mentee("Mia Maler")
    mia = person(account).is_signed_in()
    mia.open(f"/book/{seller.slug}").is_told("There is no pack of sessions with this mentor yet.")
    mia.follows("See the packs").is_at(f"/mentors/{seller.slug}")
    world.bought(account, seller)
    mia.open(f"/book/{seller.slug}").follows("Answer the first questions").is_at("/onboarding")
    mia.open("/book/nobody-at-all").reads("There is no mentor at this address.")


def test_a_visitor_reads_the_next_free_time_in_the_zone_of_the_browser(
    world: World, person: NewPerson
) -> None:
    seller = open_mentor(world, "Alma Adler")
    mia = person(seated(world, seller, "Mia Maler"))
    mia.open(f"/mentors?q={seller.name.replace(' ', '+')}")
    zone = mia.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(mia.card(seller)).to_contain_text(f"({zone})")
    mia.is_signed_in().open(f"/mentors?q={seller.name.replace(' ', '+')}")
    expect(mia.card(seller)).to_contain_text(f"({ZONE})")
    mia.open(f"/mentors/{seller.slug}").is_told("Next free time")
    mia.follows("Book a session").is_at(f"/book/{seller.slug}")


def test_a_mentor_without_hours_says_so_and_shows_times_as_soon_as_there_are_some(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Yara Yildiz")
    account = seated(world, seller, "Mia Maler")
    mia = person(account).is_signed_in().open(f"/book/{seller.slug}").reads("No free time.")
    has_no_obstacles(mia.page)
    opened(seller)
    mia.open(f"/book/{seller.slug}").reads(f"Book with {seller.name}")
    times = mia.page.get_by_role("region", name="Times").get_by_role("button")
    expect(times.first).to_be_visible()


def test_the_times_fit_a_phone_and_what_is_chosen_stays_in_sight(
    world: World, person: NewPerson
) -> None:
    seller, noon = open_mentor(world, "Zoe Zander"), noon_in(2)
    mia = person(seated(world, seller, "Mia Maler")).is_signed_in()
    mia.page.set_viewport_size({"width": NARROW, "height": 740})
    times_of(mia, f"/book/{seller.slug}", noon)
    slot(mia, noon).click()
    nothing_sticks_out(mia.page)
    keyboard_focus_can_be_followed(mia.page)
    bar = mia.page.locator(".pick-bar")
    expect(bar).to_be_in_viewport(ratio=1)
    bar.get_by_role("button", name="Book this session").click()
    mia.is_told(f"Booked with {seller.name}.")
    assert not_left(world, mia.account) == []


def not_left(world: World, account: Account) -> list[OccupiedTime]:
    """What holds of the person still block."""
    user_id = world.user(account).id
    with db.reading() as session:
        held = select(OccupiedTime).where(OccupiedTime.person_id == user_id)
        return list(session.exec(held.where(col(OccupiedTime.hold_id).is_not(None))).all())
