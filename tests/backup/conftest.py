"""Where the tests of backups restore them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.backups import Elsewhere, a_free_port, an_empty_place
from tests.support.databases import Databases


@pytest.fixture(autouse=True)
def own_port() -> Iterator[None]:
    """Whatever else runs on this machine: the product of this test does not."""
    with a_free_port():
        yield


@pytest.fixture
def elsewhere(database: str, databases: Databases, tmp_path: Path) -> Iterator[Elsewhere]:
    with an_empty_place(database, databases, tmp_path / "elsewhere") as place:
        yield place
