"""What admins read of mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.models import MailStatus


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail as a row of the list. `person` is whom it is for, `user` their public id, "" when the
    account is gone."""

    public_id: str
    template: str
    subject: str
    person: str
    user: str
    address: str
    about: str
    status: MailStatus
    reason: str
    at: datetime
    status_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a mail: `what` in words, `event` the webhook that told of it."""

    what: str
    at: datetime
    event: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter as its reader would get it now. `example` tells that its facts are made up, and
    `why` why that is so, or why there is nothing to show."""

    subject: str = ""
    preview: str = ""
    text: str = ""
    html: str = ""
    language: str = ""
    example: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail. `message` is the outbox message, "" once it is gone; `suppression` the entry that
    keeps mails from its address; `may_repeat` whether it can be sent again, else `why_not`."""

    mail: MailRow
    vendor_id: str
    sent_at: datetime | None
    steps: tuple[Step, ...]
    preview: Preview
    message: str
    suppression: str
    may_repeat: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One of the product's mails: its name, what it is about, and whether it always goes."""

    name: str
    category: str
    always: bool
    subject: str
    sent_at: datetime | None
