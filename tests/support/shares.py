"""How a run's tests are shared out among its workers: what starts the same servers stays together,
and what takes long begins first, so that no worker waits for another at the end."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support import databases

BROWSER_FIXTURES = {"live_app", "live_app_on_postgres", "browser", "page", "new_page", "several"}
_FIRST = ("several", "run")
_EARLY = (
    "tests/journeys",
    "tests/chaos/test_demo.py",
    "tests/chaos/test_kills.py",
    "tests/test_bench.py",
    "tests/test_live.py",
    "tests/http/test_health.py",
    "tests/test_one_database_only.py",
)
_FILE = "groups.json"


def arrange(items: list[pytest.Item], run_dir: Path) -> None:
    """Put the tests in order, and leave a note of the groups for whoever shares them out."""
    groups = {item.nodeid: group for item in items if (group := _group(item))}
    items.sort(key=lambda item: _rank(item, groups.get(item.nodeid, "")))
    mine = run_dir / f"{_FILE}-{databases.worker_name()}"
    mine.write_text(json.dumps(groups))
    mine.rename(run_dir / _FILE)  # every worker writes the same


def _group(item: pytest.Item) -> str:
    """The tests that one worker runs: all on several hosts, and the journeys of each file."""
    if marker := item.get_closest_marker("together"):
        return str(marker.args[0])
    names: set[str] = set(getattr(item, "fixturenames", ()))
    if not BROWSER_FIXTURES & names:
        return ""
    if databases.is_far(item):
        return "several"
    return "live_app_on_postgres" if "live_app_on_postgres" in names else _file(item)


def _rank(item: pytest.Item, group: str) -> tuple[int, str]:
    """Tests of one group lie side by side; beyond that the order of the files stays."""
    if group in _FIRST:
        return _FIRST.index(group), ""
    for number, start in enumerate(_EARLY, len(_FIRST)):
        if _file(item).startswith(start):
            return number, group
    return len(_FIRST) + len(_EARLY), group


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


class Shares(LoadScopeScheduling):
    """Hands the tests out in their order, those of one group to one worker. (xdist's own groups are
    not seen with pytest 9.2.)"""

    def __init__(self, config: pytest.Config, log: Producer | None, run_dir: Path) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._run_dir = run_dir

    @cached_property
    def _groups(self) -> dict[str, str]:
        """Test and group; asked for when the workers have collected."""
        return json.loads((self._run_dir / _FILE).read_text())

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)
