"""The last lock before a line is logged or reported: what looks like a secret or a person is cut.

The first lock is that nobody logs such things; this one is for what slips through, above all in the
texts of other people's exceptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

REMOVED = "[removed]"
SHORTEST_SECRET = 8
LONGEST_TEXT = 20_000
_DEEPEST = 20

_SENSITIVE_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|cookie|authorization|credential|api_?key|signature"
    r"|e_?mail|payload|^(body|headers?|name|full_name|display_name|phone|address|ip|to|form)$",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"user_?name|(global|given|first|last|sur|nick|legal)_?name|^nick$|address|^line\d$|postal"
    r"|birth|last4|fingerprint|iban|account_number|^(text|content|subject|from|cc|bcc|html|data_url"
    r"|avatar|ip|location)$",
    re.IGNORECASE,
)
_VENDOR_KEY = re.compile(
    r"\b(?:[srp]k_(?:test|live)_\w+|whsec_[\w+/=-]+|re_[A-Za-z0-9]+_[A-Za-z0-9]{10,}"
    r"|ya29\.[\w.-]{8,}|GOCSPX-[\w-]{8,}|[14]//?[\w-]{24,})"
)
_LOGIN_IN_URL = re.compile(r"(?<=://)[^\s/?#'\"<>]+(?=@)")  # to the last @: a password may have one
_CREDENTIALS = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"\b([\w-]{0,40}(?:token|secret|password|passwd|session|flash|signature|cookie))"
    r"(\s*=\s*|['\"]\s*:\s*)(?:'[^']*'|\"[^\"]*\"|[^\s'\"&;,]{3,})",
    re.IGNORECASE,
)
# Every repetition is bounded: a text of an attacker's must not cost more than its length.
_MAIL = re.compile(r"[^\s<>()\[\]{},;:'\"=/\\@|]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# To the end of the line: in a repr, where a line break is two characters, that is everything.
_ROW_OF_POSTGRES = re.compile(r"(DETAIL:)[^\n]*")

_own_secrets: frozenset[str] = frozenset()
_made_secrets: set[str] = set()


def know(secrets: Iterable[str]) -> None:
    """Cut these very values wherever they occur: the secrets among the settings."""
    global _own_secrets
    _own_secrets = frozenset(value for value in secrets if len(value) >= SHORTEST_SECRET)


def know_also(secret: str) -> None:
    """Cut this value as well, for as long as the process lives: a key that was just made."""
    _made_secrets.add(secret)


def text(value: str) -> str:
    """The text without own secrets, vendors' keys, credentials, mail addresses and stored rows."""
    if len(value) > LONGEST_TEXT:
        value = value[:LONGEST_TEXT] + "…"
    for secret in (*_own_secrets, *_made_secrets):
        if secret in value:
            value = value.replace(secret, REMOVED)
    value = _ROW_OF_POSTGRES.sub(rf"\1 {REMOVED}", value)
    value = _LOGIN_IN_URL.sub(REMOVED, value)
    value = _VENDOR_KEY.sub(REMOVED, value)
    value = _CREDENTIALS.sub(rf"\1 {REMOVED}", value)
    value = _ASSIGNED.sub(rf"\1\2{REMOVED}", value)
    return _MAIL.sub(REMOVED, value)


def anything(value: Any) -> Any:
    """The same for whatever a log line may hold; what is filed under a telling name goes whole."""
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return fields(cast("Mapping[Any, Any]", value))
    if isinstance(value, list | tuple | set | frozenset):
        return [anything(each) for each in cast("Iterable[Any]", value)]
    return text(str(value))


def fields(values: Mapping[Any, Any]) -> dict[str, Any]:
    """A mapping with every value cut, and whole those whose names say what they hold."""
    return {
        str(name): REMOVED if value and is_sensitive(str(name)) else anything(value)
        for name, value in values.items()
    }


def document(value: str | Mapping[str, Any]) -> str:
    """What a provider told or a message carries, to be read by an admin: indented JSON in which
    secrets and people are cut by the names of the fields too; "" for nothing. Bounded.

    What is no JSON is text; a bare text may be anybody's, so of that only its length is told.
    """
    if not value:
        return ""
    try:
        found: Any = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return f"{REMOVED}: {len(value):,} characters that are no JSON"
    shown = json.dumps(_impersonal(found), indent=2, ensure_ascii=False)
    return shown if len(shown) <= LONGEST_TEXT else shown[:LONGEST_TEXT] + "\n…"


def _impersonal(value: Any, depth: int = 0) -> Any:
    """The value without what its fields' names, or its texts, say of people and secrets."""
    if depth > _DEEPEST:
        return REMOVED
    if isinstance(value, Mapping):
        named = cast("Mapping[Any, Any]", value)
        return {
            str(name): REMOVED
            if each and (is_sensitive(str(name)) or _PERSONAL_NAME.search(str(name)))
            else _impersonal(each, depth + 1)
            for name, each in named.items()
        }
    if isinstance(value, list):
        return [_impersonal(each, depth + 1) for each in cast("list[Any]", value)]
    return text(value) if isinstance(value, str) else value


def is_sensitive(name: str) -> bool:
    """Whether a field of this name holds a secret or tells who somebody is."""
    return _SENSITIVE_NAME.search(name) is not None
