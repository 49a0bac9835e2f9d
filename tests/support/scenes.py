"""What `make screenshots` takes pictures of: every page, by who sees it, and the faces that only
some situations have. A new page is here by itself; one with an id in its address needs a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from mentorships.seed import DEMO_LOGINS, DEMO_PASSWORD
from pages import PAGES
from services import checkout, clock, db, orders, passwords
from services.audit import Actor
from services.models import Mentor, OfferStatus, PackOffer, User
from services.orders import Face, OrderView
from tests.support import job_scenes, mail_scenes, recording_scenes, session_scenes

ADMIN, MENTOR, MENTEE = (DEMO_LOGINS[role] for role in ("admin", "mentor", "mentee"))
NEWCOMER = "nele.neu@example.com"
BUYER = "ada.adler@example.com"
VISITOR = ""


@dataclass(frozen=True)
class Scene:
    """A page to show: `who` is the account that looks (empty: nobody signed in). `held` leaves the
    page without an answer, as in the moment before anything is loaded."""

    name: str
    address: str
    who: str = VISITOR
    held: bool = False


@dataclass(frozen=True)
class Samples:
    """Ids that stand in addresses."""

    open_mentor: str
    full_mentor: str
    closed_mentor: str
    offer: str
    sold_out: str
    held_offer: str
    paid: str


def scenes() -> list[Scene]:
    """Everything to take, in the order of the pages. The demo studio must be in the database.

    Raises:
        KeyError: a page with an id in its address has no sample here.
    """
    _invite_newcomer()
    samples = _samples()
    sessions = session_scenes.situations(samples.open_mentor, NEWCOMER)
    sessions = [*sessions, *recording_scenes.situations(NEWCOMER)]
    of_sessions = [Scene(one.name, one.address, one.who) for one in sessions]
    return [*_pages(samples), *_situations(samples), *of_sessions, *_faces()]


def _pages(samples: Samples) -> Iterator[Scene]:
    addresses = {
        "/404": "/no/such/page",
        "/mentors/[slug]": f"/mentors/{samples.open_mentor}",
        "/checkout/[offer]": f"/checkout/{samples.offer}",
        "/checkout/return/[order]": f"/checkout/return/{samples.paid}",
        "/orders/[order]": f"/orders/{samples.paid}",
        "/admin/mentors/[slug]": f"/admin/mentors/{samples.open_mentor}",
        "/admin/orders/[order]": f"/admin/orders/{samples.paid}",
        "/reset/new": "/reset/new?token=not-a-real-one",
        "/verify": "/verify?token=not-a-real-one",
    } | session_scenes.addresses(samples.open_mentor)
    addresses |= job_scenes.addresses() | mail_scenes.addresses() | recording_scenes.addresses()
    addresses["/admin/waitlists/[slug]"] = f"/admin/waitlists/{samples.full_mentor}"
    for page in PAGES:
        address = addresses[page.route] if "[" in page.route else addresses.get(page.route, "")
        name = page.component.__name__.replace("_", "-")
        yield Scene(name, address or page.route, _who_sees(page.route))


def _who_sees(route: str) -> str:
    if route.startswith("/admin"):
        return ADMIN
    if route == "/mentor" or route.startswith("/mentor/"):
        return MENTOR
    signed_in = ("/dashboard", "/orders", "/settings", "/checkout", "/onboarding", "/book")
    signed_in += ("/sessions", "/testimonial", "/notifications", "/recordings")
    return MENTEE if route.startswith(signed_in) else VISITOR


def _situations(samples: Samples) -> list[Scene]:
    return [
        Scene("home-signed-in", "/", MENTEE),
        Scene("home-loading", "/", held=True),
        Scene("mentors-found", "/mentors?q=anatomy"),
        Scene("mentors-nothing", "/mentors?q=nobody+at+all"),
        Scene("mentor-full", f"/mentors/{samples.full_mentor}"),
        Scene("mentor-closed", f"/mentors/{samples.closed_mentor}"),
        Scene("mentor-own-seat", f"/mentors/{samples.open_mentor}", MENTEE),
        Scene("mentor-own-page", f"/mentors/{samples.open_mentor}", MENTOR),
        Scene("mentor-unknown", "/mentors/nobody"),
        Scene("mentor-loading", f"/mentors/{samples.open_mentor}", held=True),
        Scene("checkout-visitor", f"/checkout/{samples.offer}"),
        Scene("checkout-held", f"/checkout/{samples.held_offer}", BUYER),
        Scene("checkout-sold-out", f"/checkout/{samples.sold_out}", NEWCOMER),
        Scene("checkout-retired", "/checkout/off_unknown"),
        Scene("dashboard-newcomer", "/dashboard", NEWCOMER),
        Scene("dashboard-unpaid", "/dashboard", BUYER),
        Scene("dashboard-loading", "/dashboard", MENTEE, held=True),
        Scene("book-loading", f"/book/{samples.open_mentor}", MENTEE, held=True),
        Scene("sessions-loading", "/sessions", MENTEE, held=True),
        Scene("recordings-loading", "/recordings", MENTEE, held=True),
        Scene("calendar-connected", "/settings/calendar", MENTOR),
        Scene("discord-not-linked", "/settings/discord", NEWCOMER),
        Scene("orders-none", "/orders", NEWCOMER),
        Scene("notifications-none", "/notifications", NEWCOMER),
        Scene("notifications-of-an-admin", "/notifications", ADMIN),
        Scene("orders-error", "/orders?before=ord_unknown", MENTEE),
        Scene("orders-loading", "/orders", MENTEE, held=True),
        Scene("reset-without-link", "/reset/new"),
        Scene("admin-refund-start", f"/admin/refunds?order={samples.paid}", ADMIN),
        Scene("admin-orders-refunded", "/admin/orders?only=refunded", ADMIN),
        Scene("admin-orders-nothing", "/admin/orders?q=nobody+at+all", ADMIN),
        Scene("admin-inbox-error", "/admin/inbox?before=evt_unknown", ADMIN),
    ]


def _faces() -> Iterator[Scene]:
    """The page one comes back to: one order of each face that the demo studio has."""
    for face, order in _orders_by_face().items():
        name = f"checkout-return-{face.value.replace('_', '-')}"
        yield Scene(name, f"/checkout/return/{order.public_id}", order.mentee_email)


def _orders_by_face() -> dict[Face, OrderView]:
    found: dict[Face, OrderView] = {}
    before: str | None = None
    with db.reading() as session:
        while True:
            part = orders.list_all(session, actor=_admin(), before=before, limit=100)
            for order in part.rows:
                found.setdefault(order.face, order)
            if part.next is None:
                return found
            before = part.next


def _invite_newcomer() -> None:
    """Everybody in the demo studio has bought something; this person has not, every time."""
    with db.transaction() as session:
        if session.exec(select(User.id).where(User.email == NEWCOMER)).first() is None:
            secret = passwords.hash_password(DEMO_PASSWORD)
            session.add(
                User(
                    email=NEWCOMER,
                    name="Nele Neu",
                    password_hash=secret,
                    email_verified_at=clock.utc_now(),
                )
            )


def _samples() -> Samples:
    held = _offer_of("ines.caldeira@example.com")
    checkout.start(actor=_actor(BUYER), offer=held)  # the same open checkout, every time
    with db.reading() as session:
        mine = orders.list_mine(session, actor=_actor(MENTEE)).rows
    return Samples(
        open_mentor=_slug_of(MENTOR),
        full_mentor=_slug_of("tomas.okafor@example.com"),
        closed_mentor=_slug_of("nora.feld@example.com"),
        offer=_offer_of("yuki.brandt@example.com"),
        sold_out=_offer_of("tomas.okafor@example.com"),
        held_offer=held,
        paid=next(order.public_id for order in mine if order.face is Face.PAID),
    )


def _slug_of(email: str) -> str:
    with db.reading() as session:
        return session.exec(
            select(Mentor.slug)
            .join(User, col(User.id) == col(Mentor.user_id))
            .where(User.email == email)
        ).one()


def _offer_of(email: str) -> str:
    with db.reading() as session:
        mentor = select(Mentor.id).join(User, col(User.id) == col(Mentor.user_id))
        offers = select(PackOffer.public_id).where(
            col(PackOffer.mentor_id).in_(mentor.where(User.email == email)),
            PackOffer.status == OfferStatus.ACTIVE,
        )
        return session.exec(offers.order_by(col(PackOffer.id))).first() or ""


def _actor(email: str) -> Actor:
    with db.reading() as session:
        user = session.exec(select(User).where(User.email == email)).one()
        return Actor("user", user_id=user.id, is_admin=user.is_admin, verified=True)


def _admin() -> Actor:
    return _actor(ADMIN)
