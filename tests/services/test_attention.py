"""What waits for an admin: counted for the first page, and told in words."""

from __future__ import annotations

import pytest

from services import analytics, db
from services.analytics import Attention
from state.admin_overview import tasks_of
from tests.services.chores import chores
from tests.services.rows import acting, an_admin

pytestmark = pytest.mark.usefixtures("database")


def attention() -> Attention:
    with db.reading() as session:
        return analytics.get_overview(session, actor=acting(an_admin())).attention


def test_everything_about_money_that_waits_for_an_admin_is_counted_on_the_first_page() -> None:
    chores()
    now = attention()
    assert (now.refunds_waiting, now.refunds_troubled) == (1, 2)
    assert (now.open_disputes, now.disputes_due) == (3, 1)
    assert (now.unmatched, now.differing) == (1, 4)
    told = {task.href: task.title for task in reversed(tasks_of(now))}
    assert told == {
        "/admin/refunds": "2 refunds need your help",
        "/admin/disputes": "1 dispute wants evidence now",
        "/admin/unmatched": "1 movement of money fits nothing",
        "/admin/reconciliation": "4 things differ from the provider's",
    }
    assert [task.tone for task in tasks_of(now)] == ["bad"] * 2 + ["warning"] * 4


def test_nothing_is_told_when_nothing_waits() -> None:
    assert tasks_of(attention()) == []
