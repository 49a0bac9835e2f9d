"""Fixtures of the journeys: the world they happen in, and the people who go on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.people import Person
from tests.journeys.world import Account, World
from tests.support.servers import LiveApp

PATIENCE_MS = 20_000
"""The machine may be busy with other tests; a page that is right is there much sooner."""

NewPerson = Callable[[Account], Person]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def world(live_app: LiveApp, own_settings: None) -> Iterator[World]:
    """The running product on SQLite."""
    world = World(live_app)
    with world.inside():
        yield world


@pytest.fixture
def person(world: World, new_page: Callable[[str], Page]) -> NewPerson:
    """Gives somebody a browser of their own: `mia = person(world.mentee("Mia Maler"))`."""
    return lambda account: Person(new_page(world.app.address), account)
