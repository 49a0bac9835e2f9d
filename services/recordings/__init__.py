"""Recordings of sessions, from the moment that a recorder is wanted until their files are deleted.

`allowed`     what the two people answered (asking them is `services.consent`)
`running`     whether a session is to be recorded just now
`looking`     taking turns at a recording, so that workers do not get into each other's way
`starting`    sending a recorder in
`stopping`    having it leave, or finding it where its id is not known
`strays`      having those leave that nobody knows of, or that were taken for gone
`watching`    asking how it is, again and again
`over`        it has left
`gathering`   finding what it has left in its bucket (`listing`)
`events`      notifications, which are hints
`failures`    when, and whether, people hear that nothing came of it
`changing`    what every change does: lock, look again, write down, tell
`news`        what both people are told
`reading`     lists; `one`: one recording whole, and what a session has; `views`: what these give
`parts`       what of its files is watched, and in which order
`links`       links made on demand, and what they open; `playlists`: a stream, to watch and to save
"""

from services.recordings.events import apply_event
from services.recordings.failures import tell_due as tell_failed_due
from services.recordings.running import check_due, reconsider, stop
from services.recordings.starting import give_up, start
from services.recordings.stopping import ask_to_stop, stop_other
from services.recordings.strays import list_due as list_strays
from services.recordings.strays import stop_due as stop_strays
from services.recordings.watching import list_due, look, next_look, watch_due

__all__ = [
    "apply_event",
    "ask_to_stop",
    "check_due",
    "give_up",
    "list_due",
    "list_strays",
    "look",
    "next_look",
    "reconsider",
    "start",
    "stop",
    "stop_other",
    "stop_strays",
    "tell_failed_due",
    "watch_due",
]
