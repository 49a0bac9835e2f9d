"""Passwords: Argon2id through pwdlib. Only hashes are stored."""

from __future__ import annotations

from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.errors import InvalidInput
from services.ids import new_secret

MIN_LENGTH = 10
MAX_LENGTH = 128

_hasher = PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """The Argon2id hash of a password that `check` accepted."""
    return _hasher.hash(password)


def verify(password: str, known_hash: str) -> tuple[bool, str | None]:
    """Whether the password fits, and a new hash when the stored one uses old parameters.

    An empty or foreign `known_hash` (no such account) costs the same work and never fits.
    """
    usable = known_hash.startswith("$argon2id$")
    fits, better = _hasher.verify_and_update(
        password[:MAX_LENGTH], known_hash if usable else _nobodys_hash()
    )
    return (fits, better) if usable and fits else (False, None)


def check(password: str, *, field: str = "password") -> str:
    """The password, if it may be one.

    Raises:
        InvalidInput: too short, too long, or with control characters.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidInput(field, f"Use at least {MIN_LENGTH} characters.")
    if len(password) > MAX_LENGTH:
        raise InvalidInput(field, f"Use at most {MAX_LENGTH} characters.")
    if any(ord(c) < 32 or ord(c) == 127 for c in password):
        raise InvalidInput(field, "Use characters that a keyboard types.")
    if len(set(password)) < 4:
        raise InvalidInput(field, "Use a password that is harder to guess.")
    return password


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """A hash that no password fits, made once per process with today's parameters."""
    return _hasher.hash(new_secret())
