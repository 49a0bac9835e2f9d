"""The room in which a session meets: coming in, staying, leaving; and what a person sees there.

`entering`  a person enters, says now and then that they are still there, leaves
`silence`   who does not say so any more has left
`reading`   the room as one of the two sees it
"""

from services.video.entering import Admission, beat, enter, leave, renew
from services.video.reading import RoomView, get_room
from services.video.silence import sweep_silent

__all__ = [
    "Admission",
    "RoomView",
    "beat",
    "enter",
    "get_room",
    "leave",
    "renew",
    "sweep_silent",
]
