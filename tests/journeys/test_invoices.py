"""Codes and invoices as people meet them: made by an admin, typed at checkout, named on paper."""

from __future__ import annotations

import itertools
import re

from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.people import Person
from tests.journeys.world import World
from tests.services.invoicing import text_in

_numbers = itertools.count(1)


def paper(person: Person) -> str:
    """The words of the newest invoice on the page that is open."""
    link = person.page.get_by_role("link", name=re.compile(r"^Invoice \d")).last
    expect(link).to_be_visible()
    answer = person.page.request.get(str(link.get_attribute("href")))
    assert answer.status == 200
    return text_in(answer.body())


def test_a_code_lowers_the_price_once_and_the_invoice_says_so(
    world: World, person: NewPerson
) -> None:
    code = f"SPRING-{next(_numbers)}"
    seller, buyer, other = world.mentor("Cora Code"), world.mentee("Mia Maler"), world.mentee("Ole")
    ada = person(world.admin()).is_signed_in().open("/admin/discounts").presses("New code")
    ada.fills("Code", "x").fills("How much", "25").presses("Make the code")
    ada.is_told("A code has 3 to 40 letters")
    ada.fills("Code", code).fills("Uses in all (optional)", "1").presses("Make the code")
    ada.is_told(f"The code {code} is made.")

    mia = person(buyer).is_signed_in().opens_checkout(seller)
    mia.page.get_by_text("Do you have a discount code?").click()
    mia.fills("Discount code", "NOTHING").presses("Use the code").is_told("This code is not valid.")
    mia.fills("Discount code", code.lower()).presses("Use the code")
    mia.is_told(f"The code {code} counts.").is_told("€60.00")
    mia.presses("Pay €180.00 with Stripe").is_at_stripe()
    order = mia.pays().is_back()
    mia.reads(f"Paid. Your seat with {seller.name} is yours.").open(f"/orders/{order}")
    words = paper(mia)
    assert f"Discount code {code} -€60.00" in words
    assert "Total €180.00" in words
    assert f"Order {order}" in words

    ole = person(other).is_signed_in().opens_checkout(seller)
    ole.page.get_by_text("Do you have a discount code?").click()
    ole.fills("Discount code", code).presses("Use the code")
    ole.is_told("This code has been used up.")
    expect(ada.open("/admin/discounts").row(code)).to_contain_text("1 of 1")
    expect(ada.row(code)).to_contain_text("used up")


def test_an_invoice_is_made_out_to_another_name_when_the_buyer_says_so(
    world: World, person: NewPerson
) -> None:
    seller, buyer = world.mentor("Ines Invoice"), world.mentee("Nora Novak")
    order = world.bought(buyer, seller)
    nora = person(buyer).is_signed_in().open("/settings").reads("Settings")
    nora.fills("Name on invoices (optional)", "Novak GmbH")
    nora.fills("Address on invoices (optional)", "Ring 1\n1010 Wien")
    nora.presses("Save billing details").is_told("Your billing details are saved.")

    nora.open(f"/orders/{order}").presses("Correct the invoice").is_told("It is corrected")
    nora.is_told("Novak GmbH").is_told("replaced").is_told("Credit note")
    words = paper(nora)
    assert "Billed to Novak GmbH Ring 1 1010 Wien" in words
    assert "Replaces invoice" in words
    number = re.search(r"Invoice \d{4}-\d{6}", words)
    assert number
    nora.opens_mail(number[0])
