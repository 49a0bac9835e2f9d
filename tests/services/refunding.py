"""A pack that was really bought at the simulated provider, and what can be seen of its refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select

from services import booking, checkout, clock, db, refunds, sessions
from services.audit import Actor
from services.models import (
    Mentor,
    Order,
    Pack,
    PackStatus,
    Payment,
    Refund,
    RefundStatus,
    Seat,
    SeatStatus,
    SessionStatus,
    User,
)
from services.money import Money
from services.refunds import RefundQuote, RefundView
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer, onboarded, open_hours
from tests.support.studio import CARD, Studio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Sale:
    """One bought pack: four sessions for €120.00 with a mentor who has one place, unless told
    otherwise. `admin` decides."""

    studio: Studio
    mentor: Mentor
    mentee: User
    order: str
    admin: Actor

    @property
    def buyer(self) -> Actor:
        """Whoever bought it."""
        return acting(self.mentee)

    def quote(self) -> RefundQuote:
        """What the buyer is offered now."""
        with db.reading() as session:
            return refunds.quote(session, actor=self.buyer, order=self.order)

    def ask(self, note: str = "") -> str:
        """The buyer asks for what is offered."""
        return refunds.request(
            actor=self.buyer, order=self.order, amount=self.quote().amount, note=note
        )

    def views(self) -> tuple[RefundView, ...]:
        """The order's refunds as people read them."""
        with db.reading() as session:
            return refunds.list_of(session, actor=self.admin, order=self.order)

    def book(self, *starts: datetime) -> tuple[str, ...]:
        """The buyer books."""
        return booking.book(actor=self.buyer, mentor=self.mentor.slug, starts=starts)

    def hold_session(self) -> str:
        """Book a session two days ahead, let it pass, and say that it took place."""
        [session] = self.book(_hour(clock.utc_now()) + 2 * DAY)
        self.studio.wait(days=2, hours=3)
        sessions.decide(
            actor=self.admin, session=session, outcome=SessionStatus.COMPLETED, note="It was held."
        )
        return session

    def pack(self) -> Pack:
        """The pack as it is stored now."""
        with db.reading() as session:
            found = select(Pack).join(Order, col(Order.id) == col(Pack.order_id))
            return session.exec(found.where(Order.public_id == self.order)).one()

    def credits(self) -> tuple[PackStatus, int, int, int]:
        """The pack: its status, what is left, and of it what is reserved and what is locked."""
        pack = self.pack()
        return pack.status, pack.left, pack.reserved, pack.locked

    def seat(self) -> SeatStatus:
        """The state of the seat that the pack is on."""
        with db.reading() as session:
            return session.get_one(Seat, self.pack().seat_id).status

    def refund(self) -> Refund:
        """The newest refund of the order."""
        with db.reading() as session:
            found = select(Refund).join(Order, col(Order.id) == col(Refund.order_id))
            mine = found.where(Order.public_id == self.order).order_by(col(Refund.id).desc())
            return session.exec(mine.limit(1)).one()

    def status(self) -> RefundStatus:
        """How the newest refund stands."""
        return self.refund().status

    def gone_back(self) -> int:
        """Minor units of all its payments that went back, as we know it."""
        with db.reading() as session:
            found = select(Payment).join(Order, col(Order.id) == col(Payment.order_id))
            rows = session.exec(found.where(Order.public_id == self.order)).all()
        return sum(row.refunded_minor for row in rows)

    def at_provider(self) -> list[int]:
        """The amounts of this order's refunds at the provider that did not fail, newest first."""
        page = self.studio.checkout(self.studio.checkout_of(self.order))
        return [
            refund["amount"]
            for refund in self.studio.refunds()
            if refund["payment_intent"] == page["payment_intent"]
            and refund["status"] not in {"failed", "canceled"}
        ]


def a_sale(
    studio: Studio,
    *,
    name: str = "Nora Novak",
    price: int = 12_000,
    count: int = 4,
    capacity: int = 1,
    card: str = CARD,
    mentor: Mentor | None = None,
    mentee: User | None = None,
    currency: str = "EUR",
    vendor: str = "",
) -> Sale:
    """Somebody has bought a pack, and it is theirs; at Stripe, unless `vendor` says otherwise."""
    admin = an_admin(f"Ada {name}")
    if mentor is None:
        mentor = a_mentor(capacity=capacity)
        open_hours(mentor)
    mentee = mentee or onboarded(a_user(name))
    offer = an_offer(mentor, price, sessions=count, currency=currency)
    order = checkout.start(actor=acting(mentee), offer=offer.public_id, provider=vendor).order
    if vendor == "paypal":
        studio.approve(order)
        studio.deliver()  # the money is taken
    else:
        studio.pay(order, card=card)
    studio.deliver()
    return Sale(studio, mentor, mentee, order, acting(admin))


def euros(minor: int) -> Money:
    """An amount in cents."""
    return Money(minor, "EUR")


def freeze(sale: Sale) -> None:
    """The bank disputes the payment."""
    sale.studio.dispute(sale.order)
    sale.studio.deliver()


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + HOUR
