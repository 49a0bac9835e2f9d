"""What the night forgets of what people were told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services import clock, db, inbox
from services.models import InboxEvent, MailDelivery, MailStatus, Notification, User, UserStatus
from services.privacy import retention
from tests.services.rows import a_user, saved
from tests.support.studio import BEGINNING, stored


@pytest.fixture
def nora(database: str) -> Iterator[User]:
    """Somebody who was told; the clock stands still."""
    with clock.at(BEGINNING):
        yield a_user()


def a_mail(user: User, number: int, **fields: Any) -> None:
    """One that arrived, or whatever else became of it."""
    fields = {"subject": "Your pack is ready", "status": MailStatus.DELIVERED} | fields
    saved(
        MailDelivery(
            unique_key=f"mail:{number}",
            user_id=user.id,
            template="purchase",
            about="ord_1",
            recipient=user.email,
            **fields,
        )
    )


def test_whom_a_mail_went_to_is_forgotten_after_a_year_and_that_it_went_is_not(nora: User) -> None:
    a_mail(nora, 1)
    with clock.at(BEGINNING + timedelta(days=retention.MAIL_DAYS - 1)):
        a_mail(nora, 2)
        assert retention.prune() == 0
    with clock.at(BEGINNING + timedelta(days=retention.MAIL_DAYS + 1)):
        assert retention.prune() == 1
        assert retention.prune() == 0
    old, new = stored(MailDelivery)
    assert (old.recipient, old.subject) == ("", "")
    assert (old.unique_key, old.status, old.about) == ("mail:1", MailStatus.DELIVERED, "ord_1")
    assert new.recipient == nora.email


def test_what_a_mailbox_answered_is_forgotten_with_the_address_that_it_names(nora: User) -> None:
    answered = f"550 no such mailbox: {nora.email}"
    a_mail(nora, 1, status=MailStatus.BOUNCED, reason=answered)
    a_mail(nora, 2, status=MailStatus.SKIPPED, reason="the account is suspended")
    with clock.at(BEGINNING + timedelta(days=retention.MAIL_DAYS + 1)):
        assert retention.prune() == 2
        assert retention.prune() == 0
    assert [mail.reason for mail in stored(MailDelivery)] == ["", "the account is suspended"]


def test_what_comes_back_after_its_reader_was_erased_is_forgotten_in_the_next_night(
    nora: User,
) -> None:
    olga = a_user("Olga Other")
    for person in (nora, olga):
        a_mail(person, person.id, status=MailStatus.BOUNCED, reason=f"unknown: {person.email}")
    with db.transaction() as tx:
        person = tx.get_one(User, nora.id)
        person.status, person.erased_at = UserStatus.ERASED, clock.utc_now()
    assert retention.prune() == 1
    hers, others = stored(MailDelivery)
    assert (hers.recipient, hers.subject, hers.reason) == ("", "", "")
    assert (others.recipient, others.reason) == (olga.email, f"unknown: {olga.email}")


def test_the_night_forgets_old_lines_of_the_bell(nora: User) -> None:
    saved(Notification(user_id=nora.id, kind="purchase", unique_key="1", title="A pack"))
    with clock.at(BEGINNING + timedelta(days=91)):
        assert retention.prune() == 1
    assert stored(Notification) == []


def test_who_typed_a_command_on_discord_is_forgotten_with_the_command(nora: User) -> None:
    for provider in ("discord", "stripe"):
        inbox.receive(
            provider=provider, event_id="1", type="command", object_id="a name", payload="{}"
        )
    with clock.at(BEGINNING + timedelta(days=retention.UNHANDLED_DAYS + 1)):
        assert retention.prune() == 2
    found = {row.provider: (row.payload, row.object_id) for row in stored(InboxEvent)}
    assert found == {"discord": ("", ""), "stripe": ("", "a name")}
