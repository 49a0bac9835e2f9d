"""What the pages about mails share: the addresses, the states in words, how a letter is shown."""

from __future__ import annotations

from dataclasses import dataclass

from services.mail.views import Preview
from services.models import MailStatus

MAILS = "/admin/mails"
SUPPRESSED = f"{MAILS}/suppressed"
TEMPLATES = f"{MAILS}/templates"
STATUS: dict[MailStatus, tuple[str, str]] = {
    MailStatus.SENDING: ("on its way", "quiet"),
    MailStatus.SENT: ("sent", "good"),
    MailStatus.DELAYED: ("delayed", "warning"),
    MailStatus.DELIVERED: ("delivered", "good"),
    MailStatus.BOUNCED: ("came back", "bad"),
    MailStatus.COMPLAINED: ("called spam", "bad"),
    MailStatus.FAILED: ("failed", "bad"),
    MailStatus.GIVEN_UP: ("given up", "bad"),
    MailStatus.SUPPRESSED: ("held back", "warning"),
    MailStatus.SKIPPED: ("left out", "quiet"),
}
"""A mail's state in words, and their tone."""


@dataclass(frozen=True)
class LetterFace:
    """A letter as a page shows one. `html` stands in a frame of its own."""

    subject: str = ""
    preview: str = ""
    text: str = ""
    html: str = ""
    language: str = ""
    why: str = ""


def letter_face(one: Preview) -> LetterFace:
    """With its links opening beside the page, never in the frame."""
    return LetterFace(
        subject=one.subject,
        preview=one.preview,
        text=one.text,
        html=one.html.replace("<head>", '<head><base target="_blank">', 1),
        language=one.language,
        why=one.why,
    )


def kind_words(template: str) -> str:
    """`session_booked` as `session booked`."""
    return template.replace("_", " ")
