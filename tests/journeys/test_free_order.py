"""An order that costs nothing in a browser: a code pays all of it, and no provider is asked."""

from __future__ import annotations

import itertools
import re

from playwright.sync_api import expect

from services import db, discounts
from services.models import OrderStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.world import World
from tests.services.invoicing import text_in

_numbers = itertools.count(1)


def a_gift(world: World) -> str:
    """A code that pays for all of one pack."""
    new = discounts.NewCode(f"GIFT-{next(_numbers)}", discounts.PERCENT, "100", max_total="1")
    admin = world.actor(world.admin())
    with db.transaction() as session:
        discounts.create_code(session, actor=admin, new=new)
    return new.code


def test_a_code_that_pays_for_all_gives_the_pack_at_once_without_any_provider(
    world: World, person: NewPerson
) -> None:
    code, seller = a_gift(world), world.mentor("Gitta Gift", seats=1)
    mia = person(world.mentee("Mia Maler")).is_signed_in().opens_checkout(seller)
    seen: list[str] = []
    mia.page.on("request", lambda request: seen.append(request.url))

    mia.page.get_by_text("Do you have a discount code?").click()
    mia.fills("Discount code", code).presses("Use the code").is_told(f"The code {code} counts.")
    mia.is_told("€0.00").is_told("There is nothing to pay: the pack is yours at once.")
    expect(mia.page.get_by_role("button", name=re.compile("^Pay "))).to_have_count(0)
    mia.presses("Get this pack")
    order = mia.is_back()
    mia.reads(f"Your seat with {seller.name} is yours.")

    assert not [url for url in seen if "/sandbox/" in url]
    row = world.order(order)
    assert (row.status, row.provider, row.checkout_id) == (OrderStatus.PAID, None, None)
    assert world.checkouts_of(mia.account) == []
    assert (world.packs(mia.account), world.seats_in_use(seller)) == (1, 1)

    mia.open("/dashboard").is_told("4 of 4 sessions left")
    mia.open(f"/orders/{order}").is_told("Invoice ")
    link = mia.page.get_by_role("link", name=re.compile(r"^Invoice \d"))
    expect(link).to_have_count(1)
    words = text_in(mia.page.request.get(str(link.get_attribute("href"))).body())
    assert f"Discount code {code} -€240.00" in words
    assert "Total €0.00" in words
    assert "Nothing was left to pay." in words
    mia.opens_mail(f"Your pack with {seller.name} is ready").is_told("€0.00")

    ada = person(world.admin()).is_signed_in().open(f"/admin/orders/{order}")
    ada.is_told("Nothing stands in the ledger.").is_told("The ledger adds up.").is_told(code)
    expect(ada.page.get_by_role("link", name="Start a refund")).to_have_count(0)
