"""The mentee's dashboard: the one next step, the next sessions, then packs, seats and open
checkouts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import reflex as rx

from services import clock, mentee_home, money, photos, topics, urls
from services.audit import Actor
from services.mentee_home import (
    ComingSession,
    MenteeHome,
    MentorTogether,
    NextStep,
    NextStepKind,
    OpenCheckout,
    PackView,
)
from services.models import PackStatus, SeatStatus
from state import live, slots
from state.base import AppState, read
from state.guard import requires
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, initials, moment, until
from state.waiting import ChoiceFace, WaitFace, choice_face, wait_face

MOST_DOTS = 20
SOON = timedelta(days=1)
"""A session that begins within this time is followed by the minute."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
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
    book_href: str
    packs: list[PackFace]


@dataclass(frozen=True)
class SessionFace:
    """A session to come: when, with whom, and what stands out about it."""

    href: str
    when: str
    mentor: str
    away: str
    status: str
    note: str
    joinable: bool


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
    sessions: list[SessionFace] = []
    soon: bool = False
    together: list[Together] = []
    checkouts: list[CheckoutFace] = []
    waits: list[WaitFace] = []
    choices: list[ChoiceFace] = []

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

    @rx.event
    @requires("user")
    async def look_again(self) -> None:
        """A session comes nearer while nobody does anything."""
        with loading(self):
            self._show(await read(mentee_home.get_home, actor=await self._actor()))

    def _show(self, home: MenteeHome) -> None:
        self.step = _step(home.next_step, self.time_zone, self.email)
        self.sessions = [_session(one, self.time_zone) for one in home.sessions]
        now = clock.utc_now()
        self.soon = any(one.starts_at - SOON < now < one.ends_at for one in home.sessions)
        waiting = {one.mentor_slug for one in home.waits if one.ended_at is None}
        self.together = [
            _together(one, self.time_zone, waits=one.slug in waiting) for one in home.together
        ]
        self.checkouts = [_checkout(one, self.time_zone) for one in home.checkouts]
        self.waits = [wait_face(one, self.time_zone) for one in home.waits]
        self.choices = [choice_face(one) for one in home.choices]


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
        case NextStepKind.TAKE_PLACE:
            words = f"It is held for you until {end}. Choose a pack, or decline it below."
            title = f"A place with {name} is yours."
            return Step(title, words, "Choose a pack", urls.mentor(step.mentor_slug))
        case NextStepKind.CHOOSE_PLACE:
            words = f"You have {count(step.left, 'session')} left, and choose below how to go on."
            title = f"Your place with {name} was given to somebody else."
            return Step(title, words, f"See {name}'s page", urls.mentor(step.mentor_slug))
        case NextStepKind.RENEW:
            return _renewal(step, end)
        case NextStepKind.ONBOARD:
            words = "Your time zone, your goals, how you like to work: then you choose your times."
            title = f"Tell {name} a little about you."
            return Step(title, words, "Answer the questions", "/onboarding")
        case NextStepKind.BOOK:
            return _booking(step, zone)
        case NextStepKind.JOIN | NextStepKind.ANSWER:
            return _about_session(step, zone)
        case NextStepKind.WAIT_FOR_BANK:
            words = "Your seat is kept meanwhile. We mail you as soon as the money is there."
            return Step(
                f"Your bank is still confirming the payment to {name}.",
                words,
                "See the order",
                back,
            )
        case NextStepKind.MEET if step.at is not None:
            return _about_session(step, zone)
        case NextStepKind.MEET:
            words = "Your seat is active. Prepare what you want to show next."
            title = f"You have {count(step.left, 'session')} left with {name}."
            return Step(title, words, f"See {name}'s page", urls.mentor(step.mentor_slug))
        case NextStepKind.FIND_MENTOR:
            words = "Look who has a seat, read what they help with, and buy a pack of sessions."
            return Step("Find your mentor.", words, "Find a mentor", "/mentors")


def _booking(step: NextStep, zone: str) -> Step:
    title = f"Book your {ordinal(step.number)} session with {step.mentor_name}."
    many = count(step.left, "session")
    by = f", to use by {date(step.until, zone).text}" if step.until else ""
    words = f"You have {many} to book{by}."
    return Step(title, words, "Choose a time", f"/book/{step.mentor_slug}")


def _about_session(step: NextStep, zone: str) -> Step:
    name, href = step.mentor_name, f"/sessions/{step.session}"
    at, ends = step.at or clock.utc_now(), step.until or clock.utc_now()
    when = f"{slots.range_words(at, ends, zone)} ({zone})"
    if step.kind is NextStepKind.JOIN:
        begun = "has begun" if at <= clock.utc_now() else f"begins {_away(at, zone)}"
        return Step(f"Your session with {name} {begun}.", f"{when}.", "Join now", href)
    if step.kind is NextStepKind.ANSWER and step.other_at is not None:
        words = f"{slots.with_zone(step.other_at, zone)} instead of {slots.with_zone(at, zone)}."
        return Step(f"{name} proposes another time.", words, "Answer", href)
    return Step(f"Your next session is with {name}.", f"{when}.", "See the session", href)


def _away(at: datetime, zone: str) -> str:
    """How far away an instant is, where that is less than a day; else nothing."""
    shown = moment(at, zone)
    return shown.text if shown.text != shown.full else ""


def ordinal(number: int) -> str:
    """`second`, `12th`."""
    if 0 < number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    tens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if tens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _session(one: ComingSession, zone: str) -> SessionFace:
    note = ""
    if one.proposed_at is not None:
        note = f"Another time is proposed: {slots.with_zone(one.proposed_at, zone)}."
    return SessionFace(
        href=f"/sessions/{one.public_id}",
        when=f"{slots.range_words(one.starts_at, one.ends_at, zone)} ({zone})",
        mentor=one.mentor_name,
        away=_away(one.starts_at, zone),
        status=one.status.value,
        note=note,
        joinable=one.joins_open_at <= clock.utc_now() < one.ends_at,
    )


def _renewal(step: NextStep, end: str) -> Step:
    href = urls.mentor(step.mentor_slug)
    if step.until is not None:
        title = f"Renew to keep your seat with {step.mentor_name}."
        return Step(title, f"It is kept for you until {end}.", "Renew", href)
    left = count(step.left, "session") if step.left else "no session"
    title = f"You have {left} left with {step.mentor_name}."
    return Step(title, "Another pack keeps your seat.", "Renew", href)


def _together(one: MentorTogether, zone: str, *, waits: bool) -> Together:
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
        book_href=f"/book/{one.slug}" if one.available and one.seat is SeatStatus.ACTIVE else "",
        packs=[_pack(pack, zone, waits=waits) for pack in one.packs],
    )


def _pack(pack: PackView, zone: str, *, waits: bool) -> PackFace:
    """The end of a frozen pack is not known, nor that of one whose owner waits for a place."""
    paused = pack.paused and pack.status is PackStatus.ACTIVE
    runs = pack.status is PackStatus.ACTIVE and not paused and not waits
    return PackFace(
        title=pack.title,
        dots=[place < pack.left for place in range(pack.total)] if pack.total <= MOST_DOTS else [],
        balance=f"{pack.left} of {count(pack.total, 'session')} left"
        + (f", {pack.reserved} booked" if pack.reserved else ""),
        status="refund under way" if paused else pack.status.value,
        ends=date(pack.expires_at, zone) if runs else NEVER,
        ends_word="to use by " if runs and pack.expires_at else "",
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
