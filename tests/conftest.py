"""Fixtures of the whole suite. `database`: a fresh database, each test on SQLite and on PostgreSQL.
`sandbox`: the simulators' process. `live_app`: the running product. `page`: a browser on it."""

from __future__ import annotations

import os

# Before the first import of ours: a developer's .env must not reach the tests.
os.environ["ENV_FILE"] = ""

import json
import signal
import sys
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from xdist.remote import Producer

from services import db, ratelimits
from services.config import Settings, settings
from services.providers.discord import registry
from tests.support import browser as chromium
from tests.support import databases as dbs
from tests.support import ground, postgres, s3, servers, shares
from tests.support.several import Several, several_hosts
from tests.support.tabs import Tabs

TEST_SETTINGS = {
    "APP_ENV": "test",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 2,
    "DATABASE_URL": dbs.NO_DATABASE,
    "RATE_LIMITS": "true",
}
FULL = os.environ.get("CHAOS") == "full"


def _run_dir() -> Path:
    return Path(os.environ[ground.RUN_DIR])


def _settle() -> Path | None:
    """Give this process the settings of tests and a place of its own; the folder of the run, where
    this process has made it.

    At once, not when pytest is configured: the conftests of folders are imported before that, and
    with them what is made at an import, such as Huey's storage. It would be a developer's, or one
    for all workers.
    """
    stores = [name for name in os.environ if name.upper().startswith("STORAGE_")]
    for name in (*Settings.model_fields, *stores):
        os.environ.pop(name.upper(), None)
    os.environ.update(TEST_SETTINGS)
    # The product's processes keep their compiled modules, as Python does unless told otherwise:
    # a run starts more than a hundred of them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    made = None if ground.RUN_DIR in os.environ else ground.make()
    os.environ["DATA_DIR"] = f"{_run_dir()}/data-{dbs.worker_name()}"
    return made


_OWNED_RUN_DIR = _settle()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--databases-report", help="write which test uses which database to a file")


def pytest_configure(config: pytest.Config) -> None:
    if _OWNED_RUN_DIR:
        config.option.basetemp = config.option.basetemp or _OWNED_RUN_DIR / "t"
        # A killed run stops its servers as an interrupted one does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        cache.set("run/ended", int(exitstatus))  # .ci/run asks how


def pytest_unconfigure() -> None:
    if _OWNED_RUN_DIR:
        postgres.stop(_OWNED_RUN_DIR)
        ground.take_away(_OWNED_RUN_DIR)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("one_database")
        only = marker is not None and not (FULL and marker.kwargs.get("both_in_full"))
        kinds = (marker.args[0],) if marker and only else dbs.DATABASES
        metafunc.parametrize("database", kinds, indirect=True)
    several = metafunc.definition.get_closest_marker("several")
    if several and (FULL or not several.kwargs.get("full")):
        metafunc.parametrize("world", ("one", dbs.SEVERAL), indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if shares.BROWSER_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
        if dbs.is_far(item):
            item.add_marker(pytest.mark.far)
    shares.arrange(items, _run_dir())
    config.stash[dbs.REPORT] = dbs.report_of(items)
    if target := config.getoption("--databases-report"):
        Path(target).write_text(json.dumps(config.stash[dbs.REPORT].tests))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> shares.Shares:
    return shares.Shares(config, log, _run_dir())


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> Iterator[None]:
    """Each test has a data folder of its own, and settings that nobody has read yet."""
    with servers.environment_of({"DATA_DIR": str(tmp_path / "data")}):
        yield
    db.dispose()
    ratelimits.forget_all()
    registry.forget()


@pytest.fixture(autouse=True)
def own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test without a browser may run a loop of its own, though Playwright's driver, once it was
    started, keeps one running in this thread between its calls."""
    playwrights = (
        None if shares.BROWSER_FIXTURES & set(request.fixturenames) else _get_running_loop()
    )
    if playwrights is None:
        yield
        return
    _set_running_loop(None)
    yield
    _set_running_loop(playwrights)


@pytest.fixture(scope="session")
def databases() -> Iterator[dbs.Databases]:
    """The maker of databases; for tests that need an unmigrated or a second one."""
    maker = dbs.Databases(_run_dir())
    yield maker
    maker.close()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, databases: dbs.Databases, own_settings: None, tmp_path: Path
) -> Iterator[str]:
    """The address of a fresh, migrated database that the product uses during this test."""
    with databases.fresh(request.param, tmp_path) as url, dbs.in_use(url):
        yield url


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Sandbox]:
    """The simulators' process of this pytest worker."""
    with servers.sandbox_process(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_server: servers.Sandbox, own_settings: None) -> Iterator[servers.Sandbox]:
    """Empty simulators, and the product pointed at them."""
    sandbox_server.control("reset", {})
    named = ("PORT", "SANDBOX_PORT", "PUBLIC_URL")
    with servers.environment_of({name: sandbox_server.environment[name] for name in named}):
        yield sandbox_server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.SeaweedFS]:
    """A store that speaks S3 and keeps versions; one for this pytest worker."""
    with s3.SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Rclone]:
    """A store that speaks S3 and keeps no versions; one for this pytest worker."""
    with s3.Rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="session")
def live_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.LiveApp]:
    """The running product on SQLite: web, worker, simulators; one for all browser tests."""
    with servers.live(tmp_path_factory.mktemp("live")) as app:
        yield app


@pytest.fixture(scope="session")
def live_app_on_postgres(
    tmp_path_factory: pytest.TempPathFactory, databases: dbs.Databases
) -> Iterator[servers.LiveApp]:
    """The running product on PostgreSQL."""
    folder = tmp_path_factory.mktemp("live-postgres")
    with databases.fresh("postgres", folder) as url, servers.live(folder, url) as app:
        yield app


@pytest.fixture(scope="session")
def several() -> Iterator[Several]:
    """The running product on PostgreSQL and Valkey: two web servers, two job workers, a proxy."""
    folder = _run_dir() / "several"
    folder.mkdir()  # and no second worker ever starts them
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
    with several_hosts(folder) as app:
        yield app


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    executable = chromium.find()
    assert executable, chromium.MISSING
    launched = playwright.chromium.launch(executable_path=executable, args=chromium.flags())
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    """The pages of the one Chromium, used again and again."""
    return Tabs(browser)


@pytest.fixture
def new_page(tabs: Tabs) -> Iterator[Callable[[str], Page]]:
    """Opens a page for one more person, with cookies of their own: `new_page(live_app.address)`.

    A script error on any of the pages fails the test, and so does whatever the content security
    policy had to refuse.
    """
    yield tabs.open
    complaints = tabs.empty()
    assert not complaints, f"the browser complained about a page: {complaints}"


@pytest.fixture
def page(live_app: servers.LiveApp, new_page: Callable[[str], Page]) -> Page:
    """A browser page of one person, on the running product."""
    return new_page(live_app.address)


@pytest.fixture
def live_settings(live_app: servers.LiveApp, own_settings: None) -> Iterator[Settings]:
    """This process uses the running product's database and settings, to prepare and to look."""
    with servers.environment_of(live_app.environment), dbs.in_use(live_app.database_url):
        yield settings()
