"""The one thing to do next."""

from __future__ import annotations

from datetime import datetime

from services import clock
from services.audit import Actor
from services.mentee_home.views import (
    ComingSession,
    MentorTogether,
    NextStep,
    NextStepKind,
    OpenCheckout,
    PackView,
)
from services.models import LIVE_SESSIONS, SeatStatus
from services.waitlist import OwnEntry, PlaceChoice

RENEW_AT_LEFT = 1


def next_step(
    actor: Actor,
    checkouts: tuple[OpenCheckout, ...],
    sessions: tuple[ComingSession, ...],
    together: tuple[MentorTogether, ...],
    places: tuple[tuple[OwnEntry, ...], tuple[PlaceChoice, ...]],
    *,
    welcome: bool,
) -> NextStep:
    """The most urgent thing; `welcome` when onboarding is done, `places` are those that one waits
    for, and those that one has lost."""
    return (
        _about_sessions(sessions)
        or _about_buying(actor, checkouts)
        or _about_places(*places)
        or _about_answers(sessions)
        or _about_packs(together, welcome=welcome)
        or _later(checkouts, sessions, together)
    )


def _about_sessions(sessions: tuple[ComingSession, ...]) -> NextStep | None:
    """A session that can be joined now."""
    now = clock.utc_now()
    for one in sessions:
        if one.status in LIVE_SESSIONS and one.joins_open_at <= now < one.ends_at:
            return _about_session(NextStepKind.JOIN, one)
    return None


def _about_buying(actor: Actor, checkouts: tuple[OpenCheckout, ...]) -> NextStep | None:
    payable = [one for one in checkouts if not one.waiting_for_bank]
    if payable:
        return _about_checkout(NextStepKind.FINISH_CHECKOUT, payable[0])
    return None if actor.verified else NextStep(NextStepKind.VERIFY_EMAIL)


def _about_places(waits: tuple[OwnEntry, ...], choices: tuple[PlaceChoice, ...]) -> NextStep | None:
    """A place that is on offer, the one that ends first; then one that was given away."""
    now = clock.utc_now()
    offers = [one for one in waits if (one.offer_ends_at or now) > now and not one.is_buying]
    if offers:
        first = min(offers, key=lambda one: one.offer_ends_at or now)
        return NextStep(
            NextStepKind.TAKE_PLACE,
            mentor_name=first.mentor_name,
            mentor_slug=first.mentor_slug,
            until=first.offer_ends_at,
        )
    if choices:
        lost = choices[0]
        return NextStep(
            NextStepKind.CHOOSE_PLACE,
            mentor_name=lost.mentor_name,
            mentor_slug=lost.mentor_slug,
            left=lost.left,
        )
    return None


def _about_answers(sessions: tuple[ComingSession, ...]) -> NextStep | None:
    """A time that a mentor proposed and that waits for an answer."""
    asked = [one for one in sessions if one.proposed_at is not None]
    return _about_session(NextStepKind.ANSWER, asked[0]) if asked else None


def _about_packs(together: tuple[MentorTogether, ...], *, welcome: bool) -> NextStep | None:
    """A seat in grace first, then what can be booked, then packs that are nearly used up."""
    seated = [one for one in together if one.seat is not None]
    ending = [one for one in seated if one.seat is SeatStatus.GRACE]
    if ending:
        return _about_mentor(NextStepKind.RENEW, min(ending, key=_urgency))
    bookable = [one for one in seated if one.available]
    if bookable:
        return _to_book(min(bookable, key=_first_end)) if welcome else _welcome(bookable[0])
    short = [one for one in seated if one.left <= RENEW_AT_LEFT]
    return _about_mentor(NextStepKind.RENEW, min(short, key=_urgency)) if short else None


def _later(
    checkouts: tuple[OpenCheckout, ...],
    sessions: tuple[ComingSession, ...],
    together: tuple[MentorTogether, ...],
) -> NextStep:
    """Nothing waits for this person."""
    if checkouts:
        return _about_checkout(NextStepKind.WAIT_FOR_BANK, checkouts[0])
    coming = [one for one in sessions if one.status in LIVE_SESSIONS]
    if coming:
        return _about_session(NextStepKind.MEET, coming[0])
    seated = [one for one in together if one.seat is not None]
    if seated:
        return _about_mentor(NextStepKind.MEET, seated[0])
    return NextStep(NextStepKind.FIND_MENTOR)


def _welcome(one: MentorTogether) -> NextStep:
    return NextStep(NextStepKind.ONBOARD, mentor_name=one.name, mentor_slug=one.slug)


def _to_book(one: MentorTogether) -> NextStep:
    """The next session of the pack that pays for it: the one that ends first."""
    pack = min((pack for pack in one.packs if pack.available), key=_end)
    return NextStep(
        NextStepKind.BOOK,
        mentor_name=one.name,
        mentor_slug=one.slug,
        left=one.available,
        until=pack.expires_at,
        number=pack.used + pack.reserved + 1,
    )


def _first_end(one: MentorTogether) -> tuple[bool, datetime]:
    return min(_end(pack) for pack in one.packs if pack.available)


def _end(pack: PackView) -> tuple[bool, datetime]:
    """Packs that never end come last."""
    return (pack.expires_at is None, pack.expires_at or pack.starts_at)


def _urgency(one: MentorTogether) -> tuple[bool, datetime, int]:
    """A grace period that ends soonest first, then the fewest sessions left."""
    return (one.until is None, one.until or clock.utc_now(), one.left)


def _about_checkout(kind: NextStepKind, checkout: OpenCheckout) -> NextStep:
    return NextStep(
        kind,
        mentor_name=checkout.mentor_name,
        mentor_slug=checkout.mentor_slug,
        order=checkout.order,
        until=checkout.held_until,
    )


def _about_session(kind: NextStepKind, one: ComingSession) -> NextStep:
    return NextStep(
        kind,
        mentor_name=one.mentor_name,
        mentor_slug=one.mentor_slug,
        until=one.ends_at,
        session=one.public_id,
        at=one.starts_at,
        other_at=one.proposed_at,
    )


def _about_mentor(kind: NextStepKind, one: MentorTogether) -> NextStep:
    return NextStep(
        kind, mentor_name=one.name, mentor_slug=one.slug, left=one.left, until=one.until
    )
