"""Linking a Discord account: known by its id, one person's, bound to one browser, given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, discord
from services.discord.linking import SOMEBODY_ELSES
from services.errors import (
    AppError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    ProviderUnavailable,
    SignInNeeded,
)
from services.models import AuditEntry, DiscordGrant, InboxEvent, SeatStatus
from tests.services.discords import ROLE, Club, club, grants, links
from tests.services.rows import VISITOR, a_mentor, a_seat, a_user, acting, an_admin
from tests.support.servers import environment_of
from tests.support.studio import stored

__all__ = ["club"]


def test_who_links_an_account_joins_the_server_and_gets_the_roles_of_their_seats(
    club: Club,
) -> None:
    a_seat(club.mentee, a_mentor("Gesa Grace"), SeatStatus.GRACE)
    a_seat(club.mentee, a_mentor("Hans Held"), SeatStatus.HELD)
    a_seat(club.mentee, a_mentor("Rita Released"), SeatStatus.RELEASED)

    assert club.link() == "/settings/discord"
    assert club.mine().linked_at == clock.utc_now()
    assert [(role.mentor, role.wanted, role.has) for role in club.mine().roles] == [
        ("Gesa Grace", True, False),
        ("Mina Mentor", True, False),
    ]

    club.studio.send()

    assert sorted(club.person.roles()) == ["Mentees of Gesa Grace", ROLE]
    assert all(role.has for role in club.mine().roles)
    (link,) = links()
    assert (link.discord_id, link.username) == (club.person.id, "nora")


def test_the_consent_is_given_back_once_the_account_is_known(club: Club) -> None:
    club.link()
    assert not club.person.shown()["tokens"]


def test_a_consent_that_cannot_be_given_back_does_not_undo_the_link(club: Club) -> None:
    club.discord.fault("/oauth2/token/revoke", "status", method="POST", status=500, times=9)
    club.link()
    assert len(links()) == 1


def test_an_account_that_somebody_else_has_linked_is_refused_and_nothing_changes(
    club: Club,
) -> None:
    club.linked()
    thief = a_user("Theo Thief")

    with pytest.raises(Conflict, match="linked to another account"):
        club.link(thief, club.person)

    (link,) = links()
    assert link.user_id == club.mentee.id
    assert club.person.roles() == [ROLE]
    assert SOMEBODY_ELSES.endswith("Nothing was changed.")


def test_another_account_takes_the_place_of_the_first_one_and_its_roles(club: Club) -> None:
    club.linked()
    second = club.discord.account("nora.again")

    club.link(person=second)
    club.studio.send()

    assert (club.person.roles(), second.roles()) == ([], [ROLE])
    assert [link.discord_id for link in links()] == [second.id]


def test_linking_the_same_account_again_brings_back_who_had_left_the_server(club: Club) -> None:
    club.linked()
    club.person.leave()
    club.release()
    seat = a_seat(club.mentee, club.mentor)
    with db.transaction() as session:
        discord.follow_seat(session, seat=session.merge(seat))
    club.studio.send()
    assert club.mine().left

    club.link()
    club.studio.send()

    assert (club.mine().left, club.person.roles()) == (False, [ROLE])
    assert len(links()) == 1


@pytest.mark.parametrize("what", ["another browser", "a second time", "too late", "made up"])
def test_what_a_browser_brings_back_counts_once_in_time_and_from_the_same_browser(
    club: Club, what: str
) -> None:
    brought = club.person.consent(discord.begin(actor=club.actor, sign_in="sig_one"))
    browser = "sig_one"
    match what:
        case "another browser":
            browser = "sig_two"
        case "a second time":
            club.finish(club.actor, brought, browser)
        case "too late":
            club.studio.wait(minutes=11)
        case _:
            brought["state"] = "made up"
    before = len(links())

    with pytest.raises(NotAllowed, match="Nothing was changed"):
        club.finish(club.actor, brought, browser)

    assert len(links()) == before


def test_another_person_cannot_use_what_a_browser_brought_back(club: Club) -> None:
    brought = club.person.consent(discord.begin(actor=club.actor, sign_in="sig_one"))
    with pytest.raises(NotAllowed):
        club.finish(acting(a_user("Theo Thief")), brought, "sig_one")
    assert links() == []


def test_who_says_no_at_discord_is_told_that_nothing_was_linked(club: Club) -> None:
    with pytest.raises(NotAllowed, match="you did not allow it"):
        club.link(deny=True)
    assert links() == []


def test_a_code_that_discord_does_not_know_links_nothing(club: Club) -> None:
    brought = club.person.consent(discord.begin(actor=club.actor, sign_in="sig_one"))
    with pytest.raises(NotAllowed, match="did not accept"):
        club.finish(club.actor, brought | {"code": "invented"}, "sig_one")
    assert links() == []


@pytest.mark.parametrize("path", ["/oauth2/token", "/users/@me", "/guilds/*/members/*"])
def test_nothing_is_kept_while_discord_does_not_answer(club: Club, path: str) -> None:
    club.discord.fault(path, "status", status=503, times=9)
    with pytest.raises(ProviderUnavailable):
        club.link()
    assert (links(), grants()) == ([], [])


def test_a_banned_account_is_told_so_and_not_linked(club: Club) -> None:
    club.person.join()
    club.person.leave(banned=True)
    with pytest.raises(Conflict, match="banned"):
        club.link()
    assert links() == []


def test_a_bot_that_may_not_let_people_in_is_told_to_the_admins(club: Club) -> None:
    an_admin()
    club.discord.bot(permissions=0)
    with pytest.raises(Conflict, match="the studio knows of it"):
        club.link()
    club.studio.send()
    assert links() == []
    assert club.studio.mails("ada.admin@example.com") == ["Please look: Discord"]


def test_nobody_is_promised_that_the_studio_knows_of_what_it_is_not_told(club: Club) -> None:
    an_admin()
    club.discord.fault("/guilds/*/members/*", "status", method="PUT", status=400)
    with pytest.raises(Conflict, match="write to the studio"):
        club.link()
    club.studio.send()
    assert (links(), club.studio.mails("ada.admin@example.com")) == ([], [])


def test_whose_commands_they_were_is_forgotten_with_the_link(club: Club) -> None:
    club.linked()
    assert club.answer("seat")
    assert [row.object_id for row in stored(InboxEvent)] == [club.person.id]

    discord.unlink(actor=club.actor)

    assert [(row.object_id, row.payload) for row in stored(InboxEvent)] == [("", "")]


def test_unlinking_takes_the_roles_and_forgets_the_account(club: Club) -> None:
    club.linked()

    discord.unlink(actor=club.actor)
    assert links() == []
    assert grants() == [(False, True, "")]
    club.studio.send()

    assert club.person.roles() == []
    assert grants() == [(False, False, "")]
    assert "discord.unlinked" in [entry.action for entry in stored(AuditEntry)]


def test_unlinking_while_discord_is_away_takes_the_roles_once_it_is_back(club: Club) -> None:
    club.linked()
    discord.unlink(actor=club.actor)
    club.discord.fault("/guilds/*/members/*/roles/*", "status", status=503, times=2)
    for _ in range(3):
        club.studio.send()
        club.studio.wait(minutes=5)
    assert club.person.roles() == []


def test_unlinking_twice_or_without_a_link_changes_nothing(club: Club) -> None:
    discord.unlink(actor=club.actor)
    club.linked()
    discord.unlink(actor=club.actor)
    discord.unlink(actor=club.actor)
    assert links() == []


def test_who_takes_over_a_former_account_keeps_only_the_roles_of_their_own_seats(
    club: Club,
) -> None:
    club.linked()
    discord.unlink(actor=club.actor)  # the role is not taken yet
    heir = a_user("Hera Heir")

    club.link(heir, club.person)
    club.studio.send()

    assert club.person.roles() == []
    assert [row.user_id for row in stored(DiscordGrant)] == [heir.id]


def test_an_admin_unlinks_an_account_with_a_reason(club: Club) -> None:
    club.linked()
    (link,) = links()
    admin = acting(an_admin())

    with pytest.raises(InvalidInput):
        discord.unlink_by_admin(actor=admin, link=link.public_id, reason=" ")
    discord.unlink_by_admin(actor=admin, link=link.public_id, reason="It was a shared account.")
    club.studio.send()

    assert (links(), club.person.roles()) == ([], [])
    (entry,) = [row for row in stored(AuditEntry) if row.action == "discord.unlinked"]
    assert entry.after == {"reason": "It was a shared account."}


def test_nobody_but_an_admin_unlinks_somebody_else(club: Club) -> None:
    club.linked()
    (link,) = links()
    for actor, error in ((club.actor, NotAllowed), (VISITOR, SignInNeeded)):
        with pytest.raises(error):
            discord.unlink_by_admin(actor=actor, link=link.public_id, reason="Because.")
    with pytest.raises(NotFound):
        discord.unlink_by_admin(actor=acting(an_admin()), link="dil_unknown", reason="Because.")
    assert len(links()) == 1


def test_a_visitor_links_and_unlinks_nothing(club: Club) -> None:
    for work in (
        lambda: discord.begin(actor=VISITOR, sign_in="sig"),
        lambda: discord.unlink(actor=VISITOR),
        lambda: discord.listen_again(actor=VISITOR),
    ):
        with pytest.raises(SignInNeeded):
            work()


def test_a_studio_without_a_discord_server_offers_no_linking_and_queues_nothing(
    club: Club,
) -> None:
    with environment_of(PRODUCTION):
        with pytest.raises(NotAllowed, match="no Discord server"):
            discord.begin(actor=club.actor, sign_in="sig")
        with db.transaction() as session:
            discord.follow_seat(session, seat=session.merge(club.seat))
        assert not club.mine().offered
    assert grants() == []


def test_unlinking_where_discord_is_not_used_any_more_forgets_everything(club: Club) -> None:
    club.linked()
    with environment_of(PRODUCTION):
        discord.unlink(actor=club.actor)
    assert (links(), grants()) == ([], [])


def test_what_is_left_of_an_unlinked_account_is_forgotten_after_a_day(club: Club) -> None:
    club.linked()
    discord.unlink(actor=club.actor)
    club.studio.send()

    discord.repair()
    assert len(grants()) == 1
    club.studio.wait_until(clock.utc_now() + timedelta(days=1, minutes=1))
    discord.repair()

    assert grants() == []


def test_every_refusal_of_linking_is_a_sentence_for_the_person(club: Club) -> None:
    with pytest.raises(AppError) as refused:
        club.link(deny=True)
    assert refused.value.message.endswith(".")


PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "k" * 64,
    "PUBLIC_URL": "https://studio.example.com",
    "STRIPE_SECRET_KEY": "sk_live_1234567890",
    "STRIPE_WEBHOOK_SECRET": "whsec_1234567890",
    "RESEND_API_KEY": "re_1234567890",
}
"""The least that a studio in production sets."""
