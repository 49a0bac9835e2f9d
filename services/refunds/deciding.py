"""Admins decide what mentees asked for, and start refunds themselves.

Whatever was shown before, the amount is reckoned again under the locks. Only a decided refund is
put into the outbox. Above a limit, another amount than the sessions were paid needs two people.
"""

from __future__ import annotations

from sqlmodel import Session

from services import access, clock, db, money
from services.audit import Actor
from services.errors import Conflict, InvalidInput, NotAllowed
from services.models import (
    Refund,
    RefundReason,
    RefundScope,
    RefundSource,
    RefundStatus,
)
from services.money import Money
from services.refunds import amounts, cases, disputed, holding, sending, telling
from services.refunds.amounts import Plan
from services.refunds.cases import Case

BY_ADMINS = frozenset({RefundReason.BY_REQUEST, RefundReason.GOODWILL, RefundReason.MENTOR_LEFT})
"""The reasons that an admin may give."""


def start(
    *,
    actor: Actor,
    order: str,
    scope: RefundScope,
    sessions: int | None = None,
    amount: Money | None = None,
    reason: RefundReason = RefundReason.BY_REQUEST,
    note: str = "",
) -> str:
    """An admin gives money back: all that is left, unused sessions (all unless a number is
    given), or another amount, which closes `sessions` (none unless given). The refund's public id.

    The note is the buyer's to read; another amount needs one. It is sent at once, unless it needs
    a second admin.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput, Conflict
    """
    access.require_admin(actor)
    why = cases.checked_note(note, least=3 if scope is RefundScope.OTHER else 0)
    if reason not in BY_ADMINS:
        raise InvalidInput("reason", "Choose why the money goes back.")
    with db.transaction() as tx:
        case = cases.locked(tx, access.order_for(tx, actor, order))
        cases.require_other_person(actor, case)
        if stuck := amounts.why_stuck(tx, case):
            raise Conflict(stuck)
        plan = amounts.plan(tx, case, scope=scope, sessions=sessions, amount=amount)
        row = _written(tx, actor, case, plan, scope=scope, reason=reason, note=why)
        if not row.needs_second:
            _send(tx, actor, case, row)
            return row.public_id
        if case.pack is not None:
            holding.lock(tx, actor=actor, pack=case.pack, sessions=plan.sessions)
        telling.alert(tx, row, "refund_second")
        return row.public_id


def decide(
    *, actor: Actor, refund: str, approve: bool, note: str = "", amount: Money | None = None
) -> None:
    """Answer what a mentee asked for. The note is theirs to read; a denial needs one.

    Approved, the amount is reckoned anew, the pack's own sessions to come are canceled, and the
    money is on its way; `amount` is what the page said would go back: another one by now is
    refused, and said. The same answer of the same admin again changes nothing.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: somebody decided it meanwhile, it was taken back, nothing is left to refund, or
            another amount.
    """
    admin_id = access.require_admin(actor)
    why = cases.checked_note(note, least=0 if approve else 3)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.source is not RefundSource.MENTEE:
            raise Conflict("An admin started this refund: only its second approval is open.")
        if row.decided_by == admin_id and _was_answered(row, approve=approve):
            return
        _require_open(row)
        row.decided_by, row.decision_note = admin_id, why
        _end(tx, actor, case, row, approve=approve, shown=amount)


def approve_second(
    *, actor: Actor, refund: str, approve: bool, note: str = "", amount: Money | None = None
) -> None:
    """The second admin's answer to a refund above the limit: another person than the first. The
    note is for admins; `amount` is what the page said would go back.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it was decided meanwhile, or this amount cannot go back any more.
    """
    admin_id = access.require_admin(actor)
    why = cases.checked_note(note, least=0 if approve else 3)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.approved_by == admin_id and _was_answered(row, approve=approve):
            return
        _require_open(row)
        if not row.needs_second:
            raise Conflict("This refund needs no second approval.")
        if approve and row.decided_by == admin_id:
            raise NotAllowed("You started this refund: another admin has to approve it.")
        row.decision_note = why
        if row.decided_by != admin_id:
            row.approved_by = admin_id
        _end(tx, actor, case, row, approve=approve, shown=amount)


def _written(
    db: Session,
    actor: Actor,
    case: Case,
    plan: Plan,
    *,
    scope: RefundScope,
    reason: RefundReason,
    note: str,
) -> Refund:
    """The row of a refund that an admin starts, and its audit line."""
    row = Refund(
        order_id=case.order.id,
        payment_id=case.paid.id,
        pack_id=case.pack.id if case.pack is not None else None,
        provider=case.paid.provider,
        scope=scope,
        sessions=plan.sessions,
        amount_minor=plan.amount.minor,
        currency=plan.amount.currency,
        source=RefundSource.ADMIN,
        reason=reason,
        note=note,
        requested_by=actor.user_id,
        needs_second=plan.needs_second,
        decided_by=actor.user_id,
    )
    db.add(row)
    db.flush()
    telling.record(
        db,
        actor=actor,
        refund=row,
        action="started",
        scope=scope.value,
        sessions=plan.sessions,
        minor=plan.amount.minor,
        note=note,
    )
    return row


def _end(
    db: Session, actor: Actor, case: Case, row: Refund, *, approve: bool, shown: Money | None
) -> None:
    if approve:
        _send(db, actor, case, row, shown=shown)
        return
    row.status = RefundStatus.DENIED
    row.decided_at = row.settled_at = clock.utc_now()
    db.flush()
    if case.pack is not None:
        holding.give_back(db, actor=actor, pack=case.pack)
    telling.record(
        db, actor=actor, refund=row, action="denied", before="requested", note=row.decision_note
    )
    if row.source is RefundSource.MENTEE:
        telling.mail(db, row, "refund_denied")


def _send(
    db: Session, actor: Actor, case: Case, row: Refund, *, shown: Money | None = None
) -> None:
    """Decided: what goes back is reckoned now, its credits are locked, and it may leave."""
    disputed.require_settled(db, case)
    wanted = row.sessions if row.source is RefundSource.ADMIN else None
    other = row.scope is RefundScope.OTHER
    plan = amounts.plan(
        db,
        case,
        scope=row.scope,
        sessions=wanted,
        amount=Money(row.amount_minor, row.currency) if other else None,
        but=row,
    )
    if shown is not None and shown != plan.amount:
        raise Conflict(
            f"The amount has changed meanwhile: {money.shown(plan.amount)} would go back now. "
            "Nothing was sent. Look at it, and answer again."
        )
    if plan.needs_second and row.approved_by is None:
        raise Conflict(
            f"{money.shown(plan.amount)} would go back now, which needs a second admin. "
            "Deny this one and start it anew."
        )
    row.amount_minor, row.sessions = plan.amount.minor, plan.sessions
    row.decided_at = clock.utc_now()
    db.flush()
    if case.pack is not None:
        holding.lock_all(db, actor=actor, pack=case.pack, sessions=plan.sessions)
    telling.record(
        db,
        actor=actor,
        refund=row,
        action="approved",
        before="requested",
        sessions=plan.sessions,
        minor=plan.amount.minor,
        note=row.decision_note,
    )
    sending.enqueue(db, row)


def _was_answered(row: Refund, *, approve: bool) -> bool:
    """Whether this very answer was given before."""
    return row.decided_at is not None and approve == (row.status is not RefundStatus.DENIED)


def _require_open(row: Refund) -> None:
    if row.status is RefundStatus.CANCELED:
        raise Conflict("This request was taken back.")
    if row.status is not RefundStatus.REQUESTED or row.decided_at is not None:
        raise Conflict("Somebody has decided about this refund already.")
