"""What is due to be reminded of, now."""

from __future__ import annotations

from services import due
from services.recordings import retention
from services.reminders import expiry, offers, sessions, welcome


def send_due() -> int:
    """Tell, or note as too late, every reminder whose moment has come; of how many things.

    The last reminder of a session goes before its first one, which it replaces when both are due.
    """
    due.run(expiry.find_quiet, expiry.end_quiet, what="pack_quiet")
    return (
        due.run(sessions.find_soon, sessions.remind_soon, what=sessions.SOON)
        + due.run(sessions.find_ahead, sessions.remind_ahead, what=sessions.AHEAD)
        + due.run(expiry.find_due, expiry.remind, what=expiry.KIND)
        + due.run(offers.find_due, offers.remind, what=offers.KIND)
        + due.run(welcome.find_due, welcome.remind, what=welcome.KIND)
        + retention.remind_due()
    )
