"""Packs: when their validity begins and ends, and what their credits did."""

from __future__ import annotations

from datetime import timedelta

from services import checkout, clock, packs
from services.models import AuditEntry, CreditEntry, CreditKind, Pack, PackStatus, SeatStatus
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting, an_offer
from tests.support.studio import BEGINNING, Studio, stored


def _bought(studio: Studio, validity_days: int | None, times: int = 1) -> list[Pack]:
    offer = an_offer(a_mentor(), validity_days=validity_days)
    buyer = acting(a_user())
    for _ in range(times):
        order = checkout.start(actor=buyer, offer=offer.public_id).order
        studio.pay(order)
        studio.deliver()
    return stored(Pack)


def test_validity_begins_at_the_purchase(studio: Studio) -> None:
    [pack] = _bought(studio, 45)
    assert pack.starts_at == clock.utc_now()
    assert pack.expires_at == clock.utc_now() + timedelta(days=45)


def test_a_pack_without_validity_never_ends(studio: Studio) -> None:
    [pack] = _bought(studio, None)
    assert pack.expires_at is None
    studio.wait(days=4000)
    assert packs.expire_due() == 0
    assert stored(Pack)[0].status is PackStatus.ACTIVE


def test_another_packs_validity_begins_when_the_last_one_ends(studio: Studio) -> None:
    first, second, third = _bought(studio, 45, times=3)
    assert first.expires_at is not None
    assert second.starts_at == first.expires_at
    assert second.expires_at == first.expires_at + timedelta(days=45)
    assert third.starts_at == second.expires_at


def test_a_pack_with_another_mentor_delays_nothing(studio: Studio) -> None:
    buyer = a_user()
    a_pack(a_seat(buyer, a_mentor("Other Mentor")), expires_at=BEGINNING + timedelta(days=9))
    order = checkout.start(actor=acting(buyer), offer=an_offer(a_mentor()).public_id).order
    studio.pay(order)
    studio.deliver()
    assert stored(Pack)[-1].starts_at == clock.utc_now()


def test_a_pack_that_is_over_delays_nothing(studio: Studio) -> None:
    mentor, buyer = a_mentor(), a_user()
    seat = a_seat(buyer, mentor)
    a_pack(seat, expires_at=BEGINNING - timedelta(days=1), status=PackStatus.EXPIRED)
    order = checkout.start(actor=acting(buyer), offer=an_offer(mentor).public_id).order
    studio.pay(order)
    studio.deliver()
    assert stored(Pack)[-1].starts_at == clock.utc_now()


def test_an_expired_pack_loses_what_is_not_reserved_and_says_so_once(database: str) -> None:
    with clock.at(BEGINNING):
        seat = a_seat(a_user(), a_mentor())
        a_pack(seat, left=3, reserved=1, expires_at=BEGINNING + timedelta(days=1))
    with clock.at(BEGINNING + timedelta(days=1) - timedelta(seconds=1)):
        assert packs.expire_due() == 0
    with clock.at(BEGINNING + timedelta(days=1)):
        assert packs.expire_due() == 1
        assert packs.expire_due() == 0
    [pack], [entry] = stored(Pack), stored(CreditEntry)
    assert (pack.status, pack.left, pack.reserved) == (PackStatus.EXPIRED, 1, 1)
    assert (entry.kind, entry.amount) == (CreditKind.EXPIRE, -2)
    assert [line.after for line in stored(AuditEntry) if line.action == "pack.expired"] == [
        {"credits": 2}
    ]


def test_expiry_is_caught_up_after_an_outage_in_one_pass(database: str) -> None:
    with clock.at(BEGINNING):
        for number in range(5):
            seat = a_seat(a_user(f"Mentee {number}"), a_mentor(f"Mentor {number}"))
            a_pack(seat, expires_at=BEGINNING + timedelta(days=number + 1))
    with clock.at(BEGINNING + timedelta(days=30)):
        assert packs.expire_due() == 5
        assert packs.expire_due() == 0
    assert {pack.status for pack in stored(Pack)} == {PackStatus.EXPIRED}


def test_the_sessions_of_an_order_are_those_that_were_sold(studio: Studio) -> None:
    offer = an_offer(a_mentor(), sessions=7, title="Seven sessions")
    order = checkout.start(actor=acting(a_user()), offer=offer.public_id).order
    studio.pay(order)
    studio.deliver()
    [pack] = stored(Pack)
    assert (pack.title, pack.total, pack.left) == ("Seven sessions", 7, 7)
    assert studio.seat(order).status is SeatStatus.ACTIVE
