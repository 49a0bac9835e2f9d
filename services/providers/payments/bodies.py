"""What the bodies of all providers' webhooks have in common."""

from __future__ import annotations

import json

from services.providers.payments.base import BadEvent


def parsed(body: bytes) -> object:
    """What a verified body says.

    Raises:
        BadEvent
    """
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadEvent("the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadEvent("the body is not JSON") from None


def is_name(text: str, longest: int) -> bool:
    """Whether it can be one of a provider's identifiers, and be stored as it is."""
    return 0 < len(text) <= longest and text.isascii() and text.isprintable()
