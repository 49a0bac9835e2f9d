"""Valkey and PostgreSQL stop and start again, and a server is killed, while people are buying: each
is told in words, nothing is lost, and everything goes on without a restart of the product."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from services.models import OrderStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import SHOWN_PRICE, World
from tests.support.several import Several, eventually

pytestmark = pytest.mark.alike

STATE_AWAY = "A part of the studio does not answer right now."
DATABASE_AWAY = "The studio cannot reach its database right now."
# rxconfig.py: so long a web process may serve a tab from its own memory, without asking Valkey.
HELD_SECONDS = 2.0


def test_who_pays_while_valkey_is_away_has_the_pack_when_it_is_back(
    far: World, several: Several, visitor: NewPerson
) -> None:
    seller = far.mentor("Vera Voss")
    mia = visitor(far.mentee("Mia Maler")).is_signed_in().opens_checkout(seller)
    checkout_id = mia.goes_to_pay()
    time.sleep(HELD_SECONDS + 0.5)

    several.valkey.stop()
    try:
        mia.pays().is_back()
        mia.is_told(STATE_AWAY)
        eventually(lambda: len(far.webhooks_about(checkout_id)) == 1, "the webhook was lost")
    finally:
        several.valkey.start()

    mia.reads(f"Paid. Your seat with {seller.name} is yours.").is_not_told(STATE_AWAY)
    assert far.packs(mia.account) == 1
    assert "redis_unavailable" in "".join(web.output for web in several.webs)


def test_an_emptied_valkey_loses_no_purchase_and_open_pages_rebuild_themselves(
    far: World, several: Several, visitor: NewPerson
) -> None:
    seller = far.mentor("Edda Ernst")
    mia = visitor(far.mentee("Mia Maler")).is_signed_in()
    mia.opens_checkout(seller).is_told("4 sessions of one hour")

    several.valkey.empty()
    presses_until_at_stripe(mia)
    several.valkey.empty()
    mia.pays().is_back()

    mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    eventually(lambda: far.packs(mia.account) == 1, "the pack was lost")
    mia.follows("Go to your packs").is_told("4 of 4 sessions left")


def presses_until_at_stripe(mia: Person) -> None:
    """The first press may only rebuild the page."""
    pay = mia.page.get_by_role("button", name=f"Pay {SHOWN_PRICE} with Stripe", exact=True)
    at_stripe = re.compile("/sandbox/stripe/pay/")

    def there() -> bool:
        if at_stripe.search(mia.page.url):
            return True
        if pay.is_visible() and pay.is_enabled():
            pay.click()
            mia.page.wait_for_timeout(1_000)
        return bool(at_stripe.search(mia.page.url))

    eventually(there, "the button never led to Stripe", seconds=20)


def test_a_restarted_postgresql_is_a_sentence_and_then_the_page(
    far: World, several: Several, visitor: NewPerson
) -> None:
    seller = far.mentor("Petra Pohl")
    mia = visitor(far.mentee("Mia Maler")).is_signed_in()
    mia.open("/dashboard").reads("Hello, Mia Maler")

    several.stop_postgres()
    try:
        mia.page.wait_for_timeout(5_500)  # who she is was known for five seconds
        mia.follows("Orders").is_told(DATABASE_AWAY)
        expect(mia.page).not_to_have_url(re.compile("/sign-in"))
        mia.is_not_told("You have not ordered anything yet.")
        ben = visitor(mia.account).open(f"/mentors/{seller.slug}").is_told(DATABASE_AWAY)
    finally:
        several.start_postgres()

    mia.reads("You have not ordered anything yet.").is_not_told(DATABASE_AWAY)
    ben.reads(seller.name).is_not_told(DATABASE_AWAY)
    mia.buys(seller)
    assert "database_unavailable" in "".join(web.output for web in several.webs)


def test_a_journey_goes_on_when_the_server_it_began_on_is_killed(
    far: World, several: Several, visitor: NewPerson
) -> None:
    seller = far.mentor("Karla Kern")
    mia = visitor(far.mentee("Mia Maler")).is_signed_in().opens_checkout(seller)
    expect(mia.page.get_by_role("button", name=f"Pay {SHOWN_PRICE} with Stripe")).to_be_visible()

    first, second = several.webs
    first.kill()
    try:
        presses_until_at_stripe(mia)
        first.start()
        eventually(several.whole, "the killed server does not start again")
        second.kill()
        mia.pays().is_back()
        mia.reads(f"Paid. Your seat with {seller.name} is yours.")
    finally:
        for web in several.webs:
            web.stop()
            web.start()
    assert [order.status for order in far.orders(mia.account)] == [OrderStatus.PAID]
