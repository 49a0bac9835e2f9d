"""Discount codes: who may use which, how uses are counted, and how they are given back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services import clock, db, discounts, payments
from services.audit import SYSTEM, Actor
from services.discounts import AMOUNT, PERCENT, CodeState, NewCode
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.ids import OrderId
from services.models import (
    AuditEntry,
    DiscountCode,
    DiscountRedemption,
    Mentor,
    Order,
    PackOffer,
    Provider,
    User,
)
from services.money import Money
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_seat,
    a_user,
    acting,
    an_admin,
    an_offer,
    an_order,
    saved,
)
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNKNOWN = "This code is not valid. Check how it is written."


def a_code(code: str = "SPRING", **fields: Any) -> DiscountCode:
    fields = {"percent": 10, "created_by": an_admin(f"Admin {code}").id} | fields
    fields.setdefault("starts_at", clock.utc_now() - timedelta(days=1))
    return saved(DiscountCode(code=code, **fields))


def why(offer: PackOffer, code: str = "SPRING", buyer: User | None = None) -> str:
    """Why a code cannot be used; empty when it can."""
    try:
        with db.reading() as session:
            discounts.applied(session, buyer=buyer.id if buyer else None, code=code, offer=offer)
    except InvalidInput as error:
        return error.message if error.field == "code" else f"wrong field: {error.field}"
    return ""


def used(buyer: User, offer: PackOffer, code: DiscountCode) -> Order:
    """An open order of the buyer's that uses the code."""
    order = an_order(buyer, offer)
    with db.transaction() as session:
        row = session.get_one(Order, order.id)
        discounts.redeem(session, order=row, code=session.get_one(DiscountCode, code.id))
    return row


def test_a_code_is_found_however_it_is_typed() -> None:
    offer = an_offer(a_mentor())
    a_code("SPRING-26")
    assert why(offer, " spring-26 ") == why(offer, "Spring-26") == ""
    assert why(offer, "SPRING26") == why(offer, "") == why(offer, "%") == UNKNOWN


def test_a_code_works_from_its_first_moment_until_just_before_its_end() -> None:
    offer = an_offer(a_mentor())
    a_code(starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    seen: list[str] = []
    for minutes in (-1, 0, 59, 60):
        with clock.at(NOON + timedelta(minutes=minutes)):
            seen.append(why(offer))
    assert seen == [
        "This code is not valid yet.",
        "",
        "",
        "This code is not valid any more.",
    ]


def test_a_code_for_one_mentor_or_one_currency_works_there_only() -> None:
    mina, otto = a_mentor(), a_mentor("Otto Other")
    a_code("MINA", mentor_id=mina.id)
    a_code("DOLLARS", percent=None, amount_minor=500, currency="USD")
    assert why(an_offer(mina), "MINA") == ""
    assert "not for this mentor" in why(an_offer(otto), "MINA")
    assert "currency" in why(an_offer(otto), "DOLLARS")
    assert why(an_offer(otto, currency="USD"), "DOLLARS") == ""


def test_a_person_uses_a_code_as_often_as_its_limit_says_and_others_still_may() -> None:
    nora, pia, code = a_user(), a_user("Pia Peter"), a_code(max_per_person=2)
    offers = [an_offer(a_mentor(f"Mentor {n}")) for n in range(3)]
    used(nora, offers[0], code)
    assert why(offers[1], buyer=nora) == ""
    used(nora, offers[1], code)
    assert why(offers[2], buyer=nora) == "You have used this code already."
    assert why(offers[2], buyer=pia) == why(offers[2]) == ""
    with pytest.raises(InvalidInput, match="already"):
        used(nora, offers[2], code)
    assert len(stored(DiscountRedemption)) == 2


def test_a_code_that_is_used_up_is_refused_when_the_order_is_written_too() -> None:
    offer, code = an_offer(a_mentor()), a_code(max_total=1)
    pia = a_user("Pia Peter")
    used(a_user(), offer, code)
    assert why(offer, buyer=pia) == why(offer) == "This code has been used up."
    with pytest.raises(InvalidInput, match="used up"):
        used(pia, offer, code)
    assert len(stored(DiscountRedemption)) == 1


def test_a_code_stopped_after_the_page_was_seen_is_refused_when_the_order_is_written() -> None:
    offer, code = an_offer(a_mentor()), a_code()
    assert why(offer) == ""
    admin = acting(an_admin())
    with db.transaction() as session:
        discounts.set_active(session, actor=admin, code=code.public_id, active=False)
    with pytest.raises(InvalidInput, match="not valid any more"):
        used(a_user(), offer, code)


def test_an_order_that_ends_unpaid_gives_its_use_back_once() -> None:
    nora, offer, code = a_user(), an_offer(a_mentor()), a_code(max_total=1)
    order = used(nora, offer, code)
    for _ in range(2):
        with db.transaction() as session:
            discounts.release(session, session.get_one(Order, order.id))
    assert why(offer, buyer=nora) == ""
    [redemption] = stored(DiscountRedemption)
    assert redemption.released_at is not None


def test_the_order_that_a_new_one_replaces_does_not_count_against_it() -> None:
    nora, offer, code = a_user(), an_offer(a_mentor()), a_code()
    order = used(nora, offer, code)
    with db.reading() as session:
        discounts.applied(
            session, buyer=nora.id, code=code.code, offer=offer, ending=OrderId(order.id)
        )
    assert why(offer, buyer=nora) == "You have used this code already."


def test_a_late_payment_takes_its_use_back_even_beyond_the_limit() -> None:
    nora, pia = a_user(), a_user("Pia Peter")
    mentor, code = a_mentor(), a_code(max_total=1)
    offer = an_offer(mentor)
    order = used(nora, offer, code)
    a_seat(nora, mentor)
    with db.transaction() as session:
        discounts.release(session, session.get_one(Order, order.id))
    used(pia, offer, code)
    with db.transaction() as session:
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=session.get_one(Order, order.id),
            provider=Provider.STRIPE,
            payment_id="pi_late",
            paid=Money(12_000, "EUR"),
        )
    assert [row.released_at for row in stored(DiscountRedemption)] == [None, None]
    assert "used up" in why(offer, buyer=a_user("Una Unlucky"))


def test_money_that_finds_no_place_gives_the_use_back() -> None:
    nora, code = a_user(), a_code(max_total=1)
    offer = an_offer(a_mentor(capacity=0))
    order = used(nora, offer, code)
    with db.transaction() as session:
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=session.get_one(Order, order.id),
            provider=Provider.STRIPE,
            payment_id="pi_late",
            paid=Money(12_000, "EUR"),
        )
    assert why(offer, buyer=nora) == ""


def made(**asked: str) -> DiscountCode:
    """A code as an admin makes it."""
    new = NewCode(**{"code": "spring 26", "kind": PERCENT, "value": "20"} | asked)
    admin = acting(an_admin(f"Admin {len(stored(User))}"))
    with db.transaction() as session:
        public_id = discounts.create_code(session, actor=admin, new=new)
    return next(row for row in stored(DiscountCode) if row.public_id == public_id)


def test_an_admin_makes_codes_of_either_kind_and_it_is_written_down() -> None:
    with clock.at(NOON):
        share = made(max_total="5", max_per_person="", starts_on="2026-03-29", ends_on="2026-03-29")
        fixed = saved_mentor_code(a_mentor())
    assert (share.code, share.percent, share.amount_minor) == ("SPRING26", 20, None)
    assert (share.max_total, share.max_per_person) == (5, None)
    # The day on which summer time begins in Berlin has 23 hours.
    assert share.starts_at == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert share.ends_at == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert (fixed.percent, fixed.amount_minor, fixed.currency) == (None, 1250, "EUR")
    assert (fixed.starts_at, fixed.ends_at, fixed.max_per_person) == (NOON, None, 1)
    [first, _] = [row for row in stored(AuditEntry) if row.action == "discount_code.created"]
    assert first.after["code"] == "SPRING26"


def saved_mentor_code(mentor: Mentor) -> DiscountCode:
    found = made(code="MINA", kind=AMOUNT, value="12,50", mentor=mentor.slug)
    assert found.mentor_id == mentor.id
    return found


def test_a_code_that_pays_to_be_guessed_is_a_long_one() -> None:
    mina, otto = a_mentor(), a_mentor("Otto Other")
    an_offer(mina, 10_000)
    an_offer(otto, 30_000)
    for dear in (
        {"value": "50"},
        {"kind": AMOUNT, "value": "50"},
        {"kind": AMOUNT, "value": "50", "mentor": mina.slug},
    ):
        with pytest.raises(InvalidInput, match="at least 6") as refused:
            made(code="short", **dear)
        assert refused.value.field == "code"
    assert made(code="longer", value="100").percent == 100
    assert made(code="ab1", value="49").percent == 49
    assert made(code="ab2", kind=AMOUNT, value="49.99").amount_minor == 4_999
    assert made(code="ab3", kind=AMOUNT, value="50", mentor=otto.slug).amount_minor == 5_000


WRONG: list[tuple[str, dict[str, str]]] = [
    ("code", {"code": "ab"}),
    ("code", {"code": "-SPRING"}),
    ("code", {"code": "ŚPRING"}),
    ("code", {"code": "A" * 41}),
    ("value", {"value": "0"}),
    ("value", {"value": "101"}),
    ("value", {"kind": AMOUNT, "value": "0"}),
    ("value", {"kind": AMOUNT, "value": "1.999"}),
    ("kind", {"kind": "gift"}),
    ("starts_on", {"starts_on": "tomorrow"}),
    ("ends_on", {"ends_on": "2026-02-30"}),
    ("ends_on", {"starts_on": "2026-05-02", "ends_on": "2026-05-01"}),
    ("ends_on", {"ends_on": "2026-03-01"}),
    ("max_total", {"max_total": "0"}),
    ("max_per_person", {"max_per_person": "-1"}),
    ("mentor", {"mentor": "nobody"}),
]


def test_a_code_that_cannot_be_meant_is_refused_by_its_field() -> None:
    for field, asked in WRONG:
        with clock.at(NOON), pytest.raises(InvalidInput) as refused:
            made(**asked)
        assert refused.value.field == field, asked
    assert stored(DiscountCode) == []


def test_a_code_is_there_once_however_it_is_written() -> None:
    a_code("SPRING26")
    with pytest.raises(InvalidInput, match="SPRING26 already") as refused:
        made()
    assert refused.value.field == "code"


def test_a_stopped_code_works_again_when_it_is_let() -> None:
    offer, code, admin = an_offer(a_mentor()), a_code(), acting(an_admin())
    for active, expected in ((False, "This code is not valid any more."), (True, "")):
        for _ in range(2):
            with db.transaction() as session:
                discounts.set_active(session, actor=admin, code=code.public_id, active=active)
        assert why(offer) == expected
    actions = [row.action for row in stored(AuditEntry)]
    assert actions == ["discount_code.stopped", "discount_code.resumed"]
    with db.transaction() as session, pytest.raises(NotFound):
        discounts.set_active(session, actor=admin, code="dsc_nothing", active=True)


def test_admins_see_each_code_with_its_uses_and_what_it_is_now() -> None:
    offer, admin = an_offer(a_mentor()), acting(an_admin())
    with clock.at(NOON - timedelta(days=2)):
        full = a_code("FULL", max_total=1)
    with clock.at(NOON - timedelta(days=1)):
        a_code("ENDED", starts_at=NOON - timedelta(days=9), ends_at=NOON - timedelta(days=1))
    with clock.at(NOON):
        used(a_user(), offer, full)
        a_code("LATER", starts_at=NOON + timedelta(days=1))
        a_code("STOP", active=False, created_at=NOON + timedelta(seconds=1))
        with db.reading() as session:
            part = discounts.list_codes(session, actor=admin, limit=3)
            rest = discounts.list_codes(session, actor=admin, before=part.next)
            going = discounts.list_codes(session, actor=admin, only_working=True, query="l")
    assert [(one.code, one.state) for one in (*part.rows, *rest.rows)] == [
        ("STOP", CodeState.STOPPED),
        ("LATER", CodeState.NOT_YET),
        ("ENDED", CodeState.OVER),
        ("FULL", CodeState.USED_UP),
    ]
    assert part.total == 4
    assert rest.rows[0].used == 1
    assert [one.code for one in going.rows] == ["LATER", "FULL"]


@pytest.mark.parametrize("actor", [VISITOR, Actor("user", user_id=None)])
def test_visitors_reach_no_codes(actor: Actor) -> None:
    with db.transaction() as session, pytest.raises(SignInNeeded):
        discounts.list_codes(session, actor=actor)
    with db.transaction() as session, pytest.raises(SignInNeeded):
        discounts.create_code(session, actor=actor, new=NewCode("SPRING", PERCENT, "10"))


def test_mentors_and_mentees_neither_see_nor_change_codes() -> None:
    code, person = a_code(), acting(a_user())
    with db.transaction() as session:
        for act in (
            lambda: discounts.list_codes(session, actor=person),
            lambda: discounts.list_mentors(session, actor=person),
            lambda: discounts.create_code(
                session, actor=person, new=NewCode("MINE", PERCENT, "100")
            ),
            lambda: discounts.set_active(session, actor=person, code=code.public_id, active=False),
        ):
            with pytest.raises(NotAllowed):
                act()
