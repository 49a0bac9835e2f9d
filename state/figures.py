"""Charts as plain data, in the words of Plotly: what is drawn, and what hovering tells.

A figure names no colour. The style sheet paints Plotly's shapes with the tokens, by the order of
the series, so the same series has the same colour on every page, and a person who switches between
light and dark sees it at once. The order of the traces is therefore part of a figure's promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import (
    format_currency,
    get_currency_symbol,  # pyright: ignore[reportUnknownVariableType]  # untyped in babel
)

from services import money
from services.analytics import RevenueLine, RevenueMonth, SeatsPoint
from services.money import Money

Figure = dict[str, Any]
"""`data` and `layout` as Plotly takes them; numbers, texts, lists and dictionaries only."""

MOST_LINES = 10
"""A chart by name shows so many; the table has all of them."""

_FONT = "Instrument Sans, system-ui, sans-serif"
_CLEAR = "rgba(0,0,0,0)"
_HEIGHT = 300
_LINE_HEIGHT = 46
_WEEK_MS = 7 * 86_400_000
_LOCALE = "en_IE"
_NAME_LETTERS = 44
_UNFINISHED = 0.55
_APART = 0.1
"""How far apart, as a share of the height, two labels at the edge must be to be read."""

_PERIODS: dict[str, dict[str, Any]] = {
    "day": {"hover": "%-d %B %Y", "tick": "%-d %b\n%Y", "bar": {}},
    "week": {"hover": "Week of %-d %B %Y", "tick": "%-d %b\n%Y", "bar": {"xperiod": _WEEK_MS}},
    "month": {"hover": "%B %Y", "tick": "%b\n%Y", "bar": {"xperiod": "M1"}},
}


def net_by_month(months: Sequence[RevenueMonth]) -> Figure:
    """Bars of what was paid: below, what stayed (net); above it, what of it was given back.

    A month in which more went back than came in reaches below zero by the difference. The month
    that is not over is paler. Series: net, given back.
    """
    net = [month.taking.net for month in months]
    heights = [_major(amount) for amount in net]
    back = [
        _major(month.taking.paid) - max(height, 0)
        for month, height in zip(months, heights, strict=True)
    ]
    told = [month.taking.refunded for month in months]
    return _stacked(months, ("Net", heights, net), ("Refunded", back, told))


def earned_by_month(months: Sequence[RevenueMonth]) -> Figure:
    """Bars of what was earned: by sessions that were held, above it by credits that expired.

    A month in which more was taken back than earned reaches below zero. Series: held, expired.
    """
    held = [month.earning.held for month in months]
    expired = [month.earning.expired for month in months]
    return _stacked(
        months,
        ("Held", [_major(amount) for amount in held], held),
        ("Expired", [_major(amount) for amount in expired], expired),
    )


def _stacked(
    months: Sequence[RevenueMonth], *series: tuple[str, list[float], list[Money]]
) -> Figure:
    """Two bars for each month, one on the other: a name, the heights, and what hovering tells."""
    shared: dict[str, Any] = {
        "type": "bar",
        "x": [month.month.isoformat() for month in months],
        "xperiod": "M1",
        "marker": {"opacity": [1 if month.complete else _UNFINISHED for month in months]},
    }
    figure = drawn(
        [
            shared | tells(name, [money.shown(amount) for amount in amounts]) | {"y": heights}
            for name, heights, amounts in series
        ],
        **_money_axis("yaxis", months[0].taking.net.currency),
        xaxis=_time_axis("month"),
    )
    (low, under, _), (high, above, _) = series
    figure["layout"]["annotations"] = edge_labels(under, above, names=(low, high))
    return figure


def net_by_line(lines: Sequence[RevenueLine]) -> Figure:
    """Lying bars, the largest first, each with its name above and its amount behind it."""
    shown = lines[:MOST_LINES]
    return lying_bars(
        names=[line.label for line in shown],
        lengths=[_major(line.taking.net) for line in shown],
        texts=[in_short(line.taking.net) for line in shown],
        hovers=[_line_hover(line) for line in shown],
    )


def lying_bars(
    *, names: Sequence[str], lengths: Sequence[float], texts: Sequence[str], hovers: Sequence[str]
) -> Figure:
    """Bars that lie, in this order: a name above each, a text behind, and what hovering tells."""
    places = list(range(len(names)))
    bars: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": list(lengths),
        "y": places,
        "width": 0.36,
        "offset": 0.02,
        "text": list(texts),
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "customdata": list(hovers),
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    figure = drawn(
        [bars],
        height=_LINE_HEIGHT * len(names) + 16,
        xaxis={"visible": False, "fixedrange": True, "rangemode": "tozero", "zeroline": False},
        yaxis={"visible": False, "fixedrange": True, "range": [len(names) - 0.45, -0.55]},
    )
    above = [_name_above(place, name) for place, name in zip(places, names, strict=True)]
    figure["layout"] |= {"annotations": above, "hovermode": "closest"}
    figure["layout"]["margin"] = {"l": 2, "r": 84, "t": 0, "b": 0}
    return figure


def _name_above(place: int, name: str) -> dict[str, Any]:
    return {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": place,
        "yanchor": "bottom",
        "text": as_text(cut(name)),
        "showarrow": False,
    }


def seats_over_time(points: Sequence[SeatsPoint], bucket: str) -> Figure:
    """Bars of seats, stacked: active, grace, held, free; above them the capacity as a line.

    Where the line is below the bars, the mentors have more mentees than places.
    """
    days = [point.day.isoformat() for point in points]
    bar = _PERIODS[bucket]["bar"]
    series: list[tuple[str, list[float]]] = [
        ("Active", [point.active for point in points]),
        ("Grace", [point.grace for point in points]),
        ("Held", [point.held for point in points]),
        ("Free", [point.free for point in points]),
    ]
    bars = [
        {"type": "bar", "x": days, "y": values} | bar | tells(name, [seats(v) for v in values])
        for name, values in series
    ]
    capacity = [point.capacity for point in points]
    line: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "line": {"shape": "hvh", "width": 2, "dash": "dot"},
        "x": days,
        "y": capacity,
    }
    figure = drawn(
        [*bars, line | bar | tells("Capacity", [seats(value) for value in capacity])],
        yaxis={"fixedrange": True, "rangemode": "tozero", "automargin": True, "nticks": 6},
        xaxis=_time_axis(bucket),
    )
    figure["layout"]["bargap"] = 0.28 if len(points) <= 31 else 0
    figure["layout"]["margin"]["r"] = 8
    return figure


def in_short(amount: Money) -> str:
    """An amount in whole units, for the eye; the table has it to the cent."""
    major = Decimal(amount.minor).scaleb(-money.exponent(amount.currency))
    text = format_currency(
        major, amount.currency, format="¤#,##0", locale=_LOCALE, currency_digits=False
    )
    return text.replace("\xa0", " ")


def seats(number: float) -> str:
    """An average of seats: `7`, `7.4`."""
    return f"{number:,.1f}".removesuffix(".0")


def taken(point: SeatsPoint) -> float:
    """The average of seats in use, in whatever way."""
    return point.active + point.grace + point.held


def bucket_name(point: SeatsPoint, bucket: str) -> str:
    """Which part of the period a point stands for."""
    if bucket == "month":
        return f"{point.day:%B %Y}"
    day = f"{point.day.day} {point.day:%B %Y}"
    return f"week of {day}" if bucket == "week" else day


def _line_hover(line: RevenueLine) -> str:
    taking = line.taking
    return (
        f"<b>{as_text(line.label)}</b><br>Net {money.shown(taking.net)}"
        f"<br>Paid {money.shown(taking.paid)}<br>Refunded {money.shown(taking.refunded)}"
    )


def tells(name: str, texts: list[str]) -> dict[str, Any]:
    """A series' name, and what hovering tells instead of the bare number."""
    return {
        "name": name,
        "customdata": texts,
        "hovertemplate": f"{name} <b>%{{customdata}}</b><extra></extra>",
    }


def edge_labels(
    low: list[float], high: list[float], names: tuple[str, str]
) -> list[dict[str, Any]]:
    """The series' names beside the last bar: what there are two of needs no legend."""
    if not any(high):
        return []
    highest = max(max(under, 0) + above for under, above in zip(low, high, strict=True))
    span = highest - min(*low, 0) or 1
    at_low = max(low[-1], 0) / 2
    at_high = max(max(low[-1], 0) + high[-1] / 2, at_low + span * _APART)
    return [_edge_label(names[0], at_low), _edge_label(names[1], at_high)]


def _edge_label(words: str, y: float) -> dict[str, Any]:
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "xshift": 4,
        "y": y,
        "text": words,
        "showarrow": False,
    }


def drawn(data: list[dict[str, Any]], *, height: int = _HEIGHT, **axes: Any) -> Figure:
    """The traces with the layout that all figures share."""
    return {
        "data": data,
        "layout": {
            "height": height,
            "autosize": True,
            "margin": {"l": 8, "r": 66, "t": 12, "b": 8},
            "font": {"family": _FONT, "size": 12},
            "paper_bgcolor": _CLEAR,
            "plot_bgcolor": _CLEAR,
            "showlegend": False,
            "barmode": "relative",
            "bargap": 0.28,
            "dragmode": False,
            "hovermode": "x unified",
            "hoverlabel": {"font": {"family": _FONT, "size": 13}, "align": "left"},
            **axes,
        },
    }


def _time_axis(bucket: str) -> dict[str, Any]:
    """Plotly chooses how many ticks fit, so a phone has few."""
    words = _PERIODS[bucket]
    return {
        "type": "date",
        "fixedrange": True,
        "showgrid": False,
        "automargin": True,
        "tickformat": words["tick"],
        "hoverformat": words["hover"],
        "ticklabelmode": "instant" if bucket == "day" else "period",
    }


def _money_axis(name: str, currency: str) -> dict[str, Any]:
    return {
        name: {
            "fixedrange": True,
            "rangemode": "tozero",
            "automargin": True,
            "nticks": 6,
            "tickprefix": get_currency_symbol(currency, locale=_LOCALE),
            "tickformat": "~s",
            "zeroline": True,
        }
    }


def _major(amount: Money) -> float:
    """The height of a bar; for drawing only, never for reckoning."""
    return float(Decimal(amount.minor).scaleb(-money.exponent(amount.currency)))


def cut(text: str) -> str:
    """A name as long as there is room for one."""
    return text if len(text) <= _NAME_LETTERS else text[: _NAME_LETTERS - 1].rstrip() + "…"


def as_text(text: str) -> str:
    """A name as Plotly shall show it: its texts know some HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
