"""Charts: Plotly's basic bundle, drawn from the plain data of `state/figures.py`.

The library is large, so only the pages of the reports import this module: a page brings along what
its module imports. A chart is one picture to a screen reader, with a sentence that says what it
shows; the table behind it has every number.
"""

from __future__ import annotations

from typing import Any, Literal, Self

import reflex as rx
from reflex_components_plotly.plotly import Plotly, PlotlyBasic

from pages.components.kinds import Text

Kind = Literal["money", "earned", "lines", "seats", "jobs", "failures", "costs", "stored"]

_CALM: dict[str, Any] = {
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "responsive": True,
}


class _Plot(PlotlyBasic):
    """Plotly's component without its two templates of colours: ours are in the style sheet, and
    building those of the library takes 13 MB of memory in every process."""

    data: rx.Var[dict[str, Any]]

    @classmethod
    def create(cls, *children: Any, **props: Any) -> Self:
        return super(Plotly, cls).create(*children, **props)


def chart(
    figure: dict[str, Any] | rx.Var[dict[str, Any]], says: Text, *, kind: Kind
) -> rx.Component:
    """A figure of this kind; `says` tells in one sentence what one sees."""
    return rx.el.div(
        _Plot.create(data=figure, config=_CALM, class_name="chart-plot"),
        role="img",
        aria_label=says,
        class_name=f"chart chart-{kind}",
    )


def costs_key() -> rx.Component:
    """What the colours of the chart of costs mean."""
    return rx.el.ul(
        rx.el.li("Recording", class_name="key-active"),
        rx.el.li("Storage", class_name="key-grace"),
        rx.el.li("Sent", class_name="key-held"),
        class_name="key",
    )


def seats_key() -> rx.Component:
    """What the colours of the chart of seats mean; it has too many series to label each bar."""
    return rx.el.ul(
        rx.el.li("Active", class_name="key-active"),
        rx.el.li("Grace", class_name="key-grace"),
        rx.el.li("Held", class_name="key-held"),
        rx.el.li("Free", class_name="key-free"),
        rx.el.li("Capacity", class_name="key-line"),
        class_name="key",
    )
