"""Shares: what each session of a bought pack was paid, and what became of it.

Sessions settle the lowest open share; what expires or is given back are the highest ones. A pack
that nobody paid for (a grant) has no shares, and what was granted on top of a bought pack is worth
nothing: then no money moves. The caller holds the mentor's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.config import settings
from services.ids import MentorId, RefundId
from services.ledger.posting import About, Leg, legs_of, post, reverse
from services.models import (
    Account,
    Mentor,
    MentoringSession,
    Order,
    Pack,
    PackShare,
    PostingKind,
    ShareState,
)
from services.money import Money, along, split


def open_shares(db: Session, *, pack: Pack, paid: Money, tax: Money, step: int = 1) -> None:
    """Split what was paid for a new pack over its sessions, in the provider's refundable `step`s
    (minor units), and the tax in it along with them."""
    amounts = split(paid, pack.total, step=step)
    taxes = along(tax.minor, amounts)
    rows = [
        {
            "pack_id": pack.id,
            "number": number,
            "amount_minor": amount,
            "tax_minor": part,
            "state": ShareState.OPEN,
            "turn": 0,
        }
        for number, (amount, part) in enumerate(zip(amounts, taxes, strict=True), start=1)
    ]
    db.connection().execute(insert(PackShare), rows)


def value_of_open(db: Session, pack: Pack, *, sessions: int | None = None) -> Money:
    """What was paid, tax included, for the last `sessions` that are open; None: for all of them.

    Raises:
        ValueError: nobody has paid for this pack.
    """
    if pack.order_id is None:
        raise ValueError(f"{pack.public_id} was granted")
    found = _highest_open(db, pack, sessions)
    currency = db.get_one(Order, pack.order_id).currency
    return Money(sum(share.amount_minor for share in found), currency)


def open_within(db: Session, pack: Pack, *, minor: int) -> int:
    """How many of the last open shares an amount touches: those that are not paid in full without
    it."""
    count = 0
    for share in _highest_open(db, pack, None):
        if minor <= 0:
            break
        minor -= share.amount_minor
        count += 1
    return count


def settle_share(db: Session, *, pack: Pack, session: MentoringSession, at: datetime) -> None:
    """A session was held, or missed by the mentee: its part is earned, and the mentor has theirs
    of it."""
    lowest = _open(pack).order_by(col(PackShare.number)).limit(1)
    share = db.exec(lowest, execution_options={"populate_existing": True}).one_or_none()
    if share is None or pack.order_id is None:
        return
    share.state, share.session_id, share.settled_at = ShareState.EARNED, session.id, at
    net = _net(share)
    part = net * share_percent(db, session.mentor_id) // 100
    post(
        db,
        key=_key("session", pack, share),
        kind=PostingKind.SESSION,
        legs=[
            Leg(Account.DEFERRED, Account.EARNED, net),
            Leg(Account.MENTOR_SHARE, Account.MENTOR_EARNINGS, part),
        ],
        about=_about(db, pack, session),
        at=at,
    )


def undo_share(db: Session, *, pack: Pack, session: MentoringSession, at: datetime) -> None:
    """The session was not held after all: its share is open again, for the mentor as well."""
    share = db.exec(
        select(PackShare).where(PackShare.session_id == session.id),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if share is None:
        return
    reverse(
        db,
        posted=legs_of(db, _key("session", pack, share)),
        key=_key("session_undone", pack, share),
        kind=PostingKind.SESSION_UNDONE,
        at=at,
    )
    reopen([share])
    db.flush()


def expire_shares(db: Session, *, pack: Pack, sessions: int, at: datetime) -> None:
    """Credits that nobody used in time: the studio has earned them, the mentor has no part."""
    for share in _highest_open(db, pack, sessions):
        share.state, share.settled_at = ShareState.EXPIRED, at
        post(
            db,
            key=_key("breakage", pack, share),
            kind=PostingKind.BREAKAGE,
            legs=[Leg(Account.DEFERRED, Account.EARNED, _net(share))],
            about=_about(db, pack),
            at=at,
        )
    db.flush()


def close_unpaid(db: Session, *, pack: Pack, at: datetime) -> None:
    """A session did not take place, and all that was paid for the pack has gone back: its share is
    closed, and what went back of it is not lost any more."""
    for share in close_shares(db, pack=pack, sessions=1, state=ShareState.REFUNDED, at=at):
        post(
            db,
            key=_key("unpaid", pack, share),
            kind=PostingKind.REFUND,
            legs=[Leg(Account.DEFERRED, Account.EARNED, _net(share))],
            about=_about(db, pack),
            at=at,
        )


def close_shares(
    db: Session,
    *,
    pack: Pack,
    sessions: int | None,
    state: ShareState,
    at: datetime,
    refund_id: RefundId | None = None,
) -> tuple[PackShare, ...]:
    """Close the last `sessions` that are open (None: all of them), and say which they were."""
    found = _highest_open(db, pack, sessions)
    for share in found:
        share.state, share.refund_id, share.settled_at = state, refund_id, at
    db.flush()
    return tuple(found)


def reopen(shares: Sequence[PackShare]) -> None:
    """They are open once more; what follows has keys of its own."""
    for share in shares:
        share.state, share.settled_at = ShareState.OPEN, None
        share.session_id = share.refund_id = None
        share.turn += 1


def net_of(shares: Sequence[PackShare]) -> int:
    """What was paid for them without the tax, in minor units."""
    return sum(map(_net, shares))


def share_percent(db: Session, mentor_id: MentorId) -> int:
    """How much of a session's price without tax is the mentor's: their own, or the studio's."""
    own = db.get_one(Mentor, mentor_id).share_percent
    return settings().mentor_share_percent if own is None else own


def _open(pack: Pack) -> SelectOfScalar[PackShare]:
    return select(PackShare).where(PackShare.pack_id == pack.id, PackShare.state == ShareState.OPEN)


def _highest_open(db: Session, pack: Pack, sessions: int | None) -> list[PackShare]:
    highest = _open(pack).order_by(col(PackShare.number).desc()).limit(sessions)
    return list(db.exec(highest, execution_options={"populate_existing": True}).all())


def _net(share: PackShare) -> int:
    return share.amount_minor - share.tax_minor


def _key(what: str, pack: Pack, share: PackShare) -> str:
    return f"{what}:{pack.public_id}:{share.number}:{share.turn}"


def _about(db: Session, pack: Pack, session: MentoringSession | None = None) -> About:
    order = db.get_one(Order, pack.order_id)
    return About(
        currency=order.currency,
        provider=order.provider,
        order_id=order.id,
        mentor_id=pack.mentor_id,
        pack_id=pack.id,
        session_id=session.id if session else None,
    )
