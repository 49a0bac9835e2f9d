"""Resend over HTTPS: one endpoint, so httpx and not the SDK (whose key is a module global)."""

from __future__ import annotations

from base64 import b64encode
from email.utils import parseaddr
from typing import Any, Final

import httpx
import structlog

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.answers import Answer, clock_of
from services.providers.mail.base import Mail

NAME: Final = "resend"
TIMEOUT_SECONDS: Final = 10
GONE_OUT: Final = "invalid_idempotent_request"
"""The key is known, the content differs. A key belongs to one mail of ours: it has gone out, and
the world it is rendered from has changed since."""

log = structlog.get_logger()


class ResendMail:
    """Sends through Resend, or through the simulator behind another base address."""

    def __init__(self, *, key: str, api_base: str) -> None:
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
        if mail.attachments:
            body["attachments"] = [
                {
                    "filename": each.filename,
                    "content": b64encode(each.content).decode(),
                    "content_type": each.content_type,
                }
                for each in mail.attachments
            ]
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

    def check(self, *, sender: str) -> Answer:
        """List the domains. A key that may only send is refused that, and is right all the same."""
        try:
            with calls.operation("check"), calls.observed(NAME) as request:
                answer = self._client.get("/domains")
                request.status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        at = clock_of(answer.headers)
        if not answer.is_success:
            refused = _refusal(answer)
            if refused.code == "restricted_api_key":
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


def _refusal(answer: httpx.Response) -> ProviderUnavailable | ProviderRejected:
    """Quotas, wrong keys and outages pass with time; the other 4xx will be refused again."""
    try:
        name = str(answer.json().get("name", ""))
    except (ValueError, AttributeError):
        name = ""
    message = f"{answer.status_code} {name}".strip()
    concurrent = name == "concurrent_idempotent_requests"
    if answer.status_code >= 500 or answer.status_code in {401, 403, 429} or concurrent:
        return ProviderUnavailable(NAME, message, code=name, answered=answer.status_code >= 500)
    return ProviderRejected(NAME, message, code=name)
