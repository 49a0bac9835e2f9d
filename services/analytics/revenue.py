"""Revenue from the ledger: cash received (payments minus refunds) and what was earned, each on its
own day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import reduce

from sqlalchemy import BigInteger, Date, String, Subquery, cast, null, union
from sqlalchemy import union_all as all_of
from sqlmodel import Session, col

from services import access, clock
from services.analytics import periods
from services.analytics.periods import Period
from services.analytics.progress import read_with
from services.analytics.reports import (
    Earning,
    MonthToDate,
    RevenueLine,
    RevenueMonth,
    RevenueReport,
    Taking,
)
from services.analytics.sql import Rows, fetch, pick
from services.analytics.takings import (
    CASH,
    MONTHS,
    Sources,
    Sums,
    Which,
    cash_moved,
    deferred,
    lines,
    parts,
    sources,
    sums,
)
from services.audit import Actor
from services.config import settings, vendor_name
from services.errors import InvalidInput, NotFound
from services.ids import MentorId, OfferId
from services.models import (
    DailyRevenue,
    Mentor,
    MonthlyRevenue,
    PackOffer,
    Posting,
    Provider,
    ReportKind,
    User,
)
from services.money import Money, shown


@dataclass(frozen=True, slots=True)
class _Found:
    """What the one big query gave, by what it was grouped."""

    months: dict[date, Sums]
    mentors: dict[MentorId, Sums]
    offers: dict[OfferId, Sums]
    providers: dict[str, Sums]


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
    """What came in, went back and was earned in one currency (empty: the studio's), for admins.

    `mentor` (slug), `offer` (public id) and `provider` narrow it. Twelve queries at most, however
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
        all_of_it = reduce(Sums.plus, found.months.values(), Sums())
        return RevenueReport(
            currency=chosen,
            currencies=currencies,
            zone=periods.zone(),
            period=period,
            total=taking_of(chosen, all_of_it),
            earned=earning_of(chosen, all_of_it),
            deferred=Money(deferred(db, period.last, which, rolled_until=until), chosen),
            months=shown_months(period, found.months, chosen),
            mentors=_by_net(_mentor_lines(db, found, chosen)),
            offers=_by_net(_offer_lines(db, found, chosen)),
            providers=_by_net(
                [
                    _line(key, vendor_name(key), each, chosen)
                    for key, each in found.providers.items()
                ]
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
    line = lines(db, both, which, CASH)
    rows = fetch(
        db,
        pick(line.c.currency, line.c.bucket, *sums(line, CASH)).group_by(
            line.c.currency, line.c.bucket
        ),
    )
    nets: dict[str, dict[date, int]] = {which.currency or settings().studio_currency: {}}
    for currency, bucket, paid, refunded in rows:
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
    """The studio's currency, then every other one that ever moved; one query."""
    parts: list[Rows] = [pick(col(Posting.currency)).distinct()]
    if until is not None:
        since = periods.month_of(until)  # older days are in the months
        daily = pick(col(DailyRevenue.currency)).where(col(DailyRevenue.day) >= since)
        parts = [
            pick(col(MonthlyRevenue.currency)).distinct(),
            daily.where(cash_moved()).distinct(),  # a session was paid for in the same currency
            pick(col(Posting.currency)).where(col(Posting.at) >= periods.begin_of(until)),
        ]
    own = settings().studio_currency
    return (own, *sorted(set(db.connection().execute(union(*parts)).scalars()) - {own}))


def shown_months(
    period: Period, found: dict[date, Sums], currency: str
) -> tuple[RevenueMonth, ...]:
    """Every month of the period: a month without money is a true zero."""
    today = periods.today()
    shown: list[RevenueMonth] = []
    for month in period.months:
        end = periods.add_months(month, 1) - periods.DAY
        complete = period.first <= month and end <= period.last and end < today
        sums = found.get(month, Sums())
        shown.append(
            RevenueMonth(month, taking_of(currency, sums), complete, earning_of(currency, sums))
        )
    return tuple(shown)


def by_month(
    db: Session, period: Period, currency: str, until: date | None
) -> tuple[RevenueMonth, ...]:
    """The months of the period alone, of the whole studio; one query."""
    of = sources(period.first, period.last, rolled_until=until)
    line = lines(db, of, Which(currency))
    rows = fetch(db, pick(line.c.bucket, *sums(line)).group_by(line.c.bucket))
    return shown_months(period, {row[0]: Sums(*row[1:]) for row in rows}, currency)


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

    Providers and mentors are sums of the offers. Whole months are many, and are grouped twice; of
    days and rows there are few buckets, and one grouping serves both.
    """
    found = _Found(*(defaultdict(Sums) for _ in fields(_Found)))
    groups = [group for part in parts(db, of, which) for group in _groups(part)]
    for bucket, offer, mentor, provider, *values in fetch(db, all_of(*groups)):
        if bucket is not None:
            found.months[bucket] = found.months[bucket].plus(values)
        if provider is not None:
            found.providers[provider] = found.providers[provider].plus(values)
            found.mentors[mentor] = found.mentors[mentor].plus(values)
            found.offers[offer] = found.offers[offer].plus(values)
    return found


def _groups(line: Subquery) -> list[Rows]:
    """The sums by bucket, offer, mentor and provider; of whole months those by bucket apart from
    the others, with NULL where a column is not grouped by."""
    sold = (line.c.offer_id, line.c.mentor_id, line.c.provider)
    if line.name != MONTHS:
        return [pick(line.c.bucket, *sold, *sums(line)).group_by(line.c.bucket, *sold)]
    others = (cast(null(), BigInteger), cast(null(), BigInteger), cast(null(), String))
    return [
        pick(line.c.bucket, *others, *sums(line)).group_by(line.c.bucket),
        pick(cast(null(), Date), *sold, *sums(line)).group_by(*sold),
    ]


def taking_of(currency: str, sums: Sums) -> Taking:
    """The cash in some sums."""
    return Taking(
        paid=Money(sums.paid, currency),
        refunded=Money(sums.refunded, currency),
        net=Money(sums.paid - sums.refunded, currency),
        payments=sums.payments,
        refunds=sums.refunds,
    )


def earning_of(currency: str, sums: Sums) -> Earning:
    """What was earned in some sums, and what it cost."""
    return Earning(
        total=Money(sums.earned, currency),
        held=Money(sums.earned - sums.breakage, currency),
        expired=Money(sums.breakage, currency),
        share=Money(sums.share, currency),
        fees=Money(sums.fees, currency),
        disputed=Money(sums.disputed, currency),
    )


def _line(key: str, label: str, sums: Sums, currency: str) -> RevenueLine:
    return RevenueLine(key, label, taking_of(currency, sums), earning_of(currency, sums))


def _mentor_lines(db: Session, found: _Found, currency: str) -> list[RevenueLine]:
    # Not the ids of all that were found as parameters: their number has a limit.
    rows = fetch(
        db,
        pick(col(Mentor.id), col(Mentor.slug), col(User.name)).join(
            User, col(User.id) == col(Mentor.user_id)
        ),
    )
    return [
        _line(slug, name, found.mentors[key], currency)
        for key, slug, name in rows
        if key in found.mentors
    ]


def _offer_lines(db: Session, found: _Found, currency: str) -> list[RevenueLine]:
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
        _line(
            public_id,
            f"{title}, {shown(Money(minor, priced_in))}, {name}",
            found.offers[key],
            currency,
        )
        for key, public_id, title, minor, priced_in, name in rows
        if key in found.offers
    ]


def _by_net(found: list[RevenueLine]) -> tuple[RevenueLine, ...]:
    return tuple(sorted(found, key=lambda line: (-line.taking.net.minor, line.label, line.key)))
