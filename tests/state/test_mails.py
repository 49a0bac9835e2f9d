"""The pages about mails: words for every state, and letters that stay in their frame."""

from __future__ import annotations

from services.mail.views import Preview
from services.models import MailStatus, SuppressionReason
from state import admin_mails, admin_suppressed, mail_rows

TONES = {"good", "warning", "bad", "quiet"}


def test_every_state_of_a_mail_has_its_words_and_can_be_filtered_by() -> None:
    assert set(mail_rows.STATUS) == set(MailStatus)
    assert {tone for _, tone in mail_rows.STATUS.values()} <= TONES
    assert set(admin_mails.CHOICES) == {status.value for status in MailStatus}
    words = [word for word, _ in mail_rows.STATUS.values()]
    assert len(set(words)) == len(words)


def test_every_reason_to_write_to_nobody_has_its_words() -> None:
    assert set(admin_suppressed.WORDS) == set(SuppressionReason)
    assert {tone for _, tone in admin_suppressed.WORDS.values()} <= TONES


def test_the_links_of_a_letter_open_beside_the_page_that_shows_it() -> None:
    face = mail_rows.letter_face(Preview(html="<html><head><title>x</title></head></html>"))
    assert face.html.startswith('<html><head><base target="_blank">')
