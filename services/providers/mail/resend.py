"""Resend over HTTPS: few endpoints, so httpx and not the SDK (whose key is a module global)."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import quote

import httpx
import structlog

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.answers import Answer, clock_of
from services.providers.mail.base import Mail, Refusal
from services.providers.mail.pace import Pace
from services.providers.mail.resend_events import DELIVERY_TAG

NAME: Final = "resend"
TIMEOUT_SECONDS: Final = 10
GONE_OUT: Final = "invalid_idempotent_request"
"""The key is known, the content differs. A key belongs to one mail of ours: it has gone out, and
the world it is rendered from has changed since."""

SENDS_ONLY: Final = "restricted_api_key"
"""Such a key may send, and nothing else."""
NOT_LISTED: Final = "not_found"
MOST_PAGES: Final = 20
PAGE: Final = 100

log = structlog.get_logger()


class ResendMail:
    """Sends through Resend, or through the simulator behind another base address."""

    def __init__(self, *, key: str, api_base: str, per_second: int = 0) -> None:
        self._pace = Pace(per_second)
        self._client = httpx.Client(
            base_url=api_base,
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_SECONDS,
        )

    def send(self, mail: Mail) -> str:
        """Send one mail; Resend keeps the idempotency key for 24 hours."""
        body: dict[str, Any] = {
            "from": mail.sender,
            "to": [mail.to],
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "tags": [{"name": "kind", "value": mail.kind}],
        }
        if mail.delivery:
            body["tags"].append({"name": DELIVERY_TAG, "value": mail.delivery})
        if mail.headers:
            body["headers"] = dict(mail.headers)
        if mail.attachments:
            body["attachments"] = [
                {
                    "filename": each.filename,
                    "content": b64encode(each.content).decode(),
                    "content_type": each.content_type,
                }
                for each in mail.attachments
            ]
        self._pace.wait()
        try:
            with calls.operation("send_mail"), calls.observed(NAME) as request:
                answer = self._client.post(
                    "/emails", json=body, headers={"Idempotency-Key": mail.key}
                )
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        if answer.is_success:
            return str(answer.json()["id"])
        refused = _refusal(answer)
        if refused.code == GONE_OUT:
            log.warning("mail_gone_out_before", mail=mail.key)
            return ""
        raise refused

    def find(self, *, to: str, subject: str, since: datetime) -> list[str]:
        """Look through the newest mails, back to `since`; nothing with a key that may only send."""
        found: list[str] = []
        asked = {"limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            answer = self._ask("find_mail", "/emails", asked)
            if not answer.is_success:
                refused = _refusal(answer)
                if refused.code == SENDS_ONLY:
                    return []
                raise refused
            page: dict[str, Any] = answer.json()
            recent = [each for each in page["data"] if _sent_at(each) >= since]
            found += [
                str(each["id"])
                for each in recent
                if each["subject"] == subject and to in each["to"]
            ]
            if not page.get("has_more") or len(recent) < len(page["data"]) or not recent:
                break
            asked["after"] = recent[-1]["id"]
        return found

    def unblock(self, *, address: str) -> None:
        """Take the address off Resend's own list. A key that may only send cannot: then the mail is
        held back there, and the report of it says so."""
        path = f"/suppressions/{quote(address, safe='')}"
        answer = self._ask("unblock", path, method="DELETE")
        if answer.is_success:
            return
        refused = _refusal(answer)
        if refused.code == SENDS_ONLY:
            log.warning("address_not_unblocked", error=refused.code)
        elif refused.code != NOT_LISTED:
            raise refused

    def _ask(
        self, operation: str, path: str, asked: dict[str, str] | None = None, method: str = "GET"
    ) -> httpx.Response:
        self._pace.wait()
        try:
            with calls.operation(operation), calls.observed(NAME) as request:
                answer = self._client.request(method, path, params=asked)
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        return answer

    def check(self, *, sender: str) -> Answer:
        """List the domains. A key that may only send is refused that, and is right all the same."""
        answer = self._ask("check", "/domains")
        at = clock_of(answer.headers)
        if not answer.is_success:
            refused = _refusal(answer)
            if refused.code == SENDS_ONLY:
                return Answer("the key may only send, so it cannot look at the domains", at=at)
            raise refused
        domain = parseaddr(sender)[1].partition("@")[2].lower()
        states = {each["name"]: each["status"] for each in answer.json()["data"]}
        if states.get(domain) == "verified":
            return Answer(f"the domain {domain} is verified", at=at)
        return Answer(
            "the key is right",
            (f"the domain {domain} of MAIL_FROM is not verified: add it at Resend",),
            at,
        )


def _sent_at(mail: dict[str, Any]) -> datetime:
    at = datetime.fromisoformat(str(mail["created_at"]))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _refusal(answer: httpx.Response) -> ProviderUnavailable | ProviderRejected:
    """Quotas and outages pass with time, a wrong key or sender once an operator has put it right;
    the other 4xx will be refused again. How long a quota lasts Resend does not say: a second's
    limit is over after the seconds it names."""
    try:
        name = str(answer.json().get("name", ""))
    except (ValueError, AttributeError):
        name = ""
    message = f"{answer.status_code} {name}".strip()
    concurrent = name == "concurrent_idempotent_requests"
    if answer.status_code >= 500 or answer.status_code in {401, 403, 429} or concurrent:
        return ProviderUnavailable(
            NAME,
            message,
            code=name,
            answered=answer.status_code >= 500,
            retry_after=_seconds(answer) if name == Refusal.TOO_FAST else None,
            stop=answer.status_code in {401, 403} and name != SENDS_ONLY,
        )
    return ProviderRejected(NAME, message, code=name)


def _seconds(answer: httpx.Response) -> float:
    """How long to wait, by the answer's header; a second when it does not say."""
    named = answer.headers.get("retry-after", "")
    return min(float(named), 60.0) if named.isascii() and named.isdigit() else 1.0
