"""What people do at the simulated Google: consent, fill their calendars, take access back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from tests.support.servers import Sandbox

Json = dict[str, Any]
ADDRESS = "mina.mentor@example.com"


@dataclass(frozen=True)
class Google:
    """One person's account there."""

    sandbox: Sandbox
    email: str = ADDRESS

    def consent(self, url: str, **more: object) -> dict[str, str]:
        """The person says yes (or `deny=True`, or ticks only some `scopes`): what the browser
        brings back in its address."""
        told = cast(Json, self._ask("consent", url=url, **more))
        return dict(parse_qsl(urlsplit(told["location"]).query))

    def add(
        self, start: datetime, hours: float = 1, /, *, calendar: str = "primary", **fields: object
    ) -> str:
        """An event of the person's own; its id."""
        event: Json = {
            "summary": "Private",
            "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": (start + timedelta(hours=hours)).isoformat()},
        }
        told = self._ask("events", calendar=calendar, event=event | fields)
        return str(cast(Json, told)["id"])

    def change(self, event: str, **fields: object) -> None:
        """The person changes an event."""
        self._ask("events/change", id=event, event=fields)

    def move(self, event: str, start: datetime, hours: float = 1) -> None:
        """The person drags an event to another time."""
        end = start + timedelta(hours=hours)
        self.change(event, start={"dateTime": start.isoformat()}, end={"dateTime": end.isoformat()})

    def delete(self, event: str) -> None:
        """The person deletes an event."""
        self._ask("events/delete", id=event)

    def access(self) -> str:
        """What the person consents to now, "" for nothing."""
        told = self.sandbox.control(f"google/access?email={self.email}")
        return str(cast(Json, told)["scope"])

    def revoke(self) -> None:
        """The person removes our access in their account."""
        self._ask("revoke")

    def end_access(self) -> None:
        """The access tokens end before their time."""
        self._ask("access/end")

    def expire_sync(self) -> None:
        """No sync token of the main calendar is good any more."""
        self._ask("sync/expire")

    def unreadable(self, calendar: str = "primary", *, unreadable: bool = True) -> None:
        """Google cannot tell when this calendar is busy."""
        self._ask("unreadable", calendar=calendar, unreadable=unreadable)

    def remove(self, calendar: str) -> None:
        """The person deletes a calendar."""
        self._ask("calendars/remove", calendar=calendar)

    def events(self) -> list[Json]:
        """All events, the deleted ones as well, oldest change first."""
        return cast("list[Json]", self.sandbox.control(f"google/events?email={self.email}"))

    def standing(self) -> list[Json]:
        """The events that are not deleted."""
        return [event for event in self.events() if event["status"] != "cancelled"]

    def invitations(self) -> list[Json]:
        """Whom Google has mailed, newest first."""
        return cast("list[Json]", self.sandbox.control(f"google/invitations?email={self.email}"))

    def channels(self) -> list[Json]:
        """The push channels, newest first."""
        return cast("list[Json]", self.sandbox.control(f"google/channels?email={self.email}"))

    def pushes(self) -> list[Json]:
        """What was or will be pushed, newest first."""
        return cast("list[Json]", self.sandbox.control(f"google/pushes?email={self.email}"))

    def fault(
        self, path: str, kind: str, *, method: str = "*", times: int = 1, **more: object
    ) -> None:
        """Let Google misbehave on the next requests."""
        asked = {"vendor": "google", "method": method, "path": path, "kind": kind, "times": times}
        self.sandbox.control("faults", {**asked, **more})

    def _ask(self, path: str, **body: object) -> object:
        return self.sandbox.control(f"google/{path}", {"email": self.email, **body})


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment in March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)
