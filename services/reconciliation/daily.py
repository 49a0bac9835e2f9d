"""The report of the day, by mail to the admins: everything matches, or what does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case
from sqlmodel import Session, col, func, or_, select

from services import db, ledger, outbox, urls
from services.config import settings, vendor_name
from services.models import (
    Account,
    Order,
    OutboxMessage,
    Posting,
    Provider,
    UnmatchedMoney,
    UnmatchedStatus,
    User,
    UserStatus,
)
from services.money import Money, shown
from services.reconciliation import views
from services.reconciliation.hours import day_of, last_time_it_was
from services.reconciliation.running import LONG, NIGHT

MORNING = 6
"""The hour of the studio's day from which its report is due."""
MOST_LINES = 50
"""Of one kind; the screens and the command check-ledger list all."""

Line = dict[str, str]
"""`what` does not match, as a sentence, and the `link` to where one sees to it."""


def report_is_due() -> bool:
    """Whether it is morning, and nobody has this day's report yet."""
    with db.reading() as session:
        return bool(_recipients(session))


def report_of_the_day() -> bool:
    """Queue today's report, unless that was done; whether it was done now.

    Two schedulers may ask at once: a message's key goes into the outbox once.
    """
    with db.reading() as session:
        people = _recipients(session)
    if not people:
        return False
    day, lines = _day(), _lines()
    with db.transaction() as tx:
        for user_id, public_id in people:
            data = {"template": "daily_report", "user_id": user_id, "day": day, "lines": lines}
            outbox.add(tx, kind="mail", key=_key(day, public_id), data=data)
    return True


def _recipients(db: Session) -> Sequence[tuple[int, str]]:
    """The admins, as long as none of them has today's report."""
    admins = select(User.id, User.public_id).where(User.is_admin, User.status == UserStatus.ACTIVE)
    people = db.exec(admins).all()
    keys = [_key(_day(), public_id) for _, public_id in people]
    sent = select(OutboxMessage.id).where(col(OutboxMessage.unique_key).in_(keys)).limit(1)
    return [] if db.exec(sent).first() is not None else people


def _day() -> str:
    return day_of(last_time_it_was(MORNING))


def _key(day: str, admin: str) -> str:
    return f"mail:daily_report:{day}:{admin}"


def _lines() -> list[Line]:
    """What does not match; nothing when everything does."""
    findings = [
        _line(finding.sentence, urls.admin_order(finding.order))
        for finding in ledger.check_orders()
    ]
    with db.reading() as session:
        lines = [
            line
            for name in settings().payment_providers
            for line in _of_provider(session, Provider(name))
        ]
        waiting = [*_unmatched(session), *_misfits(session)]
    return [*_short(lines), *_short(waiting), *_short(findings)]


def _of_provider(db: Session, provider: Provider) -> list[Line]:
    name = vendor_name(provider.value)
    page = urls.absolute("/admin/reconciliation")
    run = views.latest(db, provider, since=last_time_it_was(NIGHT))
    if run is None:
        days = LONG // timedelta(days=1)
        return [_line(f"{name} was not compared over {days} days since last night.", page)]
    lines = [_line(run.error, page)] if run.error else []
    for one in run.differences:
        if not one.waits:
            link = urls.admin_order(one.order) if one.order else page
            lines.append(_line(f"{name}, {one.kind} {one.provider_id}: {one.what}", link))
    more = run.differ - len(run.differences)
    return [*lines, _line(f"{name}: {more} more.", page)] if more else lines


def _unmatched(db: Session) -> list[Line]:
    """What names no order of ours; `_misfits` tells of the rest, order by order."""
    found = select(func.count(col(UnmatchedMoney.id))).where(
        UnmatchedMoney.status == UnmatchedStatus.OPEN, col(UnmatchedMoney.order_id).is_(None)
    )
    count = db.exec(found).one()
    if not count:
        return []
    waits = "1 entry waits" if count == 1 else f"{count} entries wait"
    return [_line(f"Unmatched money: {waits} for you.", urls.absolute("/admin/unmatched"))]


def _misfits(db: Session) -> list[Line]:
    """Payments whose amount was not their order's: they wait in the ledger to be sent back."""
    debited, credited = (side == Account.UNMATCHED for side in (Posting.debit, Posting.credit))
    sign = case((col(Posting.credit) == Account.UNMATCHED, 1), else_=-1)
    held = func.sum(sign * col(Posting.amount_minor))
    rows = db.exec(
        select(col(Order.public_id), col(Posting.currency), held)
        .join(Order, col(Order.id) == col(Posting.order_id))
        .where(or_(debited, credited))
        .group_by(col(Order.public_id), col(Posting.currency))
        .having(held != 0)
        .order_by(col(Order.public_id))
    ).all()
    return [
        _line(
            f"{shown(Money(int(minor), currency))} came for order {order} and does not fit it. "
            "Send it back, or find out what it was.",
            urls.admin_order(order),
        )
        for order, currency, minor in rows
    ]


def _line(what: str, link: str) -> Line:
    return {"what": what, "link": link}


def _short(lines: list[Line]) -> list[Line]:
    more = len(lines) - MOST_LINES
    if more <= 0:
        return lines
    return [*lines[:MOST_LINES], _line(f"And {more} more.", urls.absolute("/admin/reconciliation"))]
