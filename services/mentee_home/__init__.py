"""What a mentee sees first: the one next step, the sessions to come, then packs, seats and open
checkouts."""

from services.mentee_home.reading import get_home
from services.mentee_home.views import (
    ComingSession,
    MenteeHome,
    MentorTogether,
    NextStep,
    NextStepKind,
    OpenCheckout,
    PackView,
)

__all__ = [
    "ComingSession",
    "MenteeHome",
    "MentorTogether",
    "NextStep",
    "NextStepKind",
    "OpenCheckout",
    "PackView",
    "get_home",
]
