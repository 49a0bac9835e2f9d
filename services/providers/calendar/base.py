"""What the product asks of a calendar service, in its own words.

Errors, besides `ProviderUnavailable` (nothing is known, try again) and `ProviderRejected`:

ProviderUnavailable
└── AccessExpired      the access token is over: refresh it
ProviderRejected
├── AccessLost         the person took the consent back, or it ended: they must connect again
├── ScopeMissing       they did not consent to this
├── SyncExpired        the sync token is over: read everything again
├── EventExists        the id was used before
├── EventMissing       no such event, or it is deleted already
└── EventChanged       somebody changed it since it was read

No call here is made while a transaction is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.answers import Answer


class AccessExpired(ProviderUnavailable):
    """The access token is over or was taken back."""


class AccessLost(ProviderRejected):
    """The refresh token is dead; only the person can change that."""


class ScopeMissing(ProviderRejected):
    """The person's consent does not cover this."""


class SyncExpired(ProviderRejected):
    """What was known of the calendar is too old to be told the difference."""


class EventExists(ProviderRejected):
    """The id was used before, perhaps for an event that is deleted."""


class EventMissing(ProviderRejected):
    """There is no such event, or it is deleted already."""


class EventChanged(ProviderRejected):
    """The event is not the one that was read."""


class Access(StrEnum):
    """What a person can be asked for, one by one."""

    CALENDARS = "calendars"
    BUSY = "busy"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a consent or a refresh gives; `refresh` is "" when none came along."""

    access: str
    expires_at: datetime
    refresh: str
    granted: frozenset[Access]


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """One of a person's calendars; `primary` has the account's address as its id."""

    id: str
    name: str
    time_zone: str
    primary: bool


Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """When each calendar is busy. Calendars under `unknown` (with the vendor's reason) could not
    be read: they are not free. Those of them in `missing` are not there (any more)."""

    known: Mapping[str, tuple[Interval, ...]]
    unknown: Mapping[str, str]
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EventText:
    """What stands in an event that we write. `zone` is the IANA name that its time is shown in;
    `guests` are addresses, invited by the vendor's mail."""

    session: str
    title: str
    description: str
    location: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    guests: tuple[str, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """An event as it stands there now. `session` is ours, from its private properties ("" in
    others' events), and so is `written`, the sequence of ours that it was last written with. A
    deleted one may have no times."""

    id: str
    session: str
    deleted: bool
    starts_at: datetime | None
    ends_at: datetime | None
    sequence: int
    written: str
    etag: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last token, deletions included, and the token for the next time."""

    events: tuple[RemoteEvent, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Channel:
    """An open push channel; `id` is ours, `resource` the vendor's."""

    id: str
    resource: str
    expires_at: datetime


class CalendarConsent(Protocol):
    """How a person's consent becomes tokens, and ends."""

    def consent_url(
        self, *, wanted: frozenset[Access], state: str, verifier: str, hint: str
    ) -> str:
        """Where the person is sent; `hint` is the address they probably use there."""
        ...

    def exchange(self, *, code: str, verifier: str) -> Tokens: ...

    def refresh(self, refresh: str, *, timeout_seconds: float | None = None) -> Tokens:
        """A new access token; `timeout_seconds` as for `calendars`.

        Raises:
            AccessLost
        """
        ...

    def revoke(self, token: str) -> None:
        """Give the consent back; one that is gone already is no error."""
        ...

    def check(self) -> Answer:
        """Ask for something harmless: are the client and its secret right?"""
        ...


class CalendarProvider(Protocol):
    """One person's calendars, by an access token. Belongs to the thread that made it.

    Every call may raise AccessExpired and ScopeMissing.
    """

    def list_calendars(self) -> tuple[RemoteCalendar, ...]: ...

    def busy(self, calendars: tuple[str, ...], window: Interval) -> BusyTimes: ...

    def insert_event(self, calendar: str, event_id: str, text: EventText) -> RemoteEvent:
        """Write a new event and invite its guests.

        Raises:
            EventExists
        """
        ...

    def get_event(self, calendar: str, event_id: str) -> RemoteEvent:
        """Raises: EventMissing"""
        ...

    def update_event(self, calendar: str, before: RemoteEvent, text: EventText) -> RemoteEvent:
        """Write an event anew, a deleted one comes back, and tell its guests.

        Raises:
            EventChanged: it is not `before` any more. EventMissing
        """
        ...

    def delete_event(self, calendar: str, event_id: str) -> None:
        """Delete an event and tell its guests.

        Raises:
            EventMissing
        """
        ...

    def changes(self, calendar: str, token: str) -> Changes:
        """What changed since `token`; everything that is not over, with the token "".

        Raises:
            SyncExpired
        """
        ...

    def watch(
        self, calendar: str, *, channel: str, token: str, address: str, until: datetime
    ) -> Channel:
        """Have every change told to `address`, at the longest until then."""
        ...

    def stop(self, *, channel: str, resource: str) -> None:
        """Close a channel; one that is gone already is no error."""
        ...
