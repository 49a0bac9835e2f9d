"""From the purchase to the first booking: welcome, checklist, reminders, and the mentor told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import select

from services import checkout, clock, db, onboarding
from services.audit import Actor
from services.models import Mentor, Onboarding, Pack, PackOffer, PackStatus, User, UserStatus
from services.reminders import sending, welcome
from services.reminders.welcome import NO_PACK
from tests.services.reminding import SENT, left_out, mailed, noted, reasons
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import BEGINNING, Studio, stored

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
NORA, MINA = "nora.novak@example.com", "mina.mentor@example.com"
SUBJECT = "A few steps before you can book"


@dataclass
class Sale:
    """A mentee who has just bought a pack."""

    studio: Studio
    mentee: User
    mentor: Mentor
    offer: PackOffer

    @property
    def actor(self) -> Actor:
        return acting(self.mentee)

    def buy(self) -> str:
        order = checkout.start(actor=self.actor, offer=self.offer.public_id).order
        self.studio.pay(order)
        self.studio.deliver()
        return order

    def tell_everything(self) -> None:
        onboarding.save_profile(actor=self.actor, name="Nora Novak", about="I write novels.")
        onboarding.confirm_zone(actor=self.actor, zone="Asia/Kolkata")
        onboarding.save_goals(actor=self.actor, goals="Finish the second one.")
        onboarding.save_preferences(actor=self.actor, preferences="Say it plainly.")


@pytest.fixture
def sale(studio: Studio) -> Sale:
    mentor = a_mentor()
    return Sale(studio, a_user(), mentor, an_offer(mentor))


def told() -> Onboarding:
    """The one mentee's row."""
    with db.reading() as session:
        return session.exec(select(Onboarding)).one()


def remind_at() -> object:
    return told().remind_at


def test_a_purchase_is_one_mail_with_the_checklist_and_tells_the_mentor(sale: Sale) -> None:
    sale.buy()
    [welcome_mail] = mailed("purchase")
    assert welcome_mail.to == NORA
    assert "Your invoice is attached." in welcome_mail.text
    steps = ("Say who you are", "Confirm your time zone", "Say what the sessions are for")
    for step in steps:
        assert f"- {step}" in welcome_mail.text
    assert "/onboarding" in welcome_mail.text
    [news] = mailed("new_mentee")
    assert (news.to, news.subject) == (MINA, "Nora Novak is your new mentee")
    assert "4 sessions" in news.text
    assert f"/mentor/mentees/{sale.mentee.public_id}" in news.text
    assert "They are asked to say who they are" in news.text
    sale.studio.send()
    assert sale.studio.mails(NORA) == ["Your pack with Mina Mentor is ready"]
    assert sale.studio.mails(MINA) == ["Nora Novak is your new mentee"]


def test_whoever_has_told_everything_reads_no_checklist(sale: Sale) -> None:
    sale.tell_everything()
    sale.buy()
    [welcome_mail] = mailed("purchase")
    assert "/onboarding" not in welcome_mail.text
    [news] = mailed("new_mentee")
    assert "They can book you at once" in news.text
    assert remind_at() is None


def test_a_renewal_is_no_new_mentee(sale: Sale) -> None:
    sale.buy()
    sale.buy()
    assert len(mailed("purchase")) == 2
    assert len(mailed("new_mentee")) == 1


def test_reminders_come_after_a_day_after_two_and_then_weekly_for_four_weeks(sale: Sale) -> None:
    sale.buy()
    due = [DAY, 2 * DAY, *(2 * DAY + n * WEEK for n in range(1, 5))]
    for number, after in enumerate(due, start=1):
        sale.studio.wait_until(BEGINNING + after - timedelta(minutes=1))
        assert sending.send_due() == 0
        sale.studio.wait_until(BEGINNING + after)
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        assert len(noted(welcome.KIND)) == number
    assert remind_at() is None
    sale.studio.wait(days=365)
    assert [line for line in noted() if line[0] == welcome.KIND] == noted(welcome.KIND)
    assert len(noted(welcome.KIND)) == 6
    assert {outcome for *_, outcome in noted(welcome.KIND)} == {SENT}


def test_a_reminder_names_what_is_missing(sale: Sale) -> None:
    sale.buy()
    onboarding.save_goals(actor=sale.actor, goals="Finish.")
    sale.studio.wait(days=1)
    sending.send_due()
    [letter] = mailed(welcome.KIND)
    assert letter.subject == SUBJECT
    assert "- Say who you are" in letter.text
    assert "- Say what the sessions are for" not in letter.text


def test_once_everything_is_told_no_reminder_comes_and_a_waiting_one_is_left_out(
    sale: Sale,
) -> None:
    sale.buy()
    sale.studio.wait(days=1)
    assert sending.send_due() == 1
    sale.tell_everything()
    assert left_out(welcome.KIND) == ["everything is done"]
    assert remind_at() is None
    sale.studio.wait(days=10)
    assert sending.send_due() == 0


def test_after_weeks_away_there_is_one_reminder_not_five(sale: Sale) -> None:
    sale.buy()
    sale.studio.wait(days=20)
    assert sending.send_due() == 1
    assert sending.send_due() == 0
    assert len(noted(welcome.KIND)) == 1
    assert remind_at() == BEGINNING + 2 * DAY + 3 * WEEK


def test_another_purchase_begins_the_reminders_anew(sale: Sale) -> None:
    sale.buy()
    sale.studio.wait(days=40)
    sending.send_due()
    assert remind_at() is None
    sale.buy()
    assert remind_at() == clock.utc_now() + DAY


def test_whoever_has_nothing_left_to_book_is_not_reminded(sale: Sale) -> None:
    sale.buy()
    with db.transaction() as tx:
        row = tx.get_one(Pack, stored(Pack)[0].id)
        row.status = PackStatus.REFUNDED
    sale.studio.wait(days=1)
    try:
        assert sending.send_due() == 1
        assert reasons() == [NO_PACK]
        assert remind_at() is None
    finally:
        with db.transaction() as tx:  # the studio adds up its orders at the end
            tx.get_one(Pack, row.id).status = PackStatus.ACTIVE


def test_a_suspended_mentee_is_told_nothing(sale: Sale) -> None:
    sale.buy()
    with db.transaction() as tx:
        tx.get_one(User, sale.mentee.id).status = UserStatus.SUSPENDED
    sale.studio.wait(days=1)
    assert sending.send_due() == 1
    assert mailed(welcome.KIND) == []
    assert len(reasons()) == 1


def test_a_purchase_and_a_first_step_at_once_keep_both(sale: Sale) -> None:
    order = checkout.start(actor=sale.actor, offer=sale.offer.public_id).order
    sale.studio.pay(order)
    now = clock.utc_now()

    def tell() -> None:
        with clock.at(now):
            sale.tell_everything()

    def deliver() -> None:
        with clock.at(now):
            sale.studio.deliver()

    with ThreadPoolExecutor(2) as both:
        for done in (both.submit(tell), both.submit(deliver)):
            done.result()
    assert told().done_at is not None
    assert len(stored(Pack)) == 1
    sale.studio.wait(days=1)
    sending.send_due()
    assert mailed(welcome.KIND) == []
    assert remind_at() is None
