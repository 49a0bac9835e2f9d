"""Fixtures of the races and kills."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.till import Till
from tests.chaos.workers import Workers, warm
from tests.support.ledger import assert_adds_up
from tests.support.servers import Sandbox


@pytest.fixture
def till(database: str, sandbox: Sandbox) -> Iterator[Till]:
    """The simulators, empty, and this test's database behind the product. In the end every order
    adds up, whoever died or raced."""
    yield Till(sandbox)
    assert_adds_up()


@pytest.fixture
def workers(till: Till) -> Iterator[Workers]:
    """Workers that can be killed, on this test's database."""
    with warm() as parent:
        yield parent
