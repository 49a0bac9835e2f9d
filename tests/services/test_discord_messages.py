"""Direct messages, with the mail as the way out; and the studio's alerts."""

from __future__ import annotations

from datetime import timedelta

from services import clock, db, discord, outbox
from services.models import (
    Channel,
    MentoringSession,
    NotificationPreference,
    OutboxMessage,
    OutboxStatus,
)
from services.telling import KINDS, Line, tell
from tests.services.discords import KIND, Club, club, links, messages, not_sent, told_on_discord
from tests.services.rows import a_session, acting, an_admin, saved
from tests.support.studio import stored

__all__ = ["club"]
MENTEE = "nora.novak@example.com"
SEND = "/channels/*/messages"


def mails() -> list[OutboxMessage]:
    """The mails of this kind that were queued."""
    return [row for row in messages("mail") if row.data["template"] == KIND]


def test_what_one_wants_on_discord_comes_as_a_direct_message_with_its_link(club: Club) -> None:
    club.linked()
    told_on_discord(club)
    club.studio.send()

    (message,) = club.person.messages()
    assert message.startswith("**Two steps to go**\nIt takes a minute")
    assert message.endswith("/onboarding")
    assert mails() == []


def test_a_message_whose_answer_was_lost_is_not_sent_twice(club: Club) -> None:
    club.linked()
    club.discord.fault(SEND, "drop_after", method="POST", times=1)
    told_on_discord(club)
    club.studio.send()
    club.studio.wait(seconds=30)
    club.studio.send()
    assert len(club.person.messages()) == 1
    assert not_sent("discord_dm") == []


def test_a_message_that_a_killed_worker_had_sent_is_not_sent_again_hours_later(
    club: Club,
) -> None:
    club.linked()
    club.discord.fault(SEND, "drop_after", method="POST", times=1)
    told_on_discord(club)
    club.studio.send()  # Discord has it, and we do not know
    club.studio.wait(hours=6)
    club.studio.send()
    assert len(club.person.messages()) == 1
    assert not_sent("discord_dm") == []


def test_a_message_that_an_admin_has_sent_again_is_not_read_twice(club: Club) -> None:
    club.linked()
    club.discord.fault(SEND, "drop_after", method="POST", times=1)
    told_on_discord(club)
    club.studio.send()  # Discord has it, and we do not know
    club.studio.wait(hours=1)
    (message,) = messages("discord_dm")
    outbox.retry(actor=acting(an_admin()), message=message.public_id)  # its attempts begin anew
    club.studio.send()
    assert len(club.person.messages()) == 1
    assert not_sent("discord_dm") == []


def test_a_reminder_that_comes_too_late_is_not_sent_and_its_run_says_why(club: Club) -> None:
    club.linked()
    row = a_session(club.pack, clock.utc_now() + timedelta(hours=1))
    reminded(club, row)
    (message,) = messages("discord_dm")
    club.studio.wait(hours=1)

    told = discord.send_dm(key=message.unique_key, data=message.data)
    club.studio.send()

    assert told == "the session has begun"
    assert club.person.messages() == []
    assert not_sent("discord_dm") == []


def test_a_reminder_of_a_session_that_was_moved_is_not_sent_even_without_a_mail(
    club: Club,
) -> None:
    club.linked()
    chosen(club, "session_soon", Channel.MAIL, enabled=False)
    row = a_session(club.pack, clock.utc_now() + timedelta(hours=1))
    reminded(club, row)
    with db.transaction() as session:
        session.get_one(MentoringSession, row.id).sequence += 1
    club.studio.send()
    assert (club.person.messages(), mails()) == ([], [])


def test_a_reminder_in_time_comes_on_discord(club: Club) -> None:
    club.linked()
    reminded(club, a_session(club.pack, clock.utc_now() + timedelta(hours=1)))
    club.studio.send()
    assert len(club.person.messages()) == 1


def test_who_chose_otherwise_meanwhile_gets_no_message(club: Club) -> None:
    club.linked()
    told_on_discord(club)
    chosen(club, KIND, Channel.DISCORD, enabled=False)
    club.studio.send()
    assert (club.person.messages(), mails()) == ([], [])


def test_the_same_words_about_something_else_are_sent_however_often(club: Club) -> None:
    club.linked()
    again(club, "1")
    club.studio.wait(hours=1)
    club.discord.fault(SEND, "status", method="POST", status=503, times=1)
    again(club, "2")
    club.studio.wait(hours=1)
    club.studio.send()
    assert len(club.person.messages()) == 2


def test_who_takes_no_messages_gets_the_mail_in_its_place_exactly_once(club: Club) -> None:
    club.linked()
    club.person.close_dms()
    told_on_discord(club)
    club.studio.send()
    (message,) = messages("discord_dm")
    discord.send_dm(key=message.unique_key, data=message.data)  # its worker died before it was done
    club.studio.send()

    assert len(club.studio.mails(MENTEE)) == 1
    assert club.mine().closed
    assert not_sent("discord_dm") == []


def test_no_second_mail_goes_to_who_gets_mails_anyway(club: Club) -> None:
    club.linked()
    club.person.close_dms()
    told_on_discord(club, mail=True)
    club.studio.send()
    assert len(club.studio.mails(MENTEE)) == 1


def test_a_closed_account_is_left_alone_for_a_day_and_then_tried_again(club: Club) -> None:
    club.linked()
    club.person.close_dms()
    told_on_discord(club)
    club.studio.send()
    club.person.open_dms()

    again(club, "1")
    assert club.person.messages() == []
    club.studio.wait(hours=25)
    again(club, "2")

    assert len(club.person.messages()) == 1
    assert not club.mine().closed


def test_who_says_that_messages_are_allowed_again_gets_the_next_one(club: Club) -> None:
    club.linked()
    club.person.close_dms()
    told_on_discord(club)
    club.studio.send()
    club.person.open_dms()

    discord.listen_again(actor=club.actor)
    assert not club.mine().closed
    again(club, "1")

    assert len(club.person.messages()) == 1


def test_who_left_the_server_gets_the_mail(club: Club) -> None:
    club.linked()
    club.person.leave()
    told_on_discord(club)
    club.studio.send()
    assert len(mails()) == 1
    assert not_sent("discord_dm") == []


def test_who_unlinked_before_the_message_left_gets_the_mail(club: Club) -> None:
    club.linked()
    told_on_discord(club)
    discord.unlink(actor=club.actor)
    club.studio.send()
    assert (club.person.messages(), len(mails())) == ([], 1)


def test_a_message_that_discord_refuses_for_another_reason_is_a_dead_letter_and_a_mail(
    club: Club,
) -> None:
    club.linked()
    club.discord.fault(SEND, "status", method="POST", status=400, times=1)
    told_on_discord(club)
    club.studio.send()
    assert [status for status, _ in not_sent("discord_dm")] == [OutboxStatus.DEAD]
    assert len(mails()) == 1


def test_a_message_that_cannot_leave_for_too_long_is_mailed(club: Club) -> None:
    club.linked()
    told_on_discord(club)
    (message,) = messages("discord_dm")
    discord.give_up_dm(data=message.data)
    discord.give_up_dm(data=message.data)
    assert len(mails()) == 1


def test_what_people_wrote_is_no_layout_and_no_mention_at_discord(club: Club) -> None:
    club.linked()
    told_on_discord(club, "@everyone **free** [money](https://evil.example.com)")
    club.studio.send()
    (message,) = club.person.messages()
    assert "\\@everyone" in message
    assert "](https" not in message


def test_the_channel_of_direct_messages_is_opened_once(club: Club) -> None:
    club.linked()
    told_on_discord(club)
    club.studio.send()
    channel = links()[0].dm_channel_id
    assert channel
    club.discord.fault("/users/@me/channels", "status", status=500, times=9)
    again(club, "1")
    assert len(club.person.messages()) == 2


def test_a_channel_that_is_gone_is_opened_anew(club: Club) -> None:
    club.linked()
    (link,) = links()
    link.dm_channel_id = "1"
    saved(link)
    told_on_discord(club)
    club.studio.send()
    assert len(club.person.messages()) == 1
    assert links()[0].dm_channel_id not in {"", "1"}


def test_an_alert_stands_in_the_admins_channel_once(club: Club) -> None:
    with db.transaction() as session:
        for _ in range(2):
            outbox.add(
                session,
                kind="discord_alert",
                key="discord:alert:queue_stuck:mail:1",
                data={"text": "Mails wait since 14:00 (Europe/Berlin)."},
            )
    club.studio.send()
    assert club.discord.alerts() == ["Mails wait since 14:00 (Europe/Berlin)."]


def test_a_text_longer_than_discord_takes_is_cut(club: Club) -> None:
    with db.transaction() as session:
        outbox.add(
            session, kind="discord_alert", key="discord:alert:long", data={"text": "long " * 900}
        )
    club.studio.send()
    (alert,) = club.discord.alerts()
    assert len(alert) == 2_000
    assert alert.endswith("…")


def reminded(club: Club, row: MentoringSession) -> None:
    """The mentee is told that a session begins soon."""
    with db.transaction() as session:
        tell(
            session,
            user_id=club.mentee.id,
            kind="session_soon",
            about=row.public_id,
            line=Line("Your session is coming up"),
            data={"session_id": row.id, "sequence": row.sequence},
        )


def chosen(club: Club, kind: str, channel: Channel, *, enabled: bool) -> None:
    """The mentee chooses by which way they want to hear of something."""
    category = KINDS[kind].category.value
    with db.transaction() as session:
        session.merge(
            NotificationPreference(
                user_id=club.mentee.id, category=category, channel=channel, enabled=enabled
            )
        )


def again(club: Club, occasion: str) -> None:
    """The mentee is told once more, and the worker sends."""
    with db.transaction() as session:
        tell(
            session,
            user_id=club.mentee.id,
            kind=KIND,
            about=club.mentor.public_id,
            occasion=f"again {occasion}",
            line=Line("Once more"),
        )
    club.studio.send()
    assert stored(OutboxMessage)
