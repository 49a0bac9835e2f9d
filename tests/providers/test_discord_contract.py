"""What the Discord adapter promises, against the simulator, both compared with Discord's own
specification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from services import clock
from services.config import SIMULATED_DISCORD_CHANNEL, settings
from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.discord.base import Command, Refusal
from tests.providers.discords import Vendor, an_adapter, at, discords_words

__all__ = ["at", "discords_words"]

WHY = "Nora’s seat with Mina"
NOBODY = "123456789012345678"


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ProviderRejected) as error:
        act()
    return error.value.code


def test_a_person_who_consents_is_known_by_their_id_and_joins_the_server_once(at: Vendor) -> None:
    mina = at.world.account("mina")
    token = at.token(mina)
    account = at.adapter.me(token)
    assert (account.id, account.username) == (mina.id, "mina")
    assert at.adapter.member(account.id) is None
    assert at.adapter.add_member(account.id, token) is True
    assert at.adapter.add_member(account.id, token) is False
    found = at.adapter.member(account.id)
    assert found is not None
    assert found.roles == frozenset()


def test_joining_again_leaves_the_roles_as_they_are(at: Vendor) -> None:
    mina, account = at.linked("mina")
    role = at.adapter.create_role("Mina’s mentees", WHY)
    at.adapter.give_role(account.id, role.id, WHY)
    assert at.adapter.add_member(account.id, at.token(mina)) is False
    assert mina.roles() == ["Mina’s mentees"]


def test_a_code_is_good_once_and_a_token_until_it_is_given_back(at: Vendor) -> None:
    mina, redirect = at.world.account("mina"), settings().discord_redirect_url
    code = mina.consent(at.adapter.consent_url("s", redirect))["code"]
    token = at.adapter.exchange(code, redirect).access_token
    assert refused(lambda: at.adapter.exchange(code, redirect)) == Refusal.CONSENT_LOST
    assert refused(lambda: at.adapter.exchange("made up", redirect)) == Refusal.CONSENT_LOST
    at.adapter.revoke(token)
    at.adapter.revoke(token)
    at.adapter.revoke("made up")
    assert refused(lambda: at.adapter.me(token)) == Refusal.CONSENT_LOST
    assert refused(lambda: at.adapter.add_member(mina.id, token)) == Refusal.CONSENT_LOST


def test_a_consent_without_everything_is_given_back_and_refused(at: Vendor) -> None:
    mina, redirect = at.world.account("mina"), settings().discord_redirect_url
    asked = at.adapter.consent_url("s", redirect).replace("%20guilds.join", "")
    code = mina.consent(asked)["code"]
    assert refused(lambda: at.adapter.exchange(code, redirect)) == Refusal.CONSENT_LOST
    assert mina.shown()["tokens"] == 0


def test_nobody_joins_by_another_persons_token(at: Vendor) -> None:
    mina, nora = at.world.account("mina"), at.world.account("nora")
    token = at.token(nora)
    assert refused(lambda: at.adapter.add_member(mina.id, token)) == Refusal.CONSENT_LOST
    assert mina.shown()["status"] == "away"


def test_somebody_who_is_banned_cannot_join(at: Vendor) -> None:
    mina = at.world.account("mina")
    mina.leave(banned=True)
    assert refused(lambda: at.adapter.add_member(mina.id, at.token(mina))) == Refusal.BANNED


def test_a_role_is_given_and_taken_however_often_it_is_asked(at: Vendor) -> None:
    mina, account = at.linked("mina")
    role = at.adapter.create_role("Mina’s mentees", WHY)
    assert role in at.adapter.roles()
    for _ in range(2):
        at.adapter.give_role(account.id, role.id, WHY)
        assert mina.roles() == ["Mina’s mentees"]
    for _ in range(2):
        at.adapter.take_role(account.id, role.id, WHY)
        assert mina.roles() == []


def test_a_role_is_deleted_once_and_everybody_loses_it(at: Vendor) -> None:
    mina, account = at.linked("mina")
    role = at.adapter.create_role("Mina’s mentees", WHY)
    at.adapter.give_role(account.id, role.id, WHY)
    at.world.place_role(role.id, above_bot=True)
    assert refused(lambda: at.adapter.delete_role(role.id, WHY)) == Refusal.MISSING_PERMISSION
    at.world.place_role(role.id, above_bot=False)
    for _ in range(2):
        at.adapter.delete_role(role.id, WHY)
    assert mina.roles() == []
    assert role not in at.adapter.roles()


def test_what_was_written_to_somebody_can_be_read_again(at: Vendor) -> None:
    _, account = at.linked("mina")
    channel, begun = at.adapter.open_dm(account.id), clock.utc_now() - timedelta(minutes=1)
    assert at.adapter.written(channel, begun) == []
    at.adapter.send(channel, "first", "1")
    at.adapter.send(channel, "second", "2")
    assert at.adapter.written(channel, begun) == ["second", "first"]
    assert at.adapter.written(channel, clock.utc_now() + timedelta(hours=1)) == []
    assert refused(lambda: at.adapter.written(NOBODY, begun)) == Refusal.INVALID


def test_who_left_and_what_was_deleted_is_told_apart(at: Vendor) -> None:
    mina, account = at.linked("mina")
    role = at.adapter.create_role("Mina’s mentees", WHY)
    give = at.adapter.give_role
    assert refused(lambda: give(NOBODY, role.id, WHY)) == Refusal.UNKNOWN_MEMBER
    assert refused(lambda: give(account.id, NOBODY, WHY)) == Refusal.UNKNOWN_ROLE
    at.world.place_role(role.id, above_bot=True)
    assert refused(lambda: give(account.id, role.id, WHY)) == Refusal.MISSING_PERMISSION
    at.world.place_role(role.id, above_bot=False)
    at.world.bot(permissions=0)
    assert refused(lambda: give(account.id, role.id, WHY)) == Refusal.MISSING_PERMISSION
    mina.leave()
    assert refused(lambda: give(account.id, role.id, WHY)) == Refusal.UNKNOWN_MEMBER
    assert at.adapter.member(account.id) is None


def test_everybody_in_the_server_is_listed_over_several_pages_without_bots(at: Vendor) -> None:
    people = [at.world.account(f"person{number}", member=True).id for number in range(7)]
    at.world.account("elsewhere")
    for page in (1, 3, 7, 8, 1_000):
        found = [member.discord_id for member in an_adapter(page=page).members()]
        assert found == people


def test_listing_members_without_the_intent_is_a_missing_permission(at: Vendor) -> None:
    at.world.bot(lists_members=False)
    assert refused(lambda: list(at.adapter.members())) == Refusal.MISSING_PERMISSION


def test_a_message_arrives_once_for_one_nonce_and_pings_nobody(at: Vendor) -> None:
    mina, account = at.linked("mina")
    channel = at.adapter.open_dm(account.id)
    assert at.adapter.open_dm(account.id) == channel
    first = at.adapter.send(channel, "Hello @everyone", "n1")
    assert at.adapter.send(channel, "Hello @everyone", "n1") == first
    assert at.adapter.send(channel, "Hello again", "n2") != first
    assert mina.messages() == ["Hello again", "Hello @everyone"]
    assert not any(each["pings"] for each in mina.shown()["messages"])


def test_whoever_closed_their_messages_or_left_gets_none(at: Vendor) -> None:
    mina, account = at.linked("mina")
    channel = at.adapter.open_dm(account.id)
    mina.close_dms()
    assert refused(lambda: at.adapter.send(channel, "Hello", "n1")) == Refusal.DM_CLOSED
    mina.open_dms()
    mina.leave()
    assert refused(lambda: at.adapter.send(channel, "Hello", "n1")) == Refusal.DM_CLOSED
    assert refused(lambda: at.adapter.open_dm(NOBODY)) == Refusal.DM_CLOSED
    assert mina.messages() == []


def test_a_message_that_nobody_would_read_is_never_sent(at: Vendor) -> None:
    channel = SIMULATED_DISCORD_CHANNEL
    for content, nonce in (("", "n"), (" \n", "n"), ("x" * 2_001, "n"), ("x", "n" * 26)):
        with pytest.raises(ProviderRejected) as error:
            at.adapter.send(channel, content, nonce)
        assert error.value.code == Refusal.INVALID
    assert at.answers == []
    at.adapter.send(channel, "x" * 2_000, "n" * 25)
    assert at.world.alerts() == ["x" * 2_000]


def test_a_channel_that_is_gone_or_closed_to_us_says_so(at: Vendor) -> None:
    assert refused(lambda: at.adapter.send(NOBODY, "Hello", "n")) == Refusal.INVALID
    at.world.bot(permissions=0)
    send = at.adapter.send
    told = refused(lambda: send(SIMULATED_DISCORD_CHANNEL, "Hello", "n"))
    assert told == Refusal.MISSING_PERMISSION


def test_commands_are_overwritten_all_at_once(at: Vendor) -> None:
    at.adapter.register_commands([Command("seat", "Your seats"), Command("book", "Book a time")])
    assert at.world.commands() == ["seat", "book"]
    at.adapter.register_commands([Command("sessions", "Your next sessions")])
    assert at.world.commands() == ["sessions"]
    code = refused(lambda: at.adapter.register_commands([Command("Not Valid", "x")]))
    assert code == Refusal.INVALID


def test_a_deferred_command_is_answered_and_not_before_or_too_late(at: Vendor) -> None:
    person, _ = at.linked("mina")
    typed = person.type("seat")
    token = person.shown()["commands"][0]["token"]
    answer = at.adapter.answer
    assert refused(lambda: answer(token, "Early")) == Refusal.UNKNOWN_INTERACTION
    person.acknowledged(typed["interaction"], 200, {"type": 5, "data": {"flags": 64}})
    answer(token, "Your seat is yours")
    answer(token, "Your seat is yours until Friday")
    assert person.read() == ["Your seat is yours until Friday"]
    assert refused(lambda: answer("made-up", "x")) == Refusal.UNKNOWN_INTERACTION
    at.world.sandbox.control("clock", {"offset": 901})
    assert refused(lambda: answer(token, "Late")) == Refusal.UNKNOWN_INTERACTION
    assert person.read() == ["Your seat is yours until Friday"]


def test_what_is_in_an_answer_for_nobody_is_refused_before_it_is_sent(at: Vendor) -> None:
    for content in ("", "x" * 2_001):
        with pytest.raises(ProviderRejected) as error:
            at.adapter.answer("token", content)
        assert error.value.code == Refusal.INVALID
    assert at.answers == []


def test_all_is_well_when_it_is(at: Vendor) -> None:
    answer = at.adapter.check()
    assert answer.problems == ()
    assert "studio-bot" in answer.told
    assert answer.at is not None


def test_what_an_operator_should_put_right_is_said_in_words(at: Vendor) -> None:
    at.world.bot(permissions=0, lists_members=False)
    problems = an_adapter(public_key="00" * 32).check().problems
    for words in ("DISCORD_PUBLIC_KEY", "Members Intent", "Manage Roles", "Create Invite"):
        assert any(words in each for each in problems), words
    at.world.bot(permissions=1 << 3, lists_members=True)  # an administrator may do everything
    [other] = an_adapter(client_id=NOBODY).check().problems
    assert "DISCORD_CLIENT_ID" in other
    [elsewhere] = an_adapter(commands_url="https://studio.example.com/x").check().problems
    assert "enter https://studio.example.com/x in the portal" in elsewhere
    assert at.adapter.check().problems == ()


def test_a_bot_that_was_thrown_out_stops_everything_and_loses_nothing(at: Vendor) -> None:
    at.world.bot(in_guild=False)
    with pytest.raises(ProviderUnavailable) as away:
        at.adapter.roles()
    assert (away.value.code, away.value.stop) == ("unknown_guild", True)
    at.world.bot(in_guild=True)
    assert at.adapter.roles()


def test_a_refused_key_is_asked_with_once_and_not_again_and_again(at: Vendor) -> None:
    stranger = an_adapter(bot_token="wrong")
    for _ in range(5):
        with pytest.raises(ProviderUnavailable) as away:
            stranger.roles()
        assert (away.value.code, away.value.stop) == ("authentication", True)
    assert at.world.state()["invalid"] == 1
    # What needs another key, or none, goes on.
    code = refused(lambda: stranger.answer("made-up", "x"))
    assert code == Refusal.UNKNOWN_INTERACTION


def test_a_forbidden_without_a_reason_stops_as_well(at: Vendor) -> None:
    at.world.fault("*", "status", status=403)
    with pytest.raises(ProviderUnavailable) as away:
        at.adapter.roles()
    assert away.value.stop


def test_a_wrong_client_secret_is_the_operators_matter(at: Vendor) -> None:
    redirect = settings().discord_redirect_url
    code = at.world.account("mina").consent(at.adapter.consent_url("s", redirect))["code"]
    stranger = an_adapter(client_secret="wrong")
    with pytest.raises(ProviderUnavailable) as away:
        stranger.exchange(code, redirect)
    assert (away.value.code, away.value.stop) == ("authentication", True)
    assert stranger.roles()  # the bot has another key
