"""A person who used everything and left telling words everywhere, through the product's own
functions; and where such words are found afterwards."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from dataclasses import dataclass

import pytest
from PIL import Image
from sqlalchemy import select as any_rows
from sqlmodel import SQLModel, select

from services import (
    accounts,
    administration,
    availability,
    booking,
    calendar,
    catalogue,
    checkout,
    db,
    feeds,
    inbox,
    invoices,
    onboarding,
    outbox,
    photos,
    refunds,
    sessions,
    signin,
    testimonials,
    unmatched,
)
from services.audit import Actor
from services.config import settings
from services.errors import AppError
from services.jobs.runs import recorded
from services.models import (
    Document,
    LinkPurpose,
    Mentor,
    Objection,
    Pack,
    Provider,
    SessionStatus,
    Testimonial,
    UnmatchedKind,
    UnmatchedMoney,
    User,
)
from services.money import Money
from services.privacy import documents, erasure
from services.privacy.losses import ErasureView
from tests.services.mailing import told
from tests.services.meetings import a_bookable_mentor, at
from tests.services.rows import acting, acting_mentor, an_admin, an_offer, onboarded
from tests.support.google import Google
from tests.support.people import PASSWORD, last_token
from tests.support.studio import Studio, stored

NAME, EMAIL = "Quilla Quibble", "quilla.quibble@example.com"
WORD = "Zarquon"
"""Stands in everything that anybody wrote; the name and the address hold `quibble`."""
MARKS = ("quibble", "zarquon")
LONG = f"{WORD} told me what to throw away, and I have thrown it away, all of it, at once."


@dataclass
class Life:
    """A person, with whoever else there is."""

    studio: Studio
    admin: User
    mentor: Mentor
    actor: Actor
    secret: str
    order: str = ""

    @property
    def user(self) -> User:
        """The account as it is stored now."""
        with db.reading() as session:
            return session.exec(select(User).where(User.id == self.actor.user_id)).one()

    @property
    def boss(self) -> Actor:
        """The admin."""
        return acting(self.admin)

    @property
    def teacher(self) -> Actor:
        """The mentor."""
        return acting_mentor(self.mentor)


def a_life(studio: Studio) -> Life:
    """Somebody signs up, confirms the address and signs in; nothing was bought yet."""
    accounts.sign_up(
        email=EMAIL,
        name=NAME,
        password=PASSWORD,
        time_zone="Europe/Lisbon",
        accepts=documents.current(Document.TERMS),
        address="203.0.113.99",
    )
    accounts.verify_email(token=last_token(LinkPurpose.VERIFY))
    secret = signin.sign_in(
        email=EMAIL, password=PASSWORD, user_agent=f"{WORD} browser", address=f"{WORD} address"
    )
    actor = signin.actor_for(secret)
    return Life(studio, an_admin(), a_bookable_mentor(), actor, secret)


def seen(life: Life) -> ErasureView:
    """What the person is told before the account is erased."""
    with db.reading() as session:
        return erasure.get_view(session, actor=life.actor)


def erase(life: Life) -> None:
    """The person erases the account."""
    erasure.erase_own(actor=life.actor, password=PASSWORD, mark=seen(life).mark)


def refused(life: Life) -> str:
    """Erasing is refused, and nothing has changed; the words."""
    before = life.user.model_dump()
    with pytest.raises(AppError) as caught:
        erase(life)
    assert life.user.model_dump() == before
    return caught.value.message


def as_buyer(life: Life) -> None:
    """The least: a pack of four with one session to come."""
    onboarded(life.user)
    _buy(life)
    booking.book(actor=life.actor, mentor=life.mentor.slug, starts=[at(20)])


def as_mentee(life: Life) -> None:
    """Everything that a mentee can do; one session is to come, one credit is left, and nothing is
    under way."""
    _tell(life)
    _buy(life)
    _meet(life)
    _praise(life)
    _ask_for_money(life)
    _connect(life)
    life.studio.send()
    while told(life.studio):  # in pieces
        pass
    _fail(life)
    booking.hold(actor=life.actor, mentor=life.mentor.slug, starts=[at(24)])
    booking.book(actor=life.actor, mentor=life.mentor.slug, starts=[at(20)])


def _tell(life: Life) -> None:
    onboarding.save_profile(actor=life.actor, name=NAME, about=f"About {WORD}")
    onboarding.confirm_zone(actor=life.actor, zone="Europe/Lisbon")
    onboarding.save_goals(actor=life.actor, goals=f"Goals of {WORD}")
    onboarding.save_preferences(actor=life.actor, preferences=f"Preferences of {WORD}")
    onboarding.skip_calendar(actor=life.actor)
    with db.transaction() as tx:
        invoices.update_billing(
            tx, actor=life.actor, name=f"{NAME} Ltd", address=f"1 {WORD} Street", tax_id="ZARQUON1"
        )
    accounts.request_reset(email=EMAIL)
    user = life.user.public_id
    with db.transaction() as tx:
        administration.suspend_user(tx, actor=life.boss, user=user, reason=f"{WORD} was loud")
    with db.transaction() as tx:
        administration.reactivate_user(tx, actor=life.boss, user=user)
    life.secret = signin.sign_in(email=EMAIL, password=PASSWORD, user_agent=f"{WORD} phone")


def _buy(life: Life) -> None:
    offer = an_offer(life.mentor)
    life.order = checkout.start(actor=life.actor, offer=offer.public_id).order
    life.studio.pay(life.order)
    life.studio.deliver()


def _meet(life: Life) -> None:
    """Four sessions: three held, one canceled; words of everybody about them."""
    starts = [at(2), at(3), at(4), at(10)]
    held = booking.book(actor=life.actor, mentor=life.mentor.slug, starts=starts)
    sessions.set_goals(actor=life.actor, session=held[0], text=f"{WORD} wants more")
    for actor in (life.actor, life.teacher):
        for shared in (True, False):
            body = f"{WORD}, {'for both' if shared else 'for me'}, says {actor.mentor_id or 'you'}"
            sessions.save_note(actor=actor, session=held[0], shared=shared, body=body)
    booking.propose(
        actor=life.actor, session=held[3], sequence=0, starts_at=at(11), reason=f"{WORD} is ill"
    )
    booking.cancel(actor=life.actor, session=held[3], sequence=0, reason=f"{WORD} is still ill")
    life.studio.wait_until(at(4, 14))
    sessions.advance_due()
    for public_id in held[:3]:
        sessions.decide(
            actor=life.teacher,
            session=public_id,
            outcome=SessionStatus.COMPLETED,
            note=f"{WORD} came",
        )
    sessions.object_to(actor=life.actor, session=held[2], text=f"{WORD} was not there")
    [objection] = stored(Objection)
    sessions.settle_objection(
        actor=life.boss,
        objection=objection.public_id,
        uphold=False,
        answer=f"{WORD} was there",
    )


def _praise(life: Life) -> None:
    [pack] = stored(Pack)
    testimonials.write(actor=life.actor, pack=pack.public_id, body=LONG)
    [written] = stored(Testimonial)
    testimonials.decide(
        actor=life.boss, testimonial=written.public_id, publish=False, reason=f"{WORD} is rude"
    )


def _ask_for_money(life: Life) -> None:
    with db.reading() as session:
        amount = refunds.quote(session, actor=life.actor, order=life.order).amount
    asked = refunds.request(
        actor=life.actor, order=life.order, amount=amount, note=f"{WORD} is broke"
    )
    refunds.decide(actor=life.boss, refund=asked, approve=False, note=f"{WORD} is rich")
    with db.transaction() as tx:
        unmatched.add(
            tx,
            provider=Provider.STRIPE,
            kind=UnmatchedKind.PAYMENT,
            provider_id="pi_of_nobody",
            payment_provider_id="pi_of_nobody",
            amount=Money(500, "EUR"),
            seen_at=at(3),
        )
    [money] = stored(UnmatchedMoney)
    unmatched.settle(
        actor=life.boss, unmatched=money.public_id, note=f"Aunt of {WORD}", order=life.order
    )


def _connect(life: Life) -> None:
    life.studio.sandbox.control("google/pushes", {"mode": "hold"})
    google = Google(life.studio.sandbox, EMAIL)
    url = calendar.begin(actor=life.actor, sign_in="sig_of_this_browser")
    brought = google.consent(url, email=EMAIL)
    google.add(at(6))
    calendar.finish(
        actor=life.actor,
        sign_in="sig_of_this_browser",
        state=brought["state"],
        code=brought["code"],
    )
    feeds.renew_feed(actor=life.actor)


def _fail(life: Life) -> None:
    """A message, a webhook and a job fail with an error that names the person."""
    user_id = life.user.id
    with db.transaction() as tx:
        data = {"template": "purchase", "user_id": user_id, "order_id": 0}
        outbox.add(tx, kind="mail", key="mail:purchase:again", data=data)
    [message] = outbox.take()
    outbox.failed(message, ValueError(f"no mail to {WORD}"))
    with suppress(ValueError), recorded("outbox:mail", message.key):
        raise ValueError(f"no mail to {WORD}")
    checkout_id = life.studio.checkout_of(life.order)
    inbox.receive(
        provider="stripe",
        event_id="evt_failing",
        type="checkout.session.completed",
        object_id=checkout_id,
        payload=json.dumps({"nested": [{"name": WORD}]}),
    )
    [taken] = inbox.take()
    inbox.failed(taken, ValueError(f"not {WORD}"))
    with suppress(ValueError), recorded("rehearsal", taken.public_id):
        raise ValueError(f"still not {WORD}")


def as_mentor(life: Life) -> str:
    """The person becomes a mentor with a page, a photo and hours; the slug."""
    with db.transaction() as tx:
        slug = catalogue.make_mentor(tx, actor=life.boss, user=life.user.public_id)
    life.actor = signin.actor_for(life.secret)
    with db.transaction() as tx:
        catalogue.update_profile(
            tx,
            actor=life.actor,
            slug=slug,
            headline=f"{WORD} helps",
            bio=f"{WORD} has helped before",
            skills=[WORD],
            languages=["en"],
            capacity=5,
        )
        catalogue.set_listed(tx, actor=life.boss, slug=slug, listed=True)
    picture = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(picture, "PNG")
    photos.replace(actor=life.actor, slug=slug, data=picture.getvalue())
    availability.add_time_off(
        actor=life.actor,
        mentor=slug,
        first_day=at(40).date(),
        last_day=at(41).date(),
        note=f"{WORD} is away",
    )
    return slug


def places_of(*marks: str) -> set[tuple[str, str]]:
    """The table and column of every stored value that holds one of the marks, however deep."""
    found: set[tuple[str, str]] = set()
    with db.reading() as session:
        for name, table in SQLModel.metadata.tables.items():
            for row in session.connection().execute(any_rows(table)).mappings():
                for column, value in row.items():
                    text = json.dumps(value, default=str).lower()
                    if any(mark in text for mark in marks):
                        found.add((name, str(column)))
    return found


def files_with(*marks: str) -> set[str]:
    """The product's own files whose name or content holds one of the marks."""
    found: set[str] = set()
    folder = settings().data_dir / "files"
    for path in folder.rglob("*") if folder.exists() else ():
        content = path.read_bytes().lower() if path.is_file() else b""
        if any(mark in path.name or mark.encode() in content for mark in marks):
            found.add(path.name)
    return found
