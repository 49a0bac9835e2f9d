"""Where one waits, in words."""

from __future__ import annotations

from dataclasses import dataclass

from services import photos, urls
from services.models import WaitlistStatus
from services.waitlist import OwnEntry, PlaceChoice
from state.shown import NEVER, Moment, count, date, initials, moment, until

_STATUS = {
    WaitlistStatus.WAITING: ("waiting", "warning"),
    WaitlistStatus.OFFERED: ("yours for now", "good"),
    WaitlistStatus.LAPSED: ("lapsed", "quiet"),
    WaitlistStatus.LEFT: ("ended", "quiet"),
}


@dataclass(frozen=True)
class WaitFace:
    """A place in a mentor's line. `away` is how far the end of an offer is; an empty `entry` is no
    place at all, a `leaves` or a `declines` that cannot be pressed now."""

    entry: str = ""
    mentor: str = ""
    initials: str = ""
    photo: str = ""
    href: str = ""
    status: str = ""
    tone: str = "quiet"
    words: str = ""
    reason: str = ""
    away: Moment = NEVER
    since: Moment = NEVER
    leaves: bool = False
    offered: bool = False
    declines: bool = False


@dataclass(frozen=True)
class ChoiceFace:
    """A pack that is usable, and has lost its place. Without a `refund_href` nothing was paid."""

    pack: str = ""
    title: str = ""
    mentor: str = ""
    left: str = ""
    refund_href: str = ""


NOWHERE = WaitFace()
"""One does not wait."""


def wait_face(one: OwnEntry, zone: str) -> WaitFace:
    """A place in a line for somebody in this zone."""
    status, tone = _STATUS.get(one.status, (one.status.value, "quiet"))
    waits, offered = one.status is WaitlistStatus.WAITING, one.offer_ends_at is not None
    return WaitFace(
        entry=one.public_id,
        mentor=one.mentor_name,
        initials=initials(one.mentor_name),
        photo=photos.url(one.photo_key, "small"),
        href=urls.mentor(one.mentor_slug),
        status=status,
        tone=tone,
        words=_words(one, zone),
        reason=_reason(one),
        away=moment(one.offer_ends_at, zone),
        since=date(one.joined_at if waits else one.ended_at, zone),
        leaves=waits,
        offered=offered and not one.is_buying,
        declines=offered and not one.is_buying,
    )


def choice_face(one: PlaceChoice) -> ChoiceFace:
    """What one may choose about a place that was given away."""
    return ChoiceFace(
        pack=one.pack,
        title=one.title,
        mentor=one.mentor_name,
        left=f"{count(one.left, 'session')} left",
        refund_href=f"/orders/{one.order}" if one.order else "",
    )


def _words(one: OwnEntry, zone: str) -> str:
    match one.status:
        case WaitlistStatus.OFFERED if one.is_buying:
            return "Your checkout is open. When it is paid, the place is yours."
        case WaitlistStatus.OFFERED:
            end = until(one.offer_ends_at, zone).text
            return f"A place is held for you until {end}. Choose a pack to take it."
        case WaitlistStatus.WAITING if one.is_away:
            away = f"{one.mentor_name} cannot hold sessions for now, so no place is offered."
            return f"{away} You keep yours in the line: you are number {one.position}."
        case WaitlistStatus.WAITING if one.position == 1:
            return "You are next. You hear from us as soon as a place is free."
        case WaitlistStatus.WAITING:
            ahead = count(one.position - 1, "person is", "people are")
            return f"You are number {one.position}: {ahead} before you."
        case WaitlistStatus.LAPSED:
            return "The place was held for you, and went to the next in line. Nothing was charged."
        case _:
            return "You do not wait here any more."


def _reason(one: OwnEntry) -> str:
    if not one.reason:
        return ""
    first = one.status is WaitlistStatus.WAITING and one.is_first
    return f"You were put first: {one.reason}" if first else f"The reason: {one.reason}"
