"""What mentors and admins do, and who is turned away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.conftest import NewPerson
from tests.journeys.world import SHOWN_PRICE, World

HEADLINE = "Say what you mean, and mean it"


def test_a_mentor_edits_the_profile_and_visitors_read_it(world: World, person: NewPerson) -> None:
    seller, visitor = world.mentor("Nils Noll"), person(world.mentee("Vera Voss"))
    nils = person(seller.account).is_signed_in()

    nils.open("/mentor/profile").reads("Profile")
    nils.fills("Headline (optional)", HEADLINE).fills("Skills (optional)", "Essays, Letters")
    nils.fills("Seats", "many").presses("Save the profile").is_told("The number of seats")
    expect(nils.page.get_by_label("Headline")).to_have_value(HEADLINE)
    nils.fills("Seats", "3").presses("Save the profile").is_told("Saved.")

    visitor.finds(seller).is_told(HEADLINE).is_told("Letters").is_told("3 of 3 seats left")


@pytest.mark.several(full=True)
def test_a_mentor_uploads_a_photo_and_visitors_see_it(
    world: World, person: NewPerson, tmp_path: Path
) -> None:
    seller, visitor = world.mentor("Olga Ohm"), person(world.mentee("Vera Voss"))
    olga = person(seller.account).is_signed_in()
    photo = tmp_path / "olga.jpg"
    Image.new("RGB", (900, 1200), "teal").save(photo)

    olga.open("/mentor/profile").reads("Photo")
    olga.page.get_by_label("New photo").set_input_files(photo)
    olga.presses("Upload the photo").is_told("Your photo is saved.")

    visitor.open(f"/mentors/{seller.slug}").reads(seller.name)
    shown = visitor.page.locator("main img").first
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth === image.naturalHeight")
    assert shown.evaluate("image => image.naturalWidth") > 0


def test_what_is_no_picture_is_refused_in_words_and_the_photo_stays(
    world: World, person: NewPerson, tmp_path: Path
) -> None:
    seller = world.mentor("Piet Pohl")
    piet, text = person(seller.account).is_signed_in(), tmp_path / "photo.jpg"
    text.write_text("I am no picture.")

    piet.open("/mentor/profile").reads("Photo")
    piet.page.get_by_label("New photo").set_input_files(text)
    piet.presses("Upload the photo").is_told("The photo was not changed.")


def test_a_new_price_is_a_new_pack_and_the_old_one_is_retired(
    world: World, person: NewPerson
) -> None:
    seller, visitor = world.mentor("Rosa Rehm"), person(world.mentee("Vera Voss"))
    rosa = person(seller.account).is_signed_in()

    rosa.open("/mentor/profile").presses("Add a pack")
    rosa.fills("Title", "Two hours").fills("Sessions", "2").fills("Price", "90,50")
    rosa.fills("Days to use it (optional)", "").presses("Put it on sale")
    rosa.is_told("The pack is on sale.").is_told("€90.50")

    old = rosa.page.locator(".offer-line").filter(has_text=SHOWN_PRICE)
    old.get_by_role("button", name="Change").click()
    rosa.is_told("A price never changes").fills("Price", "300").presses("Replace the pack")
    rosa.is_told("€300.00").page.get_by_text("Retired packs").click()
    expect(old).to_contain_text("retired")

    visitor.open(f"/mentors/{seller.slug}").reads(seller.name)
    visitor.is_told("€300.00").is_told("€90.50").is_not_told(SHOWN_PRICE)
    visitor.open(f"/checkout/{seller.offer}").reads("This pack is not sold any more.")


def test_a_capacity_below_the_seats_in_use_evicts_nobody_and_says_by_how_many(
    world: World, person: NewPerson
) -> None:
    seller, visitor = world.mentor("Silas Sand", seats=2), person(world.mentee("Vera Voss"))
    for name in ("Mia Maler", "Ben Bauer"):
        world.bought(world.mentee(name), seller)
    silas = person(seller.account).is_signed_in()

    silas.open("/mentor/profile").fills("Seats", "1").presses("Save the profile")
    silas.is_told("2 seats taken now, over by 1: nobody loses a seat.")
    silas.open("/mentor").reads("Your mentees").is_told("You are over your capacity by 1 seat.")
    expect(silas.row("Mia Maler")).to_contain_text("active")
    expect(silas.row("Ben Bauer")).to_contain_text("active")

    visitor.finds(seller).is_told("Full: join the waitlist")
    visitor.is_told(f"All of {seller.name}'s seats are taken at the moment.")


@pytest.mark.several(full=True)
def test_an_admin_makes_somebody_a_mentor_and_lists_the_page(
    world: World, person: NewPerson
) -> None:
    tara, ada = world.mentee("Tara Thal"), person(world.admin()).is_signed_in()
    visitor = person(world.mentee("Vera Voss"))

    ada.open("/admin/users").looks_up("Search accounts", tara.email)
    ada.presses("Manage Tara Thal").presses("Make a mentor")
    ada.is_told("not listed until you list it").presses("Make a mentor")
    ada.is_told("A mentor now, at /mentors/tara-thal, not listed yet.")
    visitor.open("/mentors/tara-thal").reads("There is no mentor at this address.")

    ada.follows("Edit the mentor").is_at("/admin/mentors/tara-thal")
    ada.reads("Tara Thal").presses("List").is_told("Write a headline first")
    ada.fills("Headline (optional)", HEADLINE).presses("Save the profile").is_told("Saved.")
    ada.presses("List").is_told("Listed: visitors see the page now.")

    visitor.open("/mentors/tara-thal").reads("Tara Thal").is_told(HEADLINE)


def test_an_admin_sets_a_mentors_share_and_the_mentor_reads_it(
    world: World, person: NewPerson
) -> None:
    seller, ada = world.mentor("Tove Teil"), person(world.admin()).is_signed_in()
    tove = person(seller.account).is_signed_in().open("/mentor/earnings").is_told("70 %")

    ada.open(f"/admin/mentors/{seller.slug}").is_told("Empty: the studio's 70 %.")
    ada.fills("Mentor's share (optional)", "101").presses("Save the profile")
    ada.is_told("The mentor's share must be a whole number from 0 to 100.")
    ada.fills("Mentor's share (optional)", "55").presses("Save the profile").is_told("Saved.")

    tove.is_told("55 %")
    tove.open("/mentor/profile").reads("Profile").is_not_told("Mentor's share")


@pytest.mark.several(full=True)
def test_a_buyer_is_on_the_mentors_page_at_the_next_look(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Ulla Uhl"), person(world.mentee("Mia Maler")).is_signed_in()
    ulla = person(seller.account).is_signed_in()
    ulla.open("/mentor").reads("Nobody has a seat with you yet.")

    mia.buys(seller)

    ulla.open("/mentor")
    expect(ulla.row("Mia Maler")).to_contain_text("4 of 4 sessions left")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/mentor", "That page is for mentors."),
        ("/mentor/profile", "That page is for mentors."),
        ("/mentor/sessions", "That page is for mentors."),
        ("/admin/orders", "That page is for admins."),
        ("/admin/sessions", "That page is for admins."),
        ("/admin/users", "That page is for admins."),
        ("/admin/mentors", "That page is for admins."),
        ("/admin/inbox", "That page is for admins."),
    ],
)
def test_a_mentee_is_turned_away_from_pages_of_others(
    world: World, person: NewPerson, path: str, words: str
) -> None:
    mia = person(world.mentee("Mia Maler")).is_signed_in()
    mia.open(path).is_at("/dashboard").is_told(words)


def test_a_mentor_cannot_open_the_editor_of_another(world: World, person: NewPerson) -> None:
    walt, other = world.mentor("Walt Wehr"), world.mentor("Yara Yung")
    page = person(walt.account).is_signed_in()
    page.open(f"/admin/mentors/{other.slug}").is_at("/dashboard").is_told("for admins")


def test_an_address_that_is_no_page_says_so(world: World, person: NewPerson) -> None:
    visitor = person(world.mentee("Vera Voss"))
    answer = visitor.page.goto("/no/such/page")
    visitor.reads("There is no page at this address.")
    assert answer is not None
    assert answer.status == 404
    visitor.open("/mentors/nobody-here").reads("There is no mentor at this address.")
    visitor.open("/checkout/off_unknown").reads("This pack is not sold any more.")


def test_an_order_of_somebody_else_looks_like_none(world: World, person: NewPerson) -> None:
    seller, mia = world.mentor("Zora Zand"), world.mentee("Mia Maler")
    order = world.bought(mia, seller)
    ben = person(world.mentee("Ben Bauer")).is_signed_in()
    for path in (f"/checkout/return/{order}", "/checkout/return/ord_unknown"):
        ben.open(path).reads("There is no such order, or it is not yours.")
        ben.is_not_told(seller.name)
