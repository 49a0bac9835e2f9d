"""The tables behind the charts, and their CSV.

A CSV is opened in a spreadsheet, which takes a cell for a formula when it begins with `=`, `+`,
`-`, `@`, a tab or a line break, also behind spaces or quotes. Such a text gets an apostrophe in
front, and so does what would begin a cell where something else than a comma separates them.
Texts are always quoted. Figures are ours, stand in columns of their own, and stay figures without
quotes: `-12.00` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from services.analytics.reports import (
    Earning,
    MentorSeats,
    RevenueLine,
    RevenueMonth,
    RevenueReport,
    SeatsPoint,
    SeatsReport,
)
from services.errors import InvalidInput
from services.money import Money, exponent

if TYPE_CHECKING:
    from pandas import DataFrame

_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;,|\t\r\n]))(?=[\s\"'`´‘’“”]*[=+\-@＝＋－＠])")
"""The places where a formula would begin."""
TEXT = (
    "month",
    "mentor",
    "address",
    "pack",
    "pack id",
    "provider",
    "currency",
    "day",
    "listed",
    "store",
    "session",
    "begins",
    "without a price",
)
"""The columns whose cells are words; all others hold figures."""


def revenue_frame(report: RevenueReport, by: str) -> DataFrame:
    """The report's table by "month", "mentor", "offer" or "provider".

    Amounts are decimal strings in the currency's major unit, with the currency in its own column.

    Raises:
        InvalidInput: no such table.
    """
    if by == "month":
        rows = [{"month": each.month.isoformat()[:7], **_amounts(each)} for each in report.months]
        return _frame(rows, ["month", *_AMOUNTS])
    tables: dict[str, tuple[tuple[RevenueLine, ...], list[str]]] = {
        "mentor": (report.mentors, ["mentor", "address"]),
        "offer": (report.offers, ["pack", "pack id"]),
        "provider": (report.providers, ["provider"]),
    }
    if by not in tables:
        raise InvalidInput("by", "Choose month, mentor, offer or provider.")
    lines, names = tables[by]
    rows = [
        {**dict(zip(names, (line.label, line.key), strict=False)), **_amounts(line)}
        for line in lines
    ]
    return _frame(rows, [*names, *_AMOUNTS])


def seats_frame(report: SeatsReport, by: str) -> DataFrame:
    """The report's table by "time" (average seats per bucket) or "mentor" (now, and the use).

    Raises:
        InvalidInput: no such table.
    """
    if by == "time":
        return _frame([_point(point) for point in report.points], list(_POINT))
    if by == "mentor":
        return _frame([_mentor(mentor) for mentor in report.mentors], list(_MENTOR))
    raise InvalidInput("by", "Choose time or mentor.")


def csv_of(frame: DataFrame) -> str:
    """The table as CSV (UTF-8, lines end with CRLF): cells that would be formulas are defused."""
    names = [str(name) for name in frame.columns]
    rows = [list(map(_quoted, names))]
    for cells in frame.itertuples(index=False, name=None):
        found = zip(names, map(str, cells), strict=True)
        rows.append([_quoted(_defused(cell)) if name in TEXT else cell for name, cell in found])
    return "".join(f"{','.join(row)}\r\n" for row in rows)


def _defused(text: str) -> str:
    return _FORMULA.sub("'", text)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


_TAKING = ("currency", "paid", "refunded", "net", "payments", "refunds")
_EARNING: dict[str, Callable[[Earning], Money]] = {
    "earned": lambda earning: earning.total,
    "earned (held)": lambda earning: earning.held,
    "earned (expired)": lambda earning: earning.expired,
    "mentors' part": lambda earning: earning.share,
    "fees": lambda earning: earning.fees,
    "disputed": lambda earning: earning.disputed,
}
_AMOUNTS = (*_TAKING, *_EARNING)


def _amounts(one: RevenueMonth | RevenueLine) -> dict[str, str | int]:
    taking = one.taking
    return {
        "currency": taking.net.currency,
        "paid": _amount(taking.paid),
        "refunded": _amount(taking.refunded),
        "net": _amount(taking.net),
        "payments": taking.payments,
        "refunds": taking.refunds,
    } | {name: _amount(of(one.earning)) for name, of in _EARNING.items()}


def _amount(money: Money) -> str:
    digits = exponent(money.currency)
    return f"{Decimal(money.minor).scaleb(-digits):.{digits}f}"


_POINT: dict[str, Callable[[SeatsPoint], str | int]] = {
    "day": lambda point: point.day.isoformat(),
    "days": lambda point: point.days,
    "capacity (average seats)": lambda point: f"{point.capacity:.3f}",
    "active (average seats)": lambda point: f"{point.active:.3f}",
    "grace (average seats)": lambda point: f"{point.grace:.3f}",
    "held (average seats)": lambda point: f"{point.held:.3f}",
    "free (average seats)": lambda point: f"{point.free:.3f}",
    "over capacity (average seats)": lambda point: f"{point.over:.3f}",
}
_MENTOR: dict[str, Callable[[MentorSeats], str | int]] = {
    "mentor": lambda mentor: mentor.name,
    "address": lambda mentor: mentor.slug,
    "listed": lambda mentor: "yes" if mentor.listed else "no",
    "capacity (seats now)": lambda mentor: mentor.capacity,
    "active (seats now)": lambda mentor: mentor.active,
    "grace (seats now)": lambda mentor: mentor.grace,
    "held (seats now)": lambda mentor: mentor.held,
    "free (seats now)": lambda mentor: mentor.free,
    "over capacity (seats now)": lambda mentor: mentor.over_by,
    "average use (share of capacity)": lambda mentor: (
        "" if mentor.average_use is None else f"{mentor.average_use:.4f}"
    ),
}


def _point(point: SeatsPoint) -> dict[str, str | int]:
    return {name: cell(point) for name, cell in _POINT.items()}


def _mentor(mentor: MentorSeats) -> dict[str, str | int]:
    return {name: cell(mentor) for name, cell in _MENTOR.items()}


def _frame(rows: list[dict[str, str | int]], columns: list[str]) -> DataFrame:
    """Also without rows it has its columns."""
    from pandas import DataFrame  # heavy: only who exports waits for it

    return DataFrame(rows, columns=columns)
