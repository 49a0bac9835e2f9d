"""What Resend accepts in a message, and the words of its refusals (VENDORS.md, Resend)."""

from __future__ import annotations

import re
from email.utils import parseaddr

from mentorships.sandbox.store import Json

FIELDS = frozenset(
    [
        "from",
        "to",
        "subject",
        "bcc",
        "cc",
        "reply_to",
        "html",
        "text",
        "template",
        "headers",
        "scheduled_at",
        "attachments",
        "tags",
        "topic_id",
    ]
)
ATTACHMENT_FIELDS = frozenset(["content", "filename", "path", "content_type", "content_id"])
TAG_FIELDS = frozenset({"name", "value"})
_TAG = re.compile(r"^[A-Za-z0-9_-]{1,256}$")
_MOST_RECIPIENTS = 50


class ResendError(Exception):
    """A refusal with Resend's name for it."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"statusCode": status, "name": name, "message": message}


def wrong(message: str) -> ResendError:
    """The request fails validation."""
    return ResendError(422, "validation_error", message)


def lacking(field: str) -> ResendError:
    """A required field was not sent."""
    return ResendError(422, "missing_required_field", f"Missing `{field}` field.")


def check(message: object, *, batch: bool = False) -> Json:
    """The message, if Resend would take it.

    Raises:
        ResendError: unknown, missing or wrong field (422).
    """
    if not isinstance(message, dict):
        raise wrong("The request body must be a JSON object.")
    mail: Json = message  # pyright: ignore[reportUnknownVariableType]  # JSON keys are strings
    unknown = sorted(set(mail) - FIELDS)
    if unknown:
        raise wrong(f"Unknown field: `{unknown[0]}`.")
    for field in ("from", "to", "subject"):
        if not mail.get(field):
            raise lacking(field)
    if batch and ("attachments" in mail or "scheduled_at" in mail):
        raise wrong("A batch takes no `attachments` and no `scheduled_at`.")
    if "template" in mail or "scheduled_at" in mail or "topic_id" in mail:
        raise wrong("This simulator has no templates, schedules or topics.")
    _check_text(mail)
    for field in ("from", "to", "cc", "bcc", "reply_to"):
        if field in mail:
            _check_addresses(field, mail[field])
    _check_extras(mail)
    return mail


def _check_text(mail: Json) -> None:
    for field in ("subject", "html", "text"):
        if field in mail and not isinstance(mail[field], str):
            raise wrong(f"The `{field}` field must be a string.")
    if "html" not in mail and "text" not in mail:
        raise lacking("html")


def _check_addresses(field: str, value: object) -> None:
    addresses: list[object]
    if isinstance(value, str):
        addresses = [value]
    elif isinstance(value, list) and field != "from":
        addresses = value  # pyright: ignore[reportUnknownVariableType]  # each is checked below
    else:
        raise wrong(f"The `{field}` field must be a string or a list of strings.")
    if field == "to" and not 1 <= len(addresses) <= _MOST_RECIPIENTS:
        raise wrong(f"The `to` field takes 1 to {_MOST_RECIPIENTS} addresses.")
    for address in addresses:
        if not isinstance(address, str) or not _is_address(address):
            raise wrong(
                f"Invalid `{field}` field. The email address needs to follow the "
                "`email@example.com` or `Name <email@example.com>` format."
            )


def _is_address(text: str) -> bool:
    local, at, domain = parseaddr(text)[1].partition("@")
    plain = not any(mark in text for mark in "\r\n\0")
    return bool(plain and local and at and "." in domain and " " not in local + domain)


def _check_extras(mail: Json) -> None:
    headers = mail.get("headers", {})
    if not isinstance(headers, dict) or not all(
        isinstance(value, str) and not re.search(r"[\r\n]", name + value)
        for name, value in headers.items()  # pyright: ignore[reportUnknownVariableType]
    ):
        raise wrong("The `headers` field must be an object of strings.")
    for tag in _objects(mail, "tags", TAG_FIELDS):
        if not all(_TAG.match(str(tag.get(part, ""))) for part in TAG_FIELDS):
            raise wrong("Tags should only contain ASCII letters, numbers, underscores, or dashes.")
    for attachment in _objects(mail, "attachments", ATTACHMENT_FIELDS):
        if not attachment.get("content") and not attachment.get("path"):
            raise wrong("An attachment needs `content` or `path`.")


def _objects(mail: Json, field: str, names: frozenset[str]) -> list[Json]:
    value = mail.get(field, [])
    if not isinstance(value, list):
        raise wrong(f"The `{field}` field must be a list.")
    items: list[object] = value  # pyright: ignore[reportUnknownVariableType]  # checked below
    checked: list[Json] = []
    for item in items:
        if not isinstance(item, dict) or not names.issuperset(item):
            raise wrong(f"The `{field}` field holds something unknown.")
        checked.append(item)  # pyright: ignore[reportUnknownArgumentType]  # names are checked
    return checked
