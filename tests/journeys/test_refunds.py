"""Money that goes back, in browsers: who asks, who decides, and what everybody sees meanwhile."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services import clock, db, refunds, unmatched
from services.models import Provider, RefundScope, UnmatchedKind
from services.money import Money
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import World

REFUND_SECONDS = 30


def test_a_mentee_asks_an_admin_agrees_and_both_see_the_money_go_back(
    world: World, person: NewPerson
) -> None:
    seller, mentee = world.mentor("Rosa Roth"), world.mentee("Mia Maler")
    order = world.bought(mentee, seller)
    mia, ada = person(mentee).is_signed_in(), person(world.admin()).is_signed_in()

    mia.open("/orders").follows("Four sessions").is_at(f"/orders/{order}")
    mia.is_told("You can have €240.00 back, for 4 unused sessions.")
    ada.open("/admin/refunds").reads("Refunds")
    mia.presses("Ask for €240.00").fills("Why (optional)", "I am moving away.")
    mia.presses("Ask for €240.00").is_told("Sent. The studio decides about €240.00.")
    mia.is_told("asked for")

    # The innermost: what lies around it holds the requests of other journeys too.
    waiting = ada.page.locator(".stack").filter(has_text="Rosa Roth").last
    expect(waiting.get_by_text("I am moving away.")).to_be_visible()
    waiting.get_by_role("button", name="Approve").click()
    ada.is_told("Approved: the money is on its way.")

    refunded = mia.page.get_by_role("main").locator(".badge", has_text=re.compile("^refunded$"))
    expect(refunded.first).to_be_visible(timeout=REFUND_SECONDS * 1000)  # nobody reloads the page
    mia.is_told("This pack was refunded.")
    paid_at = world.order(order).checkout_id
    assert paid_at is not None
    assert [one["amount"] for one in world.refunds_of(paid_at)] == [24_000]
    mia.opens_mail("€240.00 is on its way back to you")


def test_a_declined_request_says_why_and_the_pack_goes_on(world: World, person: NewPerson) -> None:
    seller, mentee = world.mentor("Rita Rau"), world.mentee("Mia Maler")
    order = world.bought(mentee, seller)
    mia, ada = person(mentee).is_signed_in(), person(world.admin()).is_signed_in()
    mia.open(f"/orders/{order}").presses("Ask for €240.00").presses("Ask for €240.00")
    mia.is_told("Sent. The studio decides about €240.00.")
    mia.open(f"/book/{seller.slug}").is_told("The pack rests while its refund is under way.")

    ada.open("/admin/refunds")
    waiting = ada.page.locator(".stack").filter(has_text="Rita Rau").last
    waiting.get_by_role("button", name="Decline").click()
    ada.fills("Reason", "The two weeks are over.").presses("Decline it").is_told("Declined.")

    mia.open(f"/orders/{order}").is_told("The two weeks are over.")
    mia.is_told("You can have €240.00 back, for 4 unused sessions.")


def test_an_admin_starts_a_refund_of_some_sessions_from_the_order(
    world: World, person: NewPerson
) -> None:
    seller, mentee = world.mentor("Runa Rabe"), world.mentee("Mia Maler")
    order = world.bought(mentee, seller)
    ada = person(world.admin()).is_signed_in()

    ada.open(f"/orders/{order}").follows("Start a refund").reads("Start a refund")
    what = ada.page.get_by_label("What goes back")
    what.select_option(label="Another amount")
    ada.fills("Amount", "1000").fills("Words to the mentee (optional)", "Sorry for the noise.")
    ada.presses("Start the refund").is_told("At most €240.00 can go back.")
    what.select_option(label="1 unused session: €60.00")
    ada.presses("Start the refund").is_told("Started. Below you see how it goes on.")
    done = ada.page.locator(".stack").filter(has_text="Runa Rabe").last
    expect(done.get_by_text("refunded", exact=True)).to_be_visible(timeout=REFUND_SECONDS * 1000)
    paid_at = world.order(order).checkout_id
    assert paid_at is not None
    assert [one["amount"] for one in world.refunds_of(paid_at)] == [6_000]


def test_an_admin_says_what_unmatched_money_was(world: World, person: NewPerson) -> None:
    mark = f"re_stranger_{world.admin().email.partition('@')[0]}"
    with db.transaction() as session:
        unmatched.add(
            session,
            provider=Provider.STRIPE,
            kind=UnmatchedKind.REFUND,
            provider_id=mark,
            payment_provider_id="pi_stranger",
            amount=Money(1_234, "EUR"),
            seen_at=clock.utc_now(),
        )
    ada = person(world.admin()).is_signed_in().open("/admin/unmatched").is_told(mark)
    entry = ada.page.locator(".stack").filter(has_text=mark).last
    entry.get_by_role("button", name="Say what it was").click()
    ada.fills("What it was", "Another shop of ours.").fills("Order (optional)", "ord_nobody")
    ada.presses("Settle it").is_told("There is no such order.")
    is_for_everyone(ada.page)
    ada.fills("Order (optional)", "").presses("Settle it").is_told("No money was moved by this.")
    ada.is_told("Another shop of ours.")


def test_the_pages_of_refunds_are_for_everyone(world: World, person: NewPerson) -> None:
    seller, mentee, boss = world.mentor("Runa Rasch"), world.mentee("Mia Maler"), world.admin()
    order = world.bought(mentee, seller)
    refunds.request(
        actor=world.actor(mentee), order=order, amount=Money(24_000, "EUR"), note="Moving."
    )
    mia, ada = person(mentee).is_signed_in(), person(boss).is_signed_in()
    is_for_everyone(mia.open(f"/orders/{order}").is_told("asked for").page)
    ada.open("/admin/refunds").is_told("Moving.")
    is_for_everyone(ada.page)
    other = world.bought(world.mentee("Mara Mond"), seller)
    ada.open(f"/admin/refunds?order={other}").reads("Start a refund")
    ada.page.get_by_label("What goes back").select_option(RefundScope.OTHER.value)
    is_for_everyone(ada.page)
