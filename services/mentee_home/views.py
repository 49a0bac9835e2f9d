"""What a mentee's dashboard holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.models import PackStatus, SeatStatus, SessionStatus
from services.money import Money
from services.waitlist import OwnEntry, PlaceChoice


class NextStepKind(StrEnum):
    """The one thing to do next, the most urgent first."""

    JOIN = "join"
    FINISH_CHECKOUT = "finish_checkout"
    VERIFY_EMAIL = "verify_email"
    TAKE_PLACE = "take_place"
    CHOOSE_PLACE = "choose_place"
    ANSWER = "answer"
    ONBOARD = "onboard"
    BOOK = "book"
    RENEW = "renew"
    WAIT_FOR_BANK = "wait_for_bank"
    MEET = "meet"
    FIND_MENTOR = "find_mentor"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next and with whom. `until` ends the hold (finish a checkout), the offer (take a
    place), the grace period (renew), the session (join) or the pack (book); `left` counts sessions
    with that mentor (renew, choose), or those that can be booked (book, as the `number`-th of the
    pack). `session` (join, answer, meet) starts `at`; `other_at` is the time that is proposed
    instead (answer)."""

    kind: NextStepKind
    mentor_name: str = ""
    mentor_slug: str = ""
    order: str = ""
    left: int = 0
    until: datetime | None = None
    number: int = 0
    session: str = ""
    at: datetime | None = None
    other_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PackView:
    """A pack: `used` + `left` + `lost` = `total`; of `left`, `reserved` are booked and `available`
    can be booked now; `lost` ended unused (expired or refunded). `paused`: its clock stands still,
    for a refund that is under way or a dispute."""

    public_id: str
    title: str
    total: int
    used: int
    left: int
    lost: int
    reserved: int
    available: int
    status: PackStatus
    starts_at: datetime
    expires_at: datetime | None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class MentorTogether:
    """A mentor with whom the person has a seat or packs.

    `seat` is None when there is none any more; `until` ends a grace period. `left` counts the
    sessions left over all usable packs, `available` those of them that can be booked.
    """

    name: str
    slug: str
    photo_key: str | None
    seat: SeatStatus | None
    until: datetime | None
    left: int
    available: int
    packs: tuple[PackView, ...]


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """An order that waits for its money; `held_until` ends the seat's hold."""

    order: str
    title: str
    price: Money
    mentor_name: str
    mentor_slug: str
    held_until: datetime
    waiting_for_bank: bool
    declined: bool


@dataclass(frozen=True, slots=True)
class ComingSession:
    """A session that is not settled yet. It can be joined from `joins_open_at` until its end;
    `proposed_at` is another time that the mentor proposes."""

    public_id: str
    mentor_name: str
    mentor_slug: str
    status: SessionStatus
    starts_at: datetime
    ends_at: datetime
    joins_open_at: datetime
    proposed_at: datetime | None


@dataclass(frozen=True, slots=True)
class MenteeHome:
    """Everything of the mentee's dashboard; of the sessions the next few. `waits` is where they
    stand on waitlists; `choices` are packs that have lost their place."""

    next_step: NextStep
    sessions: tuple[ComingSession, ...]
    together: tuple[MentorTogether, ...]
    checkouts: tuple[OpenCheckout, ...]
    waits: tuple[OwnEntry, ...]
    choices: tuple[PlaceChoice, ...]
