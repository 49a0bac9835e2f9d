"""Before a person is erased: what stands against it, and what they would lose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from services import booking, clock, ledger, refunds
from services.ids import MentorId, UserId, hashed
from services.models import (
    OPEN_SESSIONS,
    Account,
    Dispute,
    DisputeStatus,
    Mentor,
    MentoringSession,
    Objection,
    ObjectionStatus,
    Order,
    OrderStatus,
    Pack,
    PackStatus,
    Recording,
    SessionStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.money import Money
from services.privacy.which import Person, orders_of, recordings_of


@dataclass(frozen=True, slots=True)
class LostPack:
    """A pack with sessions left; `worth` is what those were paid, None for a gift."""

    public_id: str
    title: str
    mentor_name: str
    left: int
    worth: Money | None
    order: str


@dataclass(frozen=True, slots=True)
class LostSession:
    """A booked session that would be canceled; when `late`, it counts as used."""

    public_id: str
    starts_at: datetime
    mentor_name: str
    late: bool


@dataclass(frozen=True, slots=True)
class LostPlace:
    """A place in a mentor's line that would be given up; `offered`: a seat is held for it now."""

    public_id: str
    mentor_name: str
    offered: bool


@dataclass(frozen=True, slots=True)
class ErasureView:
    """What is to be known before. `obstacles` are sentences that say what to do first; with none,
    the account can be erased. `mark` changes whenever the losses do."""

    obstacles: tuple[str, ...]
    packs: tuple[LostPack, ...]
    sessions: tuple[LostSession, ...]
    places: tuple[LostPlace, ...]
    recordings: int
    """How many recordings that the person is on would be deleted."""
    held: int
    """How many more stay for as long as a legal hold stands above it."""
    is_mentor: bool

    @property
    def mark(self) -> str:
        """What a person has seen, for asking whether it is still so."""
        packs = [f"{pack.public_id}:{pack.left}" for pack in self.packs]
        sessions = [f"{one.public_id}:{one.late}" for one in self.sessions]
        places = [f"{one.public_id}:{one.offered}" for one in self.places]
        kept = [f"{self.recordings}:{self.held}"]
        return hashed(" ".join(sorted(packs + sessions + places + kept)))[:16]


def view(db: Session, person: Person) -> ErasureView:
    """What erasing the person means now; a few queries, whatever there is."""
    recordings, held = _recordings(db, person)
    return ErasureView(
        obstacles=tuple(obstacles(db, person)),
        packs=_packs(db, person),
        sessions=_sessions(db, person),
        places=_places(db, person),
        recordings=recordings,
        held=held,
        is_mentor=bool(person.mentor_id),
    )


def obstacles(db: Session, person: Person) -> Iterator[str]:
    """Sentences on what must be settled first: money under way, sessions without an outcome, the
    people who paid for sessions with a mentor, the last admin."""
    yield from _checkouts(db, person)
    yield from _money(db, person)
    yield from _open_sessions(db, person)
    if person.mentor_id:
        yield from _as_mentor(db, person)
    if _is_last_admin(db, person.user_id):
        yield "This is the last admin's account. Make somebody else an admin first."


def open_packs(db: Session, person: Person) -> list[Pack]:
    """The packs with something left."""
    own = select(Pack).where(
        Pack.mentee_id == person.user_id,
        col(Pack.status) == PackStatus.ACTIVE,
        col(Pack.left) > 0,
    )
    return list(db.exec(own.order_by(col(Pack.id))).all())


def coming_sessions(db: Session, person: Person) -> list[MentoringSession]:
    """The booked sessions that the person has as a mentee."""
    own = select(MentoringSession).where(
        MentoringSession.mentee_id == person.user_id,
        col(MentoringSession.status) == SessionStatus.SCHEDULED,
        col(MentoringSession.starts_at) > clock.utc_now(),
    )
    return list(db.exec(own.order_by(col(MentoringSession.starts_at))).all())


def _checkouts(db: Session, person: Person) -> Iterator[str]:
    pending = select(Order).where(
        Order.mentee_id == person.user_id, Order.status == OrderStatus.PENDING
    )
    for order in db.exec(pending.order_by(col(Order.id))).all():
        if order.bank_pending_at is not None:
            yield f"The payment of “{order.title}” is waiting for a bank. Wait for its answer."
        else:
            yield (
                f"The checkout of “{order.title}” is open. Cancel it on its page, or wait until it "
                "ends by itself, within the hour."
            )


def _money(db: Session, person: Person) -> Iterator[str]:
    orders = orders_of(person)
    if ledger.is_owed_anything(db, person.user_id, Account.UNMATCHED):
        yield (
            "A payment does not fit its order. Write to the studio: it sends the money back first."
        )
    if refunds.open_for(db, user_id=person.user_id):
        yield (
            "A refund is not settled. Wait until the money is back, take the request back on the "
            "page of the order, or write to the studio if it did not arrive."
        )
    elif ledger.is_owed_anything(db, person.user_id):
        yield (
            "A refund did not arrive, and the studio still owes that money. Write to the studio: "
            "it pays another way."
        )
    disputes = select(Dispute.id).where(
        col(Dispute.order_id).in_(orders), Dispute.status == DisputeStatus.OPEN
    )
    if db.exec(disputes.limit(1)).first() is not None:
        yield "A payment is disputed at a bank. Wait until that is decided."


def _open_sessions(db: Session, person: Person) -> Iterator[str]:
    """Sessions that have begun, are not settled, or are objected to, in either role."""
    mine = (col(MentoringSession.mentee_id) == person.user_id) | (
        col(MentoringSession.mentor_user_id) == person.user_id
    )
    begun = (col(MentoringSession.status) != SessionStatus.SCHEDULED) | (
        col(MentoringSession.starts_at) <= clock.utc_now()
    )
    unsettled = select(MentoringSession.id).where(
        mine, col(MentoringSession.status).in_(OPEN_SESSIONS), begun
    )
    if db.exec(unsettled.limit(1)).first() is not None:
        yield (
            "A session has no outcome yet. Say on its page what happened, or wait until it is "
            "settled."
        )
    objected = (
        select(Objection.id)
        .join(MentoringSession, col(MentoringSession.id) == col(Objection.session_id))
        .where(mine, Objection.status == ObjectionStatus.OPEN)
    )
    if db.exec(objected.limit(1)).first() is not None:
        yield "The outcome of a session is objected to. Wait until that is decided."


def _as_mentor(db: Session, person: Person) -> Iterator[str]:
    """A mentor who is erased leaves nobody behind who has paid."""
    waiting = db.exec(
        select(func.count(func.distinct(col(Pack.mentee_id)))).where(
            Pack.mentor_id == person.mentor_id,
            col(Pack.status).in_([PackStatus.ACTIVE, PackStatus.FROZEN]),
            col(Pack.left) > 0,
        )
    ).one()
    if waiting:
        people = "1 mentee has" if waiting == 1 else f"{waiting} mentees have"
        yield (
            f"{people} sessions left with this mentor. The studio refunds or moves their packs "
            "first."
        )
    buying = select(Order.id).where(
        Order.mentor_id == person.mentor_id, Order.status == OrderStatus.PENDING
    )
    if db.exec(buying.limit(1)).first() is not None:
        yield "Somebody is buying a pack of this mentor right now. Try again within the hour."


def _is_last_admin(db: Session, user_id: UserId) -> bool:
    admins = db.exec(
        select(col(User.id)).where(col(User.is_admin).is_(True), User.status == UserStatus.ACTIVE)
    ).all()
    return list(admins) == [user_id]


def _packs(db: Session, person: Person) -> tuple[LostPack, ...]:
    packs = open_packs(db, person)
    names = _mentor_names(db, {pack.mentor_id for pack in packs})
    wanted = [pack.order_id for pack in packs if pack.order_id is not None]
    found = db.exec(select(Order).where(col(Order.id).in_(wanted))).all()
    orders = {order.id: order.public_id for order in found}
    return tuple(
        LostPack(
            public_id=pack.public_id,
            title=pack.title,
            mentor_name=names[pack.mentor_id],
            left=pack.left,
            worth=ledger.value_of_open(db, pack) if pack.order_id else None,
            order=orders.get(pack.order_id, "") if pack.order_id else "",
        )
        for pack in packs
    )


def _sessions(db: Session, person: Person) -> tuple[LostSession, ...]:
    sessions = coming_sessions(db, person)
    names = _mentor_names(db, {one.mentor_id for one in sessions})
    now = clock.utc_now()
    return tuple(
        LostSession(
            public_id=one.public_id,
            starts_at=one.starts_at,
            mentor_name=names[one.mentor_id],
            late=now > booking.change_until(one),
        )
        for one in sessions
    )


def _places(db: Session, person: Person) -> tuple[LostPlace, ...]:
    own = select(WaitlistEntry).where(
        WaitlistEntry.mentee_id == person.user_id,
        col(WaitlistEntry.status).in_([WaitlistStatus.WAITING, WaitlistStatus.OFFERED]),
    )
    places = db.exec(own.order_by(col(WaitlistEntry.id))).all()
    names = _mentor_names(db, {one.mentor_id for one in places})
    return tuple(
        LostPlace(one.public_id, names[one.mentor_id], one.status is WaitlistStatus.OFFERED)
        for one in places
    )


def kept_recordings(db: Session, person: Person) -> list[Recording]:
    """The recordings that the person is on and that are not deleted yet, held ones too."""
    own = select(Recording).where(
        col(Recording.id).in_(recordings_of(person)), col(Recording.purged_at).is_(None)
    )
    return list(db.exec(own.order_by(col(Recording.id))).all())


def _recordings(db: Session, person: Person) -> tuple[int, int]:
    """How many would be deleted, and how many would stay."""
    held = func.coalesce(func.sum(case((col(Recording.held_at).is_(None), 0), else_=1)), 0)
    own = select(func.count(), held).where(
        col(Recording.id).in_(recordings_of(person)), col(Recording.purged_at).is_(None)
    )
    number, stay = db.exec(own).one()
    return number - stay, stay


def _mentor_names(db: Session, mentors: set[MentorId]) -> dict[int, str]:
    found = (
        select(Mentor.id, User.name)
        .join(User, col(User.id) == col(Mentor.user_id))
        .where(col(Mentor.id).in_(mentors))
    )
    return {int(mentor): name for mentor, name in db.exec(found).all()}
