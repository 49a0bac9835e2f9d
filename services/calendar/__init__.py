"""People's own Google calendars: their busy time, and the sessions written into them.

`connection`   a person connects, chooses calendars, disconnects
`tokens`       a live access token, and what happens when access was taken away
`returning`    the access given back, without ending what somebody else lives on
`listing`      which calendars there are
`busy`         reading busy time: by pushes, by polling, and once more before a booking
`blocking`     nobody is booked whose calendar is not known, and they are told
`events`       sessions as events, under ids of ours, queued in the outbox
`writing`      making an event what its session is now
`deviations`   what a mentor did to our events: they are asked, the session stands
`channels`     push channels, renewed before they end
"""

from services.calendar.blocking import blocked, sales_blocked
from services.calendar.busy import pushed, refresh_if_stale, sync, take_due
from services.calendar.channels import PATH as PUSH_PATH
from services.calendar.connection import (
    begin,
    choose,
    disconnect,
    end_for,
    finish,
)
from services.calendar.deviations import put_back
from services.calendar.events import session_changed, uid_of, uids_of
from services.calendar.returning import give_back
from services.calendar.views import (
    CalendarChoice,
    ConnectionView,
    Question,
    Standing,
    count_standing,
    get_connection,
)
from services.calendar.writing import write

__all__ = [
    "PUSH_PATH",
    "CalendarChoice",
    "ConnectionView",
    "Question",
    "Standing",
    "begin",
    "blocked",
    "choose",
    "count_standing",
    "disconnect",
    "end_for",
    "finish",
    "get_connection",
    "give_back",
    "pushed",
    "put_back",
    "refresh_if_stale",
    "sales_blocked",
    "session_changed",
    "sync",
    "take_due",
    "uid_of",
    "uids_of",
    "write",
]
