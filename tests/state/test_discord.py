"""The two pages about Discord: one's own account, and everybody's."""

from __future__ import annotations

from services import clock, discord
from services.jobs import schedules
from services.models import DiscordLink, Schedule
from state.admin_discord import AdminDiscordState
from state.settings_discord import SettingsDiscordState
from tests.services.discords import Club, club, mentors_roles
from tests.services.rows import a_user, an_admin, saved
from tests.support.open_page import OpenPage
from tests.support.studio import stored

__all__ = ["club"]


def own_page(club: Club) -> OpenPage[SettingsDiscordState]:
    """The mentee's settings."""
    return OpenPage(SettingsDiscordState, club.mentee, "/settings/discord")


def admins_page(query: str = "") -> OpenPage[AdminDiscordState]:
    """The admins' list."""
    return OpenPage(AdminDiscordState, an_admin(), f"/admin/discord{query}")


def test_ones_own_page_goes_from_not_linked_to_linked_and_back(club: Club) -> None:
    page = own_page(club)
    assert (page.state.phase, page.state.mine.state) == ("ready", "none")

    club.linked()
    page.reconnects()
    assert (page.state.mine.state, page.state.mine.username) == ("linked", "nora")
    assert [(role.mentor, role.status) for role in page.state.roles] == [("Mina Mentor", "given")]

    assert page.does("unlink")[0] == "unlink"
    assert (page.state.mine.state, page.state.roles) == ("none", [])
    assert "roles are being taken" in page.state.notice


def test_who_left_the_server_reads_when_the_role_comes_not_that_it_is_on_its_way(
    club: Club,
) -> None:
    club.linked()
    club.person.leave()
    discord.repair()
    page = own_page(club)
    assert page.state.mine.left
    assert [role.status for role in page.state.roles] == ["given when the account is in the server"]


def test_who_takes_messages_again_says_so_on_the_page(club: Club) -> None:
    club.linked()
    (link,) = stored(DiscordLink)
    link.dm_closed_at = clock.utc_now()
    saved(link)
    page = own_page(club)
    assert page.state.mine.closed

    page.does("listen_again")

    assert not page.state.mine.closed


def test_an_admin_finds_unlinks_and_is_told_what_is_wrong_with_the_reason(club: Club) -> None:
    club.linked()
    other = a_user("Otto Other")
    club.link(other, club.discord.account("otto"))
    page = admins_page("?q=nora")
    (row,) = page.state.rows
    assert (row.name, row.username, page.state.total) == ("Nora Novak", "nora", "1 account")

    page.does("ask", row.public_id)
    page.does("unlink", {"reason": "x"})
    assert (page.state.asking, bool(page.state.wrong)) == (row.public_id, True)
    page.does("unlink", {"reason": "It was a shared account."})

    assert (page.state.asking, page.state.wrong) == ("", "")
    assert [link.user_id for link in stored(DiscordLink)] == [other.id]


def test_an_admin_sees_what_differs_and_asks_discord_again(club: Club) -> None:
    club.linked()
    role = str(mentors_roles()[0].role_id)
    club.discord.place_role(role, above_bot=True)
    club.release()
    club.studio.send()
    club.discord.place_role(role, above_bot=False)
    page = admins_page("?only=different")
    (row,) = page.state.rows
    assert row.differs
    assert row.roles[0].tone == "bad"
    assert page.state.stands == "1 account linked, 1 role not as they should be"

    page.does("try_again", row.public_id)
    club.studio.send()
    page.reconnects()

    assert (page.state.rows, page.state.stands) == ([], "1 account linked")


def test_an_admin_has_the_repair_run_now(club: Club) -> None:
    saved(Schedule(name=discord.REPAIR, every="every night"))
    page = admins_page()
    assert page.state.report == ""

    page.does("repair")
    assert schedules.take_asked() == [discord.REPAIR]
    discord.repair()
    page.reconnects()

    assert page.state.report == "0 linked, 0 corrected, 0 not in our server"


def test_without_a_worker_the_repair_is_not_promised(club: Club) -> None:
    page = admins_page()
    page.does("repair")
    assert page.state.notice.startswith("No worker has started yet")
    assert page.state.busy == ""


def test_an_admin_sees_what_is_still_to_be_taken(club: Club) -> None:
    club.linked()
    discord.unlink(actor=club.actor)
    page = admins_page()
    assert [(one.name, one.mentor) for one in page.state.ending] == [("Nora Novak", "Mina Mentor")]
    assert page.state.rows == []


def test_an_account_that_is_not_there_any_more_is_said_to_be_gone(club: Club) -> None:
    page = admins_page()
    page.does("try_again", "dil_unknown")
    assert "no such link" in page.state.notice
    page.does("ask", "dil_unknown")
    page.does("unlink", {"reason": "It was a shared account."})
    assert "no such link" in page.state.notice
    assert (page.state.busy, page.state.asking) == ("", "")
