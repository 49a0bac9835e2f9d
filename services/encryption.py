"""Secrets at rest: what must be stored and read again (tokens of vendors) is stored encrypted.

The key is derived from SECRET_KEY, so a stolen database alone opens nothing. Whoever changes
SECRET_KEY makes what was stored unreadable: people then connect their accounts once more.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.config import settings

_PURPOSE = b"mentorships: secrets at rest, version 1"


class Unreadable(Exception):
    """It was encrypted with another SECRET_KEY, or was changed since."""

    def __init__(self) -> None:
        super().__init__("a stored secret cannot be read: SECRET_KEY has changed")


def encrypt(text: str) -> str:
    """The text as it may be stored; another one each time. About 1.4 times as long, plus 100."""
    return _cipher(settings().signing_key).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """What `encrypt` was given.

    Raises:
        Unreadable
    """
    try:
        return _cipher(settings().signing_key).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


@lru_cache(maxsize=4)
def _cipher(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
