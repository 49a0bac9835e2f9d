"""Passwords: Argon2id through pwdlib. Only hashes are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.config import settings
from services.errors import InvalidInput
from services.ids import new_secret

MIN_LENGTH = 10
MAX_LENGTH = 128

_DEAR = PasswordHash((Argon2Hasher(),))
_CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
_public = ContextVar("_public", default=False)


@contextmanager
def known_to_everybody() -> Iterator[None]:
    """Passwords that are set inside the `with` block are public, as a demo's are: nobody needs to
    guess them, so their hashes cost nothing. A sign-in renews such a hash like any old one."""
    before = _public.set(True)
    try:
        yield
    finally:
        _public.reset(before)


def hash_password(password: str) -> str:
    """The Argon2id hash of a password that `check` accepted."""
    return (_CHEAP if _public.get() else _hasher()).hash(password)


def verify(password: str, known_hash: str) -> tuple[bool, str | None]:
    """Whether the password fits, and a new hash when the stored one uses old parameters.

    An empty or foreign `known_hash` (no such account) costs the same work and never fits.
    """
    usable = known_hash.startswith("$argon2id$")
    fits, better = _hasher().verify_and_update(
        password[:MAX_LENGTH], known_hash if usable else _nobodys_hash(_hasher())
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


def _hasher() -> PasswordHash:
    return _CHEAP if settings().cheap_password_hashes else _DEAR


@lru_cache(maxsize=2)
def _nobodys_hash(hasher: PasswordHash) -> str:
    """A hash that no password fits, made once per process with today's parameters."""
    return hasher.hash(new_secret())
