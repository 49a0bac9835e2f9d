"""What stands still, by whose word, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock, db, inbox
from services.audit import Actor
from services.errors import InvalidInput, NotAllowed, NotFound
from services.jobs import pauses
from services.models import AuditEntry
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import BEGINNING, stored

HOUR = timedelta(hours=1)


@pytest.fixture
def admin(database: str) -> Iterator[Actor]:
    with clock.at(BEGINNING):
        yield acting(an_admin())


def paused() -> frozenset[str]:
    with db.reading() as session:
        return pauses.paused_kinds(session)


def begin(reason: str, hours: int | None) -> bool:
    until = clock.utc_now() + hours * HOUR if hours is not None else None
    with db.transaction() as session:
        return pauses.begin(session, kind="mail", reason=reason, until=until)


def end() -> bool:
    with db.transaction() as session:
        return pauses.end(session, kind="mail")


def test_an_admin_pauses_a_kind_with_a_reason_and_lets_it_go_on(admin: Actor) -> None:
    pauses.pause(actor=admin, kind="mail", reason="The template is wrong.")
    assert paused() == {"mail"}
    with db.reading() as session:
        [shown] = pauses.list_paused(session)
    assert (shown.reason, shown.by_user_id, shown.until) == (
        "The template is wrong.",
        admin.user_id,
        None,
    )
    pauses.resume(actor=admin, kind="mail")
    assert paused() == frozenset()
    with pytest.raises(NotFound):
        pauses.resume(actor=admin, kind="mail")
    assert [line.action for line in stored(AuditEntry)][-2:] == ["kind.paused", "kind.resumed"]


def test_a_pause_ends_by_itself_and_is_taken_away(admin: Actor) -> None:
    pauses.pause(actor=admin, kind="mail", reason="For now.", until=clock.utc_now() + HOUR)
    with clock.at(BEGINNING + HOUR):
        assert paused() == frozenset()
        assert pauses.forget_ended() == 1
        assert pauses.forget_ended() == 0


def test_the_system_says_once_that_a_vendor_stopped_us_and_never_shortens_it(admin: Actor) -> None:
    assert begin("The day's quota is used up.", 2)
    assert not begin("Too fast.", 1)
    with clock.at(BEGINNING + 1.5 * HOUR):
        assert paused() == {"mail"}
        assert not begin("The month's quota is used up.", 9)
    with clock.at(BEGINNING + 10 * HOUR):
        assert paused() == {"mail"}
    with clock.at(BEGINNING + 11 * HOUR):
        assert begin("The day's quota is used up.", None)
        assert end()
        assert not end()


def test_the_system_leaves_a_persons_pause_alone(admin: Actor) -> None:
    pauses.pause(actor=admin, kind="mail", reason="We move house.")
    assert not begin("Too fast.", 1)
    assert not end()
    with clock.at(BEGINNING + 2 * HOUR):
        assert paused() == {"mail"}


def test_a_provider_whose_events_stand_still_keeps_no_other_waiting(admin: Actor) -> None:
    for provider in ("stripe", "paypal"):
        inbox.receive(provider=provider, event_id="1", type="x", object_id="o", payload="{}")
    pauses.pause(actor=admin, kind="inbox:stripe", reason="Their news is wrong.")
    assert [taken.provider for taken in inbox.take()] == ["paypal"]
    assert inbox.take() == []
    pauses.resume(actor=admin, kind="inbox:stripe")
    assert [taken.provider for taken in inbox.take()] == ["stripe"]


def test_only_an_admin_pauses_and_says_why(admin: Actor) -> None:
    with pytest.raises(NotAllowed):
        pauses.pause(actor=acting(a_user()), kind="mail", reason="No.")
    with pytest.raises(NotAllowed):
        pauses.resume(actor=acting(a_user("Una Other")), kind="mail")
    for kind, reason, until in (
        ("", "Why.", None),
        ("k" * 61, "Why.", None),
        ("mail", "", None),
        ("mail", "Why.", BEGINNING),
    ):
        with pytest.raises(InvalidInput):
            pauses.pause(actor=admin, kind=kind, reason=reason, until=until)
    assert paused() == frozenset()
