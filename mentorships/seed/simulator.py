"""The seeding's hand on the simulators: their clock, their buyers, their webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

CARD, DECLINED = "4242424242424242", "4000000000000002"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that waits to be delivered, signed."""

    id: str
    body: bytes
    signature: str


class Refused(Exception):
    """The simulators answered with an error."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(f"{status}: {answer}")
        self.status = status


class Simulator:
    """Talks to `/control` of the simulators' process at `address`, over one connection."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._http = urllib3.PoolManager(maxsize=1, retries=False, timeout=30)

    def reset(self) -> None:
        """Empty the simulators; from now on webhooks wait for `deliveries`."""
        self._post("reset", {})
        self._post("stripe/webhooks", {"mode": "hold"})
        self._post("google/pushes", {"mode": "never"})

    def finish(self) -> None:
        """Real time, and webhooks delivered at once, from now on."""
        self._post("clock", {"now": None})
        self._post("stripe/webhooks", {"mode": "now"})
        self._post("google/pushes", {"mode": "now"})

    def set_clock(self, instant: datetime) -> None:
        """Move the simulators' clock."""
        self._post("clock", {"now": int(instant.timestamp())})

    def pay(self, checkout_url: str, *, card: str = CARD, lost: bool = False) -> None:
        """What the buyer does on the payment page. A declined card stays unpaid.

        `lost`: Stripe never manages to tell us.
        """
        session, mode = checkout_url.rpartition("/")[2], "never" if lost else "hold"
        try:
            self._post(f"stripe/sessions/{session}/pay", {"card": card, "webhooks": mode})
        except Refused as refused:
            if card != DECLINED or refused.status >= 500:
                raise

    def fail(self, *, path: str, method: str, times: int) -> None:
        """Stripe answers 503 the next `times` times."""
        self._post(
            "faults",
            {"vendor": "stripe", "path": path, "method": method, "kind": "status"}
            | {"status": 503, "times": times},
        )

    def consent(self, url: str, *, email: str, zone: str) -> tuple[str, str]:
        """A person allows everything on Google's consent page: the state and the code that their
        browser brings back."""
        asked = {"url": url, "email": email, "time_zone": zone}
        query = parse_qs(urlsplit(self._post("google/consent", asked)["location"]).query)
        return query["state"][0], query["code"][0]

    def add_event(self, email: str, summary: str, begin: datetime, end: datetime) -> None:
        """Somebody writes an event into their own calendar at Google."""
        event = {
            "summary": summary,
            "start": {"dateTime": begin.isoformat()},
            "end": {"dateTime": end.isoformat()},
        }
        self._post("google/events", {"email": email, "event": event})

    def deliveries(self, now: datetime) -> list[Delivery]:
        """The webhooks that wait, signed as of `now`, each handed out once."""
        query = f"stripe/deliveries?state=pending&signed_at={int(now.timestamp())}"
        waiting = self._get(query)
        for delivery in waiting:
            self._post(f"stripe/deliveries/{delivery['id']}/done", {})
        return [
            Delivery(
                id=str(delivery["id"]),
                body=delivery["body"].encode(),
                signature={k.lower(): v for k, v in delivery["headers"].items()}[
                    "stripe-signature"
                ],
            )
            for delivery in waiting
        ]

    def _get(self, path: str) -> Any:
        return self._ask("GET", path)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        answer = self._http.request(method, f"{self._address}/control/{path}", **sent)
        if answer.status >= 400:
            raise Refused(answer.status, answer.data.decode(errors="replace"))
        return answer.json() if answer.data else None
