"""Lanes: each outside service has one, so that a service which hangs holds up no other.

Within a lane messages leave the oldest first. A message of a kind that is `in_order` waits for an
older one about the same thing, also while that one is tried again; the other kinds look at the
world anew when they are sent, so that their order does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

HOUSE = "house"
"""What needs no outside service, and kinds that only another version of ours knows."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The kinds of message that wait for the same outside service; how many of them at once, and
    which of them leave in the order in which they were written."""

    name: str
    kinds: frozenset[str]
    at_once: int = 1
    in_order: frozenset[str] = frozenset()


_ALL = (
    Lane("money", frozenset({"refund"})),
    Lane(
        "discord",
        frozenset({"discord_role", "discord_dm", "discord_alert"}),
        at_once=4,
        in_order=frozenset({"discord_dm", "discord_alert"}),
    ),
    # Somebody waits for it, and it needs none of our bot's limits.
    Lane("commands", frozenset({"discord_answer"}), at_once=4),
    Lane("video", frozenset({"recording_start", "recording_stop"}), at_once=4),
    Lane("files", frozenset({"erase_files"})),
    Lane("calendar", frozenset({"calendar_write", "calendar_revoke"}), at_once=4),
    Lane(HOUSE, frozenset({"move_recordings", "rehearsal"})),
    Lane(
        "mail", frozenset({"mail"}), in_order=frozenset({"mail"})
    ),  # last: what the others do is told by mail
)
LANES: dict[str, Lane] = {lane.name: lane for lane in _ALL}
"""By name, in the order in which one process alone would go through them."""
KINDS: dict[str, str] = {kind: lane.name for lane in _ALL for kind in sorted(lane.kinds)}
"""Every kind of message, and its lane."""


def lane_of(kind: str) -> Lane:
    """The lane of a kind of message."""
    return LANES[KINDS.get(kind, HOUSE)]
