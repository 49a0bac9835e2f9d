"""A handler of a page: counted by how it ended, and its log lines found by the id that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services import metrics, tracing
from services.errors import DatabaseUnavailable, NotFound, ProviderUnavailable
from state.guard import requires
from tests.support.logs import captured


class Tab:
    """Stands for a page's state: keeps the notice."""

    def __init__(self) -> None:
        self.notice = ""
        self.traces: list[str] = []

    def _tell(self, text: str, tone: str, **_more: Any) -> None:
        self.notice = text

    @requires("anyone")
    async def act(self, error: Exception | None) -> str:
        self.traces.append(tracing.current())
        if error:
            raise error
        return "done"

    @requires("anyone")
    async def act_in_steps(self, error: Exception | None) -> AsyncGenerator[str, None]:
        self.traces.append(tracing.current())
        yield "first"
        self.traces.append(tracing.current())
        if error:
            raise error


def counted(handler: str) -> dict[str, float]:
    """How often the handler ended in which way."""
    return {
        sample.labels["outcome"]: sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == "mentorships_events_total" and sample.labels["handler"] == handler
    }


def ended(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name, 0)}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "done"),
        (NotFound("order"), "refused"),
        (ProviderUnavailable("stripe", "away"), "unavailable"),
        (DatabaseUnavailable("refused"), "unavailable"),
        (ValueError("a mistake"), "failed"),
    ],
)
def test_events_are_counted_by_how_they_ended(error: Exception | None, outcome: str) -> None:
    async def both(tab: Tab) -> None:
        await tab.act(error)
        assert [step async for step in tab.act_in_steps(error)] == ["first"]

    names = ("Tab.act", "Tab.act_in_steps")
    before = {name: counted(name) for name in names}
    asyncio.run(both(Tab()))
    for name in names:
        assert ended(before[name], counted(name)) == {outcome: 1}


def test_every_event_has_an_id_of_its_own_that_lasts_over_its_steps() -> None:
    tab = Tab()

    async def three() -> None:
        await tab.act(None)
        await tab.act(None)
        async for _ in tab.act_in_steps(None):
            pass

    asyncio.run(three())
    one, two, first_step, second_step = tab.traces
    assert len({one, two, first_step}) == 3
    assert first_step == second_step
    assert tracing.current() == ""


def test_the_error_id_that_is_shown_finds_the_traceback() -> None:
    tab = Tab()
    with captured() as lines:
        asyncio.run(tab.act(ValueError("about mia@example.com")))
        [line] = lines()
    assert line["error_id"] in tab.notice
    assert line["trace"] == tab.traces[0]
    assert "ValueError" in line["exception"]
    assert "mia@example.com" not in str(line)
    assert "mia@example.com" not in tab.notice
