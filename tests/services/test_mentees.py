"""A mentor's mentees: what is known of them, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, mentees, onboarding
from services.audit import Actor
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.mentees import Balance, MenteeCard, MenteeFilter, MenteeRow
from services.models import PackStatus, SeatStatus, SessionNote, SessionStatus, User
from services.onboarding import Standing
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_seat,
    a_session,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    counted_reading,
    saved,
)


def listed(actor: Actor, only: MenteeFilter = MenteeFilter.SEATED) -> list[MenteeRow]:
    with db.reading() as session:
        return list(mentees.list_mentees(session, actor=actor, only=only).rows)


def card(actor: Actor, user: User) -> MenteeCard:
    with db.reading() as session:
        return mentees.get_mentee(session, actor=actor, mentee=user.public_id)


def test_a_mentor_sees_balance_onboarding_goals_and_sessions_of_each_mentee(database: str) -> None:
    mia, mina, now = a_user("Mia Maler"), a_mentor(), clock.utc_now()
    ends = now + timedelta(days=20)
    first = a_pack(a_seat(mia, mina), left=3, reserved=1, expires_at=ends)
    onboarding.save_goals(actor=acting(mia), goals="Finish the novel.")
    a_session(first, now - timedelta(days=9), status=SessionStatus.COMPLETED)
    a_session(first, now - timedelta(days=2), status=SessionStatus.MENTEE_NO_SHOW)
    a_session(first, now + timedelta(days=3))
    a_session(first, now + timedelta(days=9))
    canceled = now + timedelta(days=1)
    a_session(first, canceled, status=SessionStatus.CANCELED, canceled_at=now)

    (row,) = listed(acting_mentor(mina))
    assert row.balance == Balance(available=2, reserved=1, total=4, expires_at=ends)
    assert row.standing == Standing(1, 4, "profile")
    assert (row.goals, row.seat_status) == ("Finish the novel.", SeatStatus.ACTIVE)
    assert (row.next_at, row.last_at) == (now + timedelta(days=3), now - timedelta(days=2))


def test_former_mentees_are_listed_apart_and_buyers_who_have_not_paid_not_at_all(
    database: str,
) -> None:
    mina = a_mentor()
    a_pack(a_seat(a_user("Mia Maler"), mina))
    a_pack(a_seat(a_user("Greta Grace"), mina, SeatStatus.GRACE), left=0)
    a_pack(a_seat(a_user("Fay Former"), mina, SeatStatus.RELEASED), status=PackStatus.EXPIRED)
    a_seat(a_user("Holly Held"), mina, SeatStatus.HELD)
    a_seat(a_user("Gus Gone"), mina, SeatStatus.RELEASED)
    a_pack(a_seat(a_user("Otto Others"), a_mentor("Olga Ohm")))
    actor = acting_mentor(mina)
    assert [row.name for row in listed(actor)] == ["Greta Grace", "Mia Maler"]
    assert [row.name for row in listed(actor, MenteeFilter.FORMER)] == ["Fay Former"]


def test_one_who_left_and_came_back_is_listed_once(database: str) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    a_pack(a_seat(mia, mina, SeatStatus.RELEASED), status=PackStatus.DEPLETED, left=0)
    a_pack(a_seat(mia, mina))
    assert [row.name for row in listed(acting_mentor(mina))] == ["Mia Maler"]
    assert listed(acting_mentor(mina), MenteeFilter.FORMER) == []


def test_packs_that_ended_do_not_count_into_the_balance(database: str) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    seat = a_seat(mia, mina)
    a_pack(seat, left=2)
    a_pack(seat, left=4, expires_at=clock.utc_now() - timedelta(minutes=1))
    a_pack(seat, left=4, status=PackStatus.FROZEN)
    (row,) = listed(acting_mentor(mina))
    assert row.balance == Balance(available=2, reserved=0, total=4, expires_at=None)
    assert len(card(acting_mentor(mina), mia).packs) == 3


def test_the_list_goes_on_by_name_and_finds_by_name_in_few_queries(database: str) -> None:
    mina = a_mentor()
    for name in ("Carl", "anna", "Berta", "Dora"):
        a_pack(a_seat(a_user(name, email=f"{name}@example.com"), mina))
    actor = acting_mentor(mina)
    with counted_reading() as (session, statements):
        first = mentees.list_mentees(session, actor=actor, limit=2)
        assert len(statements) == 5
        second = mentees.list_mentees(session, actor=actor, limit=2, before=first.next)
        found = mentees.list_mentees(session, actor=actor, query="ERT")
        with pytest.raises(InvalidInput):
            mentees.list_mentees(session, actor=actor, before="usr_unknown")
    assert [row.name for row in (*first.rows, *second.rows)] == ["anna", "Berta", "Carl", "Dora"]
    assert (first.total, second.next) == (4, None)
    assert [row.name for row in found.rows] == ["Berta"]


def test_a_mentees_card_has_shared_notes_and_the_readers_own_but_no_others_private_ones(
    database: str,
) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    met = a_session(
        a_pack(a_seat(mia, mina)),
        clock.utc_now() - timedelta(days=1),
        status=SessionStatus.COMPLETED,
        goals="Chapter two",
    )
    for author, shared, body in (
        (mia.id, True, "shared by Mia"),
        (mia.id, False, "Mia's secret"),
        (mina.user_id, True, "shared by Mina"),
        (mina.user_id, False, "Mina's own"),
    ):
        saved(SessionNote(session_id=met.id, author_id=author, shared=shared, body=body))
    actor = acting_mentor(mina)
    with counted_reading() as (session, statements):
        found = mentees.get_mentee(session, actor=actor, mentee=mia.public_id)
    assert len(statements) == 5
    (line,) = found.sessions
    assert (line.public_id, line.goals) == (met.public_id, "Chapter two")
    assert [(note.body, note.mine, note.shared) for note in line.notes] == [
        ("shared by Mia", False, True),
        ("shared by Mina", True, True),
        ("Mina's own", True, False),
    ]


def test_sessions_with_another_mentor_are_nobody_elses_business(database: str) -> None:
    mia, mina, olga = a_user("Mia Maler"), a_mentor(), a_mentor("Olga Ohm")
    a_pack(a_seat(mia, mina))
    a_session(a_pack(a_seat(mia, olga)), clock.utc_now() + timedelta(days=1))
    found = card(acting_mentor(mina), mia)
    assert found.sessions == ()
    assert len(found.packs) == 1
    assert listed(acting_mentor(mina))[0].next_at is None


def test_only_a_mentor_of_the_mentee_opens_the_card(database: str) -> None:
    mia, ben, mina = a_user("Mia Maler"), a_user("Ben Bauer"), a_mentor()
    a_pack(a_seat(mia, mina))
    a_seat(ben, mina, SeatStatus.HELD)
    with pytest.raises(NotFound):
        card(acting_mentor(a_mentor("Olga Ohm")), mia)
    with pytest.raises(NotFound):
        card(acting_mentor(mina), ben)
    for actor in (acting(mia), acting(an_admin())):
        with pytest.raises(NotAllowed):
            card(actor, mia)
        with pytest.raises(NotAllowed):
            listed(actor)
    with pytest.raises(SignInNeeded):
        card(VISITOR, mia)
