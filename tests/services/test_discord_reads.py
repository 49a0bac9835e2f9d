"""What people see of their own account, and admins of all."""

from __future__ import annotations

import pytest

from services import db, discord
from services.audit import Actor
from services.discord import DiscordOverview, LinkFilter, LinkRow
from services.errors import InvalidInput, NotAllowed, NotFound, SignInNeeded
from services.models import AuditEntry
from services.paging import Part
from tests.services.discords import ROLE, Club, club, links, mentors_roles
from tests.services.rows import (
    VISITOR,
    a_pack,
    a_seat,
    a_user,
    acting,
    an_admin,
    counted_reading,
)
from tests.support.studio import stored

__all__ = ["club"]


@pytest.fixture
def admin(club: Club) -> Actor:
    """An admin, in the studio of the club."""
    return acting(an_admin())


def part(admin: Actor, query: str = "", only: LinkFilter = LinkFilter.ALL) -> Part[LinkRow]:
    """What an admin's list shows."""
    with db.reading() as session:
        return discord.list_links(session, actor=admin, query=query, only=only)


def names(admin: Actor, query: str = "", only: LinkFilter = LinkFilter.ALL) -> list[str]:
    """Whom it names."""
    return [row.name for row in part(admin, query, only).rows]


def overview(admin: Actor) -> DiscordOverview:
    """What stands above it."""
    with db.reading() as session:
        return discord.get_overview(session, actor=admin)


def another(club: Club, name: str) -> None:
    """One more mentee with a seat who links an account, a minute later."""
    club.studio.wait(minutes=1)
    user = a_user(name)
    a_pack(a_seat(user, club.mentor))
    club.link(user, club.discord.account(name.split()[0].lower()))
    club.studio.send()


def test_ones_own_account_is_shown_with_its_roles(club: Club) -> None:
    assert (club.mine().offered, club.mine().username) == (True, "")
    club.linked()
    mine = club.mine()
    assert (mine.username, mine.left, mine.closed) == ("nora", False, False)
    assert [(role.mentor, role.wanted, role.has) for role in mine.roles] == [
        ("Mina Mentor", True, True)
    ]


def test_an_admin_finds_accounts_by_name_address_and_discord(club: Club, admin: Actor) -> None:
    club.linked()
    another(club, "Otto Other")

    assert names(admin) == ["Otto Other", "Nora Novak"]
    assert names(admin, "novak") == ["Nora Novak"]
    assert names(admin, "otto.other@example.com") == ["Otto Other"]
    assert names(admin, club.person.id) == ["Nora Novak"]
    assert names(admin, "100 %_") == []
    assert part(admin).total == 2


def test_an_admin_sees_whose_roles_are_not_as_they_should_be(club: Club, admin: Actor) -> None:
    club.linked()
    another(club, "Otto Other")
    club.discord.place_role(str(mentors_roles()[0].role_id), above_bot=True)
    club.release()
    club.studio.send()

    assert names(admin, only=LinkFilter.DIFFERENT) == ["Nora Novak"]
    assert overview(admin).different == 1
    (role,) = part(admin, "nora").rows[0].roles
    assert (role.wanted, role.has) == (False, True)
    assert "permission" in role.error


def test_an_admin_asks_discord_again_for_one_account(club: Club, admin: Actor) -> None:
    club.linked()
    club.discord.place_role(str(mentors_roles()[0].role_id), above_bot=True)
    club.release()
    club.studio.send()
    club.discord.place_role(str(mentors_roles()[0].role_id), above_bot=False)

    assert discord.follow_again(actor=admin, link=links()[0].public_id) == 1
    club.studio.send()

    assert club.person.roles() == []
    assert "discord.asked_again" in [row.action for row in stored(AuditEntry)]
    with pytest.raises(NotFound):
        discord.follow_again(actor=admin, link="dil_unknown")
    with pytest.raises(NotAllowed):
        discord.follow_again(actor=club.actor, link=links()[0].public_id)


def test_an_admin_sees_who_left_and_who_takes_no_messages(club: Club, admin: Actor) -> None:
    club.linked()
    another(club, "Otto Other")
    club.person.leave()
    discord.repair()
    assert names(admin, only=LinkFilter.LEFT) == ["Nora Novak"]
    assert names(admin, only=LinkFilter.CLOSED) == []


def test_an_admin_sees_what_is_still_to_be_taken_from_unlinked_accounts(
    club: Club, admin: Actor
) -> None:
    club.linked()
    discord.unlink(actor=club.actor)
    (ending,) = overview(admin).ending
    assert (ending.name, ending.mentor, ending.discord_id) == (
        "Nora Novak",
        "Mina Mentor",
        club.person.id,
    )
    club.studio.send()
    assert overview(admin).ending == ()


def test_an_admin_sees_what_the_last_repair_found(club: Club, admin: Actor) -> None:
    assert overview(admin).report is None
    club.linked()
    found = discord.repair()
    assert overview(admin).report == found
    assert overview(admin).linked == 1


def test_the_list_goes_on_where_it_was_cut(club: Club, admin: Actor) -> None:
    club.linked()
    another(club, "Otto Other")
    another(club, "Paula Person")
    with db.reading() as session:
        first = discord.list_links(session, actor=admin, limit=2)
        rest = discord.list_links(session, actor=admin, limit=2, before=first.next)
        assert [row.name for row in rest.rows] == ["Nora Novak"]
        assert rest.next is None
        with pytest.raises(InvalidInput):
            discord.list_links(session, actor=admin, before="dil_unknown")


def test_a_list_of_many_takes_as_many_queries_as_a_list_of_one(club: Club, admin: Actor) -> None:
    def queries() -> int:
        with counted_reading() as (session, statements):
            discord.get_overview(session, actor=admin)
            discord.list_links(session, actor=admin)
            return len(statements)

    club.linked()
    one = queries()
    for name in ("Otto Other", "Paula Person", "Quentin Quick"):
        another(club, name)
    assert queries() == one
    assert ROLE in [row.name for row in mentors_roles()]


def test_only_admins_see_everybodys(club: Club) -> None:
    for actor, error in ((club.actor, NotAllowed), (VISITOR, SignInNeeded)):
        with db.reading() as session:
            with pytest.raises(error):
                discord.list_links(session, actor=actor)
            with pytest.raises(error):
                discord.get_overview(session, actor=actor)
    with db.reading() as session, pytest.raises(SignInNeeded):
        discord.get_mine(session, actor=VISITOR)
