"""Offers of a place: made to the first in line, taken once, declined, lapsed, passed on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import catalogue, checkout, clock, db, refunds, waitlist
from services.errors import Conflict, SeatsSoldOut
from services.ids import UserId
from services.models import (
    DiscountCode,
    Mentor,
    OfferStatus,
    Order,
    OrderStatus,
    Pack,
    PackOffer,
    Refund,
    RefundReason,
    ReleaseReason,
    Seat,
    SeatStatus,
)
from services.money import Money
from tests.services.rows import a_user, acting, acting_mentor, an_offer
from tests.services.waiting import S, Waiting, told, waiting
from tests.support.studio import Studio, stored

DAY = timedelta(hours=24)


def set_capacity(line: Waiting, capacity: int) -> None:
    with db.transaction() as session:
        catalogue.update_profile(
            session,
            actor=acting_mentor(line.mentor),
            slug=line.mentor.slug,
            headline="Helps",
            bio="",
            skills=[],
            languages=[],
            capacity=capacity,
        )


def on_sale_again(line: Waiting) -> None:
    """The mentor puts a pack on sale."""
    actor = acting_mentor(line.mentor)
    with db.transaction() as session:
        line.offer.public_id = catalogue.create_offer(
            session,
            actor=actor,
            slug=line.mentor.slug,
            title="Four sessions",
            sessions=4,
            price=Money(10_000, "EUR"),
            validity_days=None,
        ).public_id


def seat_of(line: Waiting, name: str) -> Seat:
    with db.reading() as session:
        return session.get_one(Seat, line.entry(name).seat_id)


def test_a_freed_place_is_held_for_the_first_in_line_for_a_day(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    entry, seat = line.entry("Anna"), seat_of(line, "Anna")
    assert entry.offer_ends_at == seat.held_until == clock.utc_now() + DAY
    assert (entry.status, seat.status) == (S.OFFERED, SeatStatus.HELD)
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.WAITING}
    assert told("waitlist_offer") == [line.people["Anna"].id]
    assert line.position("Ben") == 1
    studio.send()
    [subject] = studio.mails(line.people["Anna"].email)
    assert "place with" in subject


def test_an_offer_is_taken_by_its_checkout_which_reuses_the_held_seat(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    order = line.buys("Anna").order
    assert studio.order(order).seat_id == line.entry("Anna").seat_id
    assert line.taken() == 1
    studio.pay(order)
    studio.deliver()
    entry = line.entry("Anna")
    assert (entry.status, entry.offer_ends_at) == (S.TAKEN, None)
    assert studio.seat(order).status is SeatStatus.ACTIVE
    assert line.now() == {"Anna": S.TAKEN, "Ben": S.WAITING}
    assert line.own("Anna") == ()


def test_nobody_else_can_buy_the_place_that_is_on_offer(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    for name in ("Ben", "Cleo"):
        with pytest.raises(SeatsSoldOut):
            line.buys(name)
    assert stored(Order) == []


def test_who_waits_cannot_buy_before_their_turn(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    with pytest.raises(SeatsSoldOut):
        line.buys("Ben")


def test_a_declined_offer_goes_to_the_next_in_line(studio: Studio) -> None:
    line = waiting("Anna", "Ben", "Cleo")
    line.frees()
    line.does(waitlist.decline, "Anna")
    line.does(waitlist.decline, "Anna")
    assert line.now() == {"Anna": S.DECLINED, "Ben": S.OFFERED, "Cleo": S.WAITING}
    released = [seat for seat in stored(Seat) if seat.mentee_id == line.people["Anna"].id]
    assert [seat.release_reason for seat in released] == [ReleaseReason.OFFER_DECLINED]
    assert line.taken() == 1


def test_an_offer_that_is_not_taken_in_time_goes_on_and_says_so(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    studio.wait(hours=24, seconds=-1)
    studio.sweep()
    assert line.entry("Anna").status is S.OFFERED
    studio.wait(seconds=1)
    studio.sweep()
    studio.sweep()
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED}
    assert line.entry("Ben").offer_ends_at == clock.utc_now() + DAY
    assert told("waitlist_offer_lapsed") == [line.people["Anna"].id]
    [seen] = line.own("Anna")
    assert (seen.status, seen.position) == (S.LAPSED, 0)


def test_after_days_without_a_sweep_one_offer_lapses_and_one_is_made(studio: Studio) -> None:
    line = waiting("Anna", "Ben", "Cleo")
    line.frees()
    studio.wait(days=5)
    studio.sweep()
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED, "Cleo": S.WAITING}


def test_an_offer_whose_time_is_over_takes_no_new_checkout(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    studio.wait(hours=24)
    with pytest.raises(Conflict, match="has ended"):
        line.buys("Anna")
    assert stored(Order) == []
    studio.sweep()
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED}


def test_a_checkout_that_is_open_at_the_end_of_the_offer_keeps_the_place(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    studio.wait(hours=23, minutes=50)
    order = line.buys("Anna").order
    studio.wait(minutes=20)
    assert waitlist.pass_on_due() == 0
    studio.pay(order)
    studio.deliver()
    assert line.now() == {"Anna": S.TAKEN, "Ben": S.WAITING}


def test_a_checkout_that_ends_unpaid_after_the_offer_frees_the_place_for_the_next(
    studio: Studio,
) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    studio.wait(hours=23, minutes=50)
    order = line.buys("Anna").order
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED}
    assert line.taken() == 1


def test_a_checkout_that_is_given_back_leaves_the_offer_as_it_was(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    ends_at = line.entry("Anna").offer_ends_at
    order = line.buys("Anna").order
    checkout.give_back(actor=line.actor("Anna"), order=order)
    entry, seat = line.entry("Anna"), seat_of(line, "Anna")
    assert (entry.status, entry.offer_ends_at) == (S.OFFERED, ends_at)
    assert (seat.status, seat.held_until) == (SeatStatus.HELD, ends_at)
    again = line.buys("Anna").order
    assert again != order
    studio.pay(again)
    studio.deliver()
    assert line.entry("Anna").status is S.TAKEN
    assert len(stored(Pack)) == 1


def test_an_offer_is_used_once_even_when_both_its_checkouts_are_paid(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    first = line.buys("Anna").order
    page = studio.checkout_of(first)
    other = an_offer(line.mentor, 15_000)
    second = checkout.start(actor=line.actor("Anna"), offer=other.public_id).order
    with pytest.raises(AssertionError):
        studio.pay(first, checkout=page)
    studio.pay(second)
    studio.deliver()
    assert (len(stored(Pack)), line.taken()) == (1, 1)
    assert line.now() == {"Anna": S.TAKEN, "Ben": S.WAITING}


def test_an_offer_cannot_be_declined_while_its_checkout_is_open(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    order = line.buys("Anna").order
    for work in (waitlist.decline, waitlist.leave):
        with pytest.raises(Conflict, match="checkout"):
            line.does(work, "Anna")
    checkout.give_back(actor=line.actor("Anna"), order=order)
    line.does(waitlist.decline, "Anna")
    assert line.taken() == 0


def test_money_that_comes_after_the_offer_was_lost_goes_back(studio: Studio) -> None:
    """Whoever lost the offer never pays for nothing."""
    line = waiting("Anna", "Ben")
    line.frees()
    studio.wait(hours=23, minutes=50)
    order = line.buys("Anna").order
    studio.wait(minutes=34)
    studio.pay(order)
    studio.lose_webhooks()
    with studio.stripe_unreachable():
        for minutes in (2, 15):
            studio.wait(minutes=minutes)
            studio.sweep()
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED}
    studio.reconcile()
    studio.send()
    [refund] = stored(Refund)
    assert (refund.reason, refund.amount_minor) == (RefundReason.NO_PLACE, 12_000)
    assert stored(Pack) == []
    assert line.now() == {"Anna": S.LAPSED, "Ben": S.OFFERED}


def test_a_place_that_costs_nothing_is_taken_at_once(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    with db.transaction() as session:
        by = UserId(line.admin.user_id or 0)
        session.add(DiscountCode(code="FREE100", percent=100, created_by=by))
    started = checkout.start(actor=line.actor("Anna"), offer=line.offer.public_id, code="FREE100")
    assert started.url is None
    assert line.entry("Anna").status is S.TAKEN


def test_an_ended_checkout_of_somebody_else_frees_the_place_for_the_line(studio: Studio) -> None:
    line = waiting(capacity=0)
    set_capacity(line, 1)
    order = line.buys("Zoe").order
    line.joins("Anna")
    studio.wait(minutes=36)
    studio.sweep()
    assert studio.order(order).status is OrderStatus.EXPIRED
    assert line.entry("Anna").status is S.OFFERED


def test_a_larger_capacity_is_offered_in_order(studio: Studio) -> None:
    line = waiting("Anna", "Ben", "Cleo")
    set_capacity(line, 3)
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.OFFERED, "Cleo": S.WAITING}
    assert line.taken() == 3


def test_a_place_beyond_the_capacity_is_not_offered(studio: Studio) -> None:
    line = waiting("Anna", capacity=2)
    set_capacity(line, 1)
    line.frees()
    assert line.entry("Anna").status is S.WAITING
    line.frees(1)
    assert line.entry("Anna").status is S.OFFERED


def test_a_mentor_without_a_pack_on_sale_offers_nothing_until_there_is_one(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    actor = acting_mentor(line.mentor)
    with db.transaction() as session:
        catalogue.retire_offer(session, actor=actor, offer=line.offer.public_id)
    line.frees()
    studio.sweep()
    assert line.entry("Anna").status is S.WAITING
    on_sale_again(line)
    assert line.entry("Anna").status is S.OFFERED


def test_an_offer_that_nobody_could_take_is_taken_back_and_the_place_kept(
    studio: Studio,
) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    actor = acting_mentor(line.mentor)
    with db.transaction() as session:
        catalogue.retire_offer(session, actor=actor, offer=line.offer.public_id)
    entry = line.entry("Anna")
    assert (entry.status, entry.seat_id, line.position("Anna")) == (S.WAITING, None, 1)
    assert line.taken() == 0
    assert told("waitlist_offer_withdrawn") == [line.people["Anna"].id]
    studio.wait(minutes=5)
    on_sale_again(line)
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.WAITING}
    assert told("waitlist_offer") == [line.people["Anna"].id] * 2


def test_an_offer_whose_checkout_ends_when_nothing_is_sold_any_more_is_not_lost(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    line.frees()
    order = line.buys("Anna").order
    actor = acting_mentor(line.mentor)
    with db.transaction() as session:
        catalogue.retire_offer(session, actor=actor, offer=line.offer.public_id)
    assert line.entry("Anna").status is S.OFFERED  # its checkout is open, and may be paid
    checkout.give_back(actor=line.actor("Anna"), order=order)
    assert line.entry("Anna").status is S.WAITING
    on_sale_again(line)
    assert line.entry("Anna").status is S.OFFERED


def test_what_was_changed_past_the_services_is_found_by_the_hourly_look(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    with db.transaction() as session:
        session.get_one(PackOffer, line.offer.id).status = OfferStatus.RETIRED
    assert waitlist.pass_on_idle() == 1
    assert line.now() == {"Anna": S.WAITING, "Ben": S.WAITING}


def test_replacing_the_only_pack_takes_no_offer_back(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    with db.transaction() as session:
        catalogue.replace_offer(
            session,
            actor=acting_mentor(line.mentor),
            offer=line.offer.public_id,
            title="Four sessions",
            sessions=4,
            price=Money(13_000, "EUR"),
            validity_days=45,
        )
    studio.sweep()
    assert line.entry("Anna").status is S.OFFERED


def test_an_unlisted_mentor_gives_no_new_word_and_keeps_the_old_one(studio: Studio) -> None:
    line = waiting("Anna", "Ben", capacity=2)
    line.frees()
    with db.transaction() as session:
        catalogue.set_listed(session, actor=line.admin, slug=line.mentor.slug, listed=False)
    line.frees(1)
    studio.sweep()
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.WAITING}
    order = line.buys("Anna").order
    studio.pay(order)
    studio.deliver()
    with db.transaction() as session:
        catalogue.set_listed(session, actor=line.admin, slug=line.mentor.slug, listed=True)
    assert line.now() == {"Anna": S.TAKEN, "Ben": S.OFFERED}


def test_the_old_word_of_an_unlisted_mentor_is_taken_back_when_nothing_is_sold(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    line.frees()
    with db.transaction() as session:
        catalogue.set_listed(session, actor=line.admin, slug=line.mentor.slug, listed=False)
        catalogue.retire_offer(
            session, actor=acting_mentor(line.mentor), offer=line.offer.public_id
        )
    assert line.entry("Anna").status is S.WAITING


def test_the_hourly_look_offers_what_was_freed_behind_its_back(studio: Studio) -> None:
    line = waiting("Anna")
    with db.transaction() as session:
        session.get_one(Mentor, line.mentor.id).capacity = 2
    assert waitlist.pass_on_idle() == 1
    assert waitlist.pass_on_idle() == 0
    assert line.entry("Anna").status is S.OFFERED


def test_the_preview_of_the_checkout_tells_of_the_offer_and_of_the_line(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()

    def seen(name: str) -> checkout.CheckoutPreview:
        actor = line.actor(name)
        with db.reading() as session:
            return checkout.preview(session, actor=actor, offer=line.offer.public_id)

    assert (seen("Anna").blocked, seen("Anna").offer_ends_at) == ("", clock.utc_now() + DAY)
    assert seen("Ben").can_wait
    assert "taken" in seen("Ben").blocked
    line.buys("Anna")
    assert seen("Anna").held_until is not None


def test_the_seat_of_a_refunded_pack_goes_to_the_line(studio: Studio) -> None:
    line = waiting(capacity=0)
    set_capacity(line, 1)
    order = line.buys("Zoe").order
    studio.pay(order)
    studio.deliver()
    line.joins("Anna")
    studio.refund_in_dashboard(order, 12_000)
    studio.deliver()
    studio.sweep()
    for refund in stored(Refund):
        refunds.close_sessions(actor=line.admin, refund=refund.public_id, sessions=4)
    assert line.entry("Anna").status is S.OFFERED


def test_a_stranger_sees_nothing_of_an_offer(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    with db.reading() as session:
        page = catalogue.get_mentor(session, line.mentor.slug, actor=acting(a_user("New Comer")))
    assert (page.own_entry, page.own_seat, page.can_buy, page.can_wait) == (None, None, False, True)
