"""Sessions from their start on: who came, what became of them, and what people say about it.

`progress`    what the clock does: they begin, end, and are settled when nobody decides
`presence`    joining, which is the evidence
`outcomes`    a person says what happened; an admin has the last word
`objections`  the mentee objects, an admin answers
`settling`    the one place where a session gets its outcome and its credit moves
`notes`       goals and notes
`suspension`  a mentor is suspended, or comes back
`idle_days`   days without a slot do not count toward a pack's validity
`lists` `one` `history` `views`   what is read
"""

from services.sessions.idle_days import count_offered_days
from services.sessions.lists import OBJECTION, SORTS, When, list_all, list_mentors, list_mine
from services.sessions.notes import save_note, set_goals
from services.sessions.objections import object_to, settle_objection, withdraw_objection
from services.sessions.one import get_session
from services.sessions.outcomes import decide
from services.sessions.presence import join
from services.sessions.progress import advance_due
from services.sessions.settling import OUTCOMES
from services.sessions.suspension import resume_mentor, suspend_account, suspend_mentor
from services.sessions.views import (
    HistoryLine,
    NoteView,
    ObjectionView,
    ProposalView,
    SessionRow,
    SessionView,
    Side,
)

__all__ = [
    "OBJECTION",
    "OUTCOMES",
    "SORTS",
    "HistoryLine",
    "NoteView",
    "ObjectionView",
    "ProposalView",
    "SessionRow",
    "SessionView",
    "Side",
    "When",
    "advance_due",
    "count_offered_days",
    "decide",
    "get_session",
    "join",
    "list_all",
    "list_mentors",
    "list_mine",
    "object_to",
    "resume_mentor",
    "save_note",
    "set_goals",
    "settle_objection",
    "suspend_account",
    "suspend_mentor",
    "withdraw_objection",
]
