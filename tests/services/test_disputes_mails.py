"""Who hears of a dispute, and what they read."""

from __future__ import annotations

from typing import Any

import pytest

from services import mail
from services.mail.render import Letter
from services.models import OutboxMessage, User
from services.money import Money
from tests.services.disputing import apply, lost, seen, won
from tests.services.refunding import DAY, Sale, a_sale
from tests.support.studio import BEGINNING, Studio, stored


def told(template: str) -> list[dict[str, Any]]:
    """The mails of one kind that are to be sent: what each is made of."""
    return [row.data for row in stored(OutboxMessage) if row.data.get("template") == template]


def letters(template: str, sale: Sale) -> tuple[Letter, Letter]:
    """The buyer's and the mentor's."""
    made = [(data["user_id"], mail.compose(data)) for data in told(template)]
    [mine] = [letter for user, letter in made if user == sale.mentee.id]
    [theirs] = [letter for user, letter in made if user == sale.mentor.user_id]
    return mine, theirs


def test_an_inquiry_is_told_to_admins_alone(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale, inquiry=True, withdrawn=False))
    assert [data["alert"] for data in told("admin_alert")] == ["inquiry_opened"]
    assert told("dispute_frozen") == []


def test_buyer_and_mentor_are_told_once_that_the_pack_rests_and_that_it_goes_on(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    for _ in range(2):
        apply(seen(sale))
    mine, theirs = letters("dispute_frozen", sale)
    assert mine.subject == "Your pack with Mina Mentor rests"
    assert "€120.00" in mine.text
    assert "nothing new can be booked" in mine.text
    assert theirs.subject == "Nora Novak's pack rests"
    assert "€" not in theirs.text  # what was paid is between buyer and studio
    assert "take place as planned" in theirs.text

    studio.wait(days=6)
    for _ in range(2):
        apply(won(sale))
    mine, theirs = letters("dispute_won", sale)
    assert mine.subject == "Your pack with Mina Mentor goes on"
    assert "until 22 April 2026" in mine.text  # 45 days from 2 March, and six more
    assert "(UTC)" in mine.text
    assert theirs.subject == "Nora Novak's pack goes on"
    assert "booked from it again" in theirs.text


def test_who_has_asked_for_a_refund_reads_that_the_pack_still_rests(studio: Studio) -> None:
    sale = a_sale(studio)
    sale.ask()
    apply(seen(sale))
    apply(won(sale))
    mine, theirs = letters("dispute_won", sale)
    assert "asked for a refund as well" in mine.text
    assert "until the studio has decided" in theirs.text


def test_a_lost_dispute_is_told_with_its_credit_note_and_what_becomes_of_the_sessions(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    sale.book(BEGINNING + 3 * DAY)
    apply(seen(sale))
    apply(lost(sale))
    mine, theirs = letters("dispute_lost", sale)
    assert mine.subject == "Your pack with Mina Mentor is closed"
    assert "€120.00 went back to you through Stripe" in mine.text
    assert "With it 4 unused sessions of this pack are closed." in mine.text
    [note] = mine.attachments
    assert note.filename.startswith("credit-note-")
    assert "4 unused sessions are closed" in theirs.text
    assert theirs.attachments == ()
    [canceled] = {str(data["session_ids"]) for data in told("session_canceled")}
    assert canceled


def test_a_part_that_was_lost_leaves_the_rest_in_words(studio: Studio) -> None:
    sale = a_sale(studio)
    part = {"amount": Money(3_000, "EUR")}
    apply(seen(sale, **part))
    apply(lost(sale, **part))
    mine, _ = letters("dispute_lost", sale)
    assert mine.subject == "Your pack with Mina Mentor is smaller"
    assert "1 unused session of this pack is closed; 3 are left." in mine.text


def test_news_that_are_old_when_they_come_are_told_by_their_end_alone(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(lost(sale))
    apply(seen(sale))
    assert told("dispute_frozen") == []
    assert len(told("dispute_lost")) == 2


@pytest.mark.parametrize("template", ["dispute_frozen", "dispute_won"])
def test_a_mail_that_is_sent_again_is_the_same_whatever_happened_since(
    studio: Studio, template: str
) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    first = {row["user_id"]: mail.compose(row) for row in told("dispute_frozen")}
    apply(won(sale))
    then = told(template)
    made = first if template == "dispute_frozen" else {r["user_id"]: mail.compose(r) for r in then}
    sale.hold_session()
    assert {row["user_id"]: mail.compose(row) for row in then} == made


def test_everybody_can_read_them_as_text_and_as_html(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    apply(lost(sale))
    for data in (*told("dispute_frozen"), *told("dispute_lost")):
        letter = mail.compose(data)
        for part in (letter.subject, letter.text, letter.html):
            assert part.strip()
            assert "{{" not in part
            assert "{%" not in part
        assert "\n" not in letter.subject
    assert len(stored(User)) == 3
