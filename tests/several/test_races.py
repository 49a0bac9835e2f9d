"""The races of `tests/chaos`, at real web servers and real job workers on PostgreSQL and Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services import signin
from services.models import OrderStatus
from state.checkout import CheckoutState
from state.cookies import session_name
from tests.chaos import truth
from tests.chaos.crowd import refusals, together
from tests.chaos.shop import Bought, Buyer, admin, buyers, given_up, open_shop, started
from tests.chaos.test_deliveries import COMPLETED, posting
from tests.chaos.till import Till
from tests.journeys.world import World
from tests.support.people import PASSWORD, make_user
from tests.support.raw_socket import RawTab
from tests.support.several import Several, eventually

pytestmark = [pytest.mark.chaos, pytest.mark.alike]

BUYERS = 6
TIMES = 4
CHECKOUT = CheckoutState.get_full_name()


@pytest.fixture
def till(far: World, several: Several) -> Iterator[Till]:
    """The simulators keep their webhooks; the tests deliver them, and none that others left."""
    till = Till(several.sandbox)
    till.held()
    yield till
    several.sandbox.control("stripe/webhooks", {"mode": "now"})


def hooks(several: Several) -> list[str]:
    """Where each of the two servers takes webhooks."""
    return [f"{address}/api/webhooks/stripe" for address in several.web_addresses]


def paid_orders(till: Till) -> list[Bought]:
    """Buyers who have paid, each with a mentor of their own; no webhook has come yet."""
    bought = [started(open_shop(), buyer) for buyer in buyers(BUYERS)]
    for each in bought:
        till.pay(each.session)
    return bought


def delivering(till: Till, several: Several) -> list[Callable[[], int]]:
    """Every webhook several times, half of them to each server."""
    return [
        posting(hooks(several)[turn % 2], delivery)
        for delivery in till.held(COMPLETED)
        for turn in range(TIMES)
    ]


def all_have_their_packs(bought: list[Bought], till: Till) -> None:
    """In the end everybody has exactly one pack and one mail."""

    def done() -> bool:
        return all(
            len(truth.packs(each.shop)) == 1 and till.mails(each.buyer.email, "purchase")
            for each in bought
        )

    eventually(done, "somebody never got the pack and its mail")
    for each in bought:
        truth.one_pack(each, till)


def test_every_webhook_four_times_at_two_servers_is_one_pack_each(
    till: Till, several: Several
) -> None:
    bought = paid_orders(till)

    answers = together(delivering(till, several))

    assert answers == [200] * BUYERS * TIMES
    all_have_their_packs(bought, till)


def test_a_job_worker_that_is_killed_leaves_its_work_to_the_other(
    till: Till, several: Several
) -> None:
    bought = paid_orders(till)
    first, _ = several.workers

    answers = together([*delivering(till, several), lambda: first.kill() or 200])
    first.start()

    assert answers == [200] * (BUYERS * TIMES + 1)
    all_have_their_packs(bought, till)


def test_a_valkey_emptied_between_the_webhooks_loses_no_pack_and_makes_none_twice(
    till: Till, several: Several
) -> None:
    bought = paid_orders(till)

    answers = together([*delivering(till, several), lambda: several.valkey.empty() or 200])

    assert answers == [200] * (BUYERS * TIMES + 1)
    all_have_their_packs(bought, till)


def test_the_last_seat_is_sold_once_by_two_servers(till: Till, several: Several) -> None:
    shop = open_shop(capacity=1)

    def press(number: int) -> Callable[[], None]:
        email = f"crowd-{number}-{shop.slug}@example.com"
        make_user(email, name=f"Crowd {number}")
        secret = signin.sign_in(email=email, password=PASSWORD, address=email)
        address = several.web_addresses[number % 2]
        path = f"/checkout/{shop.offer}"
        tab = RawTab(address, cookie=f"{session_name()}={secret}", origin=several.address)
        tab.settle()
        tab.send(f"{CHECKOUT}.load", path=path)
        tab.settle()

        def pay() -> None:
            with tab:
                tab.send(f"{CHECKOUT}.pay", path=path)
                tab.settle()

        return pay

    assert refusals(together([press(number) for number in range(BUYERS)])) == []

    assert truth.taken(shop.mentor_id) == 1
    (order,) = truth.orders(shop)
    assert order.status is OrderStatus.PENDING
    assert len(till.sessions(order.public_id)) == 1


def test_who_pays_after_the_seat_was_sold_is_refunded_once(till: Till, several: Several) -> None:
    boss = admin()
    first, second = buyers(2)
    shop = open_shop(capacity=1)
    late = started(shop, first)
    given_up(late)
    soon = started(shop, second)
    till.pay(soon.session)
    eventually_paid(till, several, soon)
    till.pay(late.session)

    together(delivering(till, several))

    eventually(lambda: refunded(till, late, boss), "the late buyer was never refunded")
    truth.one_refund(late, till, boss)
    assert truth.taken(shop.mentor_id) == 1


def eventually_paid(till: Till, several: Several, bought: Bought) -> None:
    """The webhook is delivered and handled."""
    assert set(together(delivering(till, several))) == {200}
    eventually(lambda: len(truth.packs(bought.shop)) == 1, "the pack never came")


def refunded(till: Till, bought: Bought, boss: Buyer) -> bool:
    """The money went back, and buyer and admin have their mails."""
    alerts = [m for m in till.mails(boss.email, "admin_alert") if bought.order in m["text"]]
    done = truth.orders(bought.shop, OrderStatus.REFUNDED)
    return bool(done and alerts and till.mails(bought.buyer.email, "refunded"))
