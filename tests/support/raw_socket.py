"""A websocket client that speaks the pages' protocol (Socket.IO over Engine.IO) by hand, so that a
test can send what no page of ours would send."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, Self
from urllib.parse import quote

from simple_websocket import Client

NAMESPACE = "/_event"
ROOT = "reflex___state____state"
HYDRATE = f"{ROOT}.hydrate_and_load"
PATIENCE_SECONDS = 20


class Refused(Exception):
    """The server did not accept the websocket."""


class RawTab:
    """One tab: connects with whatever headers it likes, sends events, collects what comes back."""

    def __init__(
        self, address: str, *, cookie: str = "", origin: str = "", token: str = ""
    ) -> None:
        wanted = (("Cookie", cookie), ("Origin", origin))
        headers = [(name.encode(), value.encode()) for name, value in wanted if value]
        url = address.replace("http", "ws", 1)
        token = token or str(uuid.uuid4())
        self.received: list[dict[str, Any]] = []
        self.hydrated: dict[str, Any] = {}
        self._settled = 0
        self.token = token
        url = f"{url}/_event/?EIO=4&transport=websocket&token={quote(token)}"
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._is_welcome(url, headers):
            if time.monotonic() > until:
                raise Refused("the server still holds the last tab with this token")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, name: str, payload: dict[str, Any] | None = None, *, path: str = "/") -> None:
        """Send an event by its handler's full name, as if from the page at `path`."""
        page = path.partition("?")[0]
        event = {
            "name": name,
            "payload": payload or {},
            "router_data": {
                "pathname": page,
                "asPath": path,
                "query": {},
                # A page never sends these; a liar might.
                "headers": {"cookie": "mentorships_session=forged"},
            },
        }
        self._socket.send(f"42{NAMESPACE}," + json.dumps(["event", event]))

    def settle(self) -> list[dict[str, Any]]:
        """What came back for everything sent so far: events of one tab are handled in order, so it
        is complete when the answer to one more, a hydration, arrives. That answer is left out."""
        self._settled += 1
        place = f"/nowhere-{self._settled}"
        self.send(HYDRATE, path=place)
        found: list[dict[str, Any]] = []
        while True:
            update = self._receive()
            delta = update.get("delta") or {}
            if len(delta) > 1 and place in repr(delta.get(ROOT)):
                self.hydrated = update
                self.received += [*found, update]
                return found
            found.append(update)

    def lives(self) -> None:
        """Wait until the last hydration has come to its end: what a page loads goes on after its
        answer, and another hydration cuts it short."""
        while not any("is_hydrated" in key and value for key, value in self._now().items()):
            self.received.append(self._receive())

    def _now(self) -> dict[str, Any]:
        """The variables as they are since the last hydration."""
        last = self.received.index(self.hydrated)
        return merged(self.received[last:])

    def _receive(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_SECONDS
        while (left := until - time.monotonic()) > 0:
            message = self._socket.receive(timeout=left)
            text = message if isinstance(message, str) else ""
            if text == "2":
                self._socket.send("3")
            elif text.startswith("42"):
                return json.loads(text[text.index("[") :])[1]
        raise AssertionError("the server did not answer")

    def _is_welcome(self, url: str, headers: list[tuple[bytes, bytes]]) -> bool:
        """Connect. False when the server gives the tab another token: it has not noticed yet that
        the last one with this token is gone."""
        try:
            self._socket = Client.connect(url, headers=headers)
        except Exception as error:
            raise Refused(str(error)) from error
        # First of all: the client library sees a greeting that came with the handshake only when
        # the next message arrives.
        self._socket.send(f"40{NAMESPACE},")
        self._expect("0")
        if self._expect(f"40{NAMESPACE}", f'42{NAMESPACE},["new_token"').startswith("40"):
            return True
        self._socket.close()
        return False

    def _expect(self, *beginnings: str) -> str:
        message = self._socket.receive(timeout=10)
        if not isinstance(message, str) or not message.startswith(beginnings):
            raise Refused(f"wanted {' or '.join(beginnings)}, got {message!r}")
        return message


def merged(updates: list[dict[str, Any]]) -> dict[str, Any]:
    """All variables of all updates, the last value of each, by `state.variable`."""
    found: dict[str, Any] = {}
    for update in updates:
        for state, variables in (update.get("delta") or {}).items():
            for name, value in variables.items():
                found[f"{state.rpartition('.')[2]}.{name}"] = value
    return found


def redirects(updates: list[dict[str, Any]]) -> list[str]:
    """Where the server sent the tab."""
    events = [event for update in updates for event in update.get("events") or []]
    return [event["payload"]["path"] for event in events if event["name"] == "_redirect"]
