"""What the product asks of a mail service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
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
    """One message to one person. `key` makes sending it twice harmless where the service can.

    `headers` are further ones, such as List-Unsubscribe. `delivery` is our own id of it, which the
    service's reports bring back.
    """

    key: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    kind: str
    attachments: tuple[Attachment, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delivery: str = ""


class Refusal(StrEnum):
    """The codes of `ProviderUnavailable` that say what passes with time, and when."""

    TOO_FAST = "rate_limit_exceeded"
    DAY_IS_FULL = "daily_quota_exceeded"
    MONTH_IS_FULL = "monthly_quota_exceeded"


class Happened(StrEnum):
    """What a service reports of a mail."""

    SENT = "sent"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Gone(StrEnum):
    """Why an address is to be left alone."""

    NOBODY_THERE = "nobody there"
    CALLED_SPAM = "called spam"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a mail, as its service reports it.

    `mail_id` is the service's id of it and `delivery` ours, "" where it does not say. `gone` says
    why its recipient cannot, or does not want to, get any mail of ours; None while they can.
    """

    mail_id: str
    delivery: str
    happened: Happened
    at: datetime
    reason: str = ""
    gone: Gone | None = None


class MailProvider(Protocol):
    """One adapter per vendor."""

    def send(self, mail: Mail) -> str:
        """Hand the mail over and return the service's id of it; "" when a mail with its key has
        gone out before in other words.

        Raises:
            ProviderUnavailable, ProviderRejected
        """
        ...

    def find(self, *, to: str, subject: str, since: datetime) -> list[str]:
        """The service's ids of the mails with this recipient and subject that were handed over
        since then, the newest first; none where the service cannot tell. For retries so late that
        the key is forgotten.

        Raises:
            ProviderUnavailable
        """
        ...

    def unblock(self, *, address: str) -> None:
        """Have the service send to this address again, which it may have put on a list of its own
        after a mail came back or was called spam. Nothing where it keeps no such list, or lets us
        not change it.

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
