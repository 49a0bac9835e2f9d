"""Fixtures of the whole suite. `database`: a fresh database, each test on SQLite and on PostgreSQL.
`sandbox`: the simulators' process. `live_app`: the running product. `page`: a browser on it."""

from __future__ import annotations

import os

# Before the first import of ours: a developer's .env must not reach the tests.
os.environ["ENV_FILE"] = ""

import shutil
import signal
import tempfile
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, sync_playwright

from services import db, ratelimits
from services.config import Settings, settings
from tests.support import browser as chromium
from tests.support import databases as dbs
from tests.support import postgres, servers
from tests.support.several import Several, several_hosts

TEST_SETTINGS = {
    "APP_ENV": "test",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 2,
    "DATABASE_URL": dbs.NO_DATABASE,
    "RATE_LIMITS": "true",
}
FULL = os.environ.get("CHAOS") == "full"
BROWSER_FIXTURES = {"live_app", "live_app_on_postgres", "browser", "page", "new_page", "several"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--databases-report", help="write which test uses which database to a file")


def pytest_configure(config: pytest.Config) -> None:
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    os.environ.update(TEST_SETTINGS)
    if dbs.RUN_DIR not in os.environ:
        run_dir = tempfile.mkdtemp(prefix="mentorships-tests-")
        Path(run_dir).chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        os.environ[dbs.RUN_DIR] = run_dir
        config.stash[_OWNED_RUN_DIR] = Path(run_dir)
        # A killed run stops its servers as an interrupted one does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    # For what is made when a module is imported, such as Huey's storage.
    os.environ["DATA_DIR"] = f"{os.environ[dbs.RUN_DIR]}/data-{dbs.worker_name()}"


_OWNED_RUN_DIR = pytest.StashKey[Path]()


def pytest_unconfigure(config: pytest.Config) -> None:
    run_dir = config.stash.get(_OWNED_RUN_DIR, None)
    if run_dir:
        postgres.stop(run_dir)
        shutil.rmtree(run_dir, ignore_errors=True)
        del os.environ[dbs.RUN_DIR]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("one_database")
        kinds = (marker.args[0],) if marker else dbs.DATABASES
        metafunc.parametrize("database", kinds, indirect=True)
    several = metafunc.definition.get_closest_marker("several")
    if several and (FULL or not several.kwargs.get("full")):
        metafunc.parametrize("world", ("one", dbs.SEVERAL), indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        # One worker runs everything that needs the live application, so there is one of it; and
        # one everything on several hosts.
        names: set[str] = set(getattr(item, "fixturenames", ()))
        if BROWSER_FIXTURES & names:
            far = "several" in names or dbs.on_several(item)
            item.add_marker(pytest.mark.xdist_group("several" if far else "live"))
            item.add_marker(pytest.mark.browser)
    if report := config.getoption("--databases-report"):
        dbs.write_report(items, Path(report))


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> Iterator[None]:
    """Each test has a data folder of its own, and settings that nobody has read yet."""
    with servers.environment_of({"DATA_DIR": str(tmp_path / "data")}):
        yield
    db.dispose()
    ratelimits.forget_all()


@pytest.fixture(autouse=True)
def own_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test without a browser may run a loop of its own, though Playwright's driver, once it was
    started, keeps one running in this thread between its calls."""
    playwrights = None if BROWSER_FIXTURES & set(request.fixturenames) else _get_running_loop()
    if playwrights is None:
        yield
        return
    _set_running_loop(None)
    yield
    _set_running_loop(playwrights)


@pytest.fixture(scope="session")
def databases() -> Iterator[dbs.Databases]:
    """The maker of databases; for tests that need an unmigrated or a second one."""
    maker = dbs.Databases(Path(os.environ[dbs.RUN_DIR]))
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
    folder = Path(os.environ[dbs.RUN_DIR]) / f"several-{dbs.worker_name()}"
    folder.mkdir()
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


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens a page for one more person, with cookies of their own: `new_page(live_app.address)`.

    A script error on any of the pages fails the test, and so does whatever the content security
    policy had to refuse.
    """
    errors: list[str] = []
    contexts = []

    def note(error: Error) -> None:
        errors.append(str(error))

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            errors.append(message.text)

    def opened(address: str) -> Page:
        context = browser.new_context(
            base_url=address,
            timezone_id="Europe/Berlin",
            locale="en-GB",
            viewport={"width": 1280, "height": 800},
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", note)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors, f"the browser complained about a page: {errors}"


@pytest.fixture
def page(live_app: servers.LiveApp, new_page: Callable[[str], Page]) -> Page:
    """A browser page of one person, on the running product."""
    return new_page(live_app.address)


@pytest.fixture
def live_settings(live_app: servers.LiveApp, own_settings: None) -> Iterator[Settings]:
    """This process uses the running product's database and settings, to prepare and to look."""
    with servers.environment_of(live_app.environment), dbs.in_use(live_app.database_url):
        yield settings()
