"""Fixtures of the tests on several hosts: its world, and a person at a browser behind the proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PATIENCE_MS, NewPerson
from tests.journeys.people import Person
from tests.journeys.world import World
from tests.support.ledger import assert_adds_up
from tests.support.several import Several, eventually

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def far(several: Several, own_settings: None) -> Iterator[World]:
    """The product on several hosts; whatever the test stopped runs again afterwards, and every
    order adds up."""
    world = World(several)
    with world.inside():
        yield world
        eventually(several.whole, "not everything runs again after the test")
        assert_adds_up()


@pytest.fixture
def visitor(far: World, new_page: Callable[[str], Page]) -> NewPerson:
    """Gives somebody a browser of their own: `mia = visitor(far.mentee("Mia Maler"))`."""
    return lambda account: Person(new_page(far.app.address), account)
