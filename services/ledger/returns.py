"""Money that goes back, or is fought over: refunds and disputes.

What is given back is taken from where it stands: the sessions that are closed from `deferred`,
the tax in it from `tax`, and the rest, for sessions that were held or as goodwill, from `earned`.
Mentors keep what they have earned. The caller holds the locks of the mentor and the order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.ledger.posting import About, Leg, is_posted, legs_of, post, reverse
from services.ledger.receipts import about_payment, key_of
from services.ledger.shares import close_shares, net_of, reopen
from services.ledger.totals import given
from services.ledger.views import into
from services.models import (
    Account,
    Dispute,
    Order,
    Pack,
    PackShare,
    Payment,
    Posting,
    PostingKind,
    Refund,
    ShareState,
)


def post_refund(
    db: Session,
    *,
    refund: Refund,
    pack: Pack | None,
    sessions: int,
    owed: bool,
    at: datetime,
    to: Account = Account.PROVIDER,
) -> None:
    """A refund has succeeded: it closes the last `sessions` of the pack that are open.

    `owed`: the account `refunds` holds it already, because the payment bought nothing, or because
    an earlier attempt was taken back. `to` is BY_HAND where an admin paid it another way.
    """
    about = _about_refund(db, refund, pack)
    if not owed and not is_posted(db, _owing(refund)):
        closed: tuple[PackShare, ...] = ()
        if pack is not None and sessions:
            closed = _closed_for(db, refund, pack, sessions, at)
        post(
            db,
            key=_owing(refund),
            kind=PostingKind.REFUND,
            legs=_value(db, about, refund.amount_minor, closed, to=Account.REFUNDS),
            about=about,
            at=at,
        )
    by_hand = to is Account.BY_HAND
    post(
        db,
        key=f"by_hand:{refund.public_id}" if by_hand else _attempt("refund", refund),
        kind=PostingKind.BY_HAND if by_hand else PostingKind.REFUND,
        legs=[Leg(Account.REFUNDS, to, refund.amount_minor)],
        about=about,
        at=at,
    )


def post_refund_failed(db: Session, *, refund: Refund, at: datetime) -> None:
    """A refund failed after it had succeeded: the provider has the money again, and the buyer is
    owed it still."""
    reverse(
        db,
        posted=legs_of(db, _attempt("refund", refund)),
        key=_attempt("refund_undone", refund),
        kind=PostingKind.REFUND_UNDONE,
        at=at,
    )


def post_restored(db: Session, *, refund: Refund, at: datetime) -> None:
    """Instead of the money the buyer has the sessions back: exactly the refund's shares are open
    again."""
    posted = db.exec(
        select(Posting)
        .where(
            Posting.order_id == refund.order_id,
            (col(Posting.key) == _owing(refund))
            | col(Posting.key).startswith(_closing(refund), autoescape=True),
        )
        .order_by(col(Posting.id))
    ).all()
    done = reverse(
        db,
        posted=posted,
        key=f"restored:{refund.public_id}",
        kind=PostingKind.RESTORED,
        at=at,
    )
    if done:
        closed = select(PackShare).where(
            PackShare.pack_id == refund.pack_id, PackShare.refund_id == refund.id
        )
        reopen(db.exec(closed).all())
        db.flush()


def close_without_money(
    db: Session, *, refund: Refund, pack: Pack, sessions: int, at: datetime
) -> None:
    """An admin says which sessions a refund was for that had come as money alone: what it took
    from `earned` comes back there."""
    closed = _closed_for(db, refund, pack, sessions, at)
    if closed:
        post(
            db,
            key=f"{_closing(refund)}{closed[0].number}:{closed[0].turn}",
            kind=PostingKind.REFUND,
            legs=[Leg(Account.DEFERRED, Account.EARNED, net_of(closed))],
            about=_about_refund(db, refund, pack),
            at=at,
        )


def post_withdrawn(db: Session, *, dispute: Dispute, at: datetime) -> None:
    """A buyer's bank has taken the money back, for as long as the dispute lasts; the provider
    charged for it. Again with another amount: the difference is posted."""
    _follow(db, dispute, PostingKind.DISPUTE, Account.DISPUTES, dispute.amount_minor, at)
    post_dispute_fee(db, dispute=dispute, at=at)


def post_dispute_fee(db: Session, *, dispute: Dispute, at: datetime) -> None:
    """What the provider has charged for the dispute itself in all; nothing while that is not known.
    Again with another amount: the difference is posted."""
    _follow(db, dispute, PostingKind.FEE, Account.FEES, dispute.fee_minor, at)


def post_won(db: Session, *, dispute: Dispute, at: datetime) -> None:
    """The bank gave the money back; what the provider charged stays."""
    post(
        db,
        key=f"dispute_won:{dispute.public_id}",
        kind=PostingKind.DISPUTE_WON,
        legs=[Leg(Account.PROVIDER, Account.DISPUTES, dispute.amount_minor)],
        about=_about_dispute(db, dispute),
        at=at,
    )


def _follow(
    db: Session, dispute: Dispute, kind: PostingKind, account: Account, minor: int, at: datetime
) -> None:
    """Post what is missing, or too much, until the provider has taken so much for the account."""
    mine = (Posting.order_id == dispute.order_id, Posting.dispute_id == dispute.id)
    posted = select(func.count(), func.coalesce(func.sum(into(account)), 0))
    turn, before = db.exec(posted.where(*mine, Posting.kind == kind)).one()
    more = minor - int(before)
    name = "dispute" if kind is PostingKind.DISPUTE else "dispute_fee"
    debit, credit = account, Account.PROVIDER
    post(
        db,
        key=f"{name}:{dispute.public_id}:{turn + 1}",
        kind=kind,
        legs=[Leg(debit, credit, more) if more > 0 else Leg(credit, debit, -more)],
        about=_about_dispute(db, dispute),
        at=at,
    )


def post_owed_taken(
    db: Session, *, dispute: Dispute, refund: Refund, minor: int, at: datetime
) -> None:
    """A lost dispute took `minor` of what the buyer was owed: that is not owed any more."""
    about = replace(_about_dispute(db, dispute), refund_id=refund.id, pack_id=refund.pack_id)
    post(
        db,
        key=f"dispute_owed:{dispute.public_id}:{refund.public_id}",
        kind=PostingKind.DISPUTE_LOST,
        legs=[Leg(Account.REFUNDS, Account.DISPUTES, minor)],
        about=about,
        at=at,
    )


def post_lost(
    db: Session,
    *,
    dispute: Dispute,
    pack: Pack | None,
    sessions: int | None = None,
    owed: int = 0,
    at: datetime,
) -> None:
    """The money is gone for good: the last `sessions` open sessions of the pack are closed (None:
    all of them), and what was earned with the others is lost. `owed` of it, in minor units, is
    posted already: the buyer had that coming."""
    key = f"dispute_lost:{dispute.public_id}"
    if is_posted(db, key):
        return
    post_withdrawn(db, dispute=dispute, at=at)
    closed: tuple[PackShare, ...] = ()
    if pack is not None:
        closed = close_shares(db, pack=pack, sessions=sessions, state=ShareState.DISPUTED, at=at)
    about = replace(_about_dispute(db, dispute), pack_id=pack.id if pack else None)
    post(
        db,
        key=key,
        kind=PostingKind.DISPUTE_LOST,
        legs=_value(db, about, dispute.amount_minor - owed, closed, to=Account.DISPUTES),
        about=about,
        at=at,
    )


def _closed_for(
    db: Session, refund: Refund, pack: Pack, sessions: int, at: datetime
) -> tuple[PackShare, ...]:
    state = ShareState.REFUNDED
    return close_shares(db, pack=pack, sessions=sessions, state=state, at=at, refund_id=refund.id)


def _value(
    db: Session, about: About, minor: int, closed: tuple[PackShare, ...], *, to: Account
) -> list[Leg]:
    """From where an amount is taken that is given back. What the closed sessions were worth above
    it was given back before, as goodwill: that comes back to `earned`."""
    payment = db.get_one(Payment, about.payment_id)
    stands = {row.credit for row in legs_of(db, key_of(payment))}
    if Account.DEFERRED not in stands:
        source = Account.UNMATCHED if Account.UNMATCHED in stands else Account.REFUNDS
        return [Leg(source, to, minor)] if source is not to else []
    tax = _tax_in(db, payment, minor)
    net = net_of(closed)
    rest = minor - tax - net
    return [
        Leg(Account.DEFERRED, to, net + min(rest, 0)),
        Leg(Account.TAX, to, tax),
        Leg(Account.EARNED, to, max(rest, 0)),
        Leg(Account.DEFERRED, Account.EARNED, max(-rest, 0)),
    ]


def _tax_in(db: Session, payment: Payment, minor: int) -> int:
    """The tax in an amount that is given back: always the order's proportion of all that was, so
    that it is exactly the order's tax in the end, and exactly the shares' tax on the way when only
    whole sessions are."""
    order = db.get_one(Order, payment.order_id)
    sums = (func.coalesce(func.sum(one), 0) for one in (given(), into(Account.TAX)))
    gone, tax = db.exec(select(*sums).where(Posting.order_id == order.id)).one()
    kept = max(payment.amount_minor - int(gone) - minor, 0)
    return max(int(tax) - order.tax_minor * kept // payment.amount_minor, 0)


def _about_refund(db: Session, refund: Refund, pack: Pack | None) -> About:
    order = db.get_one(Order, refund.order_id)
    payment = db.get_one(Payment, refund.payment_id)
    return replace(
        about_payment(order, payment),
        pack_id=pack.id if pack else None,
        refund_id=refund.id,
    )


def _about_dispute(db: Session, dispute: Dispute) -> About:
    order = db.get_one(Order, dispute.order_id)
    payment = db.get_one(Payment, dispute.payment_id)
    return replace(about_payment(order, payment), dispute_id=dispute.id)


def _owing(refund: Refund) -> str:
    return f"refund:{refund.public_id}"


def _attempt(what: str, refund: Refund) -> str:
    return f"{what}:{refund.public_id}:{refund.attempt}"


def _closing(refund: Refund) -> str:
    return f"refund_sessions:{refund.public_id}:"
