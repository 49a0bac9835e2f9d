"""From a real purchase to its end: the role comes with the seat, rests with a dispute, and goes
with the money."""

from __future__ import annotations

from services import discord, refunds
from services.models import SeatStatus
from tests.services.discords import BROWSER
from tests.services.refunding import Sale, a_sale, freeze
from tests.services.rows import a_mentor, a_user, acting, onboarded, open_hours
from tests.support.discord import Discord, Person
from tests.support.studio import Studio

ROLE = "Mentees of Mina Mentor"


def linked(studio: Studio) -> tuple[Person, Sale]:
    """Somebody links an account before anything else, then buys a pack."""
    mentor, mentee = a_mentor(capacity=1), onboarded(a_user())
    open_hours(mentor)
    person = Discord(studio.sandbox).account("nora")
    brought = person.consent(discord.begin(actor=acting(mentee), sign_in=BROWSER))
    discord.finish(
        actor=acting(mentee), sign_in=BROWSER, state=brought["state"], code=brought["code"]
    )
    sale = a_sale(studio, mentor=mentor, mentee=mentee)
    return person, sale


def test_a_purchase_brings_the_role_and_its_refund_takes_it(studio: Studio) -> None:
    person, sale = linked(studio)
    studio.send()
    assert person.roles() == [ROLE]

    refunds.decide(actor=sale.admin, refund=sale.ask(), approve=True, note="Of course.")
    for _ in range(2):
        studio.send()
        studio.deliver()
    studio.send()

    assert person.roles() == []


def test_a_dispute_suspends_the_role_winning_it_gives_it_back(studio: Studio) -> None:
    person, sale = linked(studio)
    freeze(sale)
    studio.send()
    assert person.roles() == []

    studio.close_dispute(sale.order, "won")
    studio.deliver()
    studio.send()

    assert person.roles() == [ROLE]


def test_another_pack_brings_back_the_role_that_a_dispute_suspended(studio: Studio) -> None:
    person, sale = linked(studio)
    freeze(sale)
    studio.send()
    assert person.roles() == []

    a_sale(studio, name="another pack", mentor=sale.mentor, mentee=sale.mentee)
    studio.send()

    assert person.roles() == [ROLE]


def test_a_lost_dispute_leaves_no_role(studio: Studio) -> None:
    person, sale = linked(studio)
    freeze(sale)
    studio.close_dispute(sale.order, "lost")
    studio.deliver()
    studio.send()
    assert person.roles() == []


def test_the_end_of_grace_takes_the_role(studio: Studio) -> None:
    person, sale = linked(studio)
    studio.wait(days=46)
    for _ in range(90):
        studio.sweep()
        if not person.roles():
            break
        studio.wait(hours=1)
    studio.send()
    assert sale.seat() is SeatStatus.RELEASED
    assert person.roles() == []
