"""Roles follow seats: whatever happens to a seat, and whatever Discord does meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, discord, seats
from services.administration import reactivate_user, suspend_user
from services.audit import SYSTEM
from services.discord import roles
from services.discord.roles import NO_PERMISSION, NOT_A_MEMBER
from services.disputes import freezing
from services.jobs import pauses
from services.models import (
    DiscordGrant,
    DiscordRole,
    Mentor,
    OutboxMessage,
    OutboxStatus,
    Pack,
    PackStatus,
    Seat,
    SeatStatus,
)
from tests.services.discords import (
    ROLE,
    Club,
    a_place_with,
    club,
    grants,
    links,
    mentors_roles,
    messages,
    not_sent,
)
from tests.services.rows import a_pack, a_seat, a_user, acting, an_admin, saved
from tests.support.studio import stored

__all__ = ["club"]
ROLES = "/guilds/*/members/*/roles/*"
ADMIN = "ada.admin@example.com"


def test_a_seat_that_becomes_active_brings_the_role_and_its_release_takes_it(club: Club) -> None:
    club.linked()
    seat = a_place_with(club, "Otto Other", SeatStatus.HELD)

    club.activate(seat)
    club.studio.send()
    assert sorted(club.person.roles()) == [ROLE, "Mentees of Otto Other"]

    club.release(seat)
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_seat_in_grace_keeps_the_role(club: Club) -> None:
    club.linked()
    with db.transaction() as session:
        pack = session.get_one(Pack, club.pack.id)
        pack.left, pack.status = 0, PackStatus.DEPLETED
        session.flush()
        seat = session.get_one(Seat, club.seat.id)
        seats.follow_packs(session, actor=SYSTEM, seat=seat)
        assert seat.status is SeatStatus.GRACE
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_disputed_pack_suspends_the_role_until_the_dispute_is_over(club: Club) -> None:
    club.linked()
    with db.transaction() as session:
        freezing.freeze(session, actor=SYSTEM, pack=session.get_one(Pack, club.pack.id))
    club.studio.send()
    assert club.person.roles() == []

    with db.transaction() as session:
        freezing.thaw(session, actor=SYSTEM, pack=session.get_one(Pack, club.pack.id))
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_disputed_pack_beside_a_usable_one_suspends_nothing(club: Club) -> None:
    club.linked()
    a_pack(club.seat)
    with db.transaction() as session:
        freezing.freeze(session, actor=SYSTEM, pack=session.get_one(Pack, club.pack.id))
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_suspended_account_loses_its_roles_until_it_is_active_again(club: Club) -> None:
    club.linked()
    admin = acting(an_admin())
    with db.transaction() as session:
        suspend_user(session, actor=admin, user=club.mentee.public_id, reason="A test.")
    club.studio.send()
    assert club.person.roles() == []

    with db.transaction() as session:
        reactivate_user(session, actor=admin, user=club.mentee.public_id)
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_nothing_is_queued_for_who_has_linked_no_account(club: Club) -> None:
    club.release()
    club.studio.send()
    assert (grants(), messages("discord_role")) == ([], [])


def test_each_change_is_an_action_of_its_own_and_none_overwrites_another(club: Club) -> None:
    club.link()
    club.release()
    seat = a_seat(club.mentee, club.mentor)
    club.change(seat, lambda session, row: discord.follow_seat(session, seat=row))

    keys = [message.unique_key for message in messages("discord_role")]
    (grant,) = stored(DiscordGrant)
    assert keys == [f"discord:role:{grant.public_id}:{number}" for number in (1, 2, 3)]


def test_a_late_action_makes_what_is_wanted_now_whatever_it_was_queued_for(club: Club) -> None:
    club.link()
    club.discord.fault(ROLES, "status", status=503, times=1)
    club.studio.send()
    assert club.person.roles() == []
    club.release()  # before the first action is tried again

    for _ in range(3):
        club.studio.wait(minutes=5)
        club.studio.send()

    assert club.person.roles() == []
    assert not_sent("discord_role") == []
    assert grants() == [(False, False, "")]


def test_an_action_whose_answer_was_lost_is_made_again_and_changes_nothing(club: Club) -> None:
    club.link()
    club.discord.fault(ROLES, "drop_after", times=1)
    club.studio.send()
    club.studio.wait(minutes=5)
    club.studio.send()
    assert (club.person.roles(), grants()) == ([ROLE], [(True, True, "")])


def test_the_role_of_a_mentor_is_made_once_for_all_mentees(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "_PATIENCE_SECONDS", 60.0)
    others = [(a_user(f"Person {n}"), club.discord.account(f"person{n}")) for n in range(3)]
    club.link()
    for user, person in others:
        a_pack(a_seat(user, club.mentor))
        club.link(user, person)
    club.studio.send()

    assert [each["name"] for each in club.discord.roles()].count(ROLE) == 1
    assert all(person.roles() == [ROLE] for _, person in others)


def test_a_role_that_was_made_and_not_written_down_is_found_by_its_name(club: Club) -> None:
    made = club.discord.role(ROLE)
    club.linked()
    assert [row.role_id for row in mentors_roles()] == [made]


def test_two_mentors_of_one_name_have_a_role_each(club: Club) -> None:
    club.linked()
    user = a_user("Mina Mentor", email="another.mina@example.com")
    twin = saved(Mentor(user_id=user.id, slug="mina-again", capacity=10, headline="helps, too"))
    seat = a_seat(club.mentee, twin, SeatStatus.HELD)
    a_pack(seat)
    club.activate(seat)
    club.studio.send()
    assert club.person.roles() == [ROLE, ROLE]
    assert len({row.role_id for row in mentors_roles()}) == 2


def test_while_another_worker_makes_the_role_an_action_waits(club: Club) -> None:
    saved(DiscordRole(mentor_id=club.mentor.id, role_id=None, name=ROLE))
    club.link()
    club.studio.send()
    assert [status for status, _ in not_sent("discord_role")] == [OutboxStatus.FAILED]

    club.studio.wait(minutes=2)  # that worker was killed: its claim is over
    club.studio.send()

    assert (club.person.roles(), not_sent("discord_role")) == ([ROLE], [])


def test_a_role_that_could_not_be_made_is_made_by_the_next_one_at_once(club: Club) -> None:
    club.discord.fault("/guilds/*/roles", "status", method="POST", status=503, times=1)
    club.link()
    club.studio.send()
    assert mentors_roles() == []
    club.studio.wait(minutes=1)
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_role_that_was_deleted_at_discord_is_made_anew_and_given_to_everybody(
    club: Club,
) -> None:
    club.linked()
    role = str(mentors_roles()[0].role_id)
    other, theirs = a_user("Otto Other"), club.discord.account("otto")
    a_pack(a_seat(other, club.mentor))

    club.discord.delete_role(role)
    club.link(other, theirs)
    club.studio.send()

    assert (club.person.roles(), theirs.roles()) == ([ROLE], [ROLE])
    assert str(mentors_roles()[0].role_id) != role


def test_who_left_the_server_is_shown_so_and_nothing_is_lost(club: Club) -> None:
    club.linked()
    club.person.leave()
    club.release()
    seat = a_seat(club.mentee, club.mentor)
    club.change(seat, lambda session, row: discord.follow_seat(session, seat=row))
    club.studio.send()

    assert grants() == [(True, False, NOT_A_MEMBER)]
    assert links()[0].left_at == clock.utc_now()
    assert not_sent("discord_role") == []

    club.person.join()
    discord.repair()
    club.studio.send()

    assert club.person.roles() == [ROLE]
    assert (grants(), links()[0].left_at) == ([(True, True, "")], None)


def test_a_missing_permission_is_said_once_stays_visible_and_is_put_right_by_the_repair(
    club: Club,
) -> None:
    an_admin()
    club.linked()
    role = str(mentors_roles()[0].role_id)
    club.discord.place_role(role, above_bot=True)
    other, theirs = a_user("Otto Other"), club.discord.account("otto")
    a_pack(a_seat(other, club.mentor))
    club.link(other, theirs)
    club.release()
    club.studio.send()

    assert sorted(grants()) == [(False, True, NO_PERMISSION), (True, False, NO_PERMISSION)]
    assert not_sent("discord_role") == []
    club.studio.send()
    assert len(club.studio.mails(ADMIN)) == 1

    club.discord.place_role(role, above_bot=False)
    discord.repair()
    club.studio.send()

    assert (club.person.roles(), theirs.roles()) == ([], [ROLE])
    assert sorted(grants()) == [(False, False, ""), (True, True, "")]


def test_a_role_is_wanted_of_the_seat_that_is_there_now_not_of_the_one_before(club: Club) -> None:
    club.linked()
    club.release()
    seat = a_seat(club.mentee, club.mentor)
    club.change(seat, lambda session, row: discord.follow_seat(session, seat=row))
    with db.transaction() as session:  # the old seat's news come late
        discord.follow_seat(session, seat=session.get_one(Seat, club.seat.id))
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_an_action_about_what_was_forgotten_meanwhile_is_settled(club: Club) -> None:
    club.link()
    with db.transaction() as session:
        for row in stored(DiscordGrant):
            session.delete(session.get_one(DiscordGrant, row.id))
    club.studio.send()
    assert not_sent("discord_role") == []


def test_discord_refusing_our_key_stops_the_actions_and_keeps_them(club: Club) -> None:
    club.link()
    club.discord.bot(in_guild=False)
    club.studio.send()
    assert [status for status, _ in not_sent("discord_role")] == [OutboxStatus.FAILED]

    club.discord.bot(in_guild=True)
    with db.transaction() as session:
        for kind in pauses.paused_kinds(session):
            pauses.end(session, kind=kind)
    club.studio.wait(hours=1)
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_new_action_does_not_wait_for_one_that_is_put_off_for_hours(club: Club) -> None:
    club.linked()
    club.release()
    with db.transaction() as session:  # after many vain tries, long after Discord is back
        (row,) = [row for row in messages("discord_role") if row.status is not OutboxStatus.SENT]
        row = session.get_one(OutboxMessage, row.id)
        row.status, row.attempts = OutboxStatus.FAILED, 9
        row.due_at = clock.utc_now() + timedelta(hours=2)
    club.studio.send()
    assert club.person.roles() == [ROLE]

    (link,) = links()
    assert discord.follow_again(actor=acting(an_admin()), link=link.public_id) == 1
    club.studio.send()

    assert club.person.roles() == []
    assert [status for status, _ in not_sent("discord_role")] == [OutboxStatus.FAILED]
    club.studio.wait(hours=2)
    club.studio.send()
    assert (club.person.roles(), not_sent("discord_role")) == ([], [])


@pytest.mark.parametrize("seconds", [1, 3])
def test_discords_limits_delay_an_action_and_lose_none(club: Club, seconds: int) -> None:
    club.discord.limits(limit=1, seconds=seconds)
    club.link()
    club.studio.send()
    club.studio.wait_until(clock.utc_now() + timedelta(minutes=1))
    club.studio.send()
    assert club.person.roles() == [ROLE]
