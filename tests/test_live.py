"""Live pages: what one person does appears on the open pages of the others, read once for all of
them, by nobody who may not see it, and not oftener than a page can bear."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from services import db, payments, signin, topics
from services.audit import SYSTEM
from services.models import Mentor, Order, PackOffer, Provider, User
from services.money import Money
from state.admin_mentors import AdminMentorsState
from state.admin_orders import AdminOrdersState
from state.checkout_return import CheckoutReturnState
from state.dashboard import DashboardState
from state.guard import PRESENCE_SECONDS
from state.mentor import MentorState
from state.mentor_dashboard import MentorDashboardState
from state.orders import OrdersState
from tests.services.rows import a_user, an_offer, an_order
from tests.support import databases as dbs
from tests.support import postgres
from tests.support.live_web import LiveTab, Web, cookie_of, web
from tests.support.people import make_user
from tests.support.raw_socket import redirects

UPDATES_PER_SECOND = 4
_IN_A_LIST = re.compile(r"IN \((\?|%\(\w+\)s(::\w+)?)(, (\?|%\(\w+\)s(::\w+)?))*\)")


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Web]:
    """A web process on each database."""
    with web(tmp_path / "web") as running:
        yield running


class Shop:
    """A mentor with a pack on sale, an admin, and a buyer; each with a signed-in browser."""

    def __init__(self) -> None:
        make_user("ada@example.com", name="Ada Admin", admin=True)
        make_user("noor@example.com", name="Noor Mentor", mentor="noor")
        make_user("mia@example.com", name="Mia Maler")
        with db.transaction() as session:
            self.mentor = session.exec(select(Mentor)).one()
            self.mentor.listed, self.mentor.headline = True, "Noor helps"
            self.mentor.capacity = 200
            self.mia = session.exec(select(User).where(User.email == "mia@example.com")).one()
        self.offer: PackOffer = an_offer(self.mentor)
        self.admin, self.noor, self.mias = (
            cookie_of(f"{name}@example.com") for name in ("ada", "noor", "mia")
        )

    def sells(self, buyer: User | None = None) -> Order:
        """Somebody's order is paid."""
        return self.fulfils(an_order(buyer or self.mia, self.offer))

    def fulfils(self, order: Order) -> Order:
        """An order that is there is paid."""
        with db.transaction() as session:
            stored = session.get_one(Order, order.id)
            price = Money(stored.amount_minor, stored.currency)
            payments.fulfil(
                session,
                actor=SYSTEM,
                order=stored,
                provider=Provider.STRIPE,
                payment_id=f"pi_{stored.id}",
                paid=price,
            )
        return order

    def dashboards(self, site: Web, number: int) -> list[LiveTab]:
        """So many open tabs: the buyer's, the mentor's and the admin's, in turn."""
        pages = (
            (DashboardState, "/dashboard", self.mias),
            (MentorDashboardState, "/mentor", self.noor),
            (AdminOrdersState, "/admin/orders", self.admin),
        )
        return [site.open(*pages[place % 3]) for place in range(number)]


def close(tabs: list[LiveTab]) -> None:
    for tab in tabs:
        tab.__exit__()


def quiet(site: Web) -> int:
    """Wait until nothing has been read for a second; how many statements there were."""
    before = -1
    while before != (now := len(site.statements())):
        before = now
        time.sleep(1)
    return now


def test_a_purchase_appears_on_the_open_pages_of_mentee_mentor_admin_and_visitor(
    site: Web,
) -> None:
    shop = Shop()
    mia, noor, ada = shop.dashboards(site, 3)
    visitor = site.open(MentorState, "/mentors/noor")
    order = shop.sells()
    mia.reads("4 of 4 sessions left")
    noor.reads("Mia Maler")
    ada.reads(order.public_id)
    visitor.reads("199 of 200 seats left")
    close([mia, noor, ada, visitor])


def test_a_change_is_read_as_often_for_a_hundred_dashboards_as_for_one_of_each(site: Web) -> None:
    shop = Shop()

    def cost_of_a_sale(tabs: list[LiveTab]) -> Counter[str]:
        before = quiet(site)
        order = shop.sells()
        for tab in tabs[2::3]:
            tab.reads(order.public_id)
        for tab in tabs[0::3]:
            tab.reads("sessions left")
        quiet(site)
        return Counter(_IN_A_LIST.sub("IN (…)", one) for one in site.statements()[before:])

    few = shop.dashboards(site, 3)
    shop.sells()  # the first sale has empty lists before it, and so fewer statements
    one_of_each = cost_of_a_sale(few)
    many = few + shop.dashboards(site, 97)
    a_hundred = cost_of_a_sale(many)
    close(many)
    assert one_of_each.total() > 5
    assert a_hundred == one_of_each


def test_who_lost_the_role_or_signed_out_is_sent_away_and_shown_nothing(site: Web) -> None:
    shop = Shop()
    mia, _noor, ada = tabs = shop.dashboards(site, 3)
    with db.transaction() as session:
        session.exec(select(User).where(User.email == "ada@example.com")).one().is_admin = False
    signin.sign_out(shop.mias.partition("=")[2])
    time.sleep(PRESENCE_SECONDS + 0.2)
    order = shop.sells()
    for tab in (mia, ada):
        tab.sees(lambda _, tab=tab: bool(redirects(tab.received)))
        assert order.public_id not in repr(tab.received)
        assert "sessions left" not in repr(tab.received)
    assert redirects(ada.received) == ["/dashboard"]
    assert redirects(mia.received) == ["/sign-in?next=%2Fdashboard"]
    close(tabs)


def test_a_burst_reaches_a_tab_four_times_a_second_and_ends_with_the_last_state(site: Web) -> None:
    shop = Shop()
    ada = site.open(AdminOrdersState, "/admin/orders", shop.admin)
    began = time.monotonic()
    last = [shop.sells() for _ in range(50)][-1]
    updates = ada.reads("50 orders")
    seconds = time.monotonic() - began
    close([ada])
    assert last.public_id in repr(ada.received[-1])
    assert 1 < updates <= UPDATES_PER_SECOND * seconds + 1


def test_two_web_workers_both_show_what_a_third_process_changed(site: Web, tmp_path: Path) -> None:
    shop = Shop()
    with web(tmp_path / "second") as second:
        tabs = [one.open(AdminOrdersState, "/admin/orders", shop.admin) for one in (site, second)]
        order = shop.sells()
        for tab in tabs:
            tab.reads(order.public_id)
        close(tabs)


@pytest.fixture
def own_server(own_settings: None) -> Iterator[Path]:
    """The folder of a PostgreSQL of this test's own, which may be stopped; a database is in use."""
    folder = Path(tempfile.mkdtemp(prefix="mentorships-live-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
    server = postgres.Postgres(folder, "live")
    with dbs.in_use(server.url(server.create())):
        yield folder
    server.close()
    postgres.stop(folder)
    shutil.rmtree(folder)


def test_a_restart_of_postgres_in_mid_watch_is_survived_and_nothing_is_missed(
    own_server: Path, tmp_path: Path
) -> None:
    shop = Shop()
    with web(tmp_path / "web") as site:
        ada = site.open(AdminOrdersState, "/admin/orders", shop.admin)
        postgres.stop(own_server)
        time.sleep(1)
        postgres.start_again(own_server)
        first = shop.sells()  # perhaps while nobody listens yet
        ada.reads(first.public_id)
        second = shop.sells()
        ada.reads(second.public_id)
        close([ada])


def test_a_reading_that_failed_is_tried_again_and_the_page_keeps_what_it_shows(
    site: Web,
) -> None:
    shop = Shop()
    mia = site.open(DashboardState, "/dashboard", shop.mias)
    with db.transaction() as session:
        session.connection().execute(text("ALTER TABLE credit_entry RENAME TO credit_entry_away"))
        topics.publish(session, topics.mentee(shop.mia.id))
    time.sleep(1)
    with db.transaction() as session:
        session.connection().execute(text("ALTER TABLE credit_entry_away RENAME TO credit_entry"))
    shop.sells()
    mia.reads("4 of 4 sessions left")
    assert "failed" not in repr(mia.received)
    close([mia])


def test_a_poll_of_a_page_that_was_left_does_not_keep_the_next_page_from_news(site: Web) -> None:
    shop = Shop()
    order = an_order(shop.mia, shop.offer)
    page = CheckoutReturnState.get_full_name()
    mia = site.open(CheckoutReturnState, f"/checkout/return/{order.public_id}", shop.mias)
    mia.send(f"{page}.look")
    mia.look(DashboardState, "/dashboard")
    mia.sees(lambda shown: any("provider_silent" in name for name in shown))
    shop.fulfils(order)
    mia.reads("4 of 4 sessions left")
    close([mia])


def test_a_mentors_page_shows_ones_new_seat_and_is_gone_when_it_is_not_listed_any_more(
    site: Web,
) -> None:
    shop = Shop()
    mia = site.open(MentorState, "/mentors/noor", shop.mias)
    visitor = site.open(MentorState, "/mentors/noor")
    shop.sells()
    mia.reads("You have a seat here.")
    visitor.reads("199 of 200 seats left")
    with db.transaction() as session:
        session.get_one(Mentor, shop.mentor.id).listed = False
        topics.publish(session, topics.seats(shop.mentor.id))
    for tab in (mia, visitor):
        tab.reads("missing")
    with db.transaction() as session:
        session.get_one(Mentor, shop.mentor.id).listed = True
        topics.publish(session, topics.seats(shop.mentor.id))
    for tab in (mia, visitor):
        tab.reads("ready")
    close([mia, visitor])


def test_the_list_of_ones_orders_and_the_admins_mentors_are_live(site: Web) -> None:
    shop = Shop()
    mia = site.open(OrdersState, "/orders", shop.mias)
    ada = site.open(AdminMentorsState, "/admin/mentors", shop.admin)
    order = shop.sells()
    mia.reads(order.public_id)
    ada.reads("1 of 200")
    close([mia, ada])


def test_who_got_other_rights_or_signed_out_sees_the_page_anew_and_then_its_news(
    site: Web,
) -> None:
    shop = Shop()
    ada = site.open(AdminOrdersState, "/admin/orders", shop.admin)
    mia = site.open(MentorState, "/mentors/noor", shop.mias)
    with db.transaction() as session:
        admin = session.exec(select(User).where(User.email == "ada@example.com")).one()
        session.add(Mentor(user_id=admin.id, slug="ada", capacity=1))
    signin.sign_out(shop.mias.partition("=")[2])
    time.sleep(PRESENCE_SECONDS + 0.2)
    for left in (199, 198):
        order = shop.sells(a_user(f"Buyer {left}"))
        ada.reads(order.public_id)
        mia.reads(f"{left} of 200")
    assert "ready" in repr(mia.received)
    close([ada, mia])


def test_a_tab_whose_state_ran_out_begins_anew_and_is_not_sent_away(
    database: str, tmp_path: Path
) -> None:
    shop = Shop()
    with web(tmp_path / "web", REFLEX_REDIS_TOKEN_EXPIRATION="1") as site:
        ada = site.open(AdminOrdersState, "/admin/orders", shop.admin)
        time.sleep(2.5)
        order = shop.sells()
        ada.reads(order.public_id)
        assert redirects(ada.received) == []
        close([ada])
