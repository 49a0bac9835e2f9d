"""Accounts at their services: signing up, confirming, new passwords, the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from services import accounts, clock, db, email_links, ratelimits, signin
from services.errors import AppError, InvalidInput, NotFound, TooManyAttempts
from services.models import (
    AuditEntry,
    Document,
    EmailLink,
    LinkPurpose,
    OutboxMessage,
    User,
    UserStatus,
)
from services.privacy import documents
from tests.support.people import PASSWORD, actor_of, last_token, mails, make_user

NEW_PASSWORD = "a fresh long password"


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    ratelimits.forget_all()
    yield
    ratelimits.forget_all()


def sign_up(email: str = "mia@example.com", **changed: str) -> None:
    fields = {"name": "Mia Example", "password": PASSWORD, "time_zone": "Europe/Lisbon"} | changed
    accounts.sign_up(
        email=email,
        name=fields["name"],
        password=fields["password"],
        time_zone=fields["time_zone"],
        locale=fields.get("locale", "en"),
        accepts=fields.get("accepts", documents.current(Document.TERMS)),
        address="203.0.113.7",
    )


def the_user(email: str = "mia@example.com") -> User:
    with db.reading() as session:
        return session.exec(select(User).where(User.email == email)).one()


def test_an_account_works_once_its_address_is_confirmed(database: str) -> None:
    sign_up("Mia@Example.COM")
    with pytest.raises(InvalidInput):
        signin.sign_in(email="mia@example.com", password=PASSWORD)
    accounts.verify_email(token=last_token(LinkPurpose.VERIFY))
    presence = signin.find_presence(signin.sign_in(email="MIA@example.com", password=PASSWORD))
    assert presence.actor.verified
    assert (presence.name, presence.time_zone) == ("Mia Example", "Europe/Lisbon")


def test_signing_up_again_mails_a_reset_and_changes_nothing(database: str) -> None:
    make_user()
    before = the_user()
    sign_up(name="Somebody Else", password="another long password")
    assert the_user().model_dump() == before.model_dump()
    assert [mail["template"] for mail in mails()] == ["reset"]
    assert mails()[0]["from_sign_up"] is True


def test_the_same_address_signed_up_in_parallel_is_one_account(database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sign_up(), range(4)))
    assert the_user().email == "mia@example.com"
    assert sorted(str(mail["template"]) for mail in mails()) == ["reset"] * 3 + ["verify"]


def test_a_suspended_address_gets_the_same_answer_and_no_mail(database: str) -> None:
    user_id = make_user()
    with db.transaction() as session:
        session.get_one(User, user_id).status = UserStatus.SUSPENDED
    sign_up()
    accounts.request_reset(email="mia@example.com")
    assert mails() == []


def test_unknown_and_known_addresses_get_the_same_answer_and_both_cost_a_write(
    database: str,
) -> None:
    make_user("known@example.com")

    def lines_after(act: Callable[[str], None], email: str) -> int:
        act(email)
        with db.reading() as session:
            return len(session.exec(select(AuditEntry)).all())

    for act in (
        lambda email: accounts.request_reset(email=email),
        lambda email: accounts.request_verification(email=email),
    ):
        first = lines_after(act, "known@example.com")
        assert lines_after(act, "unknown@example.com") == first + 1


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("email", {"email": "not an address"}),
        ("email", {"email": "x" * 300 + "@example.com"}),
        ("email", {"email": "mia@example.com\nBcc: all@example.com"}),
        ("name", {"name": " "}),
        ("name", {"name": "M" * 81}),
        ("name", {"name": "Mia\x00"}),
        ("name", {"name": "Mia \u202etxt"}),
        ("password", {"password": "short"}),
        ("password", {"password": "x" * 129}),
        ("password", {"password": "aaaaaaaaaaaa"}),
        ("password", {"password": "line\nbreak in it"}),
    ],
)
def test_what_cannot_be_used_is_refused_by_field_and_nothing_is_written(
    database: str, field: str, changed: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        sign_up(**{"email": "mia@example.com"} | changed)
    assert refused.value.field == field
    with db.reading() as session:
        assert session.exec(select(User)).all() == []


@pytest.mark.parametrize(
    ("zone", "stored"),
    [("Asia/Calcutta", "Asia/Calcutta"), ("Mars/Olympus", "Europe/Berlin"), ("", "Europe/Berlin")],
)
def test_an_unknown_zone_of_a_browser_becomes_the_studios(
    database: str, zone: str, stored: str
) -> None:
    sign_up(time_zone=zone)
    assert the_user().time_zone == stored


def test_neither_outbox_nor_links_hold_the_token(database: str) -> None:
    sign_up()
    token = last_token(LinkPurpose.VERIFY)
    with db.reading() as session:
        rows = [*session.exec(select(OutboxMessage)).all(), *session.exec(select(EmailLink)).all()]
    assert all(token not in repr(row.model_dump()) for row in rows)
    assert all("@" not in repr(mail) for mail in mails())


def test_confirming_twice_is_no_error_but_a_foreign_token_is(database: str) -> None:
    sign_up()
    token = last_token(LinkPurpose.VERIFY)
    accounts.verify_email(token=token)
    accounts.verify_email(token=token)
    for wrong in ("", token[:-1], token + "x", "é" * 20, "x" * 5_000):
        with pytest.raises(InvalidInput):
            accounts.verify_email(token=wrong)


def test_a_verifying_link_does_not_reset_and_a_reset_link_does_not_verify(database: str) -> None:
    sign_up()
    accounts.request_reset(email="mia@example.com")
    with pytest.raises(InvalidInput):
        accounts.reset_password(token=last_token(LinkPurpose.VERIFY), password=NEW_PASSWORD)
    with pytest.raises(InvalidInput):
        accounts.verify_email(token=last_token(LinkPurpose.RESET))


def test_links_expire(database: str) -> None:
    sign_up()
    make_user("other@example.com")
    accounts.request_reset(email="other@example.com")
    verify, reset = last_token(LinkPurpose.VERIFY), last_token(LinkPurpose.RESET)
    with clock.at(clock.utc_now() + timedelta(hours=24)):
        with pytest.raises(InvalidInput):
            accounts.verify_email(token=verify)
        with pytest.raises(InvalidInput):
            accounts.reset_password(token=reset, password=NEW_PASSWORD)


def test_a_reset_ends_every_sign_in_and_every_older_link_and_works_once(database: str) -> None:
    make_user()
    secret = signin.sign_in(email="mia@example.com", password=PASSWORD)
    accounts.request_reset(email="mia@example.com")
    older = last_token(LinkPurpose.RESET)
    accounts.request_reset(email="mia@example.com")
    token = last_token(LinkPurpose.RESET)
    accounts.reset_password(token=token, password=NEW_PASSWORD)
    assert signin.actor_for(secret) == signin.VISITOR
    for used in (token, older):
        with pytest.raises(InvalidInput):
            accounts.reset_password(token=used, password="yet another password")
    with pytest.raises(InvalidInput):
        signin.sign_in(email="mia@example.com", password=PASSWORD)
    assert signin.actor_for(signin.sign_in(email="mia@example.com", password=NEW_PASSWORD)).user_id


def test_a_reset_link_used_in_parallel_sets_one_password(database: str) -> None:
    make_user()
    accounts.request_reset(email="mia@example.com")
    token = last_token(LinkPurpose.RESET)

    def reset(number: int) -> bool:
        try:
            accounts.reset_password(token=token, password=f"{NEW_PASSWORD} {number}")
        except InvalidInput:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reset, range(4))) == 1


def test_a_reset_confirms_the_address_because_the_mail_arrived(database: str) -> None:
    make_user(verified=False)
    accounts.request_reset(email="mia@example.com")
    accounts.reset_password(token=last_token(LinkPurpose.RESET), password=NEW_PASSWORD)
    assert the_user().email_verified_at is not None


def test_the_mail_gets_its_link_from_the_row_and_learns_when_it_is_pointless(
    database: str,
) -> None:
    sign_up()
    link_id = mails()[0]["link_id"]
    assert isinstance(link_id, int)
    with db.reading() as session:
        mail = email_links.for_mail(session, link_id)
        assert (mail.email, mail.usable) == ("mia@example.com", True)
        assert mail.url.startswith("http")
        assert "/verify?token=" in mail.url
    accounts.verify_email(token=last_token(LinkPurpose.VERIFY))
    with db.reading() as session:
        assert not email_links.for_mail(session, link_id).usable
        with pytest.raises(NotFound):
            email_links.for_mail(session, 999_999)


def test_a_changed_password_keeps_only_the_browser_that_changed_it(database: str) -> None:
    user_id = make_user()
    here = signin.sign_in(email="mia@example.com", password=PASSWORD)
    elsewhere = signin.sign_in(email="mia@example.com", password=PASSWORD)
    accounts.change_password(
        actor=actor_of(user_id),
        current=PASSWORD,
        new=NEW_PASSWORD,
        keep=signin.find_presence(here).sign_in,
    )
    assert signin.actor_for(here).user_id == user_id
    assert signin.actor_for(elsewhere) == signin.VISITOR


def test_a_password_is_not_changed_without_the_old_one(database: str) -> None:
    actor = actor_of(make_user())
    before = the_user().password_hash
    with pytest.raises(InvalidInput) as refused:
        accounts.change_password(actor=actor, current="wrong password", new=NEW_PASSWORD)
    assert refused.value.field == "current"
    with pytest.raises(AppError):
        accounts.change_password(actor=signin.VISITOR, current=PASSWORD, new=NEW_PASSWORD)
    assert the_user().password_hash == before


def test_the_profile_takes_names_and_zones_that_can_be_shown(database: str) -> None:
    actor = actor_of(make_user())
    with db.transaction() as session:
        accounts.update_profile(
            session, actor=actor, name="  Mia   Neu ", time_zone="US/Eastern", locale="de-AT"
        )
    user = the_user()
    assert (user.name, user.time_zone, user.locale) == ("Mia Neu", "US/Eastern", "de-AT")
    for field, values in {
        "time_zone": {"time_zone": "../../etc/passwd"},
        "name": {"name": ""},
        "locale": {"locale": "de_AT; DROP"},
    }.items():
        fields = {"name": "Mia", "time_zone": "UTC", "locale": "en"} | values
        with pytest.raises(InvalidInput) as refused, db.transaction() as session:
            accounts.update_profile(session, actor=actor, **fields)
        assert refused.value.field == field
    assert the_user().name == "Mia Neu"


def test_mails_to_one_address_are_limited_whether_it_has_an_account_or_not(database: str) -> None:
    make_user()
    for email in ("mia@example.com", "nobody@example.com"):
        for _ in range(5):
            accounts.request_reset(email=email)
        with pytest.raises(TooManyAttempts):
            accounts.request_reset(email=email)
    assert len(mails()) == 5


def test_the_owner_of_an_address_cannot_confirm_a_strangers_password(database: str) -> None:
    sign_up(password="the password of a stranger")
    strangers = last_token(LinkPurpose.VERIFY)
    sign_up(password="the password of the owner")
    with pytest.raises(InvalidInput):
        accounts.verify_email(token=strangers)
    accounts.reset_password(token=last_token(LinkPurpose.RESET), password=NEW_PASSWORD)
    with pytest.raises(InvalidInput):
        signin.sign_in(email="mia@example.com", password="the password of a stranger")
    assert signin.sign_in(email="mia@example.com", password=NEW_PASSWORD)
