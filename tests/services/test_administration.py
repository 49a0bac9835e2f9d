"""What admins see, and what they do to accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from services import administration, clock, db, mail, orders, signin, topics
from services.administration import MentorFilter, UserFilter
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed, SignInNeeded
from services.ids import hashed
from services.models import (
    AuditEntry,
    SignIn,
    TopicChange,
    User,
    UserStatus,
)
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    counted_reading,
    saved,
)

pytestmark = pytest.mark.usefixtures("database")


def users(actor: Actor, **filters: Any) -> list[str]:
    with db.reading() as session:
        return [row.name for row in administration.list_users(session, actor=actor, **filters).rows]


def test_only_admins_read_admin_lists() -> None:
    mentor = a_mentor()
    for read in (orders.list_all, administration.list_users, administration.list_mentors):
        with db.reading() as session:
            with pytest.raises(NotAllowed):
                read(session, actor=acting_mentor(mentor))
            with pytest.raises(SignInNeeded):
                read(session, actor=VISITOR)


def test_admins_find_users_by_words_and_by_kind() -> None:
    admin = an_admin()
    a_mentor("Mina Mentor")
    a_user("Sam Suspended", status=UserStatus.SUSPENDED)
    a_user("Una Unverified", email_verified_at=None)

    actor = acting(admin)
    assert users(actor, query="MINA.mentor@") == ["Mina Mentor"]
    assert users(actor, only=UserFilter.MENTORS) == ["Mina Mentor"]
    assert users(actor, only=UserFilter.ADMINS) == ["Ada Admin"]
    assert users(actor, only=UserFilter.SUSPENDED) == ["Sam Suspended"]
    assert users(actor, only=UserFilter.UNVERIFIED) == ["Una Unverified"]
    assert len(users(actor)) == 4


def test_admins_see_all_mentors_with_their_seats_in_few_queries() -> None:
    admin = acting(an_admin())
    mentor = a_mentor("Una Unlisted", listed=False)
    a_seat(a_user(), mentor)
    a_mentor("Lisa Listed")

    with counted_reading() as (session, statements):
        part = administration.list_mentors(session, actor=admin)
        unlisted = administration.list_mentors(session, actor=admin, only=MentorFilter.UNLISTED)

    assert {row.name: row.seats.used for row in part.rows} == {"Una Unlisted": 1, "Lisa Listed": 0}
    assert [row.name for row in unlisted.rows] == ["Una Unlisted"]
    assert len(statements) == 6


def test_suspended_user_is_signed_out_everywhere_and_can_be_reactivated() -> None:
    admin, user = acting(an_admin()), a_user()
    saved(
        SignIn(
            user_id=user.id,
            token_hash=hashed("the secret"),
            expires_at=clock.utc_now() + timedelta(days=1),
        )
    )
    assert signin.actor_for("the secret").user_id == user.id

    with db.transaction() as session:
        administration.suspend_user(session, actor=admin, user=user.public_id, reason="Because")
    assert signin.actor_for("the secret").user_id is None

    with db.transaction() as session:
        administration.reactivate_user(session, actor=admin, user=user.public_id)
    assert signin.actor_for("the secret").user_id is None, "an ended sign-in stays ended"
    with db.reading() as session:
        actions = session.exec(
            select(AuditEntry.action).where(col(AuditEntry.thing) == user.public_id)
        ).all()
    assert sorted(actions) == ["user.reactivated", "user.suspended"]


def test_who_is_suspended_is_told_why_and_nobody_is_without_a_reason() -> None:
    admin, user = acting(an_admin()), a_user()
    with db.transaction() as session, pytest.raises(InvalidInput):
        administration.suspend_user(session, actor=admin, user=user.public_id, reason=" ")
    with db.transaction() as session:
        administration.suspend_user(
            session, actor=admin, user=user.public_id, reason="Writes to strangers"
        )
    letter = mail.compose({"template": "account_suspended", "user_id": user.id})
    assert letter.to == user.email
    assert "Writes to strangers" in letter.text

    with db.transaction() as session:
        administration.reactivate_user(session, actor=admin, user=user.public_id)
    with pytest.raises(mail.Skipped):
        mail.compose({"template": "account_suspended", "user_id": user.id})


def test_who_watches_a_mentors_seats_learns_that_the_mentor_was_suspended() -> None:
    admin, mentor = acting(an_admin()), a_mentor()
    with db.transaction() as session:
        user = session.get_one(User, mentor.user_id).public_id
        administration.suspend_user(session, actor=admin, user=user, reason="Because")
    with db.reading() as session:
        said = session.exec(select(TopicChange.topic)).all()
    assert set(said) >= {topics.seats(mentor.id), topics.SEATS}


def test_nobody_suspends_or_unmakes_themselves() -> None:
    admin = an_admin()
    an_admin("Second Admin")
    with db.transaction() as session, pytest.raises(Conflict):
        administration.suspend_user(
            session, actor=acting(admin), user=admin.public_id, reason="Because"
        )
    with db.transaction() as session, pytest.raises(Conflict):
        administration.set_admin(session, actor=acting(admin), user=admin.public_id, is_admin=False)


def test_admin_is_made_and_removed_and_the_removed_one_loses_the_right_at_once() -> None:
    first, second = an_admin("First Admin"), a_user("Second Person")

    def set_admin(actor: Actor, user: User, is_admin: bool) -> None:
        with db.transaction() as session:
            administration.set_admin(session, actor=actor, user=user.public_id, is_admin=is_admin)

    set_admin(acting(first), second, True)
    still_thinks_so = Actor("user", user_id=first.id, is_admin=True, verified=True)
    set_admin(Actor("user", user_id=second.id, is_admin=True, verified=True), first, False)

    with pytest.raises(NotAllowed):
        set_admin(still_thinks_so, second, False)
    assert users(Actor("user", user_id=second.id, is_admin=True), only=UserFilter.ADMINS) == [
        "Second Person"
    ]


def test_last_active_admin_stays_even_when_a_suspended_one_is_left() -> None:
    acting_admin = an_admin("Acting Admin")
    an_admin("Other Admin")
    with db.transaction() as session:
        row = session.get_one(User, acting_admin.id)
        row.status = UserStatus.SUSPENDED
        session.add(row)
    with db.reading() as session:
        other = session.exec(select(User).where(col(User.name) == "Other Admin")).one()

    with db.transaction() as session, pytest.raises(Conflict):
        administration.suspend_user(
            session, actor=acting(acting_admin), user=other.public_id, reason="Because"
        )


@pytest.mark.parametrize("fields", [{"email_verified_at": None}, {"status": UserStatus.SUSPENDED}])
def test_only_active_and_verified_accounts_become_admins(fields: dict[str, Any]) -> None:
    admin, user = acting(an_admin()), a_user("Vera Vague", **fields)
    with db.transaction() as session, pytest.raises(Conflict):
        administration.set_admin(session, actor=admin, user=user.public_id, is_admin=True)


def test_actions_on_users_are_refused_to_everybody_but_admins() -> None:
    user, mentor = a_user(), acting_mentor(a_mentor())
    with db.transaction() as session, pytest.raises(NotAllowed):
        administration.suspend_user(session, actor=mentor, user=user.public_id, reason="Because")
    with db.transaction() as session, pytest.raises(NotAllowed):
        administration.reactivate_user(session, actor=mentor, user=user.public_id)
    with db.transaction() as session, pytest.raises(NotAllowed):
        administration.set_admin(session, actor=mentor, user=user.public_id, is_admin=True)


def test_lists_are_sorted_by_a_column_either_way_in_parts_without_gaps() -> None:
    admin = an_admin("Ada Admin")
    for name in ("clara C", "Bert B", "Clara C", "bert B", "Dora D"):
        a_user(name, email=f"{name.encode().hex()}@example.com")

    def names(sort: str) -> list[str]:
        seen: list[str] = []
        before: str | None = None
        while True:
            with db.reading() as session:
                part = administration.list_users(
                    session, actor=acting(admin), sort=sort, before=before, limit=2
                )
            seen += [row.name for row in part.rows]
            before = part.next
            if before is None:
                return seen

    assert [name.lower() for name in names("name")] == [
        "ada admin", "bert b", "bert b", "clara c", "clara c", "dora d",
    ]  # fmt: skip
    assert names("-name") == names("name")[::-1]
    assert names("-joined") == names("") == names("joined")[::-1]


def test_mentors_are_sorted_by_the_seats_that_are_taken() -> None:
    admin = acting(an_admin())
    for name, taken in (("One Taken", 1), ("None Taken", 0), ("Two Taken", 2)):
        mentor = a_mentor(name)
        for number in range(taken):
            a_seat(a_user(f"{name} Mentee {number}"), mentor)
    with db.reading() as session:
        first = administration.list_mentors(session, actor=admin, sort="-seats", limit=2)
        rest = administration.list_mentors(session, actor=admin, sort="-seats", before=first.next)

    assert [row.seats.used for row in (*first.rows, *rest.rows)] == [2, 1, 0]


def test_a_column_that_is_not_offered_is_refused_in_every_list() -> None:
    admin = acting(an_admin())
    for read in (orders.list_all, administration.list_users, administration.list_mentors):
        with db.reading() as session, pytest.raises(InvalidInput):
            read(session, actor=admin, sort="password_hash")
