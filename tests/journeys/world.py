"""The studio in which the journeys happen: people, mentors and packs, made through the services in
the running product's own database, and what its simulators know."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import text
from sqlmodel import select

from services import catalogue, checkout, clock, db, invoices, ledger, operators
from services.audit import SYSTEM, Actor
from services.models import (
    InboxEvent,
    InboxStatus,
    Mentor,
    Order,
    Pack,
    Payment,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    Seat,
    SeatStatus,
    User,
)
from services.money import Money
from tests.support.databases import in_use
from tests.support.people import PASSWORD, make_user
from tests.support.servers import LiveApp, environment_of

PRICE = Money(24_000, "EUR")
SHOWN_PRICE = "€240.00"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """Who a person is to the product."""

    name: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Seller:
    """A mentor with one pack on sale."""

    account: Account
    slug: str
    offer: str

    @property
    def name(self) -> str:
        """The mentor's name."""
        return self.account.name


def newcomer(name: str) -> Account:
    """Somebody with an address that nobody has used yet; there is no account."""
    return Account(name, f"{name.split()[0].lower()}.{next(_numbers)}@example.com")


class World:
    """One running product. Everything here happens in this process, but on its database."""

    def __init__(self, app: LiveApp) -> None:
        self.app = app

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Use the running product's database and settings."""
        with environment_of(self.app.environment), in_use(self.app.database_url):
            yield

    # Who and what there is

    def mentee(self, name: str) -> Account:
        """An account with a confirmed address."""
        account = newcomer(name)
        make_user(account.email, name=name)
        return account

    def admin(self, name: str = "Ada Admin") -> Account:
        """An admin, as the operator's command makes one."""
        account = newcomer(name)
        operators.create_admin(email=account.email, name=name, password=account.password)
        return account

    def mentor(self, name: str, *, seats: int = 10, price: Money = PRICE) -> Seller:
        """A listed mentor who sells a pack of four sessions."""
        account = self.mentee(name)
        admin = Actor("user", user_id=self.user(account).id, is_admin=True, verified=True)
        with db.transaction() as session:
            slug = catalogue.make_mentor(session, actor=admin, user=self.user(account).public_id)
            catalogue.update_profile(
                session,
                actor=admin,
                slug=slug,
                headline=f"{name} reads your work and says what to change",
                bio="Twenty years of practice, and time for you.",
                skills=["Writing", "Python"],
                languages=["en", "de"],
                capacity=seats,
            )
            catalogue.set_listed(session, actor=admin, slug=slug, listed=True)
        return Seller(account, slug, self.pack(admin, slug, "Four sessions", price))

    def describes(
        self, seller: Seller, *, headline: str, skills: list[str], bio: str, seats: int = 10
    ) -> None:
        """The mentor writes something else into the profile."""
        with db.transaction() as session:
            catalogue.update_profile(
                session,
                actor=Actor("user", user_id=self.user(seller.account).id, is_admin=True),
                slug=seller.slug,
                headline=headline,
                bio=bio,
                skills=skills,
                languages=["en"],
                capacity=seats,
            )

    def pack(self, actor: Actor, slug: str, title: str, price: Money) -> str:
        """One more pack of four on sale; its public id."""
        with db.transaction() as session:
            return catalogue.create_offer(
                session,
                actor=actor,
                slug=slug,
                title=title,
                sessions=4,
                price=price,
                validity_days=45,
            ).public_id

    def bought(self, mentee: Account, seller: Seller) -> str:
        """The mentee has bought the seller's pack; the order's public id."""
        actor = self.actor(mentee)
        order = checkout.start(actor=actor, offer=seller.offer).order
        self.app.sandbox.control(f"stripe/sessions/{self.order(order).checkout_id}/pay", {})
        checkout.look_again(actor=actor, order=order)
        return order

    def refunded(self, order: str, minor: int) -> None:
        """A part of the order's price has gone back to the buyer."""
        row = self.order(order)
        with db.transaction() as session:
            payment = session.exec(select(Payment).where(Payment.order_id == row.id)).one()
            payment.refunded_minor += minor
            refund = Refund(
                order_id=row.id,
                payment_id=payment.id,
                provider=payment.provider,
                amount_minor=minor,
                currency=payment.currency,
                status=RefundStatus.SUCCEEDED,
                source=RefundSource.ADMIN,
                reason=RefundReason.GOODWILL,
                decided_at=clock.utc_now(),
                settled_at=clock.utc_now(),
            )
            session.add(refund)
            session.flush()
            ledger.post_refund(
                session, refund=refund, pack=None, sessions=0, owed=False, at=clock.utc_now()
            )
            invoices.credit(session, actor=SYSTEM, refund=refund)

    @contextmanager
    def without_table(self, name: str) -> Iterator[None]:
        """A table is not there, so every query that needs it fails."""
        with db.transaction() as session:
            session.connection().execute(text(f"ALTER TABLE {name} RENAME TO {name}_away"))
        try:
            yield
        finally:
            with db.transaction() as session:
                session.connection().execute(text(f"ALTER TABLE {name}_away RENAME TO {name}"))

    def actor(self, account: Account) -> Actor:
        """The person as the services know one."""
        user = self.user(account)
        return Actor("user", user_id=user.id, is_admin=user.is_admin, verified=True)

    # What is stored

    def user(self, account: Account) -> User:
        """The account's row."""
        with db.reading() as session:
            return session.exec(select(User).where(User.email == account.email)).one()

    def orders(self, account: Account) -> list[Order]:
        """The person's orders, oldest first."""
        user_id = self.user(account).id
        with db.reading() as session:
            found = session.exec(select(Order).where(Order.mentee_id == user_id)).all()
        return sorted(found, key=lambda order: order.id)

    def packs(self, account: Account) -> int:
        """How many packs the person has."""
        user_id = self.user(account).id
        with db.reading() as session:
            return len(session.exec(select(Pack).where(Pack.mentee_id == user_id)).all())

    def webhooks_about(self, checkout_id: str) -> list[InboxEvent]:
        """The webhooks about a payment page that were stored."""
        with db.reading() as session:
            found = select(InboxEvent).where(InboxEvent.object_id == checkout_id)
            return list(session.exec(found).all())

    def failed_webhook(self) -> str:
        """A webhook about nothing of ours that could not be handled; its event's id."""
        event = f"evt_failed_{next(_numbers)}"
        with db.transaction() as session:
            session.add(
                InboxEvent(
                    provider="stripe",
                    event_id=event,
                    type="checkout.session.completed",
                    object_id=f"cs_of_{event}",
                    payload="{}",
                    status=InboxStatus.FAILED,
                    error="It could not be handled.",
                )
            )
        return event

    def order(self, public_id: str) -> Order:
        """The order's row."""
        with db.reading() as session:
            return session.exec(select(Order).where(Order.public_id == public_id)).one()

    def seats_in_use(self, seller: Seller) -> int:
        """How many of the mentor's places are taken."""
        with db.reading() as session:
            mentor = session.exec(select(Mentor).where(Mentor.slug == seller.slug)).one()
            held = select(Seat).where(
                Seat.mentor_id == mentor.id, Seat.status != SeatStatus.RELEASED
            )
            return len(session.exec(held).all())

    # Time, and the outside world

    def move_back(self, order: str, minutes: int) -> None:
        """Let the order's checkout have begun so many minutes earlier."""
        earlier = timedelta(minutes=minutes)
        with db.transaction() as session:
            row = session.exec(select(Order).where(Order.public_id == order)).one()
            seat = session.exec(select(Seat).where(Seat.id == row.seat_id)).one()
            row.created_at, row.expires_at = row.created_at - earlier, row.expires_at - earlier
            row.check_at, seat.held_until = clock.utc_now() - earlier, row.expires_at

    def stripe(self, what: str) -> list[dict[str, Any]]:
        """What Stripe has: `sessions` or `refunds`, newest first."""
        return cast(list[dict[str, Any]], self.app.sandbox.control(f"stripe/{what}"))

    def checkouts_of(self, account: Account) -> list[dict[str, Any]]:
        """The payment pages that Stripe has made for the person."""
        return [one for one in self.stripe("sessions") if one["customer_email"] == account.email]

    def refunds_of(self, checkout_id: str) -> list[dict[str, Any]]:
        """The refunds at Stripe of what was paid on a payment page."""
        page = next(one for one in self.stripe("sessions") if one["id"] == checkout_id)
        intent = page["payment_intent"]
        return [one for one in self.stripe("refunds") if one["payment_intent"] == intent]

    def deliveries_about(self, checkout_id: str) -> list[dict[str, Any]]:
        """What Stripe sent, or tried to send, about a payment page."""
        found = self.stripe("deliveries")
        return [
            one for one in found if json.loads(one["body"])["data"]["object"]["id"] == checkout_id
        ]

    def stripe_fails(self, method: str, path: str, *, times: int) -> None:
        """Stripe answers the next such requests with an error."""
        asked: dict[str, object] = {"vendor": "stripe", "method": method, "path": path}
        more: dict[str, object] = {"kind": "status", "status": 503, "times": times}
        self.app.sandbox.control("faults", asked | more)
