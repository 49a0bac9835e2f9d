"""Carrying decided refunds out at the provider, which is asked first what is there already."""

from __future__ import annotations

from sqlmodel import Session, select

from services import access, audit, clock, db, outbox
from services.audit import SYSTEM, Actor
from services.errors import Conflict, NotFound
from services.models import OutboxMessage, Payment, Refund, RefundSource, RefundStatus
from services.money import Money
from services.providers.payments.base import NewRefund, ProviderRefund, RefundState
from services.providers.payments.registry import payments
from services.refunds import amounts, cases, disputed, holding, results, telling, trouble
from services.refunds.cases import UNDERWAY, Case


def enqueue(db: Session, refund: Refund) -> None:
    """Put a decided refund into the outbox, in the transaction that decides it."""
    outbox.add(db, kind="refund", key=key(refund), data={"refund": refund.public_id})


def key(refund: Refund) -> str:
    """The unique key of its outbox message."""
    return f"refund:{refund.public_id}"


def send(*, refund: str) -> None:
    """Carry a refund out at the provider. Safe to repeat: what is there already is adopted.

    Raises:
        ProviderUnavailable, ProviderRejected
    """
    with db.reading() as session:
        row = session.exec(select(Refund).where(Refund.public_id == refund)).one()
        payment = session.get_one(Payment, row.payment_id)
    if row.status not in UNDERWAY or row.decided_at is None:
        return
    provider = payments(row.provider)
    done = _adopted(provider.list_refunds(payment.provider_id), row, payment)
    if done is None:
        done = provider.create_refund(
            NewRefund(
                refund=row.public_id,
                attempt=row.attempt,
                payment_id=payment.provider_id,
                amount=Money(row.amount_minor, row.currency),
            )
        )
    with db.transaction() as session:
        results.apply_refund(
            session, actor=audit.by_provider(row.provider), refund_id=row.id, done=done
        )


def give_up(*, refund: str, reason: str) -> None:
    """The provider refuses the refund for good: an admin has to pay another way."""
    with db.transaction() as session:
        row, case = cases.of_refund(session, refund)
        if row.status is RefundStatus.REQUESTED and row.decided_at is not None:
            row.status, row.settled_at = RefundStatus.FAILED, clock.utc_now()
            session.flush()
            results.did_not_go(session, actor=SYSTEM, case=case, refund=row, note=reason)


def begin_again(db: Session, *, actor: Actor, refund: str) -> str:
    """Start a new attempt of a failed refund; the key of its outbox message. Its credits are
    locked again, unless they were closed before it failed.

    Raises:
        NotFound: no failed refund with this public id; NotAllowed: it is the actor's own.
        Conflict: the sessions, or the money, are gone meanwhile.
    """
    try:
        row, case = cases.of_refund(db, refund)
    except NotFound:
        raise NotFound("failed refund") from None
    if not trouble.has_failed(row):
        raise NotFound("failed refund")
    cases.require_other_person(actor, case)
    disputed.require_settled(db, case)
    if not row.owed:
        claim(db, actor=actor, case=case, refund=row)
    row.status, row.settled_at, row.provider_id = RefundStatus.REQUESTED, None, None
    row.attempt += 1
    db.flush()
    telling.record(db, actor=actor, refund=row, action="requested", before="failed")
    enqueue(db, row)  # one that was made in the dashboard had no message yet
    return key(row)


def try_again(*, actor: Actor, refund: str) -> None:
    """An admin has a failed refund sent once more, as a new attempt.

    Raises:
        SignInNeeded, NotAllowed, NotFound: no failed refund with this public id.
        Conflict: the sessions, or the money, are gone meanwhile.
    """
    access.require_admin(actor)
    with db.transaction() as tx:
        waiting = select(OutboxMessage).where(
            OutboxMessage.unique_key == begin_again(tx, actor=actor, refund=refund)
        )
        outbox.send_again(tx, actor=actor, messages=tx.exec(waiting).all())


def claim(db: Session, *, actor: Actor, case: Case, refund: Refund) -> int:
    """Lock the credits again of a refund that failed before any money moved, for they were given
    back then; how many.

    Raises:
        Conflict: the sessions, or the money, are gone meanwhile.
    """
    if refund.amount_minor > amounts.rest(db, case.paid, but=refund).minor:
        raise Conflict("So much of this payment cannot go back any more.")
    if case.pack is None:
        return 0
    if stuck := amounts.why_stuck(db, case):
        raise Conflict(stuck)
    closes = refund.sessions or 0
    holding.lock_all(db, actor=actor, pack=case.pack, sessions=closes)
    return closes


def _adopted(
    existing: list[ProviderRefund], row: Refund, payment: Payment
) -> ProviderRefund | None:
    """A refund that an earlier, unanswered attempt of ours has made."""
    ours = [
        r
        for r in existing
        if r.refund == row.public_id or r.id == row.provider_id or is_it(r, row, payment)
    ]
    alive = [r for r in ours if r.state in {RefundState.PENDING, RefundState.SUCCEEDED}]
    # One that has failed since is this attempt's end: asking again would replay its beginning.
    over = [r for r in ours if r.attempt == row.attempt]
    return next(iter(alive + over), None)


def is_it(done: ProviderRefund, row: Refund, payment: Payment) -> bool:
    """Whether a refund that somebody made in the dashboard is this automatic one: both give the
    whole of the same payment back, and a payment is given back whole only once."""
    return (
        row.source is RefundSource.AUTOMATIC
        and not done.refund
        and done.payment_id == payment.provider_id
        and done.amount == Money(row.amount_minor, row.currency)
        and done.amount.minor == payment.amount_minor
    )
