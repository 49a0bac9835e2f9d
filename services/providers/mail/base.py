"""What the product asks of a mail service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.providers.answers import Answer


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along, such as `session.ics` of `text/calendar; method=REQUEST`."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person. `key` makes sending it twice harmless where the service can."""

    key: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    kind: str
    attachments: tuple[Attachment, ...] = ()


class MailProvider(Protocol):
    """One adapter per vendor."""

    def send(self, mail: Mail) -> str:
        """Hand the mail over and return the service's id of it; "" when a mail with its key has
        gone out before in other words.

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        ...

    def check(self, *, sender: str) -> Answer:
        """Ask for something harmless, without sending: is the key or password right, and may mail
        come from `sender`?

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        ...
