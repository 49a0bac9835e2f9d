"""A mentor's Google calendar in a browser: consent, what it blocks, and when it is taken away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect
from sqlmodel import select

from services import db
from services.models import BusyTime
from tests.journeys.conftest import NewPerson
from tests.journeys.world import Account, World
from tests.support.google import Google
from tests.support.several import eventually


def _busy(world: World, account: Account) -> list[datetime]:
    user = world.user(account).id
    with db.reading() as session:
        return list(session.exec(select(BusyTime.starts_at).where(BusyTime.user_id == user)).all())


def _comes_to_be(world: World, account: Account, times: list[datetime]) -> None:
    """Google's push, and the worker that reads the calendar because of it."""
    eventually(lambda: _busy(world, account) == times, "the calendar was not read")


def test_a_mentor_connects_google_and_what_they_do_there_counts_here(
    world: World, person: NewPerson
) -> None:
    seller = world.mentor("Gesa Gold")
    gesa = person(seller.account).is_signed_in()
    google = Google(world.app.sandbox, seller.account.email)

    gesa.open("/settings/calendar").reads("Google Calendar")
    gesa.follows("Connect Google Calendar").reads("wants to access your Google account")
    gesa.page.get_by_label("See, create, change").uncheck()
    gesa.presses("Continue").is_told("see and change events on calendars you own")

    gesa.follows("Connect Google Calendar").reads("wants to access your Google account")
    gesa.presses("Continue").is_told("Your calendar is connected.")
    expect(gesa.page.get_by_label(google.email)).to_be_checked()

    tomorrow = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    google.add(tomorrow + timedelta(days=1))
    _comes_to_be(world, seller.account, [tomorrow + timedelta(days=1)])

    gesa.page.get_by_label(google.email).uncheck()
    gesa.presses("Save").is_told("Your choice is saved.")
    assert _busy(world, seller.account) == []

    gesa.presses("Disconnect").is_told("is disconnected")
    gesa.reads("Google Calendar")
    eventually(lambda: google.access() == "", "Google was not told")


def test_a_person_makes_renews_and_ends_a_secret_address(world: World, person: NewPerson) -> None:
    fritz = person(world.mentee("Fritz Feed")).is_signed_in()
    fritz.open("/settings/calendar").presses("Make a secret address").is_told("is ready")
    first = fritz.page.get_by_label("Secret address").input_value()
    assert first.endswith(".ics")
    fritz.presses("Make a new address").is_told("The old address is dead.")
    expect(fritz.page.get_by_label("Secret address")).not_to_have_value(first)
    assert fritz.page.request.get(first).status == 404
    fritz.presses("End the address").is_told("The address is dead.")
    expect(fritz.page.get_by_label("Secret address")).to_have_count(0)
