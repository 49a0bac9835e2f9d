"""The parts of a session's page in words: who meets, how it ended, and what was said about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services import photos, urls
from services.models import LIVE_SESSIONS, ObjectionStatus, SessionStatus
from services.sessions import HistoryLine, ObjectionView, ProposalView, SessionView, Side
from state.sessions import STATUS, span
from state.shown import NEVER, Moment, date, initials, moment, until

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Head:
    """Who meets, and how it stands."""

    public_id: str = ""
    title: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    href: str = ""
    status: str = ""
    tone: str = "quiet"
    pack: str = ""
    file_href: str = ""


@dataclass(frozen=True)
class Outcome:
    """How it ended, or that nobody has said so yet."""

    title: str = ""
    words: str = ""
    tone: str = "info"


@dataclass(frozen=True)
class Choice:
    """One answer to what happened."""

    value: str
    word: str


@dataclass(frozen=True)
class ProposalFace:
    """Another time that was proposed."""

    public_id: str = ""
    title: str = ""
    when: Moment = NEVER
    theirs: str = ""
    reason: str = ""
    mine: bool = False
    answers: bool = False


@dataclass(frozen=True)
class ObjectionFace:
    """What the mentee says against the outcome, and what the studio answered."""

    public_id: str = ""
    title: str = ""
    body: str = ""
    answer: str = ""
    withdraws: bool = False


@dataclass(frozen=True)
class NoteFace:
    """What the other person wrote for both."""

    author: str = ""
    body: str = ""
    at: Moment = NEVER


@dataclass(frozen=True)
class HistoryFace:
    """One thing that happened."""

    at: Moment = NEVER
    words: str = ""
    reason: str = ""


def head(view: SessionView) -> Head:
    """The other person; for an admin both."""
    row = view.row
    status, tone = STATUS[row.status]
    name = row.mentee_name if view.side is Side.MENTOR else row.mentor_name
    title = f"Session with {name}"
    if view.side is Side.ADMIN:
        title = f"{row.mentee_name} with {row.mentor_name}"
    mentor_page = urls.mentor(row.mentor_slug)
    return Head(
        public_id=row.public_id,
        title=title,
        name=name,
        initials=initials(name),
        photo="" if view.side is Side.MENTOR else photos.url(row.mentor_photo, "small"),
        href=f"/mentor/mentees/{row.mentee}" if view.side is Side.MENTOR else mentor_page,
        status="canceled late" if row.late else status,
        tone=tone,
        pack=view.pack_title,
        file_href=f"/files/sessions/{row.public_id}.ics" if row.status in LIVE_SESSIONS else "",
    )


def theirs(view: SessionView, starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """The same time on the clocks of the others, where they differ from the reader's."""
    row = view.row
    clocks = {
        Side.MENTEE: [(row.mentor_name, view.mentor_zone)],
        Side.MENTOR: [(row.mentee_name, view.mentee_zone)],
        Side.ADMIN: [(row.mentee_name, view.mentee_zone), (row.mentor_name, view.mentor_zone)],
    }[view.side]
    return "; ".join(
        f"{span(starts_at, ends_at, other).text} for {name} ({other})"
        for name, other in clocks
        if other != zone
    )


def outcome(view: SessionView, zone: str) -> Outcome:
    """How it ended, and what became of the session that was paid for it."""
    row = view.row
    match row.status:
        case SessionStatus.SCHEDULED | SessionStatus.IN_PROGRESS:
            return Outcome()
        case SessionStatus.UNRESOLVED:
            return _unresolved(view, zone)
        case SessionStatus.CANCELED:
            who = f"{view.canceled_by_name} canceled it." if view.canceled_by_name else ""
            return Outcome("Canceled", _words(who, view.cancel_reason, _credit(view)), "info")
        case SessionStatus.COMPLETED:
            return Outcome("It took place", _words(_said_by(view, zone), "", _credit(view)), "good")
        case SessionStatus.MENTEE_NO_SHOW if row.late:
            who = f"{view.canceled_by_name or row.mentee_name} canceled it after the limit."
            words = _words(who, view.cancel_reason, _credit(view))
            return Outcome("Canceled late", words, "warning")
        case SessionStatus.MENTEE_NO_SHOW:
            words = _words(_said_by(view, zone), "", _credit(view))
            return Outcome(f"{row.mentee_name} did not come", words, "bad")
        case SessionStatus.MENTOR_NO_SHOW:
            words = _words(_said_by(view, zone), "", _credit(view))
            return Outcome(f"{row.mentor_name} did not come", words, "bad")


def choices(view: SessionView) -> list[Choice]:
    """What the reader may say that happened, but for what is said already."""
    row, side = view.row, view.side
    mentee = "I" if side is Side.MENTEE else row.mentee_name
    mentor = "I" if side is Side.MENTOR else row.mentor_name
    said = {
        SessionStatus.COMPLETED: "It took place",
        SessionStatus.MENTEE_NO_SHOW: f"{mentee} did not come",
        SessionStatus.MENTOR_NO_SHOW: f"{mentor} did not come",
    }
    if side is not Side.MENTEE:
        said[SessionStatus.CANCELED] = "It was called off: the session goes back to the pack"
    return [Choice(status.value, word) for status, word in said.items() if status != row.status]


def _unresolved(view: SessionView, zone: str) -> Outcome:
    row = view.row
    came = [
        name
        for name, at in (
            (row.mentee_name, view.mentee_joined_at),
            (row.mentor_name, view.mentor_joined_at),
        )
        if at is not None
    ]
    seen = f"Only {came[0]} joined here." if len(came) == 1 else "Nobody joined here."
    if len(came) == 2:
        # Who objected before anybody had decided may have met all the same.
        unproved = "Both came, but nothing shows that the session was held."
        seen = "Both joined here." if view.objection else unproved
    end = f"If nobody says what happened until {until(row.decide_by, zone).text}, "
    return Outcome("What happened?", f"{seen} {end}the session goes back to the pack.", "warning")


def _said_by(view: SessionView, zone: str) -> str:
    if view.outcome_by_name:
        return f"{view.outcome_by_name} said so on {date(view.outcome_at, zone).text}."
    return "Both joined." if view.row.status is SessionStatus.COMPLETED else ""


def _credit(view: SessionView) -> str:
    return "The session went back to the pack." if view.credit_back else "One session was used."


def _words(who: str, reason: str, then: str) -> str:
    said = f"“{reason}”" if reason else ""
    return " ".join(part for part in (who, said, then) if part)


def proposal_face(view: SessionView, proposal: ProposalView | None, zone: str) -> ProposalFace:
    """Another time, and whether the reader is the one to answer."""
    if proposal is None:
        return ProposalFace()
    mine = view.side is not Side.ADMIN and proposal.by_mentor == (view.side is Side.MENTOR)
    who = "You propose" if mine else f"{proposal.by_name} proposes"
    return ProposalFace(
        public_id=proposal.public_id,
        title=f"{who} another time",
        when=span(proposal.starts_at, proposal.ends_at, zone),
        theirs=theirs(view, proposal.starts_at, proposal.ends_at, zone),
        reason=proposal.reason,
        mine=mine,
        answers=not mine and view.side is not Side.ADMIN,
    )


def objection_face(view: SessionView, objection: ObjectionView | None) -> ObjectionFace:
    """The objection, and how it stands."""
    if objection is None:
        return ObjectionFace()
    who = "You" if view.side is Side.MENTEE else view.row.mentee_name
    title = {
        ObjectionStatus.OPEN: "The studio is looking at it.",
        ObjectionStatus.UPHELD: "The studio agreed, and the session went back to the pack.",
        ObjectionStatus.DENIED: "The studio did not agree: the outcome stays.",
        ObjectionStatus.WITHDRAWN: "It was taken back.",
    }[objection.status]
    about = f"{who} objected to “{STATUS[objection.outcome][0]}”."
    if objection.outcome is SessionStatus.UNRESOLVED:
        about = f"{who} said that {view.row.mentor_name} did not come."
    return ObjectionFace(
        public_id=objection.public_id,
        title=f"{about} {title}",
        body=objection.body,
        answer=objection.answer,
        withdraws=view.side is Side.MENTEE and objection.status is ObjectionStatus.OPEN,
    )


def history_face(line: HistoryLine, zone: str) -> HistoryFace:
    """One line of what happened."""
    who = line.by_name or "The studio"
    at = {"before": _at(line.before, zone), "after": _at(line.after, zone), "to": line.to_name}
    done = _DONE.get(line.action, line.action.rpartition(".")[2].replace("_", " "))
    return HistoryFace(moment(line.at, zone), f"{who} {done.format(**at)}".strip(), line.reason)


def _at(at: datetime | None, zone: str) -> str:
    return "" if at is None else span(at, at + _HOUR, zone).text.partition(" to ")[0]


_DONE = {
    "session.booked": "booked it for {after}",
    "session.moved": "moved it from {before} to {after}",
    "session.canceled": "canceled it",
    "session.started": "noted that it began",
    "session.unresolved": "asked what happened",
    "session.completed": "said that it took place",
    "session.mentee_no_show": "said that the mentee did not come",
    "session.mentor_no_show": "said that the mentor did not come",
    "session.objected": "objected to the outcome",
    "session.objection_upheld": "agreed with the objection",
    "session.objection_denied": "did not agree with the objection",
    "session.objection_withdrawn": "took the objection back",
    "reminder.sent": "reminded {to}",
    "reminder.suppressed": "did not remind {to}",
    "proposal.made": "proposed {after}",
    "proposal.accepted": "accepted the proposed time",
    "proposal.declined": "declined the proposed time",
    "proposal.withdrawn": "took the proposal back",
    "proposal.lapsed": "let the proposal lapse",
}
