"""The story of an order: all of it, for admins alone, in a constant number of queries."""

from __future__ import annotations

import pytest

from services import checkout, db, discounts, order_story, outbox, refunds
from services.audit import Actor
from services.errors import NotAllowed, NotFound, SignInNeeded
from services.money import Money
from services.order_story import Happening, Kind, OrderStory
from tests.services.refunding import Sale, a_sale
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_user,
    acting,
    an_admin,
    an_offer,
    counted_reading,
    open_hours,
)
from tests.support.studio import Studio


def story_of(sale: Sale, actor: Actor | None = None) -> OrderStory:
    """What an admin reads about the order now."""
    return read_story(actor or sale.admin, sale.order)


def read_story(actor: Actor, order: str) -> OrderStory:
    with db.reading() as session:
        return order_story.get_story(session, actor=actor, order=order)


def another(studio: Studio) -> Sale:
    """A sale of other people."""
    mentor = a_mentor("Otto Other", slug="otto-other")
    open_hours(mentor)
    return a_sale(studio, name="Olaf Other", mentor=mentor)


def of_kind(story: OrderStory, kind: Kind) -> list[Happening]:
    return [one for one in story.happenings if one.kind is kind]


def test_a_refunded_order_tells_everything_from_the_order_to_the_mail(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.hold_session()
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    studio.deliver()

    story = story_of(sale)

    assert {one.kind for one in story.happenings} == set(Kind) - {Kind.DISPUTE}
    assert [one.at for one in story.happenings] == sorted(one.at for one in story.happenings)
    assert "Order paid" in [one.what for one in of_kind(story, Kind.ORDER)]
    assert {one.what for one in of_kind(story, Kind.MESSAGE)} >= {
        "Mail: purchase",
        "Provider: refund",
    }
    assert {one.who for one in of_kind(story, Kind.WEBHOOK)} == {"Stripe"}


def test_balances_are_those_of_the_ledger_and_a_sound_order_has_no_findings(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    sale.hold_session()
    story = story_of(sale)
    balances = {one.account: one.amount for one in story.balances}
    assert balances["deferred"] == Money(9_000, "EUR")
    assert balances["earned"] == Money(3_000, "EUR")
    assert story.findings == ()


def test_what_the_ledger_holds_of_a_dispute_is_told_of_the_dispute(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.dispute(sale.order)
    studio.deliver()
    lines = of_kind(story_of(sale), Kind.LEDGER)
    about = {one.thing.partition("_")[0] for one in lines if "dispute" in one.what}
    assert about == {"dsp"}


def test_what_does_not_add_up_is_told_of_this_order_alone(studio: Studio) -> None:
    sale = a_sale(studio)
    other = another(studio)
    with db.transaction() as session:
        pack = session.merge(sale.pack())
        pack.left -= 1
    found = story_of(sale).findings
    assert [one.what for one in found] == ["the number of its sessions, open,"]
    assert {one.order for one in found} == {sale.order}
    assert story_of(other).findings == ()
    with db.transaction() as session:
        session.merge(sale.pack()).left += 1


def test_nothing_of_another_order_is_told(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.send()
    studio.deliver()
    before = story_of(sale)
    other = another(studio)
    refunds.decide(actor=other.admin, refund=other.ask(), approve=True)
    studio.send()
    studio.deliver()
    assert story_of(sale) == before


def test_webhooks_of_the_page_before_a_change_of_provider_are_told(studio: Studio) -> None:
    buyer, offer = acting(a_user()), an_offer(a_mentor()).public_id
    order = checkout.start(actor=buyer, offer=offer, provider="stripe").order
    checkout.start(actor=buyer, offer=offer, provider="paypal")  # ends the page at Stripe
    studio.approve(order)
    studio.deliver()

    told = of_kind(read_story(acting(an_admin()), order), Kind.WEBHOOK)

    assert {one.who for one in told} == {"Stripe", "PayPal"}
    assert "Webhook: checkout.session.expired" in {one.what for one in told}


def test_what_became_of_a_discount_code_is_told_of_the_order_that_used_it(studio: Studio) -> None:
    admin, buyer, offer = acting(an_admin()), acting(a_user()), an_offer(a_mentor()).public_id
    new = discounts.NewCode(code="FREE-ONE", kind=discounts.PERCENT, value="100")
    with db.transaction() as session:
        code = discounts.create_code(session, actor=admin, new=new)
    order = checkout.start(actor=buyer, offer=offer, code="free-one").order
    with db.transaction() as session:
        discounts.set_active(session, actor=admin, code=code, active=False)

    told = [one for one in read_story(admin, order).happenings if one.thing == code]

    assert [one.what for one in told] == ["Discount code created", "Discount code stopped"]
    assert "code FREE-ONE; percent 100" in told[0].details
    assert "nothing" not in told[0].details
    assert "_id" not in told[0].details.replace(" ", "_")


def test_what_happened_to_the_seat_before_the_order_is_another_story(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.wait(hours=1)
    again = a_sale(studio, mentor=sale.mentor, mentee=sale.mentee, name="Renata Renewal")
    assert of_kind(story_of(sale), Kind.SEAT)[0].what == "Seat held"
    assert "Seat held" not in {one.what for one in of_kind(story_of(again), Kind.SEAT)}


def test_nobody_but_an_admin_reads_it(studio: Studio) -> None:
    sale = a_sale(studio)
    with pytest.raises(NotAllowed):
        story_of(sale, sale.buyer)
    with pytest.raises(SignInNeeded):
        story_of(sale, VISITOR)
    with pytest.raises(NotFound):
        read_story(sale.admin, "ord_unknown")


def test_it_holds_no_address_and_no_payload(studio: Studio) -> None:
    sale = a_sale(studio)
    told = " ".join(f"{one.what} {one.details}" for one in story_of(sale).happenings)
    assert sale.mentee.email not in told
    assert "client_secret" not in told


def test_more_happenings_take_no_more_queries(studio: Studio) -> None:
    sale = a_sale(studio)
    few = queries(sale)
    sale.hold_session()
    sale.hold_session()
    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True)
    studio.send()
    studio.deliver()
    assert queries(sale) == few


def queries(sale: Sale) -> int:
    """How many statements the story takes."""
    with counted_reading() as (session, statements):
        order_story.get_story(session, actor=sale.admin, order=sale.order)
        return len(statements)


@pytest.mark.parametrize(
    ("key", "about"),
    [
        ("mail:purchase:ord_0123456789abcdefABCDEF", "ord_0123456789abcdefABCDEF"),
        (
            "mail:alert:refund_failed:ref_0123456789abcdefABCDEF:1:usr_0123456789abcdefABCDEF",
            "ref_0123456789abcdefABCDEF",
        ),
        ("mail:verify:17", ""),
    ],
)
def test_a_message_is_about_what_its_key_names_first(key: str, about: str) -> None:
    assert outbox.about(key) == about
