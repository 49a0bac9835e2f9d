"""One message from a form's answer to the page that follows, in a signed cookie that lives a
minute: what went wrong or well, at which field, and what was typed (never a password)."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from typing import Any, cast, get_args

from itsdangerous import BadData, URLSafeTimedSerializer

from services.config import settings
from state.guard import Tone

SECONDS = 60
_MAX_COOKIE = 3_500
_MAX_TYPED = 300


@dataclass(frozen=True, slots=True)
class Flash:
    """`path` is the page it is for; `field` names the form's field that must be corrected."""

    path: str
    text: str
    tone: Tone = "info"
    field: str = ""
    typed: dict[str, str] = dataclass_field(default_factory=dict[str, str])
    id: str = dataclass_field(default_factory=lambda: secrets.token_urlsafe(9))


def sealed(flash: Flash) -> str:
    """The cookie's value: signed, and small enough for a cookie."""
    short = {name: value[:_MAX_TYPED] for name, value in flash.typed.items()}
    return _serializer().dumps({**asdict(flash), "typed": short})


def opened(value: str) -> Flash | None:
    """The message in a cookie's value; None when there is none, or it is forged or too old."""
    if not value or len(value) > _MAX_COOKIE:
        return None
    try:
        data: Any = _serializer().loads(value, max_age=SECONDS)
    except BadData:
        return None
    if not isinstance(data, dict) or cast(dict[str, Any], data).get("tone") not in get_args(Tone):
        return None
    return Flash(**cast(dict[str, Any], data))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().signing_key, salt="flash")
