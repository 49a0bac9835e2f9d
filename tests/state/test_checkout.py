"""The checkout page: what is agreed to is what is shown, and codes are not found by trying."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock, ratelimits
from services.models import DiscountCode, Order, PackOffer, User
from state import checkout
from state.checkout import CheckoutState
from tests.services.rows import a_mentor, a_user, an_admin, an_offer, saved
from tests.support.open_page import OpenPage
from tests.support.servers import environment_of
from tests.support.studio import Studio, stored

PROXY, HOME, AWAY = "10.0.0.1", "192.0.2.7", "198.51.100.7"


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    ratelimits.forget_all()
    yield
    ratelimits.forget_all()


def opened(
    person: User, offer: PackOffer, came_from: str = HOME, **headers: str
) -> OpenPage[CheckoutState]:
    headers["asgi-scope-client"] = came_from
    return OpenPage(CheckoutState, person, f"/checkout/{offer.public_id}", headers=headers)


def a_code(percent: int = 25) -> DiscountCode:
    begun = clock.utc_now() - timedelta(days=1)
    return saved(
        DiscountCode(code="SPRING", percent=percent, starts_at=begun, created_by=an_admin().id)
    )


def types(page: OpenPage[CheckoutState], code: str) -> str:
    """What is said about a code."""
    page.does("use_code", {"code": code})
    return page.state.code_error


def test_a_restarted_server_sells_at_the_price_and_the_terms_that_the_browser_shows(
    studio: Studio,
) -> None:
    a_code()
    page = opened(a_user(), an_offer(a_mentor()))
    types(page, "spring")
    shown = page.state.code, page.state.price, page.state.terms
    assert shown[:2] == ("SPRING", "€90.00")
    page.state.reset()
    page.does("pay", "stripe", *shown)
    [order] = stored(Order)
    assert (order.amount_minor, order.terms_version) == (9_000, shown[2])


@pytest.mark.parametrize(
    "shown", [("SPRING", "€90.00", "1999-01"), ("GONE", "€90.00", ""), ("", "", ""), (" ", "€", "")]
)
def test_what_the_browser_does_not_show_any_more_is_shown_before_it_is_paid(
    studio: Studio, shown: tuple[str, str, str]
) -> None:
    a_code()
    page = opened(a_user(), an_offer(a_mentor()))
    in_force = page.state.terms
    page.state.reset()
    code, price, terms = shown
    page.does("pay", "stripe", code, price, terms or in_force)
    assert stored(Order) == []
    assert (page.state.paying, page.state.terms) == ("", in_force)
    assert "press again" in page.state.notice
    page.does("pay", "stripe")
    [order] = stored(Order)
    assert order.terms_version == in_force


def test_a_button_pressed_on_the_way_to_another_pack_buys_neither(studio: Studio) -> None:
    a_code()
    mentor = a_mentor()
    page = opened(a_user(), an_offer(mentor))
    types(page, "spring")
    other = an_offer(mentor, 20_000)
    page._address = f"/checkout/{other.public_id}"  # pyright: ignore[reportPrivateUsage]
    page._turns_to(page._address)  # pyright: ignore[reportPrivateUsage]
    page.does("pay", "stripe", "", "€200.00", page.state.terms)
    assert stored(Order) == []
    assert page.state.price == "€200.00"


def test_what_is_typed_as_a_code_is_read_to_a_limit(studio: Studio) -> None:
    a_code()
    page = opened(a_user(), an_offer(a_mentor()))
    assert types(page, "   spring   ") == ""
    assert page.state.code == "SPRING"
    assert types(page, "S" * 1_000_000).startswith("This code is not valid.")
    assert types(page, " " * checkout.LONGEST_TYPED + "SPRING") == "Type the code first."


def tries(person: User, offer: PackOffer, came_from: str = HOME, **headers: str) -> int:
    """How many codes somebody may type before it is enough."""
    page = opened(person, offer, came_from, **headers)
    for number in range(200):
        types(page, f"GUESS-{number}")
        if "Too many" in page.state.notice:
            return number
    return 200


def test_one_person_and_one_address_try_only_so_many_codes_whatever_the_account(
    studio: Studio,
) -> None:
    offer = an_offer(a_mentor())
    with environment_of({"RATE_LIMITS": "1", "TRUSTED_PROXIES": PROXY}):
        people = [a_user(f"Buyer {number}") for number in range(5)]
        assert [tries(each, offer) for each in people] == [20, 20, 20, 0, 0]
        assert tries(people[4], offer, PROXY, **{"x-forwarded-for": f"{AWAY}, {HOME}"}) == 0
        assert tries(people[4], offer, PROXY, **{"x-forwarded-for": AWAY}) == 18
