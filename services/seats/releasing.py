"""Places that are given back, and offers that end: the next in line is offered the place in the
same transaction."""

from __future__ import annotations

from sqlmodel import Session

from services import clock
from services.audit import Actor
from services.models import Order, ReleaseReason, Seat, SeatStatus, WaitlistEntry, WaitlistStatus
from services.seats import entries, history, line, offering, telling_line

_RELEASED_BY = {
    WaitlistStatus.DECLINED: ReleaseReason.OFFER_DECLINED,
    WaitlistStatus.LAPSED: ReleaseReason.OFFER_LAPSED,
}


def release(db: Session, *, actor: Actor, seat: Seat, reason: ReleaseReason) -> None:
    """Give the place back; a released seat stays released. The caller holds the mentor's lock."""
    if seat.status is SeatStatus.RELEASED:
        return
    seat.released_at, seat.release_reason = clock.utc_now(), reason
    history.move(db, actor=actor, seat=seat, status=SeatStatus.RELEASED, reason=reason.value)
    offering.fill(db, mentor_id=seat.mentor_id)


def release_hold(db: Session, *, actor: Actor, order: Order, reason: ReleaseReason) -> None:
    """Give back the place that an ended checkout held. A renewal's seat is not its to give, nor is
    one that is offered for longer to its buyer."""
    seat = db.get(Seat, order.seat_id) if order.seat_id is not None else None
    if seat is None or seat.status is not SeatStatus.HELD:
        return
    offer = line.find_offer(db, seat.id)
    if offer is None or offer.offer_ends_at is None:
        release(db, actor=actor, seat=seat, reason=reason)
    elif not offering.can_be_taken(db, offer):
        withdraw(db, actor=actor, offer=offer)
    elif offer.offer_ends_at > clock.utc_now():
        seat.held_until = offer.offer_ends_at
        entries.note(db, actor, offer, "offered_again", after={"checkout": order.public_id})
    else:
        lapse(db, actor=actor, offer=offer)


def lapse(db: Session, *, actor: Actor, offer: WaitlistEntry) -> None:
    """Nobody took the offer in time: it goes to the next in line, and its reader is told. Whoever
    could not have taken it waits on."""
    if not offering.can_be_taken(db, offer):
        withdraw(db, actor=actor, offer=offer)
        return
    telling_line.lapsed(db, offer)
    end_offer(db, actor=actor, offer=offer, status=WaitlistStatus.LAPSED)


def end_offer(
    db: Session, *, actor: Actor, offer: WaitlistEntry, status: WaitlistStatus, reason: str = ""
) -> None:
    """End an offer and its entry; the place is free for the next in line."""
    seat = offer.seat_id
    entries.end(db, actor=actor, entry=offer, status=status, reason=reason)
    gone = _RELEASED_BY.get(status, ReleaseReason.OFFER_WITHDRAWN)
    release(db, actor=actor, seat=db.get_one(Seat, seat), reason=gone)


def withdraw(db: Session, *, actor: Actor, offer: WaitlistEntry) -> None:
    """Take an offer back that cannot be taken now; its reader waits on, in the same place."""
    seat = db.get_one(Seat, offer.seat_id)
    telling_line.withdrawn(db, offer)
    offer.status, offer.seat_id = WaitlistStatus.WAITING, None
    offer.offer_ends_at = offer.offered_at = None
    entries.note(db, actor, offer, "offer_withdrawn", after={"seat": seat.public_id})
    release(db, actor=actor, seat=seat, reason=ReleaseReason.OFFER_WITHDRAWN)
