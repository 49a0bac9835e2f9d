"""The words that every page has for a refund."""

from __future__ import annotations

from dataclasses import dataclass

from services import money
from services.models import RefundReason, RefundScope, RefundSource
from services.refunds import RefundFace, RefundView
from state.shown import NEVER, Moment, count, moment

STATUS: dict[RefundFace, tuple[str, str]] = {
    RefundFace.ASKED: ("asked for", "warning"),
    RefundFace.SECOND: ("waits for a second admin", "warning"),
    RefundFace.UNDERWAY: ("on its way", "warning"),
    RefundFace.DONE: ("refunded", "good"),
    RefundFace.DENIED: ("declined", "bad"),
    RefundFace.WITHDRAWN: ("taken back", "quiet"),
    RefundFace.FAILED: ("did not go through", "bad"),
    RefundFace.RETURNED: ("came back", "bad"),
    RefundFace.BY_HAND: ("paid another way", "good"),
    RefundFace.RESTORED: ("pack restored", "quiet"),
    RefundFace.BY_BANK: ("returned by the bank", "quiet"),
    RefundFace.ELSEWHERE: ("went back already", "quiet"),
    RefundFace.CLOSED: ("not paid out", "quiet"),
}
"""The word of a face, and its tone."""

_STORY: dict[RefundFace, str] = {
    RefundFace.ASKED: "The studio decides about it. Until then nothing can be booked from this "
    "pack, and its time stands still.",
    RefundFace.SECOND: "Two people at the studio decide about it.",
    RefundFace.UNDERWAY: "The payment provider has it. Depending on your bank it takes up to ten "
    "days to arrive.",
    RefundFace.DONE: "Depending on your bank it takes up to ten days to arrive.",
    RefundFace.DENIED: "Your sessions are yours again, and the pack got its days back.",
    RefundFace.WITHDRAWN: "",
    RefundFace.FAILED: "The payment provider refused. The studio has been told and will write to "
    "you.",
    RefundFace.RETURNED: "Your bank sent it back to us. The studio has been told and will write to "
    "you.",
    RefundFace.BY_HAND: "The studio paid it back to you another way.",
    RefundFace.RESTORED: "Instead of the money you have your sessions again.",
    RefundFace.BY_BANK: "Your bank or the payment provider has given you this money back itself.",
    RefundFace.ELSEWHERE: "This payment went back to you without it.",
    RefundFace.CLOSED: "It could not be sent, and the studio has closed it.",
}
"""What its buyer has to know."""


@dataclass(frozen=True)
class RefundLine:
    """A refund as its buyer sees one."""

    public_id: str = ""
    amount: str = ""
    about: str = ""
    what: str = ""
    status: str = ""
    tone: str = "quiet"
    story: str = ""
    said: str = ""
    asked: Moment = NEVER
    settled: Moment = NEVER
    withdrawable: bool = False


def refund_line(refund: RefundView, zone: str) -> RefundLine:
    """The words for the buyer."""
    status, tone = STATUS[refund.face]
    return RefundLine(
        public_id=refund.public_id,
        amount=money.shown(refund.amount),
        about=f"for {money.shown(refund.amount)}",
        what=what(refund),
        status=status,
        tone=tone,
        story=_STORY[refund.face],
        said=said(refund),
        asked=moment(refund.created_at, zone),
        settled=moment(refund.settled_at, zone),
        withdrawable=refund.face is RefundFace.ASKED and refund.source is RefundSource.MENTEE,
    )


def what(refund: RefundView) -> str:
    """What it is for."""
    match refund.reason:
        case RefundReason.NO_PLACE:
            return "the last seat was gone"
        case RefundReason.PAID_TWICE:
            return "it was paid twice"
        case _:
            pass
    if refund.sessions:
        return count(refund.sessions, "unused session")
    return "all of it" if refund.scope is RefundScope.WHOLE else "a part of the price"


def said(refund: RefundView) -> str:
    """What was written about it last, but for what its buyer wrote."""
    started = refund.note if refund.source is RefundSource.ADMIN else ""
    return refund.remedy_note or refund.decision_note or started
