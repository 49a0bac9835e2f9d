"""How much may go back: shown before anybody asks, and reckoned again when an admin decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from sqlmodel import Session, col, func, or_, select

from services import access, clock, money, seats
from services.audit import Actor
from services.config import settings
from services.errors import Conflict, InvalidInput
from services.ids import PackId, PaymentId
from services.models import (
    Mentor,
    Pack,
    PackShare,
    PackStatus,
    Payment,
    Refund,
    RefundRemedy,
    RefundScope,
    RefundSource,
    RefundStatus,
    ShareState,
)
from services.money import Money
from services.providers.payments.registry import payments
from services.refunds import cases, disputed
from services.refunds.cases import NOTHING_PAID, UNDERWAY, Case


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What a refund of an order would give back.

    `amount` is for all `sessions` that are unused, `booked` of them in the calendar; `worth` says
    it for one, two and more of them. `most` is what an admin may give back at all. `why_not` tells
    the buyer why they cannot ask now, "" when they can; `stuck` the same of an admin.
    """

    amount: Money
    sessions: int
    booked: int
    worth: tuple[Money, ...]
    most: Money
    why_not: str
    stuck: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes back, how many credits close for it, and whether a second admin has to approve."""

    amount: Money
    sessions: int
    needs_second: bool


def quote(db: Session, *, actor: Actor, order: str) -> RefundQuote:
    """What a refund of one's own order, or any for an admin, would give back now.

    Raises:
        NotFound
    """
    case = cases.read(db, access.order_for(db, actor, order))
    booked = len(cases.to_come(db, case.pack)) if case.pack else 0
    sessions = cases.unused(case.pack, booked) if case.pack else 0
    most = rest(db, case.payment) if case.payment else Money(0, case.order.currency)
    worth = _worth(db, case, sessions, most)
    stuck = why_stuck(db, case)
    return RefundQuote(
        amount=worth[-1] if worth else Money(0, case.order.currency),
        sessions=sessions,
        booked=booked,
        worth=worth,
        most=most,
        why_not=stuck or _why_not(db, actor, case, sessions, worth),
        stuck=stuck or ("" if most.minor else "All of it went back, or is on its way."),
    )


def plan(
    db: Session,
    case: Case,
    *,
    scope: RefundScope,
    sessions: int | None = None,
    amount: Money | None = None,
    but: Refund | None = None,
) -> Plan:
    """What goes back by a scope, as things stand under the locks; `but` is the refund itself.

    `sessions` for unused ones defaults to all; `amount` is another amount.

    Raises:
        Conflict, InvalidInput
    """
    payment = case.paid
    free = cases.unused(case.pack, len(cases.to_come(db, case.pack))) if case.pack else 0
    most = rest(db, payment, but=but)
    if not most.minor:
        raise Conflict("All of this payment went back already, or is on its way.")
    match scope:
        case RefundScope.UNUSED:
            closes = free if sessions is None else sessions
            _require_unused(closes, free)
            value = goes_back(scope, most=most.minor, worth=_worth_of(db, case, closes))
            if not value:
                raise Conflict("These sessions were not paid for: nothing would go back.")
            return Plan(Money(value, most.currency), closes, needs_second=False)
        case RefundScope.WHOLE:
            if case.pack and case.pack.left > free:
                raise Conflict(
                    "A session of this pack has begun and is not settled. Say what happened first."
                )
            beyond = most.minor > _worth_of(db, case, free)
            return Plan(most, free, needs_second=beyond and _is_much(db, payment, most, but))
        case RefundScope.OTHER:
            wanted = _checked(payment, amount, most)
            closes = sessions or 0
            if closes:
                _require_unused(closes, free)
            if wanted == most and closes < free:
                raise InvalidInput("sessions", f"Nothing would be paid any more: close all {free}.")
            return Plan(wanted, closes, needs_second=_is_much(db, payment, wanted, but))


def goes_back(scope: RefundScope, *, most: int, worth: int = 0, asked: int = 0) -> int:
    """Minor units that go back by a scope, where `most` may: for unused ones what they are `worth`,
    for another amount what was `asked`."""
    match scope:
        case RefundScope.UNUSED:
            return min(worth, most)
        case RefundScope.WHOLE:
            return most
        case RefundScope.OTHER:
            return min(asked, most)


def worth_of(db: Session, packs: Sequence[PackId]) -> dict[PackId, list[int]]:
    """What one, two and more unused sessions of each pack were paid, in minor units: the last ones
    go first. By one query."""
    found: defaultdict[PackId, list[int]] = defaultdict(list)
    open_ones = select(col(PackShare.pack_id), col(PackShare.amount_minor)).where(
        col(PackShare.pack_id).in_(packs), PackShare.state == ShareState.OPEN
    )
    for pack, minor in db.exec(open_ones.order_by(col(PackShare.number).desc())).all():
        found[pack].append(minor)
    return {pack: list(accumulate(found[pack])) for pack in packs}


def rest(db: Session, payment: Payment, *, but: Refund | None = None) -> Money:
    """What may still go back of a payment: less what went back in any way, what a bank has taken,
    and what is decided or owed. `but` is a refund that does not count here."""
    return Money(rest_of(db, [payment.id], but=but)[payment.id], payment.currency)


def rest_of(
    db: Session, payments: Sequence[PaymentId], *, but: Refund | None = None
) -> dict[PaymentId, int]:
    """The same in minor units for many payments, by one query."""
    spoken_for = (
        select(func.coalesce(func.sum(col(Refund.amount_minor)), 0))
        .where(
            Refund.payment_id == Payment.id,
            or_(
                col(Refund.status).in_(UNDERWAY) & col(Refund.decided_at).is_not(None),
                col(Refund.owed),
                col(Refund.remedy) == RefundRemedy.BY_HAND,
            ),
            *([col(Refund.id) != but.id] if but is not None else []),
        )
        .scalar_subquery()
    )
    gone = col(Payment.refunded_minor) + col(Payment.disputed_minor) + spoken_for
    found = select(col(Payment.id), col(Payment.amount_minor) - gone)
    rows = db.exec(found.where(col(Payment.id).in_(payments))).all()
    return {payment: max(0, int(minor)) for payment, minor in rows}


def why_stuck(db: Session, case: Case) -> str:
    """Why no refund of an order can begin now, in words; "" when one can."""
    if case.payment is None:
        return NOTHING_PAID
    if cases.underway(db, case.order) is not None:
        return "A refund of this order is under way already."
    return disputed.BANK_FIRST if disputed.is_contested(db, case) else ""


def _why_not(db: Session, actor: Actor, case: Case, sessions: int, worth: tuple[Money, ...]) -> str:
    pack = case.pack
    if case.order.mentee_id != actor.user_id:
        return "Only the buyer can ask for a refund here."
    if pack is None:
        return NOTHING_PAID
    if pack.status is PackStatus.EXPIRED or _is_over(db, pack):
        return "This pack is over. Sessions that expired are refunded by the studio alone: ask it."
    if pack.status is PackStatus.REFUNDED:
        if disputed.lost(db, case.order):
            return "The bank took this payment back, so the pack is over."
        return "This pack was refunded."
    if not pack.left:
        return "All sessions of this pack are used."
    if not sessions:
        return "The last session of this pack is not settled yet. Say what happened to it first."
    if not worth or not worth[-1].minor:
        return "All of what was paid went back already."
    return ""


def _is_over(db: Session, pack: Pack) -> bool:
    """Whether its time is over, though nobody has noted it yet; it is not while its clock stands
    still, nor while its owner waits for the place that was given away."""
    if pack.expires_at is None or pack.expires_at > clock.utc_now() or pack.paused_at is not None:
        return False
    if seats.find_entry(db, pack.mentee_id, pack.mentor_id) is not None:
        return False
    return db.get_one(Mentor, pack.mentor_id).suspended_at is None


def _worth(db: Session, case: Case, sessions: int, most: Money) -> tuple[Money, ...]:
    """What one, two and more unused sessions are worth: the last ones go first."""
    if case.pack is None or sessions < 1:
        return ()
    sums = worth_of(db, [case.pack.id])[case.pack.id][:sessions]
    return tuple(
        Money(goes_back(RefundScope.UNUSED, most=most.minor, worth=value), most.currency)
        for value in sums
    )


def _worth_of(db: Session, case: Case, sessions: int) -> int:
    if case.pack is None or sessions < 1:
        return 0
    sums = worth_of(db, [case.pack.id])[case.pack.id][:sessions]
    return sums[-1] if sums else 0


def _is_much(db: Session, payment: Payment, amount: Money, but: Refund | None) -> bool:
    """Whether so much needs two people. The limit is in the studio's currency, and one admin does
    not pass it in pieces either; what cannot be compared with it always needs two."""
    if amount.currency != settings().studio_currency:
        return True
    alone = _sent_alone(db, payment, but)
    return amount.minor + alone > settings().refund_second_admin_above


def _sent_alone(db: Session, payment: Payment, but: Refund | None) -> int:
    """What single admins gave back of a payment before, beyond what unused sessions were paid."""
    found = select(func.coalesce(func.sum(col(Refund.amount_minor)), 0)).where(
        Refund.payment_id == payment.id,
        Refund.source == RefundSource.ADMIN,
        Refund.scope != RefundScope.UNUSED,
        col(Refund.needs_second).is_(False),
        col(Refund.decided_at).is_not(None),
        Refund.status != RefundStatus.DENIED,
        *([col(Refund.id) != but.id] if but is not None else []),
    )
    return int(db.exec(found).one())


def _require_unused(wanted: int, free: int) -> None:
    if free < 1:
        raise Conflict("No session of this pack is unused any more.")
    if not 1 <= wanted <= free:
        raise InvalidInput("sessions", f"Choose from 1 to {free}: so many sessions are unused.")


def _checked(payment: Payment, amount: Money | None, most: Money) -> Money:
    if amount is None or amount.minor <= 0:
        raise InvalidInput("amount", "Write how much goes back.")
    if amount.currency != most.currency:
        raise InvalidInput("amount", f"This order was paid in {most.currency}.")
    if amount.minor > most.minor:
        raise InvalidInput("amount", f"At most {money.shown(most)} can go back.")
    step = payments(payment.provider).step(amount.currency)
    if amount.minor % step and amount.minor != most.minor:
        least = money.shown(Money(step, amount.currency))
        raise InvalidInput("amount", f"Amounts in {amount.currency} go by steps of {least}.")
    return amount
