"""Fixtures of the journeys: the world they happen in, and the people who go on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.people import Person
from tests.journeys.studio import Studio, furnished
from tests.journeys.world import Account, World
from tests.support.databases import SEVERAL
from tests.support.ledger import assert_adds_up
from tests.support.servers import LiveApp

PATIENCE_MS = 20_000
"""The machine may be busy with other tests; a page that is right is there much sooner."""

_PLACES = {"one": "live_app", SEVERAL: "several"}

NewPerson = Callable[[Account], Person]

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def world(request: pytest.FixtureRequest, own_settings: None) -> Iterator[World]:
    """The running product: on SQLite; and for a journey marked `several`, once more on PostgreSQL
    and Valkey, with two web servers and two job workers. In the end every order adds up."""
    app: LiveApp = request.getfixturevalue(_PLACES[getattr(request, "param", "one")])
    world = World(app)
    with world.inside():
        yield world
        assert_adds_up()


@pytest.fixture
def person(world: World, new_page: Callable[[str], Page]) -> NewPerson:
    """Gives somebody a browser of their own: `mia = person(world.mentee("Mia Maler"))`."""
    return lambda account: Person(new_page(world.app.address), account)


@pytest.fixture(scope="session")
def studio(live_app: LiveApp) -> Studio:
    """People and orders, so that no page is empty; made once for all tests."""
    world = World(live_app)
    with world.inside():
        return furnished(world)
