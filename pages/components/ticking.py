"""Asking again and again, for as long as this part of the page is shown and not longer."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec
from reflex_base.vars.base import LiteralVar, Var

from pages.components.kinds import Press


class _Every(rx.Fragment):
    """A timer of the browser, so that nothing goes on in the server when the page is closed."""

    milliseconds: Var[int]
    on_tick: rx.EventHandler[no_args_event_spec]

    def add_imports(self) -> dict[str, Any]:
        return {"react": "useEffect"}

    def add_hooks(self) -> list[str | Var[Any]]:
        tick = LiteralVar.create(self.event_triggers["on_tick"])
        start = f"const timer = setInterval(() => ({tick!s})(), {self.milliseconds!s});"
        stop = "return () => clearInterval(timer);"
        return [f"useEffect(() => {{ {start} {stop} }}, [addEvents]);"]

    def _exclude_props(self) -> list[str]:
        return ["milliseconds", "on_tick"]


def every(milliseconds: int, on_tick: Press) -> rx.Component:
    """Shows nothing; calls `on_tick` every so often while it is on the page."""
    return _Every.create(milliseconds=milliseconds, on_tick=on_tick)
