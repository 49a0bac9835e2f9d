"""One machine, SQLite: the web server is killed and started again in the middle of a journey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mentorships import migrations
from mentorships.launch import child_environment
from tests.journeys.people import Person
from tests.journeys.world import SHOWN_PRICE, World
from tests.support.servers import LiveApp, Sandbox, built, environment_of, settings_for
from tests.support.several import Member, eventually, readiness

pytestmark = [pytest.mark.together("several"), pytest.mark.browser, pytest.mark.alike]


@pytest.fixture
def small(tmp_path: Path, own_settings: None) -> Iterator[tuple[World, Member]]:
    """A product of its own on SQLite, and its web server."""
    built()
    values = settings_for(tmp_path)
    values |= {"DATABASE_URL": f"sqlite:///{tmp_path / 'app.db'}", "REDIS_URL": ""}
    address = f"http://127.0.0.1:{values['PORT']}"
    sandbox = Sandbox(int(values["SANDBOX_PORT"]), values)
    app = LiveApp(values["PUBLIC_URL"], values["DATABASE_URL"], tmp_path, sandbox, values)
    with ExitStack() as running, environment_of(values):
        migrations.upgrade(values["DATABASE_URL"])
        members = {
            line: Member(line, child_environment(), tmp_path / f"{line}.log")
            for line in ("sandbox", "web", "worker")
        }
        for member in members.values():
            member.start()
            running.callback(member.stop)
        eventually(lambda: readiness(address)[0] == 200, "the product does not start")
        world = World(app)
        with world.inside():
            yield world, members["web"]


def test_a_killed_web_server_loses_nothing_but_the_open_page(
    small: tuple[World, Member], new_page: Callable[[str], Page]
) -> None:
    world, web = small
    seller = world.mentor("Nora Nagel")
    mia = Person(new_page(world.app.address), world.mentee("Mia Maler")).is_signed_in()
    mia.opens_checkout(seller)
    pay = mia.page.get_by_role("button", name=f"Pay {SHOWN_PRICE} with Stripe", exact=True)
    expect(pay).to_be_visible()

    web.kill()
    mia.is_told("No connection to the studio.")
    starts(world, web)

    mia.is_not_told("No connection to the studio.")
    pay.click()
    checkout_id = mia.is_at_stripe()
    web.kill()
    world.app.sandbox.control(f"stripe/sessions/{checkout_id}/pay", {})
    starts(world, web)

    (order,) = world.orders(mia.account)
    mia.open(f"/checkout/return/{order.public_id}")
    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    assert world.packs(mia.account) == 1

    mia.opens_checkout(world.mentor("Otto Ohm"))
    pay.click()
    mia.is_at_stripe()
    order = next(one for one in world.orders(mia.account) if one.public_id != order.public_id)
    mia.open(f"/checkout/return/{order.public_id}").reads("Not paid yet.")
    web.kill()
    mia.is_told("No connection to the studio.")
    mia.presses("Cancel this checkout")  # goes out with the first breath of the new server
    starts(world, web)
    mia.reads("You ended this checkout.")


def starts(world: World, web: Member) -> None:
    """Start the server again, and wait until it answers."""
    web.start()
    eventually(lambda: readiness(world.app.address)[0] == 200, "it does not start again")
