"""What the operator does from the command line, and what the start refuses."""

from __future__ import annotations

import pytest
from sqlmodel import select

from mentorships import seed, serve
from services import accounts, audit, db, operators, signin, urls
from services.config import ConfigError
from services.errors import InvalidInput
from services.models import Document, User
from services.privacy import documents
from tests.support.people import PASSWORD, make_user

BOSS, NEW_PASSWORD = "boss@example.com", "the password of the operator"


def is_admin_with(password: str) -> bool:
    return signin.actor_for(signin.sign_in(email=BOSS, password=password)).is_admin


def test_a_new_admin_signs_in_with_the_password_that_was_typed(database: str) -> None:
    operators.create_admin(email="Boss@example.com", name="Boss", password=NEW_PASSWORD)
    assert is_admin_with(NEW_PASSWORD)


def test_a_confirmed_account_becomes_admin_and_keeps_its_password(database: str) -> None:
    make_user(BOSS)
    operators.create_admin(email=BOSS, name="Other", password=NEW_PASSWORD)
    assert is_admin_with(PASSWORD)
    with pytest.raises(InvalidInput):
        is_admin_with(NEW_PASSWORD)


def test_a_stranger_who_took_the_address_first_does_not_become_admin(database: str) -> None:
    accounts.sign_up(
        email=BOSS,
        name="Stranger",
        password=PASSWORD,
        time_zone="UTC",
        accepts=documents.current(Document.TERMS),
    )
    operators.create_admin(email=BOSS, name="Boss", password=NEW_PASSWORD)
    with pytest.raises(InvalidInput):
        is_admin_with(PASSWORD)
    assert is_admin_with(NEW_PASSWORD)
    with db.reading() as session:
        assert session.exec(select(User.name).where(User.email == BOSS)).one() == "Boss"


def test_production_refuses_a_database_with_the_demo_studio(database: str) -> None:
    serve.refuse_the_demo()
    with db.transaction() as session:
        audit.record(session, actor=audit.SYSTEM, action=seed.FINISHED, thing="studio")
    with pytest.raises(ConfigError, match="demo studio"):
        serve.refuse_the_demo()


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/orders?before=2", "/orders?before=2"),
        ("//evil.example", "/dashboard"),
        ("//[x", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("https://evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/ok\nSet-Cookie: a=b", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_after_signing_in_one_stays_on_the_site(wanted: str, goes_to: str) -> None:
    assert urls.safe_next(wanted, "/dashboard") == goes_to
