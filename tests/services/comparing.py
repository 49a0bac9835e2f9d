"""Running a comparison with the providers, and what admins see of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import db, reconciliation
from services.audit import Actor
from services.ids import UserId
from services.reconciliation import Standing
from tests.services.tills import TILLS, Till
from tests.support.studio import Studio


@pytest.fixture(params=list(TILLS))
def till(request: pytest.FixtureRequest, studio: Studio) -> Till:
    """Each provider in turn."""
    return TILLS[request.param](studio)


def compared(window: timedelta = reconciliation.RECENT) -> tuple[int, int]:
    """One run a moment later: how many were repaired, and how many differ."""
    found = reconciliation.reconcile(window)
    return found.repaired, found.differ


def overview() -> reconciliation.Overview:
    with db.reading() as session:
        admin = Actor("user", user_id=UserId(1), is_admin=True)
        return reconciliation.overview(session, actor=admin)


def standing(till: Till) -> Standing:
    return next(one for one in overview().standings if one.provider.value == till.vendor)


def difference(till: Till) -> reconciliation.DifferenceView:
    """The only thing that differs."""
    latest = standing(till).latest
    assert latest is not None
    [found] = latest.differences
    return found
