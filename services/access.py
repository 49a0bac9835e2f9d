"""Who may reach what. Everything that a browser names by a public id is fetched through here.

The answer for "does not exist" and "is not yours" is the same `NotFound`.
"""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from services.audit import Actor
from services.errors import NotAllowed, NotFound, SignInNeeded, VerificationNeeded
from services.ids import UserId
from services.models import (
    Invoice,
    Mentor,
    MentoringSession,
    OfferStatus,
    Order,
    PackOffer,
    Recording,
    User,
    WaitlistEntry,
)


def require_user(actor: Actor) -> UserId:
    """The signed-in person's id.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    if actor.user_id is None:
        raise SignInNeeded
    return actor.user_id


def require_verified(actor: Actor) -> UserId:
    """The id of a signed-in person whose address is confirmed.

    Raises:
        SignInNeeded, VerificationNeeded
    """
    user_id = require_user(actor)
    if not actor.verified:
        raise VerificationNeeded
    return user_id


def require_admin(actor: Actor) -> UserId:
    """The admin's id.

    Raises:
        SignInNeeded, NotAllowed
    """
    user_id = require_user(actor)
    if not actor.is_admin:
        raise NotAllowed("Only an admin may do this.")
    return user_id


def order_for(db: Session, actor: Actor, public_id: str) -> Order:
    """An order: one's own, or any for an admin."""
    order = db.exec(select(Order).where(Order.public_id == public_id)).one_or_none()
    if order is None or not (actor.is_admin or order.mentee_id == actor.user_id):
        raise NotFound("order")
    return order


def invoice_for(db: Session, actor: Actor, public_id: str) -> Invoice:
    """An invoice or a credit note: of one's own order, or any for an admin."""
    invoice = db.exec(select(Invoice).where(Invoice.public_id == public_id)).one_or_none()
    if invoice is None or not (actor.is_admin or invoice.buyer_id == actor.user_id):
        raise NotFound("invoice")
    return invoice


def session_for(db: Session, actor: Actor, public_id: str) -> MentoringSession:
    """A session: of oneself as mentee or as mentor, or any for an admin."""
    session = db.exec(
        select(MentoringSession).where(MentoringSession.public_id == public_id)
    ).one_or_none()
    own = session is not None and actor.user_id in {session.mentee_id, session.mentor_user_id}
    if session is None or not (actor.is_admin or own):
        raise NotFound("session")
    return session


def recording_for(db: Session, actor: Actor, public_id: str) -> tuple[Recording, MentoringSession]:
    """A recording and its session: of oneself as mentee or as mentor, or any for an admin."""
    found = db.exec(
        select(Recording, MentoringSession)
        .join(MentoringSession, col(MentoringSession.id) == col(Recording.session_id))
        .where(Recording.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound("recording")
    recording, session = found
    own = actor.user_id in {session.mentee_id, session.mentor_user_id}
    if not (actor.is_admin or own):
        raise NotFound("recording")
    return recording, session


def waitlist_entry_for(db: Session, actor: Actor, public_id: str) -> WaitlistEntry:
    """A place in a mentor's line: one's own, or any for an admin."""
    entry = db.exec(select(WaitlistEntry).where(WaitlistEntry.public_id == public_id)).one_or_none()
    if entry is None or not (actor.is_admin or entry.mentee_id == actor.user_id):
        raise NotFound("place on a waitlist")
    return entry


def mentor_for(db: Session, actor: Actor, slug: str) -> Mentor:
    """A mentor whom the actor may edit: oneself, or any for an admin."""
    mentor = db.exec(select(Mentor).where(Mentor.slug == slug)).one_or_none()
    if mentor is None or not (actor.is_admin or mentor.user_id == actor.user_id):
        raise NotFound("mentor")
    return mentor


def offer_for(db: Session, actor: Actor, public_id: str) -> PackOffer:
    """An offer that the actor may edit: of oneself as mentor, or any for an admin."""
    offer = _offer(db, public_id)
    if offer is None or not (actor.is_admin or offer.mentor_id == actor.mentor_id):
        raise NotFound("pack")
    return offer


def offer_on_sale(db: Session, public_id: str) -> PackOffer:
    """An active offer, as any visitor may name it.

    Raises:
        NotFound: unknown, or retired.
    """
    offer = offer_named(db, public_id)
    if offer.status is not OfferStatus.ACTIVE:
        raise NotFound("pack")
    return offer


def offer_named(db: Session, public_id: str) -> PackOffer:
    """An offer as any visitor may name it, on sale or retired.

    Raises:
        NotFound: unknown.
    """
    offer = _offer(db, public_id)
    if offer is None:
        raise NotFound("pack")
    return offer


# Made once: making it takes longer than running it, and it runs under a rush for seats.
_OFFER_AND_WHOSE = (
    select(PackOffer, Mentor, User)
    .join(Mentor, col(Mentor.id) == PackOffer.mentor_id)
    .join(User, col(User.id) == Mentor.user_id)
    .where(col(PackOffer.public_id) == bindparam("offer"))
)


def offer_and_whose(db: Session, public_id: str) -> tuple[PackOffer, Mentor, User]:
    """An offer as any visitor may name it, on sale or retired, its mentor and the mentor's account.

    Raises:
        NotFound: unknown.
    """
    found = db.exec(_OFFER_AND_WHOSE, params={"offer": public_id}).one_or_none()
    if found is None:
        raise NotFound("pack")
    return found


def _offer(db: Session, public_id: str) -> PackOffer | None:
    return db.exec(select(PackOffer).where(col(PackOffer.public_id) == public_id)).one_or_none()
