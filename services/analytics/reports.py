"""What the dashboards show. Days and months are calendar days in the studio's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.analytics.periods import Period
from services.money import Money


@dataclass(frozen=True, slots=True)
class Taking:
    """Cash received: completed payments, succeeded refunds, and paid minus refunded.

    `payments` and `refunds` count them. `net` is below zero when more went back than came in.
    """

    paid: Money
    refunded: Money
    net: Money
    payments: int
    refunds: int


@dataclass(frozen=True, slots=True)
class Earning:
    """Revenue as it is earned, without tax: `held` by sessions (less what was given back of them),
    `expired` by credits that nobody used, and `total`, both together.

    `share` is the mentors' part of it. `fees` is what providers kept, `disputed` what they took
    back for disputes and did not return.
    """

    total: Money
    held: Money
    expired: Money
    share: Money
    fees: Money
    disputed: Money


@dataclass(frozen=True, slots=True)
class RevenueMonth:
    """One month of the period, cut to it. `complete` is False for a month that is not over, or
    that the period shows only in part."""

    month: date
    taking: Taking
    complete: bool
    earning: Earning


@dataclass(frozen=True, slots=True)
class RevenueLine:
    """One mentor (`key`: slug), offer (public id) or provider (its value), over the period."""

    key: str
    label: str
    taking: Taking
    earning: Earning


@dataclass(frozen=True, slots=True)
class MonthToDate:
    """This month up to today, against the same days of last month, clipped to its length."""

    first: date
    last: date
    net: Money
    previous_first: date
    previous_last: date
    previous_net: Money


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """Cash received and revenue earned in one currency. Every month of the period is there, also
    the empty ones.

    `currencies` are all that the studio ever took, its own first; lines come largest net first.
    `deferred` is what was paid, without tax, for sessions not held by the end of the period.
    """

    currency: str
    currencies: tuple[str, ...]
    zone: str
    period: Period
    total: Taking
    earned: Earning
    deferred: Money
    months: tuple[RevenueMonth, ...]
    mentors: tuple[RevenueLine, ...]
    offers: tuple[RevenueLine, ...]
    providers: tuple[RevenueLine, ...]
    to_date: MonthToDate
    as_of: datetime


@dataclass(frozen=True, slots=True)
class SeatsPoint:
    """Average seats over one bucket of `days` days that begins on `day`.

    free and over are averaged by themselves: one mentor's free seats do not make up for
    another's that are over capacity, so capacity = active + grace + held + free - over.
    """

    day: date
    days: int
    capacity: float
    active: float
    grace: float
    held: float
    free: float
    over: float


@dataclass(frozen=True, slots=True)
class MentorSeats:
    """One mentor's seats now, and `average_use`: the share of the period's capacity that was
    active, 0..1 (above 1 when over capacity); None when there was no capacity throughout."""

    slug: str
    name: str
    listed: bool
    capacity: int
    active: int
    grace: int
    held: int
    free: int
    over_by: int
    average_use: float | None


@dataclass(frozen=True, slots=True)
class SeatsNow:
    """The seats of all shown mentors at this moment; free and over are sums of each mentor's."""

    capacity: int
    active: int
    grace: int
    held: int
    free: int
    over_by: int


@dataclass(frozen=True, slots=True)
class SeatsReport:
    """Seat utilization. `bucket` is "day", "week" or "month"; the days that are still to come
    have no point, and today counts up to `as_of`."""

    zone: str
    period: Period
    bucket: str
    points: tuple[SeatsPoint, ...]
    mentors: tuple[MentorSeats, ...]
    now: SeatsNow
    average_use: float | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Attention:
    """How many things wait for an admin.

    Of refunds, `refunds_waiting` ask for an answer and `refunds_troubled` for help. `disputes_due`
    are those of the `open_disputes` whose evidence is due within days. `unmatched` is money of
    which nobody knows what it was; `differing` are things that did not match when the providers
    were last compared, apart from it. Something stands against the `recordings_troubled`; `orphans`
    are files in the stores that fit no recording, or are missing there.
    """

    failed_events: int
    dead_messages: int
    refunds_waiting: int
    refunds_troubled: int
    disputes_due: int
    open_disputes: int
    unmatched: int
    differing: int
    orders_at_bank: int
    recordings_troubled: int
    orphans: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The admin's first look. `to_date` per currency, the studio's first; `months` are the last
    twelve in the studio's currency; `fullest` are the mentors with the least room now, and their
    average use of the last 30 days."""

    to_date: tuple[MonthToDate, ...]
    months: tuple[RevenueMonth, ...]
    seats: SeatsNow
    fullest: tuple[MentorSeats, ...]
    attention: Attention
    zone: str
    as_of: datetime
