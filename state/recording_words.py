"""Recordings in words, for every page that shows some."""

from __future__ import annotations

from services.models import ConsentAnswer, FileKind, FileStatus, RecordingStatus

STATUS: dict[RecordingStatus, tuple[str, str]] = {
    RecordingStatus.STARTING: ("starting", "warning"),
    RecordingStatus.RECORDING: ("recording", "good"),
    RecordingStatus.STOPPING: ("stopping", "warning"),
    RecordingStatus.TRANSFERRING: ("transferring", "warning"),
    RecordingStatus.READY: ("ready", "good"),
    RecordingStatus.FAILED: ("failed", "bad"),
    RecordingStatus.PURGED: ("purged", "quiet"),
}
"""The word of a status, and its tone."""
FILE_STATUS: dict[FileStatus, tuple[str, str]] = {
    FileStatus.WAITING: ("on its way", "warning"),
    FileStatus.CHECKED: ("checked", "good"),
    FileStatus.GONE: ("deleted", "quiet"),
}
FILE_KIND: dict[FileKind, str] = {
    FileKind.VIDEO: "Film",
    FileKind.PLAYLIST: "Playlist",
    FileKind.SEGMENT: "Segment",
    FileKind.OTHER: "Other file",
}
ANSWERS: dict[ConsentAnswer | None, tuple[str, str]] = {
    ConsentAnswer.GRANTED: ("granted", "good"),
    ConsentAnswer.DECLINED: ("declined", "bad"),
    ConsentAnswer.WITHDRAWN: ("withdrawn", "bad"),
    None: ("no answer, which is no", "quiet"),
}
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def weight(bytes_: int) -> str:
    """`0 bytes`, `950 kB`, `45 MB`, `1.2 GB`; as stores count, in thousands."""
    for unit, name in _UNITS:
        if bytes_ >= unit:
            tenths = (bytes_ * 10 + unit // 2) // unit
            if tenths % 10 == 0 or tenths >= 1_000:
                return f"{(bytes_ + unit // 2) // unit:,} {name}"
            return f"{tenths / 10} {name}"
    return f"{bytes_} {'byte' if bytes_ == 1 else 'bytes'}"


def arrived(copied: int, bytes_: int) -> str:
    """How far a transfer is: `450 MB of 1.2 GB, 37 %`."""
    percent = copied * 100 // bytes_ if bytes_ else 0
    return f"{weight(copied)} of {weight(bytes_)}, {percent} %"


def length(seconds: int) -> str:
    """`40 s`, `52 min`, `1 h 2 min`; "" for nothing."""
    if seconds < 60:
        return f"{seconds} s" if seconds else ""
    minutes = (seconds + 30) // 60
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] * (hours > 0)), *([f"{rest} min"] * (rest > 0))])


ACTIONS: dict[str, str] = {
    "recording.began": "A recorder was asked for",
    "recording.started": "The recorder was sent in",
    "recording.recording": "It records",
    "recording.stop_asked": "The recorder was asked to leave",
    "recording.stopping": "The recorder is leaving",
    "recording.stopped": "The recorder has left",
    "recording.gathered": "Its files were found",
    "recording.failed": "It failed",
    "recording.expected": "Its files come later, all the same",
    "recording.ready": "Every file is at its place, and checked",
    "recording.retried": "Tried again",
    "recording.extended": "Kept for longer",
    "recording.held": "Held",
    "recording.released": "The hold was lifted",
    "recording.moved": "Sent to another store",
    "recording.not_moved": "It could not be moved, and stays where it was",
    "recording.not_adopted": "The file that was given to it could not be kept",
    "recording.purge_asked": "To be deleted",
    "recording.purged": "Deleted, and proved so",
    "recording.watched": "An admin watched it",
    "recording.downloaded": "An admin downloaded it",
}
"""What the audit trail says, in words."""


def action_words(action: str) -> str:
    """What was done, in words; also what has none here."""
    bare = action.removeprefix("recording.").replace("_", " ").replace(".", " ")
    return ACTIONS.get(action, bare.capitalize())
