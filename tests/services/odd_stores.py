"""The folder of recordings as a store of which tests can say what goes wrong at it, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pytest
from typing_extensions import override

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.storage import registry
from services.providers.storage.base import Part, Removed, Written
from services.providers.storage.local import LocalStorage
from services.store_settings import StoreSettings
from tests.services.recordings import LOCAL, SMALL


class Odd(LocalStorage):
    """The folder of recordings, which can be told to do wrong."""

    def __init__(self) -> None:
        super().__init__(Path(settings().stores[LOCAL].bucket), LOCAL)
        self.part_rules = SMALL
        self.away = 0
        self.spoils = 0
        self.sent: list[int] = []
        self.before_part: Any = None

    def use(self, monkeypatch: pytest.MonkeyPatch) -> Odd:
        """Be the store `local`, as a vendor's would be."""
        made = registry._made  # pyright: ignore[reportPrivateUsage]

        def make(chosen: StoreSettings, cdn: str) -> object:
            return self if chosen.name == LOCAL else made(chosen, cdn)

        monkeypatch.setattr(registry, "_made", make)
        return self

    @override
    def put_part(self, key: str, upload: str, number: int, content: bytes | bytearray) -> Part:
        self.sent.append(number)
        if self.before_part is not None:
            self.before_part(number)
        if self.away:
            self.away -= 1
            raise ProviderUnavailable(self.name, "503 SlowDown", answered=True, retry_after=40)
        return super().put_part(key, upload, number, content)

    @override
    def put(self, key: str, content: BinaryIO, *, content_type: str = "") -> Written:
        written = super().put(key, content)
        self._spoil(key)
        return written

    @override
    def complete(self, key: str, upload: str, parts: Any) -> None:
        super().complete(key, upload, parts)
        self._spoil(key)

    def _spoil(self, key: str) -> None:
        """One byte changes on the disk."""
        if self.spoils and not key.startswith("probe-"):
            self.spoils -= 1
            path = Path(settings().stores[LOCAL].bucket) / key
            content = path.read_bytes()
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Odd:
    return Odd().use(monkeypatch)


class Watched(LocalStorage):
    """The folder of recordings; before each deletion something may happen, and one may be lost."""

    def __init__(self) -> None:
        super().__init__(Path(settings().stores[LOCAL].bucket), LOCAL)
        self.before: Any = None
        self.keeps = 0

    def delete(self, key: str) -> Removed:
        if self.before is not None and key.startswith("recordings/"):
            self.before(key)
        if self.keeps:
            self.keeps -= 1
            return Removed()
        return super().delete(key)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    found, made = Watched(), registry._made  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(
        registry, "_made", lambda chosen, cdn: found if chosen.name == LOCAL else made(chosen, cdn)
    )
    return found
