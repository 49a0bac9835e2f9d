"""Telling people: once, by the ways they want, in the transaction of the cause."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services import clock, db, notifications, telling, topics, urls
from services.models import (
    Channel,
    DiscordLink,
    Notification,
    NotificationPreference,
    OutboxMessage,
    TopicChange,
    User,
    UserStatus,
)
from services.telling import Line
from tests.services.rows import a_mentor, a_user, an_admin, an_offer, an_order, saved
from tests.support.studio import BEGINNING, stored

ABOUT = "ses_0123456789abcdefABCDEF"
LINE = Line("Session with Mina booked", "Tomorrow", f"/sessions/{ABOUT}")
SOON = "session_soon"


@pytest.fixture
def nora(database: str) -> Iterator[User]:
    """Somebody to tell; the clock stands still."""
    with clock.at(BEGINNING):
        yield a_user()


def tell(user: User, kind: str = "session_booked", line: Line = LINE, **more: Any) -> None:
    with db.transaction() as tx:
        telling.tell(tx, user_id=user.id, kind=kind, about=ABOUT, line=line, **more)


def prefers(user: User, category: str, channel: Channel, *, enabled: bool = False) -> None:
    saved(
        NotificationPreference(user_id=user.id, category=category, channel=channel, enabled=enabled)
    )


def links_discord(user: User) -> None:
    saved(DiscordLink(user_id=user.id, discord_id="100000000000000001"))


def kinds() -> list[str]:
    """What waits in the outbox."""
    return sorted(message.kind for message in stored(OutboxMessage))


def test_a_person_is_told_once_in_the_app_and_by_mail(nora: User) -> None:
    for _ in range(2):
        tell(nora, data={"session_ids": [7]})
    tell(nora, occasion="2")
    first, second = stored(Notification)
    assert (first.title, first.body, first.href) == (LINE.title, LINE.body, LINE.href)
    assert (first.read_at, first.about, second.about) == (None, ABOUT, ABOUT)
    mail, again = stored(OutboxMessage)
    assert mail.unique_key == f"mail:session_booked:{ABOUT}:1:{nora.public_id}"
    assert again.unique_key == f"mail:session_booked:{ABOUT}:2:{nora.public_id}"
    assert mail.about == ABOUT
    assert mail.data.items() >= {"template": "session_booked", "user_id": nora.id}.items()
    assert mail.data["session_ids"] == [7]
    assert topics.bell(nora.id) in {row.topic for row in stored(TopicChange)}


def test_who_tells_the_same_at_once_tells_it_once(nora: User) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: tell(nora), range(8)))
    assert len(stored(Notification)) == 1
    assert kinds() == ["mail"]


def test_nothing_is_told_of_what_did_not_happen(nora: User) -> None:
    with pytest.raises(ValueError, match="the cause"), db.transaction() as tx:
        telling.tell(tx, user_id=nora.id, kind="purchase", about=ABOUT, line=LINE)
        raise ValueError("the cause")
    assert (stored(Notification), stored(OutboxMessage)) == ([], [])


def test_ones_own_doing_is_noted_as_read_and_sends_no_message(nora: User) -> None:
    links_discord(nora)
    tell(nora, by=nora.id)
    [line] = stored(Notification)
    assert line.read_at is not None
    assert kinds() == ["mail"]


def test_a_mail_that_was_switched_off_is_not_written_and_the_line_is(nora: User) -> None:
    prefers(nora, "reminders", Channel.MAIL)
    tell(nora, SOON)
    assert len(stored(Notification)) == 1
    assert kinds() == []


def test_what_is_switched_off_in_the_app_stays_in_the_list_and_counts_as_read(nora: User) -> None:
    prefers(nora, "reminders", Channel.APP)
    tell(nora, SOON)
    [line] = stored(Notification)
    assert line.read_at is not None
    assert kinds() == ["mail"]


def test_a_mail_that_one_needs_goes_whatever_is_stored(nora: User) -> None:
    prefers(nora, "sessions", Channel.MAIL)
    tell(nora)
    assert kinds() == ["mail"]


def test_an_erased_person_is_told_nothing_and_a_suspended_one_is(nora: User) -> None:
    olga = a_user("Olga Other", status=UserStatus.SUSPENDED)
    ghost = a_user("Gina Ghost", status=UserStatus.ERASED, erased_at=clock.utc_now())
    for person in (ghost, olga):
        tell(person, "account_suspended")
    assert [line.user_id for line in stored(Notification)] == [olga.id]
    assert kinds() == ["mail"]


def test_who_linked_discord_gets_a_message_and_a_mail(nora: User) -> None:
    links_discord(nora)
    tell(nora, SOON)
    assert kinds() == ["discord_dm", "mail"]
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_dm"]
    assert message.unique_key == f"discord:dm:session_soon:{ABOUT}:1:{nora.public_id}"
    assert set(message.data) <= {"user_id", "about", "said", "trace"}
    with db.reading() as session:
        text = telling.text_of(session, message.data)
        assert not telling.fall_back(session, message.data)
    title, body, link = text.split("\n")
    assert (title, body) == ("**Session with Mina booked**", "Tomorrow")
    assert link.endswith(f"/sessions/{ABOUT}") and link.startswith("http")


def test_money_is_no_business_of_discord(nora: User) -> None:
    links_discord(nora)
    tell(nora, "refunded")
    assert kinds() == ["mail"]


def test_names_are_no_layout_no_link_and_no_mention_on_discord(nora: User) -> None:
    links_discord(nora)
    tell(nora, SOON, line=Line("Session with [Mina](http://x.example) @everyone **now**", "<@1>"))
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_dm"]
    with db.reading() as session:
        text = telling.text_of(session, message.data)
    assert r"\[Mina\]\(http" in text
    assert r"\@everyone \*\*now\*\*" in text
    assert r"\<\@1\>" in text


def test_a_name_that_is_an_address_is_no_link_on_discord(nora: User) -> None:
    links_discord(nora)
    tell(nora, SOON, line=Line("Session with https://evil.example", "At 14:30", "/sessions"))
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_dm"]
    with db.reading() as session:
        title, body, link = telling.text_of(session, message.data).split("\n")
    assert title == r"**Session with https\://evil.example**"
    assert body == "At 14:30"
    assert link == urls.absolute("/sessions")


def test_a_message_that_was_switched_off_while_it_waited_has_no_words(nora: User) -> None:
    links_discord(nora)
    tell(nora, SOON)
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_dm"]
    prefers(nora, "reminders", Channel.DISCORD)
    with db.reading() as session:
        assert telling.text_of(session, message.data) == ""


def test_a_message_that_cannot_arrive_is_mailed_once_where_the_mail_is_off(nora: User) -> None:
    links_discord(nora)
    prefers(nora, "reminders", Channel.MAIL)
    tell(nora, SOON, data={"session_id": 7})
    [message] = stored(OutboxMessage)
    for _ in range(2):
        with db.transaction() as tx:
            assert telling.fall_back(tx, message.data)
    assert kinds() == ["discord_dm", "mail"]
    mail = stored(OutboxMessage)[-1]
    assert mail.unique_key == f"mail:session_soon:{ABOUT}:1:{nora.public_id}"
    assert mail.data["session_id"] == 7
    with db.reading() as session:
        assert telling.wants_mail(session, nora.id, SOON, mail.data)
        assert not telling.wants_mail(session, nora.id, SOON, {})


def test_a_message_of_an_erased_person_has_no_words_any_more(nora: User) -> None:
    links_discord(nora)
    tell(nora, SOON)
    [message] = [row for row in stored(OutboxMessage) if row.kind == "discord_dm"]
    with db.transaction() as tx:
        for line in stored(Notification):
            tx.delete(tx.get_one(Notification, line.id))
    with db.reading() as session:
        assert telling.text_of(session, message.data) == ""


def test_a_choice_made_after_a_mail_was_written_still_holds_it_back(nora: User) -> None:
    with db.reading() as session:
        assert telling.wants_mail(session, nora.id, SOON, {})
        assert telling.wants_mail(session, nora.id, "verify", {})
    prefers(nora, "reminders", Channel.MAIL)
    prefers(nora, "sessions", Channel.MAIL)
    with db.reading() as session:
        assert not telling.wants_mail(session, nora.id, SOON, {})
        assert telling.wants_mail(session, nora.id, "session_moved", {})


def test_words_that_are_too_long_are_cut_and_never_stop_the_cause(nora: User) -> None:
    tell(nora, line=Line("a" * 500, "b" * 900, "/" + "c" * 400))
    [line] = stored(Notification)
    assert (len(line.title), len(line.body), len(line.href)) == (200, 500, 200)
    assert line.title.endswith("…")


def test_an_address_of_ours_is_kept_as_a_path(nora: User) -> None:
    tell(nora, line=Line("A", "", urls.order("ord_1")))
    assert stored(Notification)[0].href == "/orders/ord_1"


def test_an_alert_rings_once_at_every_admin(nora: User) -> None:
    admins = [an_admin(), an_admin("Bea Boss")]
    for _ in range(2):
        with db.transaction() as tx:
            notifications.alert_admins(tx, alert="objection", thing=ABOUT)
    lines = stored(Notification)
    assert sorted(line.user_id for line in lines) == sorted(admin.id for admin in admins)
    assert {(line.title, line.href) for line in lines} == {
        (notifications.ALERTS["objection"], f"/sessions/{ABOUT}")
    }
    assert kinds().count("mail") == 2


def test_an_alert_about_a_worker_of_a_host_with_a_long_name_rings_as_well(nora: User) -> None:
    an_admin()
    worker = f"{'a-host-of-many-words.' * 5}example:12345"
    with db.transaction() as tx:
        notifications.alert_admins(tx, alert="worker_silent", thing=worker)
    [line] = stored(Notification)
    assert line.body == f"About the worker {worker}"


def test_what_goes_wrong_with_a_thing_once_more_in_another_hour_rings_once_more(nora: User) -> None:
    an_admin()
    order = an_order(nora, an_offer(a_mentor())).public_id
    for hour in ("mail:10", "mail:10", "mail:11"):
        with db.transaction() as tx:
            notifications.alert_admins(tx, alert="message_dead", thing=order, once=hour)
    assert [line.body for line in stored(Notification)] == ["About Nora Novak's order"] * 2
