"""The mentee's dashboard: the one next step, then packs, seats and open checkouts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import mentee_home, money, photos, topics, urls
from services.audit import Actor
from services.mentee_home import (
    MenteeHome,
    MentorTogether,
    NextStep,
    NextStepKind,
    OpenCheckout,
    PackView,
)
from services.models import PackStatus, SeatStatus
from state import live
from state.base import AppState
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, initials, moment, until

MOST_DOTS = 20
_SEATS: dict[SeatStatus | None, tuple[str, str]] = {
    SeatStatus.ACTIVE: ("Seat active", "good"),
    SeatStatus.GRACE: ("Seat in grace", "warning"),
    SeatStatus.HELD: ("Seat held", "warning"),
    None: ("No seat any more", "quiet"),
}


@dataclass(frozen=True)
class Step:
    """The one thing to do next."""

    title: str = ""
    words: str = ""
    label: str = ""
    href: str = ""


@dataclass(frozen=True)
class PackFace:
    """A pack in words and dots."""

    title: str
    dots: list[bool]
    balance: str
    status: str
    ends: Moment
    ends_word: str


@dataclass(frozen=True)
class Together:
    """A mentor one has packs with."""

    name: str
    initials: str
    photo: str
    href: str
    seat: str
    seat_tone: str
    until: Moment
    renewable: bool
    packs: list[PackFace]


@dataclass(frozen=True)
class CheckoutFace:
    """A checkout that is not paid yet."""

    href: str
    title: str
    mentor: str
    price: str
    status: str
    tone: str
    held: Moment


class DashboardState(Loads, AppState):
    """What the signed-in person has and should do."""

    step: Step = Step()
    together: list[Together] = []
    checkouts: list[CheckoutFace] = []

    @rx.event
    @requires("user")
    async def load(self) -> None:
        """Read the dashboard."""
        with loading(self):
            actor = await self._actor()
            self._show(await live.watch(self, audience(actor)))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, home: MenteeHome) -> None:
        self.step = _step(home.next_step, self.time_zone, self.email)
        self.together = [_together(one, self.time_zone) for one in home.together]
        self.checkouts = [_checkout(one, self.time_zone) for one in home.checkouts]


def audience(actor: Actor) -> live.Audience[MenteeHome]:
    """The open dashboards of one person."""
    own = frozenset({topics.mentee(actor.user_id)} if actor.user_id else ())
    read = partial(mentee_home.get_home, actor=actor)
    return live.Audience(("mentee_home", actor), own, read)


def _step(step: NextStep, zone: str, email: str) -> Step:
    name, end = step.mentor_name, until(step.until, zone).text
    back = f"/checkout/return/{step.order}"
    match step.kind:
        case NextStepKind.FINISH_CHECKOUT:
            words = f"Your seat is held until {end}. Nothing is charged before you pay."
            return Step(f"Finish buying your pack with {name}.", words, "Continue", back)
        case NextStepKind.VERIFY_EMAIL:
            words = f"Open the link we mailed to {email}. Then you can buy a pack."
            return Step("Confirm your e-mail address.", words, "Send the link again", "/verify")
        case NextStepKind.RENEW:
            return _renewal(step, end)
        case NextStepKind.WAIT_FOR_BANK:
            words = "Your seat is kept meanwhile. We mail you as soon as the money is there."
            return Step(
                f"Your bank is still confirming the payment to {name}.",
                words,
                "See the order",
                back,
            )
        case NextStepKind.MEET:
            words = "Your seat is active. Prepare what you want to show next."
            title = f"You have {count(step.left, 'session')} left with {name}."
            return Step(title, words, f"See {name}'s page", urls.mentor(step.mentor_slug))
        case NextStepKind.FIND_MENTOR:
            words = "Look who has a seat, read what they help with, and buy a pack of sessions."
            return Step("Find your mentor.", words, "Find a mentor", "/mentors")


def _renewal(step: NextStep, end: str) -> Step:
    href = urls.mentor(step.mentor_slug)
    if step.until is not None:
        title = f"Renew to keep your seat with {step.mentor_name}."
        return Step(title, f"It is kept for you until {end}.", "Renew", href)
    left = count(step.left, "session") if step.left else "no session"
    title = f"You have {left} left with {step.mentor_name}."
    return Step(title, "Another pack keeps your seat.", "Renew", href)


def _together(one: MentorTogether, zone: str) -> Together:
    seat, tone = _SEATS[one.seat]
    return Together(
        name=one.name,
        initials=initials(one.name),
        photo=photos.url(one.photo_key, "small"),
        href=urls.mentor(one.slug),
        seat=seat,
        seat_tone=tone,
        until=until(one.until, zone),
        renewable=one.seat is not None,
        packs=[_pack(pack, zone) for pack in one.packs],
    )


def _pack(pack: PackView, zone: str) -> PackFace:
    usable = pack.status in (PackStatus.ACTIVE, PackStatus.FROZEN)
    return PackFace(
        title=pack.title,
        dots=[place < pack.left for place in range(pack.total)] if pack.total <= MOST_DOTS else [],
        balance=f"{pack.left} of {count(pack.total, 'session')} left",
        status=pack.status.value,
        ends=date(pack.expires_at, zone) if usable else NEVER,
        ends_word="to use by " if usable and pack.expires_at else "",
    )


def _checkout(one: OpenCheckout, zone: str) -> CheckoutFace:
    status, tone = "not paid yet", "warning"
    if one.waiting_for_bank:
        status = "waiting for your bank"
    elif one.declined:
        status, tone = "declined", "bad"
    return CheckoutFace(
        href=f"/checkout/return/{one.order}",
        title=one.title,
        mentor=one.mentor_name,
        price=money.shown(one.price),
        status=status,
        tone=tone,
        held=moment(one.held_until, zone),
    )
