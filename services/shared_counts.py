"""Where attempts are counted when several processes share Redis, and what happens without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import structlog
from limits.storage import MemoryStorage, Storage, storage_from_string
from redis.exceptions import RedisError
from typing_extensions import override

ANSWER_SECONDS = 3

T = TypeVar("T")
log = structlog.get_logger()


class SharedCounts(Storage):
    """Counts in Redis. While it does not answer, each process counts for itself: limits grow by the
    number of processes, but nobody is locked out and nothing is unlimited."""

    def __init__(self, url: str) -> None:
        super().__init__()
        # Asynchronous only for async+redis://
        self._shared = cast(
            Storage,
            storage_from_string(
                url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
            ),
        )
        self._own = MemoryStorage()

    def _either(self, ask: Callable[[Storage], T]) -> T:
        try:
            return ask(self._shared)
        except RedisError as error:
            log.warning("limits_are_counted_alone", error=type(error).__name__)
            return ask(self._own)

    @property
    @override
    def base_exceptions(self) -> type[Exception]:
        """What the storage raises: nothing that is not caught here."""
        return RedisError

    @override
    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more; the new number."""
        return self._either(lambda storage: storage.incr(key, expiry, amount=amount))

    @override
    def get(self, key: str) -> int:
        """The number counted so far."""
        return self._either(lambda storage: storage.get(key))

    @override
    def get_expiry(self, key: str) -> float:
        """When counting begins anew, in seconds of the clock."""
        return self._either(lambda storage: storage.get_expiry(key))

    @override
    def check(self) -> bool:
        """Whether Redis answers."""
        return self._shared.check()

    @override
    def reset(self) -> int | None:
        """Forget everything."""
        return self._either(lambda storage: storage.reset())

    @override
    def clear(self, key: str) -> None:
        """Forget one key, here and there."""
        self._own.clear(key)
        self._either(lambda storage: storage.clear(key))
