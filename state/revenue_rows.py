"""What the revenue page shows in its tables, and behind its charts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services import money
from services.analytics import Earning, Taking
from state.shown import count


@dataclass(frozen=True)
class TakingRow:
    """One row of a table behind a chart."""

    label: str = ""
    note: str = ""
    href: str = ""
    paid: str = ""
    refunded: str = ""
    net: str = ""
    payments: str = ""
    refunds: str = ""


@dataclass(frozen=True)
class EarningRow:
    """One row of a table of what was earned."""

    label: str = ""
    note: str = ""
    href: str = ""
    total: str = ""
    held: str = ""
    expired: str = ""
    share: str = ""
    fees: str = ""
    disputed: str = ""


@dataclass(frozen=True)
class Earned:
    """What was earned: a chart by month with what it says, and the tables behind it."""

    chart: dict[str, Any] = field(default_factory=dict[str, Any])
    says: str = ""
    months: list[EarningRow] = field(default_factory=list[EarningRow])
    mentors: list[EarningRow] = field(default_factory=list[EarningRow])
    months_csv: str = ""
    mentors_csv: str = ""
    left_out: str = ""


@dataclass(frozen=True)
class Breakdown:
    """A chart, what it says, the table behind it, and where to get it as a file."""

    chart: dict[str, Any] = field(default_factory=dict[str, Any])
    says: str = ""
    rows: list[TakingRow] = field(default_factory=list[TakingRow])
    csv: str = ""
    left_out: str = ""


def taking_row(taking: Taking) -> TakingRow:
    """The amounts as they are shown."""
    return TakingRow(
        paid=money.shown(taking.paid),
        refunded=money.shown(taking.refunded),
        net=money.shown(taking.net),
        payments=count(taking.payments, "payment"),
        refunds=count(taking.refunds, "refund"),
    )


def earning_row(earning: Earning) -> EarningRow:
    """The amounts as they are shown."""
    return EarningRow(
        total=money.shown(earning.total),
        held=money.shown(earning.held),
        expired=money.shown(earning.expired),
        share=money.shown(earning.share),
        fees=money.shown(earning.fees),
        disputed=money.shown(earning.disputed),
    )
