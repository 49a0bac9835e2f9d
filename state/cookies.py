"""The cookies of the product: their names, and how they are read from a request's header."""

from __future__ import annotations

from services.config import settings

_MAX_HEADER = 16_384


def session_name() -> str:
    """The cookie that holds the sign-in's secret; bound to the host when people come by https."""
    return _prefixed("mentorships_session")


def flash_name() -> str:
    """The cookie that carries one message from a form's answer to the next page."""
    return _prefixed("mentorships_flash")


def _prefixed(name: str) -> str:
    return f"__Host-{name}" if settings().secure_cookies else name


def read(header: str, name: str) -> str:
    """The value of cookie `name` in a Cookie header; empty when it is not there."""
    if len(header) > _MAX_HEADER:
        return ""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""
