"""Leaving the application for a page that is loaded as a document, when a handler says where to."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex_base.vars.base import Var

from pages.components.kinds import Text


class _Leave(rx.Fragment):
    """`rx.redirect` takes an address of our own host for one of our pages, but the simulator's
    payment page is none; and sending a script to the browser would need `eval`."""

    to: Var[str]

    def add_imports(self) -> dict[str, Any]:
        return {"react": "useEffect"}

    def add_hooks(self) -> list[str | Var[Any]]:
        leave = f"() => {{ if ({self.to!s}) window.location.assign({self.to!s}); }}"
        return [
            Var(
                f"useEffect({leave}, [{self.to!s}])",
                # Reflex has no public name for what a variable needs to be read in a hook.
                _var_data=VarData.merge(
                    self.to._get_all_var_data()  # pyright: ignore[reportPrivateUsage]
                ),
            )
        ]

    def _exclude_props(self) -> list[str]:
        return ["to"]


def leave(to: Text) -> rx.Component:
    """Shows nothing; the browser goes to `to` as soon as it is not empty."""
    return _Leave.create(to=to)
