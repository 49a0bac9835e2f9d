"""Terms and privacy notice: versions, words, and who agreed to which."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from services import accounts, clock, db, inbox, ratelimits, signin
from services.errors import Conflict, InvalidInput, NotFound
from services.inbox import Outcome
from services.models import Acceptance, Document, EmailLink, InboxEvent, LinkPurpose, SignIn
from services.privacy import documents, retention
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer, an_order
from tests.support.people import PASSWORD, last_token, make_user
from tests.support.servers import environment_of
from tests.support.studio import stored


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    ratelimits.forget_all()


def agreed() -> list[tuple[Document, str]]:
    return [(row.document, row.version) for row in stored(Acceptance)]


def in_force() -> list[tuple[Document, str]]:
    return [(document, documents.current(document)) for document in Document]


@pytest.mark.parametrize("document", Document)
def test_a_text_has_no_gap_left_and_says_who_is_responsible(document: Document) -> None:
    seller = {"SELLER_NAME": "Wren Studio Ltd", "SELLER_ADDRESS": "Example Street 1; 10115 Berlin"}
    with environment_of({**seller, "STUDIO_NAME": "Wren"}):
        found = documents.get_text(document)
    words = " ".join([found.title, *(each.text + " ".join(each.points) for each in found.blocks)])
    assert not re.search(r"[{}]|^#|^- ", words)
    assert "Wren Studio Ltd, Example Street 1, 10115 Berlin runs Wren" in words
    assert found.is_current
    assert {each.kind for each in found.blocks} == {"heading", "text", "points"}


def test_the_numbers_in_the_terms_are_the_settings() -> None:
    with environment_of({"GRACE_HOURS": "61", "CHANGE_LIMIT_HOURS": "13"}):
        words = str(documents.get_text(Document.TERMS).blocks)
    assert "61 hours" in words
    assert "13 hours before it starts" in words


def test_the_notice_promises_of_recordings_what_their_pages_show() -> None:
    with environment_of({}):
        words = str(documents.get_text(Document.PRIVACY).blocks)
    assert "you see that it was the studio, and when" in words
    assert "Recordings are not in it" in words
    assert "A network that brings files" not in words
    store = {"KIND": "b2", "REGION": "eu-central-003", "BUCKET": "b", "KEY_ID": "k", "SECRET": "s"}
    values = {f"STORAGE_B2_{name}": value for name, value in store.items()}
    cdn = {"STORAGE_DEFAULT": "b2", "FILES_CDN_BASE": "https://cdn.example.com"}
    with environment_of(values | cdn):
        assert "A network that brings files" in str(documents.get_text(Document.PRIVACY).blocks)


def test_an_unknown_version_is_not_found() -> None:
    for version in ("1999-01", "../terms-2026-11", "2026-11.md"):
        with pytest.raises(NotFound):
            documents.get_text(Document.TERMS, version)


def test_signing_up_agrees_to_what_was_shown_and_not_without(database: str) -> None:
    def sign_up(accepts: str) -> None:
        accounts.sign_up(
            email="mia@example.com",
            name="Mia",
            password=PASSWORD,
            time_zone="UTC",
            accepts=accepts,
        )

    for wrong in ("", "1999-01"):
        with pytest.raises(InvalidInput) as caught:
            sign_up(wrong)
        assert caught.value.field == "accepts"
    assert agreed() == []
    sign_up(documents.current(Document.TERMS))
    assert agreed() == in_force()


def test_whoever_takes_an_unconfirmed_account_over_has_agreed_to_nothing(database: str) -> None:
    accounts.sign_up(
        email="mia@example.com",
        name="Stranger",
        password=PASSWORD,
        time_zone="UTC",
        accepts=documents.current(Document.TERMS),
    )
    accounts.request_reset(email="mia@example.com")
    accounts.reset_password(token=last_token(LinkPurpose.RESET), password="a fresh long password")
    assert agreed() == []


def test_who_has_not_agreed_to_the_version_in_force_is_asked(database: str) -> None:
    make_user()
    secret = signin.sign_in(email="mia@example.com", password=PASSWORD)
    assert not signin.find_presence(secret).terms_due
    with db.transaction() as tx:
        for row in tx.exec(select(Acceptance)).all():
            row.version = "1999-01"
    presence = signin.find_presence(secret)
    assert presence.terms_due

    with pytest.raises(Conflict), db.transaction() as tx:
        documents.accept(tx, actor=presence.actor, shown="1999-01")
    with db.transaction() as tx:
        documents.accept(tx, actor=presence.actor, shown=documents.current(Document.TERMS))
    assert not signin.find_presence(secret).terms_due


def test_admins_are_not_asked(database: str) -> None:
    make_user(admin=True)
    with db.transaction() as tx:
        documents.forget_agreed(tx, user_id=stored(Acceptance)[0].user_id)
    secret = signin.sign_in(email="mia@example.com", password=PASSWORD)
    assert not signin.find_presence(secret).terms_due


def test_buying_agrees_once_per_version_and_names_the_order(database: str) -> None:
    buyer = a_user()
    offer = an_offer(a_mentor())
    orders = [an_order(buyer, offer), an_order(buyer, offer, status="canceled")]
    for order in orders:
        with db.transaction() as tx:
            version = documents.accept_with_order(
                tx,
                user_id=buyer.id,
                order_id=order.id,
                shown=documents.current(Document.TERMS),
            )
        assert version == documents.current(Document.TERMS)
    assert agreed() == in_force()
    assert {row.order_id for row in stored(Acceptance)} == {orders[0].id}
    with pytest.raises(Conflict, match="terms have changed"), db.transaction() as tx:
        documents.accept_with_order(tx, user_id=buyer.id, order_id=orders[0].id, shown="1999-01")
    with db.reading() as session:
        listed = documents.list_agreed(session, actor=acting(buyer))
    assert {each.document for each in listed} == set(Document)


def test_old_payloads_and_traces_of_signing_in_are_forgotten(database: str) -> None:
    make_user()
    an_admin()
    signin.sign_out(
        signin.sign_in(email="mia@example.com", password=PASSWORD, user_agent="Browser")
    )
    signin.sign_in(email="mia@example.com", password=PASSWORD, user_agent="Other")
    accounts.request_reset(email="mia@example.com")
    for event in ("evt_1", "evt_2"):
        inbox.receive(
            provider="stripe", event_id=event, type="t", object_id="o", payload='{"a": 1}'
        )
    inbox.settled(inbox.take()[0], Outcome.HANDLED)
    assert retention.prune() == 0

    with clock.at(clock.utc_now() + timedelta(days=29)):
        retention.prune()
    assert [row.payload for row in stored(InboxEvent)] == ['{"a": 1}'] * 2
    with clock.at(clock.utc_now() + timedelta(days=31)):
        retention.prune()
    assert sorted(row.user_agent for row in stored(SignIn)) == ["", "Other"]
    assert stored(EmailLink) == []
    with clock.at(clock.utc_now() + timedelta(days=retention.PAYLOAD_DAYS + 1)):
        retention.prune()
        assert retention.prune() == 0
    assert sorted(row.payload for row in stored(InboxEvent)) == ["", '{"a": 1}']
    with clock.at(clock.utc_now() + timedelta(days=retention.UNHANDLED_DAYS + 1)):
        retention.prune()
    assert [row.payload for row in stored(InboxEvent)] == ["", ""]
