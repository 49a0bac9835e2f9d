"""The seeding's hand on the simulators: their clock, their buyers, their webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import urllib3

CARD, DECLINED = "4242424242424242", "4000000000000002"
STRIPE, PAYPAL, RESEND = "stripe", "paypal", "resend"
YEAR_SECONDS = 400 * 86_400
TOKEN_SECONDS = 32_400
"""How long PayPal's access is good, in a year that passes within a minute and in real time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that waits to be delivered, signed."""

    vendor: str
    body: bytes
    headers: dict[str, str]


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
        self._paypal_tells = False
        """Whether PayPal may have something to tell: most of the year is Stripe's."""
        self._mails_are_reported = False

    def reset(self) -> None:
        """Empty the simulators; from now on webhooks wait for `deliveries`."""
        self._post("reset", {})
        for vendor in (STRIPE, PAYPAL):
            self._post(f"{vendor}/webhooks", {"mode": "hold"})
        self._post("resend/webhooks", {"mode": "never"})
        self._post("google/pushes", {"mode": "never"})
        self._post("agora/webhooks", {"mode": "never"})
        self._post("paypal/tokens", {"seconds": YEAR_SECONDS})

    def finish(self) -> None:
        """Real time, and webhooks delivered at once, from now on."""
        self._post("clock", {"now": None})
        for vendor in (STRIPE, PAYPAL, RESEND):
            self._post(f"{vendor}/webhooks", {"mode": "now"})
        self._post("google/pushes", {"mode": "now"})
        self._post("agora/webhooks", {"mode": "now"})
        self._post("agora/behaviour", {})
        self._post("paypal/tokens", {"seconds": TOKEN_SECONDS})

    def set_clock(self, instant: datetime) -> None:
        """Move the simulators' clock."""
        self._post("clock", {"now": int(instant.timestamp())})

    def pay(self, checkout_url: str, *, card: str = CARD, lost: bool = False) -> None:
        """What the buyer does on the payment page. A declined card stays unpaid.

        `lost`: the provider never manages to tell us.
        """
        address, mode = urlsplit(checkout_url), "never" if lost else "hold"
        if address.path.startswith("/sandbox/paypal/"):
            [order] = parse_qs(address.query)["token"]
            instrument = "declined" if card == DECLINED else "balance"
            agreed = {"instrument": instrument, "webhooks": mode}
            self._post(f"paypal/orders/{order}/approve", agreed)
            self._paypal_tells = True
            return
        session = address.path.rpartition("/")[2]
        try:
            self._post(f"stripe/sessions/{session}/pay", {"card": card, "webhooks": mode})
        except Refused as refused:
            if card != DECLINED or refused.status >= 500:
                raise

    def dispute(self, vendor: str, paid: str) -> str:
        """A buyer's bank takes a payment back: PayPal's by its id, Stripe's by that of its page.
        The dispute's id at PayPal, "" at Stripe."""
        if vendor == PAYPAL:
            self._paypal_tells = True
            path = f"paypal/captures/{paid}/dispute"
            return str(self._post(path, {"kind": "chargeback"})["dispute_id"])
        self._post(f"stripe/sessions/{paid}/dispute", {"kind": "chargeback"})
        return ""

    def decide(self, dispute: str, outcome: str) -> None:
        """PayPal decides a dispute: won or lost."""
        self._post(f"paypal/disputes/{dispute}/close", {"outcome": outcome})
        self._paypal_tells = True

    def fail(self, *, path: str, method: str, times: int) -> None:
        """Stripe answers 503 the next `times` times."""
        self._post(
            "faults",
            {"vendor": "stripe", "path": path, "method": method, "kind": "status"}
            | {"status": 503, "times": times},
        )

    def report_mails(self) -> None:
        """What becomes of each mail is told from now on. Of a whole year it would take minutes."""
        self._post("resend/webhooks", {"mode": "hold"})
        self._mails_are_reported = True

    def bounce(self, email: str) -> None:
        """Mails to this address come back."""
        self._post("mail/fate", {"address": email, "fate": "bounced"})

    def consent(self, url: str, *, email: str, zone: str) -> tuple[str, str]:
        """A person allows everything on Google's consent page: the state and the code that their
        browser brings back."""
        asked = {"url": url, "email": email, "time_zone": zone}
        query = parse_qs(urlsplit(self._post("google/consent", asked)["location"]).query)
        return query["state"][0], query["code"][0]

    def consent_at_discord(self, url: str, *, username: str) -> tuple[str, str]:
        """A person allows what Discord's consent page asks for: the state and the code that their
        browser brings back."""
        asked = {"url": url, "username": username}
        self._discord_account(username)
        query = parse_qs(urlsplit(self._post("discord/consent", asked)["location"]).query)
        return query["state"][0], query["code"][0]

    def leave_discord(self, username: str) -> None:
        """Somebody leaves the studio's server."""
        self._post("discord/leave", {"id": self._discord_account(username)})

    def close_messages(self, username: str) -> None:
        """Somebody takes no direct messages from the server's members any more."""
        self._post("discord/dms", {"id": self._discord_account(username), "open": False})

    def _discord_account(self, username: str) -> str:
        return str(self._post("discord/account", {"username": username})["id"])

    def recorders(self, **behaviour: bool | int) -> None:
        """Recorders that are sent from now on behave like this, and as usual otherwise."""
        self._post("agora/behaviour", behaviour)

    def let_recorders_write(self) -> None:
        """Recorders that are to leave do, and their files are written, now."""
        self._post("agora/settle", {})

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
        found = self._waiting(STRIPE, now)
        if self._paypal_tells:
            of_paypal = self._waiting(PAYPAL, now)
            self._paypal_tells = bool(of_paypal)
            found += of_paypal
        return found + (self._waiting(RESEND, now) if self._mails_are_reported else [])

    def _waiting(self, vendor: str, now: datetime) -> list[Delivery]:
        query = f"{vendor}/deliveries?state=pending&signed_at={int(now.timestamp())}"
        waiting = self._get(query)
        for delivery in waiting:
            self._post(f"{vendor}/deliveries/{delivery['id']}/done", {})
        return [
            Delivery(
                vendor,
                delivery["body"].encode(),
                {name.lower(): value for name, value in delivery["headers"].items()},
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
