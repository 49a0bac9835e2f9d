"""Recordings in words for the two people of a session: rows of lists, and one on its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services import photos, urls
from services.consent_text import TEXT_VERSION
from services.models import Access, ConsentAnswer, FileKind, RecordingStatus
from services.recordings.links import PATH as FILES
from services.recordings.views import (
    AccessView,
    CertificateView,
    ConsentView,
    FileView,
    RecordingRow,
    RecordingView,
)
from services.sessions import Side
from state.recording_words import STATUS, arrived, length, weight
from state.sessions import span
from state.shown import NEVER, Moment, count, date, initials, moment, until

PATH = "/recordings"
_SENTENCES = {
    RecordingStatus.STARTING: "The recorder is being started.",
    RecordingStatus.RECORDING: "The session is being recorded now.",
    RecordingStatus.STOPPING: "The recorder is leaving the room.",
}
_STAYS = "the session and its notes stay"


@dataclass(frozen=True)
class RecordingFace:
    """A recording as a row shows one: the other person, the session's time, how it stands."""

    href: str = ""
    public_id: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    when: Moment = NEVER
    which: str = ""
    facts: str = ""
    status: str = ""
    tone: str = "quiet"
    held: bool = False
    note: str = ""


@dataclass(frozen=True)
class Head:
    """What the page is about: who met, when, and how it stands. `person_href` is "" for an admin,
    and `admin_href` for everybody else."""

    public_id: str = ""
    title: str = ""
    name: str = ""
    initials: str = ""
    photo: str = ""
    person_href: str = ""
    session_href: str = ""
    admin_href: str = ""
    when: Moment = NEVER
    status: str = ""
    tone: str = "quiet"
    facts: str = ""


@dataclass(frozen=True)
class Standing:
    """What can be done with it now. `kind`: "runs", "coming", "ready", "failed", "going" or "gone".

    `kept` is its end and `left` how long that still is and what comes then; `end_note` says why it
    is another one than usual. `hold` is the reason of a hold, with `held_since`.
    """

    kind: str = "runs"
    title: str = ""
    words: str = ""
    percent: int = 0
    progress: str = ""
    kept: Moment = NEVER
    left: str = ""
    end_note: str = ""
    held: bool = False
    hold: str = ""
    held_since: Moment = NEVER


@dataclass(frozen=True)
class PartFace:
    """One part of it. `file` is its public id, `sha256` what a download can be checked by: "" for a
    stream, which is saved as one film and kept as many files."""

    file: str = ""
    label: str = ""
    size: str = ""
    sha256: str = ""
    href: str = ""


@dataclass(frozen=True)
class ConsentFace:
    """What one of the two has answered."""

    name: str = ""
    mine: bool = False
    answer: str = ""
    tone: str = "quiet"
    at: Moment = NEVER


@dataclass(frozen=True)
class AccessFace:
    """Who watched or downloaded it, and when."""

    at: Moment = NEVER
    words: str = ""


@dataclass(frozen=True)
class CertificateFace:
    """That it is deleted, and how that was proved."""

    public_id: str = ""
    at: Moment = NEVER
    reason: str = ""
    words: str = ""


def recording_face(row: RecordingRow, side: Side, zone: str) -> RecordingFace:
    """The words of a row for one of the two people."""
    is_mentor = side is Side.MENTOR
    name = row.mentee_name if is_mentor else row.mentor_name
    status, tone = status_of(row)
    return RecordingFace(
        href=f"{PATH}/{row.public_id}",
        public_id=row.public_id,
        name=name,
        initials=initials(name),
        photo="" if is_mentor else photos.url(row.mentor_photo, "small"),
        when=span(row.starts_at, row.ends_at, zone),
        which=f"Recording {row.number}" if row.number > 1 else "",
        facts=facts(row),
        status=status,
        tone=tone,
        held=row.held and row.purged_at is None,
        note=note(row, zone),
    )


def status_of(row: RecordingRow) -> tuple[str, str]:
    """The word of its status, and its tone."""
    if row.purging and not row.held:
        return "being deleted", "warning"
    return STATUS[row.status]


def facts(row: RecordingRow) -> str:
    """How long it is, and how large."""
    size = weight(row.bytes) if row.bytes and row.purged_at is None else ""
    return " · ".join(part for part in (length(row.seconds), size) if part)


def note(row: RecordingRow, zone: str) -> str:
    """What is to know about it in one line."""
    if row.status is RecordingStatus.PURGED:
        return f"Deleted on {date(row.purged_at, zone).text}."
    if row.purging:
        return "It is deleted as soon as the hold ends." if row.held else "It is being deleted."
    if row.status in _SENTENCES:
        return _SENTENCES[row.status]
    if row.status is RecordingStatus.TRANSFERRING:
        return _coming(row)
    if row.status is RecordingStatus.FAILED:
        return row.trouble or "It failed."
    return "" if row.held else f"Kept until {date(row.keep_until, zone).text}."


def _coming(row: RecordingRow) -> str:
    # Its page alone follows how far it is: lists would change with every piece of every file.
    far = "It is being saved." if row.bytes else "Its files are being collected."
    return f"{far} {row.trouble}".strip()


def head(view: RecordingView, zone: str) -> Head:
    """The other person; for an admin both."""
    row, side = view.row, view.side
    name = row.mentee_name if side is Side.MENTOR else row.mentor_name
    which = f"Recording {row.number}" if row.number > 1 else "Recording"
    status, tone = status_of(row)
    both = f"{row.mentee_name} and {row.mentor_name}"
    person = {
        Side.MENTEE: urls.mentor(row.mentor_slug),
        Side.MENTOR: f"/mentor/mentees/{row.mentee}",
        Side.ADMIN: "",
    }[side]
    return Head(
        public_id=row.public_id,
        title=f"{which}: {both}" if side is Side.ADMIN else f"{which} with {name}",
        name=both if side is Side.ADMIN else name,
        initials=initials(name),
        photo="" if side is Side.MENTOR else photos.url(row.mentor_photo, "small"),
        person_href=person,
        session_href=f"/sessions/{row.session}",
        admin_href=f"/admin/recordings/{row.public_id}" if side is Side.ADMIN else "",
        when=span(row.starts_at, row.ends_at, zone),
        status=status,
        tone=tone,
        facts=facts(row),
    )


def standing(view: RecordingView, zone: str, now: datetime) -> Standing:
    """What can be done with it now, and until when."""
    row = view.row
    held = row.held and row.purged_at is None
    kind, title, words = _kind(view, zone)
    return Standing(
        kind=kind,
        title=title,
        words=words,
        percent=row.percent,
        progress=arrived(row.copied, row.bytes) if kind == "coming" and row.bytes else "",
        kept=until(row.keep_until, zone) if kind in {"ready", "failed"} else NEVER,
        left=_left(row, now) if kind in {"ready", "failed"} and not held else "",
        end_note=_quoted(view.extend_reason) if row.extended else "",
        held=held,
        hold=_quoted(view.hold_reason),
        held_since=date(view.held_at, zone) if held else NEVER,
    )


def _kind(view: RecordingView, zone: str) -> tuple[str, str, str]:
    """What its page shows, with a title and a sentence."""
    row = view.row
    if row.status is RecordingStatus.PURGED:
        return "gone", "It is deleted", f"Since {moment(row.purged_at, zone).full}."
    if row.purging:
        if row.held:
            return "going", "It waits to be deleted", "That happens as soon as the hold ends."
        words = "Every file is removed, and then it is checked that nothing is left."
        return "going", "It is being deleted", words
    if row.running:
        return "runs", _SENTENCES[row.status], "When the session is over, it is saved here."
    if row.status is RecordingStatus.TRANSFERRING:
        words = row.trouble or "Every file is checked when it has arrived. You need not wait here."
        return "coming", "It is being saved", words
    if row.status is RecordingStatus.FAILED:
        return "failed", "There is nothing to watch", row.trouble or "It failed."
    return "ready", "", ""


def _left(row: RecordingRow, now: datetime) -> str:
    """`27 days left`, in whole days, then in hours, and what comes then."""
    if row.keep_until is None:
        return ""
    if row.keep_until <= now:
        return f"Its time is over. It is being deleted; {_STAYS}."
    hours = int((row.keep_until - now).total_seconds() // 3600)
    rest = count(hours, "hour") if hours < 48 else count(hours // 24, "day")
    return f"{rest if hours else 'Less than an hour'} left. Then it is deleted; {_STAYS}."


def parts(view: RecordingView) -> list[PartFace]:
    """What can be watched, in the order of its time."""
    if not view.row.watchable:
        return []
    return [_part(file, view) for file in view.parts]


def _part(file: FileView, view: RecordingView) -> PartFace:
    is_film = file.kind is FileKind.VIDEO
    return PartFace(
        file=file.public_id,
        label=part_label(file.part, len(view.parts)),
        size=weight(file.bytes) if is_film else "a stream, saved as .ts",
        sha256=file.sha256 if is_film else "",
        href="" if view.side is Side.ADMIN else f"{FILES}/{file.public_id}",
    )


def part_label(part: int, of: int) -> str:
    """`Part 2 of 3`; where there is one, it needs no number."""
    return f"Part {part} of {of}" if of > 1 else "The film"


def consent_face(view: ConsentView, zone: str) -> ConsentFace:
    """An answer; what was agreed to in another text is no answer to this one."""
    answer, tone = _ANSWERS[view.answer]
    if view.granted and view.text_version != TEXT_VERSION:
        answer = "agreed, to an earlier text"
    return ConsentFace(
        name="You" if view.mine else view.name,
        mine=view.mine,
        answer=answer,
        tone=tone,
        at=moment(view.answered_at, zone),
    )


_ANSWERS: dict[ConsentAnswer | None, tuple[str, str]] = {
    ConsentAnswer.GRANTED: ("agreed", "good"),
    ConsentAnswer.DECLINED: ("declined", "quiet"),
    ConsentAnswer.WITHDRAWN: ("took it back", "warning"),
    None: ("no answer, which is a no", "quiet"),
}


def access_face(view: AccessView, parts: int, zone: str, *, side: Side) -> AccessFace:
    """`Mina Mentor watched part 1`; the reader is "You"."""
    who = "You" if view.side is side and side is not Side.ADMIN else view.name or "The studio"
    what = f" part {view.part}" if view.part and parts > 1 else " it"
    did = "watched" if view.how is Access.WATCHED else "downloaded"
    return AccessFace(moment(view.at, zone), f"{who} {did}{what}")


def certificate_face(view: CertificateView | None, zone: str) -> CertificateFace:
    """What was removed, and when a listing showed nothing any more."""
    if view is None:
        return CertificateFace()
    removed = f"{count(view.files, 'file')} in {count(view.versions, 'version')}"
    return CertificateFace(
        public_id=view.public_id,
        at=moment(view.listed_at, zone),
        reason=view.reason,
        words=f"{removed}, {weight(view.bytes)}",
    )


def _quoted(reason: str) -> str:
    return f"“{reason}”" if reason else ""
