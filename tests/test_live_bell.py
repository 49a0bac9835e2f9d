"""The bell on an open page: its number changes without a reload, beside what the page shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from services import db, telling
from services.ids import UserId
from services.models import Notification, User
from services.telling import Line
from state.bell import BellState
from state.notifications import NotificationsState
from tests.services.rows import acting
from tests.support.live_web import LiveTab, Web, cookie_of, web
from tests.support.people import make_user
from tests.support.raw_socket import redirects

EMAIL = "mia@example.com"


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Web]:
    """A web process on each database."""
    with web(tmp_path / "web") as running:
        yield running


@pytest.fixture
def mia(site: Web) -> User:
    """Somebody who is told."""
    make_user(EMAIL, name="Mia Maler")
    with db.reading() as session:
        return session.exec(select(User).where(User.email == EMAIL)).one()


def tell(user_id: UserId, title: str) -> None:
    with db.transaction() as tx:
        telling.tell(
            tx, user_id=user_id, kind="purchase", about="ord_1", occasion=title, line=Line(title)
        )


def rings(tab: LiveTab) -> LiveTab:
    """The tab has begun to look at the bell, as each page does in the end."""
    tab.send(f"{BellState.get_full_name()}.load", path="/notifications")
    return tab


def test_the_number_and_the_list_change_on_an_open_page(site: Web, mia: User) -> None:
    tab = rings(site.open(NotificationsState, "/notifications", cookie_of(EMAIL)))
    tell(mia.id, "Your pack is ready")
    tab.sees(lambda shown: "1 new one" in repr(shown) and "Your pack is ready" in repr(shown))
    tell(mia.id, "Your refund is on its way")
    tab.reads("2 new ones")
    newest = _newest(mia)
    with db.transaction() as tx:
        telling.mark_all_read(tx, actor=acting(mia), until=newest)
    tab.sees(lambda shown: any("bell_state.unread" in k and shown[k] == "" for k in shown))
    tab.__exit__()


def test_nobody_elses_bell_rings(site: Web, mia: User) -> None:
    make_user("olga@example.com", name="Olga Other")
    others = rings(site.open(NotificationsState, "/notifications", cookie_of("olga@example.com")))
    hers = rings(site.open(NotificationsState, "/notifications", cookie_of(EMAIL)))
    tell(mia.id, "Your pack is ready")
    hers.reads("Your pack is ready")
    assert "Your pack is ready" not in repr(others.settle())
    hers.__exit__()
    others.__exit__()


def test_a_visitor_has_no_bell_and_is_not_sent_away(site: Web) -> None:
    tab = rings(LiveTab(site.address, cookie="", origin=site.address))
    assert redirects(tab.settle()) == []
    tab.__exit__()


def _newest(user: User) -> str:
    with db.reading() as session:
        rows = session.exec(select(Notification).where(Notification.user_id == user.id)).all()
    return max(rows, key=lambda row: row.id).public_id
