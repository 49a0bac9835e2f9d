"""What an admin does after a refund: when it failed, and when it came as money alone."""

from __future__ import annotations

from sqlmodel import Session

from services import access, clock, db, inputs, invoices, ledger, packs, seats
from services.audit import Actor
from services.errors import Conflict
from services.models import (
    Account,
    CreditEntry,
    CreditKind,
    Mentor,
    Pack,
    PackStatus,
    Refund,
    RefundRemedy,
)
from services.refunds import cases, disputed, holding, results, sending, telling, trouble
from services.refunds.cases import Case


def pay_by_hand(*, actor: Actor, refund: str, note: str) -> None:
    """A failed refund was paid another way, such as by bank transfer. The note says how, and the
    buyer reads it. Credits that had been given back when it failed are closed now.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it is not a failed refund any more, or the sessions are used meanwhile.
    """
    why = _note(actor, note)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.remedy is RefundRemedy.BY_HAND:
            return
        _require_failed(row)
        disputed.require_settled(tx, case)
        closes = 0
        if not row.owed:
            closes = sending.claim(tx, actor=actor, case=case, refund=row)
        ledger.post_refund(
            tx,
            refund=row,
            pack=case.pack,
            sessions=closes,
            owed=row.owed,
            to=Account.BY_HAND,
            at=clock.utc_now(),
        )
        was_owed = row.owed
        _remedied(tx, actor, row, RefundRemedy.BY_HAND, why)
        if not was_owed:
            results.close(tx, actor=actor, case=case, refund=row, sessions=closes)
        results.follow_money(tx, case.order)
        if was_owed:
            _close_rest(tx, actor, case, row)
        telling.mail(tx, row, "refund_paid_by_hand")
        invoices.credit(tx, actor=actor, refund=row)


def restore(*, actor: Actor, refund: str, note: str) -> None:
    """Give the pack back instead of the money that came back to us, if the mentee still has, or
    again gets, a place. The pack is good for another while.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it closed no sessions, it is not a failed refund any more, or no place is free.
    """
    why = _note(actor, note)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.remedy is RefundRemedy.RESTORED:
            return
        _require_failed(row)
        disputed.require_settled(tx, case)
        closed = holding.closed_by(tx, row)
        if case.pack is None or not closed or not row.owed:
            raise Conflict("This refund closed no sessions that could be given back.")
        _require_place(tx, case.pack)
        ledger.post_restored(tx, refund=row, at=clock.utc_now())
        _remedied(tx, actor, row, RefundRemedy.RESTORED, why)
        _reopen(tx, actor, case.pack, row, closed)
        telling.mail(tx, row, "refund_restored")
        invoices.reissue(tx, actor=actor, refund=row)


def dismiss(*, actor: Actor, refund: str, note: str) -> None:
    """A failed refund needs nobody any more, such as one that the buyer gave up or that another
    one has replaced. The note says why; the buyer reads it. What they are owed stays owed.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it is not a failed refund any more, or the buyer has the money coming.
    """
    why = _note(actor, note)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.remedy is RefundRemedy.NOTHING:
            return
        _require_failed(row)
        if row.owed:
            raise Conflict("The buyer has this money coming: it must be paid, one way or another.")
        _remedied(tx, actor, row, RefundRemedy.NOTHING, why)


def close_sessions(*, actor: Actor, refund: str, sessions: int) -> None:
    """Say how many sessions a refund that was made at the provider was for: they are closed, and
    sessions to come are canceled where too few others are left. None is an answer as well.

    Raises:
        SignInNeeded, NotAllowed, NotFound, InvalidInput
        Conflict: it was said already, or not so many are unused.
    """
    access.require_admin(actor)
    with db.transaction() as tx:
        row, case = cases.of_refund(tx, refund)
        cases.require_other_person(actor, case)
        if row.sessions == sessions:
            return
        if case.pack is None or not trouble.is_unexplained(row):
            raise Conflict("Nobody asks any more which sessions this refund was for.")
        if cases.underway(tx, case.order) is not None:
            raise Conflict("Another refund of this order is under way: decide about that first.")
        free = cases.unused(case.pack, len(cases.to_come(tx, case.pack)))
        closes = inputs.whole_number(
            sessions, field="sessions", what="The number of sessions", least=0, most=free
        )
        row.sessions = closes
        tx.flush()
        if closes:
            holding.lock_all(tx, actor=actor, pack=case.pack, sessions=closes)
            ledger.close_without_money(
                tx, refund=row, pack=case.pack, sessions=closes, at=clock.utc_now()
            )
            results.close(tx, actor=actor, case=case, refund=row, sessions=closes)
        else:
            holding.give_back(tx, actor=actor, pack=case.pack)
        telling.record(tx, actor=actor, refund=row, action="explained", sessions=closes)


def _note(actor: Actor, note: str) -> str:
    access.require_admin(actor)
    return cases.checked_note(note, what="The note", least=3)


def _require_failed(row: Refund) -> None:
    if not trouble.has_failed(row):
        raise Conflict("This refund needs nobody any more.")


def _remedied(db: Session, actor: Actor, row: Refund, remedy: RefundRemedy, note: str) -> None:
    row.remedy, row.remedied_by, row.remedied_at = remedy, actor.user_id, clock.utc_now()
    row.remedy_note, row.owed = note, False
    db.flush()
    telling.record(db, actor=actor, refund=row, action=remedy.name.lower(), note=note)


def _close_rest(db: Session, actor: Actor, case: Case, row: Refund) -> None:
    """All that was paid went back, and the refund had closed nothing: what is unused closes now."""
    pack = case.pack
    if pack is None or holding.closed_by(db, row) or not packs.is_all_back(db, pack):
        return
    if free := cases.unused(pack, len(cases.to_come(db, pack))):
        row.sessions = free
        holding.lock_all(db, actor=actor, pack=pack, sessions=free)
        ledger.close_without_money(db, refund=row, pack=pack, sessions=free, at=clock.utc_now())
        results.close(db, actor=actor, case=case, refund=row, sessions=free)


def _require_place(db: Session, pack: Pack) -> None:
    seat = seats.find_unreleased(db, pack.mentee_id, pack.mentor_id)
    if seat is None and not seats.has_room(db, db.get_one(Mentor, pack.mentor_id)):
        raise Conflict(
            "The mentor has no free place any more. Pay another way, or wait for a place."
        )


def _reopen(db: Session, actor: Actor, pack: Pack, row: Refund, closed: int) -> None:
    pack.left += closed
    if pack.status is PackStatus.REFUNDED:
        pack.status = PackStatus.ACTIVE
    entry = CreditEntry(
        pack_id=pack.id,
        kind=CreditKind.RETURN,
        amount=closed,
        actor_id=actor.user_id,
        refund_id=row.id,
    )
    db.add(entry)
    db.flush()
    least = packs.extended_from_now()
    packs.extend(db, actor=actor, pack=pack, at_least=least, reason="a refund did not arrive")
