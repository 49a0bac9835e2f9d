"""Topics: what open pages watch. A service that changes something publishes its topics in the same
transaction; each web worker sees them within a moment and refreshes who looks at them.
"""

from __future__ import annotations

from sqlmodel import Session

from services.ids import MentorId, UserId
from services.models import TopicChange

ORDERS = "orders"
"""Any order, payment or refund of the studio."""
INBOX = "inbox"
"""Any stored webhook or message that changed its state."""


def seats(mentor: MentorId) -> str:
    """The seats, packs and mentees of one mentor."""
    return f"seats:{mentor}"


def mentee(user: UserId) -> str:
    """What one mentee owns and has ordered."""
    return f"mentee:{user}"


def publish(db: Session, *topics: str) -> None:
    """Say that these topics changed, once this transaction commits."""
    db.add_all([TopicChange(topic=topic) for topic in topics])
