"""Revenue as cash received: completed payments minus succeeded refunds, each on its own day."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BigInteger, Date, FromClause, String, cast, null, union
from sqlalchemy import union_all as all_of
from sqlmodel import Session, col

from services import access, clock
from services.analytics import periods
from services.analytics.periods import Period
from services.analytics.progress import read_with
from services.analytics.reports import (
    MonthToDate,
    RevenueLine,
    RevenueMonth,
    RevenueReport,
    Taking,
)
from services.analytics.sql import Rows, fetch, pick
from services.analytics.takings import RECEIVED, Sources, Which, lines, parts, sources, sums
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput, NotFound
from services.ids import MentorId, OfferId
from services.models import (
    DailyRevenue,
    Mentor,
    MonthlyRevenue,
    PackOffer,
    Payment,
    Provider,
    ReportKind,
    User,
)
from services.money import Money, shown

_Sums = tuple[int, int, int, int]
"""Paid, refunded, payments, refunds."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the one big query gave, by what it was grouped."""

    months: dict[date, Taking]
    mentors: dict[MentorId, Taking]
    offers: dict[OfferId, Taking]
    providers: dict[str, Taking]


def get_revenue(
    db: Session,
    *,
    actor: Actor,
    period: Period,
    currency: str = "",
    mentor: str = "",
    offer: str = "",
    provider: str = "",
) -> RevenueReport:
    """What came in and went back in one currency (empty: the studio's), for admins.

    `mentor` (slug), `offer` (public id) and `provider` narrow it. Eleven queries at most, however
    much there is.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: no such mentor or offer.
        InvalidInput: a currency that was never taken, an unknown provider, or the offer of another.
    """
    access.require_admin(actor)
    wanted = _which(db, mentor=mentor, offer=offer, provider=provider)

    def read(until: date | None) -> RevenueReport:
        currencies = taken_currencies(db, until)
        chosen = currency.strip().upper() or currencies[0]
        if chosen not in currencies:
            raise InvalidInput("currency", f"The studio has taken no money in {chosen[:8]}.")
        which = Which(chosen, wanted.mentor, wanted.offer, wanted.provider)
        found = _grouped(db, sources(period.first, period.last, rolled_until=until), which)
        months = shown_months(period, found.months, chosen)
        return RevenueReport(
            currency=chosen,
            currencies=currencies,
            zone=periods.zone(),
            period=period,
            total=_total([month.taking for month in months], chosen),
            months=months,
            mentors=_by_net(_mentor_lines(db, found)),
            offers=_by_net(_offer_lines(db, found)),
            providers=_by_net(
                [RevenueLine(key, key.title(), taking) for key, taking in found.providers.items()]
            ),
            to_date=get_to_date(db, until, which)[chosen],
            as_of=clock.utc_now(),
        )

    return read_with(db, ReportKind.REVENUE, read)


def get_to_date(db: Session, until: date | None, which: Which) -> dict[str, MonthToDate]:
    """This month up to today and the same days of last month, per currency; one query."""
    last = periods.today()
    first = periods.month_of(last)
    before = periods.add_months(first, -1)
    same_day = min(before + timedelta(days=last.day - 1), first - periods.DAY)
    now, then = (
        sources(first, last, rolled_until=until),
        sources(before, same_day, rolled_until=until),
    )
    both = Sources(now.months + then.months, now.days + then.days, now.rows + then.rows)
    line = lines(db, both, which)
    rows = fetch(
        db,
        pick(line.c.currency, line.c.bucket, *sums(line)).group_by(line.c.currency, line.c.bucket),
    )
    nets: dict[str, dict[date, int]] = {which.currency or settings().studio_currency: {}}
    for currency, bucket, paid, refunded, *_ in rows:
        nets.setdefault(currency, {})[bucket] = paid - refunded
    return {
        currency: MonthToDate(
            first=first,
            last=last,
            net=Money(net.get(first, 0), currency),
            previous_first=before,
            previous_last=same_day,
            previous_net=Money(net.get(before, 0), currency),
        )
        for currency, net in nets.items()
    }


def taken_currencies(db: Session, until: date | None) -> tuple[str, ...]:
    """The studio's currency, then every other one that ever came in; one query."""
    received = col(Payment.status).in_(RECEIVED) & col(Payment.completed_at).is_not(None)
    parts: list[Rows]
    if until is None:
        parts = [pick(col(Payment.currency)).where(received)]
    else:
        since = periods.add_months(until, -1)  # older days are in the months
        parts = [
            pick(col(MonthlyRevenue.currency)).distinct(),
            pick(col(DailyRevenue.currency)).where(col(DailyRevenue.day) >= since).distinct(),
            pick(col(Payment.currency)).where(
                received, col(Payment.completed_at) >= periods.begin_of(until)
            ),
        ]
    own = settings().studio_currency
    return (own, *sorted(set(db.connection().execute(union(*parts)).scalars()) - {own}))


def shown_months(
    period: Period, found: dict[date, Taking], currency: str
) -> tuple[RevenueMonth, ...]:
    """Every month of the period: a month without money is a true zero."""
    today = periods.today()
    shown: list[RevenueMonth] = []
    for month in period.months:
        end = periods.add_months(month, 1) - periods.DAY
        whole = period.first <= month and end <= period.last
        shown.append(
            RevenueMonth(month, found.get(month) or _taking(currency), whole and end < today)
        )
    return tuple(shown)


def by_month(
    db: Session, period: Period, currency: str, until: date | None
) -> tuple[RevenueMonth, ...]:
    """The months of the period alone, of the whole studio; one query."""
    of = sources(period.first, period.last, rolled_until=until)
    line = lines(db, of, Which(currency))
    rows = fetch(db, pick(line.c.bucket, *sums(line)).group_by(line.c.bucket))
    return shown_months(period, {row[0]: _taking(currency, *row[1:]) for row in rows}, currency)


def _which(db: Session, *, mentor: str, offer: str, provider: str) -> Which:
    """What an address asks for, checked."""
    mentor_id = _mentor_id(db, mentor) if mentor else None
    sold = access.offer_named(db, offer) if offer else None
    if sold is not None and mentor_id not in {None, sold.mentor_id}:
        raise InvalidInput("offer", "This pack is another mentor's. Choose the mentor anew.")
    if provider and provider not in set(Provider):
        raise InvalidInput("provider", "There is no such payment provider.")
    return Which(
        mentor=mentor_id,
        offer=sold.id if sold else None,
        provider=Provider(provider) if provider else None,
    )


def _mentor_id(db: Session, slug: str) -> MentorId:
    found = db.connection().execute(pick(col(Mentor.id)).where(col(Mentor.slug) == slug)).scalar()
    if found is None:
        raise NotFound("mentor")
    return MentorId(found)


def _grouped(db: Session, of: Sources, which: Which) -> _Found:
    """Months, providers, mentors and offers in one statement: they always add up to the same.

    Each source is grouped twice, not four times: providers and mentors are sums of the offers.
    """
    months: dict[date, _Sums] = defaultdict(_nothing)
    providers: dict[str, _Sums] = defaultdict(_nothing)
    mentors: dict[MentorId, _Sums] = defaultdict(_nothing)
    offers: dict[OfferId, _Sums] = defaultdict(_nothing)
    groups = [group for part in parts(db, of, which) for group in _groups(part)]
    for bucket, offer, mentor, provider, *values in fetch(db, all_of(*groups)):
        if bucket is not None:
            months[bucket] = _added(months[bucket], values)
        else:
            providers[provider] = _added(providers[provider], values)
            mentors[mentor] = _added(mentors[mentor], values)
            offers[offer] = _added(offers[offer], values)
    currency = which.currency or ""
    return _Found(
        months={key: _taking(currency, *each) for key, each in months.items()},
        mentors={key: _taking(currency, *each) for key, each in mentors.items()},
        offers={key: _taking(currency, *each) for key, each in offers.items()},
        providers={key: _taking(currency, *each) for key, each in providers.items()},
    )


def _nothing() -> _Sums:
    return (0, 0, 0, 0)


def _added(one: _Sums, other: Sequence[int]) -> _Sums:
    paid, refunded, payments, refunds = map(operator.add, one, other)
    return (paid, refunded, payments, refunds)


def _groups(line: FromClause) -> tuple[Rows, Rows]:
    """The sums by bucket, and by offer, mentor and provider; columns of the other are NULL."""
    sold = (line.c.offer_id, line.c.mentor_id, line.c.provider)
    others = (cast(null(), BigInteger), cast(null(), BigInteger), cast(null(), String))
    return (
        pick(line.c.bucket, *others, *sums(line)).group_by(line.c.bucket),
        pick(cast(null(), Date), *sold, *sums(line)).group_by(*sold),
    )


def _taking(
    currency: str, paid: int = 0, refunded: int = 0, payments: int = 0, refunds: int = 0
) -> Taking:
    return Taking(
        paid=Money(paid, currency),
        refunded=Money(refunded, currency),
        net=Money(paid - refunded, currency),
        payments=payments,
        refunds=refunds,
    )


def _total(takings: list[Taking], currency: str) -> Taking:
    return _taking(
        currency,
        sum(each.paid.minor for each in takings),
        sum(each.refunded.minor for each in takings),
        sum(each.payments for each in takings),
        sum(each.refunds for each in takings),
    )


def _mentor_lines(db: Session, found: _Found) -> list[RevenueLine]:
    # Not the ids of all that were found as parameters: their number has a limit.
    rows = fetch(
        db,
        pick(col(Mentor.id), col(Mentor.slug), col(User.name)).join(
            User, col(User.id) == col(Mentor.user_id)
        ),
    )
    return [
        RevenueLine(slug, name, found.mentors[key])
        for key, slug, name in rows
        if key in found.mentors
    ]


def _offer_lines(db: Session, found: _Found) -> list[RevenueLine]:
    """Offers by title, price and mentor: one title is sold by many, and again at another price."""
    rows = fetch(
        db,
        pick(
            col(PackOffer.id),
            col(PackOffer.public_id),
            col(PackOffer.title),
            col(PackOffer.price_minor),
            col(PackOffer.currency),
            col(User.name),
        )
        .join(Mentor, col(Mentor.id) == col(PackOffer.mentor_id))
        .join(User, col(User.id) == col(Mentor.user_id)),
    )
    return [
        RevenueLine(
            public_id, f"{title}, {shown(Money(minor, currency))}, {name}", found.offers[key]
        )
        for key, public_id, title, minor, currency, name in rows
        if key in found.offers
    ]


def _by_net(found: list[RevenueLine]) -> tuple[RevenueLine, ...]:
    return tuple(sorted(found, key=lambda line: (-line.taking.net.minor, line.label, line.key)))
