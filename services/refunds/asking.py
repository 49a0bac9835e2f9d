"""A mentee asks for their money back, or takes the request back."""

from __future__ import annotations

from sqlmodel import Session

from services import access, clock, db, money, ratelimits
from services.audit import Actor
from services.errors import Conflict, NotAllowed, NotFound
from services.ids import UserId
from services.models import (
    Refund,
    RefundReason,
    RefundScope,
    RefundSource,
    RefundStatus,
)
from services.money import Money
from services.refunds import amounts, cases, holding, telling
from services.refunds.cases import Case


def request(*, actor: Actor, order: str, amount: Money, note: str = "") -> str:
    """Ask for all unused sessions of one's own order; the refund's public id.

    `amount` is what the page showed: another one now is refused, and said. The credits that no
    session has are locked and the pack's clock stands still until it is decided. The same wish
    again, such as a double click, is the same request.

    Raises:
        SignInNeeded, NotFound, NotAllowed, InvalidInput
        TooManyAttempts: each request is a mail to every admin.
        Conflict: nothing can go back now, or another amount.
    """
    user_id = access.require_user(actor)
    ratelimits.hit(ratelimits.REFUND_REQUESTS, str(user_id), order)
    note = cases.checked_note(note, what="What you write")
    with db.transaction() as tx:
        row = access.order_for(tx, actor, order)
        if row.mentee_id != user_id:
            raise NotAllowed("Only the buyer can ask for this. Start a refund instead.")
        case = cases.locked(tx, row)
        asked = cases.underway(tx, case.order)
        if asked is not None and _is_same(asked, user_id, amount):
            return asked.public_id
        offer = amounts.quote(tx, actor=actor, order=order)
        if offer.why_not:
            raise Conflict(offer.why_not)
        if offer.amount != amount:
            raise Conflict(
                f"The amount has changed meanwhile: it is {money.shown(offer.amount)} now. "
                "Nothing was sent. Look at it, and ask again."
            )
        return _write(tx, actor, case, offer.amount, offer.sessions, note).public_id


def withdraw(*, actor: Actor, refund: str) -> None:
    """Take one's own request back, as long as nobody has decided it: the sessions can be booked
    again, and the pack gets the time that it stood still.

    Raises:
        SignInNeeded, NotFound
        Conflict: it was decided meanwhile.
    """
    user_id = access.require_user(actor)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        if row.requested_by != user_id or row.source is not RefundSource.MENTEE:
            raise NotFound("refund")
        if row.status is RefundStatus.CANCELED:
            return
        if row.status is not RefundStatus.REQUESTED or row.decided_at is not None:
            raise Conflict("The studio has decided about this refund already.")
        row.status, row.settled_at = RefundStatus.CANCELED, clock.utc_now()
        tx.flush()
        if case.pack is not None:
            holding.give_back(tx, actor=actor, pack=case.pack)
        telling.record(tx, actor=actor, refund=row, action="withdrawn", before="requested")


def _is_same(asked: Refund, user_id: UserId, amount: Money) -> bool:
    """Whether this is the very request that waits already."""
    mine = asked.requested_by == user_id and asked.source is RefundSource.MENTEE
    return mine and asked.decided_at is None and asked.amount_minor == amount.minor


def _write(
    db: Session, actor: Actor, case: Case, amount: Money, sessions: int, note: str
) -> Refund:
    pack, payment = case.bought
    row = Refund(
        order_id=case.order.id,
        payment_id=payment.id,
        pack_id=pack.id,
        provider=payment.provider,
        scope=RefundScope.UNUSED,
        sessions=sessions,
        amount_minor=amount.minor,
        currency=amount.currency,
        source=RefundSource.MENTEE,
        reason=RefundReason.BY_REQUEST,
        note=note,
        requested_by=actor.user_id,
    )
    db.add(row)
    db.flush()
    holding.lock(db, actor=actor, pack=pack, sessions=sessions)
    telling.record(
        db, actor=actor, refund=row, action="requested", sessions=sessions, minor=amount.minor
    )
    telling.mail(db, row, "refund_requested")
    telling.alert(db, row, "refund_requested")
    return row
