"""What people are asked before a session is recorded. A change of meaning is a new version: then
everybody is asked anew, and what was answered keeps the version that it was an answer to."""

from __future__ import annotations

from services.config import settings

TEXT_VERSION = "2026-11"


def text_of(version: str = TEXT_VERSION) -> tuple[str, ...]:
    """The paragraphs of a version of the text, with the studio's own numbers.

    Raises:
        KeyError: there never was such a version.
    """
    days = settings().recording_days
    kept = "1 day" if days == 1 else f"{days} days"
    return {
        TEXT_VERSION: (
            "May this session be recorded? That is picture, sound and shared screens, and only "
            "while both of you say yes. Everybody in the room sees when it runs.",
            "The recording can be watched and downloaded by the two of you. An administrator of "
            f"{settings().studio_name} can look at it with a reason, which is written down.",
            f"It is kept for {kept} after the session and then deleted. An administrator may keep "
            "it longer, with a reason; then you are both told.",
            "No is a good answer: the session takes place just the same, and costs you nothing. "
            "Without an answer nothing is recorded.",
            "You can take a yes back at any time, in the room or on the session's page: then the "
            "recorder stops and what was recorded is deleted. Only a legal hold stands above that, "
            "and you would be told of it.",
        ),
    }[version]
