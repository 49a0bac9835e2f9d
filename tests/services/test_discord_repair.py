"""The nightly repair: what our server has against what should be."""

from __future__ import annotations

import pytest

from services import clock, db, discord
from services.discord import Report, roles
from services.discord.commands import COMMANDS
from services.errors import ProviderRejected, ProviderUnavailable
from services.models import (
    AuditEntry,
    DiscordGrant,
    DiscordLink,
    Mentor,
    SeatStatus,
    User,
    UserStatus,
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
)
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, an_admin
from tests.support.studio import stored

__all__ = ["club"]


def test_a_role_that_somebody_took_by_hand_is_given_back(club: Club) -> None:
    club.linked()
    club.person.put_role(str(mentors_roles()[0].role_id), given=False)

    assert discord.repair() == Report(linked=1, corrected=1)
    club.studio.send()

    assert club.person.roles() == [ROLE]
    assert discord.repair() == Report(linked=1)


def test_a_role_that_somebody_gave_by_hand_to_a_linked_person_is_taken(club: Club) -> None:
    club.linked()
    other, theirs = a_user("Otto Other"), club.discord.account("otto")
    club.link(other, theirs)
    theirs.put_role(str(mentors_roles()[0].role_id), given=True)

    assert discord.repair().corrected == 1
    club.studio.send()

    assert theirs.roles() == []


def test_a_change_that_nobody_told_of_is_found(club: Club) -> None:
    club.linked()
    with db.transaction() as session:  # as an older version, or a hand in the database, leaves it
        row = session.get_one(type(club.seat), club.seat.id)
        row.status, row.released_at = SeatStatus.RELEASED, row.created_at
    assert discord.repair().corrected == 1
    club.studio.send()
    assert club.person.roles() == []


def test_an_action_that_became_a_dead_letter_is_asked_for_again(club: Club) -> None:
    club.link()
    with db.transaction() as session:
        for row in messages("discord_role"):
            session.delete(session.get_one(type(row), row.id))
    assert discord.repair().corrected == 1
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_other_roles_and_unlinked_members_are_left_alone_and_counted(club: Club) -> None:
    club.linked()
    helper = club.discord.role("Helpers")
    club.person.put_role(helper, given=True)
    stranger = club.discord.account("stranger", member=True)
    stranger.put_role(str(mentors_roles()[0].role_id), given=True)

    assert discord.repair() == Report(linked=1, strangers=1)
    club.studio.send()

    assert sorted(club.person.roles()) == ["Helpers", ROLE]
    assert stranger.roles() == [ROLE]


def test_a_mentor_may_have_the_role_of_their_own_mentees(club: Club) -> None:
    club.linked()
    with db.reading() as session:
        mentor = session.get_one(User, club.mentor.user_id)
    theirs = club.discord.account("mina")
    club.link(mentor, theirs)
    theirs.put_role(str(mentors_roles()[0].role_id), given=True)

    assert discord.repair().corrected == 0

    assert theirs.roles() == [ROLE]


def test_who_left_and_who_came_back_is_noticed(club: Club) -> None:
    club.linked()
    club.person.leave()
    assert discord.repair() == Report(linked=1, left=1)
    assert (links()[0].left_at is not None, grants()) == (True, [(True, False, "")])

    club.person.join()
    assert discord.repair() == Report(linked=1, corrected=1)
    club.studio.send()

    assert (links()[0].left_at, club.person.roles()) == (None, [ROLE])


def test_who_is_missing_in_the_list_of_members_is_asked_for_by_name(club: Club) -> None:
    club.linked()
    club.discord.fault("/guilds/*/members/*", "status", method="GET", status=503, times=9)
    club.person.leave()
    with pytest.raises(ProviderUnavailable):
        discord.repair()
    assert links()[0].left_at is None


def test_a_deleted_role_is_made_anew(club: Club) -> None:
    club.linked()
    club.discord.delete_role(str(mentors_roles()[0].role_id))
    discord.repair()
    club.studio.send()
    assert club.person.roles() == [ROLE]


def test_a_role_left_with_an_unlinked_account_is_taken(club: Club) -> None:
    club.linked()
    discord.unlink(actor=club.actor)
    with db.transaction() as session:
        for row in messages("discord_role"):
            session.delete(session.get_one(type(row), row.id))

    assert discord.repair() == Report(corrected=1)
    club.studio.send()

    assert club.person.roles() == []


def test_our_commands_are_what_the_server_offers(club: Club) -> None:
    assert club.discord.commands() == []
    discord.repair()
    assert sorted(club.discord.commands()) == sorted(COMMANDS)


def test_a_server_that_lets_us_offer_no_commands_has_right_roles_all_the_same(
    club: Club,
) -> None:
    an_admin()
    club.linked()
    club.discord.bot(offers_commands=False)
    club.person.put_role(str(mentors_roles()[0].role_id), given=False)

    with pytest.raises(ProviderRejected):
        discord.repair()
    club.studio.send()

    assert (club.person.roles(), club.discord.commands()) == ([ROLE], [])
    assert club.studio.mails("ada.admin@example.com") == ["Please look: Discord"]


def test_the_repair_says_what_it_found(club: Club) -> None:
    club.linked()
    club.person.leave()
    report = discord.repair()
    assert str(report) == "1 linked, 0 corrected, 1 not in our server"
    (entry,) = [row for row in stored(AuditEntry) if row.action == "discord.repaired"]
    assert entry.after["left"] == 1


def test_many_members_are_compared_page_by_page(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "_PATIENCE_SECONDS", 60.0)
    for n in range(30):
        person = club.discord.account(f"person{n}", member=True)
        user = a_user(f"Person {n}")
        a_pack(a_seat(user, club.mentor))
        with db.transaction() as session:
            session.add(DiscordLink(user_id=user.id, discord_id=person.id))
    assert discord.repair() == Report(linked=30, corrected=30)
    club.studio.send()
    assert all(row.has for row in stored(DiscordGrant))


def test_a_server_whose_members_may_not_be_listed_is_told_to_the_admins_once(club: Club) -> None:
    an_admin()
    club.linked()
    club.discord.bot(lists_members=False)
    for _ in range(2):
        with pytest.raises(ProviderRejected):
            discord.repair()
    club.studio.send()
    assert club.studio.mails("ada.admin@example.com") == ["Please look: Discord"]
    assert len(club.discord.alerts()) == 1


def test_the_role_that_bears_an_erased_mentors_name_is_deleted(club: Club) -> None:
    club.linked()
    club.release()
    with db.transaction() as session:
        owner = session.get_one(User, club.mentor.user_id)
        owner.status, owner.erased_at = UserStatus.ERASED, clock.utc_now()

    discord.repair()
    club.studio.send()

    assert ROLE not in [role["name"] for role in club.discord.roles()]
    assert (club.person.roles(), mentors_roles()) == ([], [])


def test_a_role_that_we_may_not_delete_keeps_nobody_elses_from_being_right(club: Club) -> None:
    an_admin()
    club.linked()
    gone = a_place_with(club, "Gesa Gone", SeatStatus.HELD)
    club.activate(gone)
    club.studio.send()
    roles = {row.mentor_id: str(row.role_id) for row in mentors_roles()}
    with db.transaction() as session:
        mentor = session.get_one(Mentor, gone.mentor_id)
        owner = session.get_one(User, mentor.user_id)
        owner.status, owner.erased_at = UserStatus.ERASED, clock.utc_now()
    club.discord.place_role(roles[gone.mentor_id], above_bot=True)
    club.person.put_role(roles[club.mentor.id], given=False)

    discord.repair()
    club.studio.send()

    assert ROLE in club.person.roles()
    assert club.studio.mails("ada.admin@example.com") == ["Please look: Discord"]


def test_while_discord_is_away_nothing_is_changed(club: Club) -> None:
    club.linked()
    club.discord.fault("/guilds/*/members", "status", status=503, times=9)
    with pytest.raises(ProviderUnavailable):
        discord.repair()
    assert (grants(), links()[0].left_at) == ([(True, True, "")], None)


def test_without_anybody_linked_the_repair_does_nothing(club: Club) -> None:
    a_mentor("Otto Other")
    assert discord.repair() == Report()
