"""Signing in at its service: secrets, roles, lists, limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import select

from services import clock, db, passwords, ratelimits, signin
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded, TooManyAttempts
from services.ids import UserId
from services.models import Mentor, SignIn, User, UserStatus
from tests.support.people import PASSWORD, actor_of, make_user
from tests.support.servers import environment_of

DEAR = "$argon2id$v=19$m=65536,t=3,p=4$"
"""How a hash begins that resists guessing: 64 MiB, three passes."""


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    ratelimits.forget_all()
    yield
    ratelimits.forget_all()


@pytest.fixture
def outside_of_tests(own_settings: None) -> Iterator[None]:
    """Passwords are hashed as in a studio: in the tests hashes are cheap."""
    with environment_of({"APP_ENV": "local"}):
        yield


def sign_in(email: str = "mia@example.com", **more: str) -> str:
    return signin.sign_in(email=email, password=PASSWORD, **more)


def set_status(user_id: UserId, status: UserStatus) -> None:
    with db.transaction() as session:
        session.get_one(User, user_id).status = status


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(database: str) -> None:
    make_user()
    answers: set[str] = set()
    for email in ("mia@example.com", "nobody@example.com", "not an address", ""):
        with pytest.raises(InvalidInput) as refused:
            signin.sign_in(email=email, password="wrong password")
        answers.add(f"{refused.value.field}: {refused.value}")
    assert len(answers) == 1


def test_an_unknown_address_costs_a_hash_too(database: str, outside_of_tests: None) -> None:
    user_id = make_user()
    with db.transaction() as session:
        session.get_one(User, user_id).password_hash = passwords.hash_password(PASSWORD)

    def seconds(email: str) -> float:
        begun = clock.utc_now()
        with pytest.raises(InvalidInput):
            signin.sign_in(email=email, password="wrong password")
        return (clock.utc_now() - begun).total_seconds()

    seconds("warm@example.com")
    pairs = [(seconds("mia@example.com"), seconds(f"nobody{n}@example.com")) for n in range(6)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert known / 10 < unknown < known * 10, "without a hash it is a hundredth"


def test_only_the_hash_of_the_secret_is_stored(database: str) -> None:
    make_user()
    secret = sign_in()
    with db.reading() as session:
        row = session.exec(select(SignIn)).one()
    assert secret not in repr(row.model_dump())
    assert len(secret) >= 43


def test_every_sign_in_has_a_new_secret_and_ends_the_one_it_replaces(database: str) -> None:
    user_id = make_user()
    first = sign_in()
    second = sign_in(replaces=first)
    assert first != second
    assert signin.actor_for(first) == signin.VISITOR
    assert signin.actor_for(second).user_id == user_id


def test_roles_come_from_the_database_each_time(database: str) -> None:
    user_id = make_user()
    secret = sign_in()
    assert not signin.actor_for(secret).is_admin
    assert signin.actor_for(secret).mentor_id is None
    with db.transaction() as session:
        session.get_one(User, user_id).is_admin = True
        session.add(Mentor(user_id=user_id, slug="mia"))
    assert signin.actor_for(secret).is_admin
    assert signin.actor_for(secret).mentor_id is not None


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.ERASED])
def test_a_closed_account_is_signed_out_at_once(database: str, status: UserStatus) -> None:
    user_id = make_user()
    secret = sign_in()
    set_status(user_id, status)
    assert signin.actor_for(secret) == signin.VISITOR


def test_a_suspended_person_is_told_so_only_with_the_right_password(database: str) -> None:
    set_status(make_user(), UserStatus.SUSPENDED)
    with pytest.raises(NotAllowed, match="suspended"):
        sign_in()
    with pytest.raises(InvalidInput):
        signin.sign_in(email="mia@example.com", password="wrong password")


def test_a_sign_in_ends_after_its_days(database: str) -> None:
    make_user()
    secret = sign_in()
    now = clock.utc_now()
    with clock.at(now + timedelta(days=29)):
        assert signin.actor_for(secret) != signin.VISITOR
    with clock.at(now + timedelta(days=30, seconds=1)):
        assert signin.actor_for(secret) == signin.VISITOR


@pytest.mark.parametrize("secret", ["", "x", "x" * 5_000, "\x00", "' OR 1=1 --", "é"])
def test_a_made_up_secret_is_a_visitor(database: str, secret: str) -> None:
    make_user()
    sign_in()
    assert signin.actor_for(secret) == signin.VISITOR
    signin.sign_out(secret)


def test_people_list_and_end_their_own_sign_ins_and_nobody_elses(database: str) -> None:
    mia, tom = make_user(), make_user("tom@example.com")
    here = sign_in(user_agent="Firefox\x00 on Linux", address="203.0.113.7")
    sign_in()
    foreign = signin.find_presence(sign_in("tom@example.com")).sign_in
    current = signin.find_presence(here).sign_in
    with db.reading() as session:
        listed = signin.list_sign_ins(session, actor=actor_of(mia), current=current)
    assert len(listed) == 2
    (mine,) = [view for view in listed if view.is_current]
    assert (mine.user_agent, mine.address) == ("Firefox on Linux", "203.0.113.7")
    with pytest.raises(NotFound), db.transaction() as session:
        signin.revoke(session, actor=actor_of(mia), public_id=foreign)
    with pytest.raises(SignInNeeded), db.transaction() as session:
        signin.revoke(session, actor=signin.VISITOR, public_id=current)
    with db.transaction() as session:
        signin.revoke(session, actor=actor_of(mia), public_id=current)
    assert signin.actor_for(here) == signin.VISITOR
    with db.reading() as session:
        assert len(signin.list_sign_ins(session, actor=actor_of(mia))) == 1
        assert len(signin.list_sign_ins(session, actor=actor_of(tom))) == 1


def test_signing_out_ends_this_browser_only(database: str) -> None:
    make_user()
    here, elsewhere = sign_in(), sign_in()
    signin.sign_out(here)
    assert signin.actor_for(here) == signin.VISITOR
    assert signin.actor_for(elsewhere) != signin.VISITOR


def test_being_seen_is_noted_every_few_minutes(database: str) -> None:
    make_user()
    secret = sign_in()
    later = clock.utc_now() + timedelta(minutes=6)
    with clock.at(later):
        signin.find_presence(secret)
    with db.reading() as session:
        assert session.exec(select(SignIn)).one().seen_at == later


def test_a_hash_with_old_parameters_is_renewed_at_sign_in(
    database: str, outside_of_tests: None
) -> None:
    user_id = make_user()
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8_192, parallelism=1),))
    with db.transaction() as session:
        session.get_one(User, user_id).password_hash = weak.hash(PASSWORD)
    sign_in()
    with db.reading() as session:
        stored = session.get_one(User, user_id).password_hash
    assert stored.startswith(DEAR)
    assert passwords.verify(PASSWORD, stored) == (True, None)


def test_a_password_that_everybody_knows_costs_nothing_until_somebody_signs_in_with_it(
    database: str, outside_of_tests: None
) -> None:
    with passwords.known_to_everybody():
        cheap = passwords.hash_password(PASSWORD)
    assert not cheap.startswith(DEAR)
    assert passwords.hash_password(PASSWORD).startswith(DEAR)
    user_id = make_user()
    with db.transaction() as session:
        session.get_one(User, user_id).password_hash = cheap
    sign_in()
    with db.reading() as session:
        assert session.get_one(User, user_id).password_hash.startswith(DEAR)


def test_guessing_is_stopped_per_account_and_address_even_with_the_right_password(
    database: str,
) -> None:
    make_user()
    for _ in range(10):
        with pytest.raises(InvalidInput):
            signin.sign_in(email="mia@example.com", password="wrong one", address="203.0.113.7")
    with pytest.raises(TooManyAttempts, match="minutes"):
        sign_in("MIA@example.com ", address="203.0.113.7")
    assert sign_in(address="198.51.100.2")


def test_the_right_password_starts_the_count_anew(database: str) -> None:
    make_user()
    for _ in range(3):
        for _ in range(6):
            with pytest.raises(InvalidInput):
                signin.sign_in(email="mia@example.com", password="wrong one", address="192.0.2.1")
        sign_in(address="192.0.2.1")


def test_one_network_cannot_try_many_accounts(database: str) -> None:
    for number in range(120):
        ratelimits.hit(ratelimits.SIGN_IN_ADDRESS, f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooManyAttempts):
        sign_in(address="2001:db8:1:2:ffff::1")
    with pytest.raises(InvalidInput):
        sign_in(address="2001:db8:1:3::1")
