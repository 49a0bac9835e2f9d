"""The room's component of the browser: cameras, microphones and the call (assets/room.jsx).

The library is large, so only the room's page imports this module.
"""

from __future__ import annotations

from typing import Any, Final

import reflex as rx
from reflex.event import no_args_event_spec, passthrough_event_spec

from pages.components.kinds import NOTHING, Child, Flag, Press, Text
from pages.components.notices import notice
from pages.components.text import only_read, strong, text
from services.config import settings
from state.room_faces import Other, Ticket

_WORDS: Final = {
    "you": "You",
    "cameraOff": "Your camera is off.",
    "noPicture": "The camera is off.",
    "muted": "muted",
    "sharing": "You share your screen",
    "hear": ["Mute", "Unmute"],
    "see": ["Camera off", "Camera on"],
    "share": ["Share screen", "Stop sharing"],
    "camera": "Camera",
    "microphone": "Microphone",
    "level": "Microphone level",
    "none": "None",
    "devices": "Camera and microphone",
    "comes": "Their picture is on its way.",
    "connecting": "Connecting …",
    "reconnecting": "The connection is lost. Trying again …",
    "played": "drawn by the simulator",
}


class _Room(rx.NoSSRComponent):
    """Agora's SDK needs a window when it is imported, so no server renders this."""

    library = "$/public/room.jsx"
    lib_dependencies: list[str] = ["agora-rtc-react@2.5.1"]
    tag = "Room"

    played: rx.Var[bool]
    ticket: rx.Var[Ticket]
    me: rx.Var[str]
    other: rx.Var[Other]
    words: rx.Var[dict[str, Any]]

    on_trouble: rx.EventHandler[passthrough_event_spec(str, str)]
    on_token_due: rx.EventHandler[no_args_event_spec]
    on_return: rx.EventHandler[no_args_event_spec]


def call(
    *controls: Child,
    ticket: Ticket | rx.Var[Ticket],
    me: str | rx.Var[str],
    other: Other | rx.Var[Other],
    on_trouble: Press,
    on_token_due: Press,
    on_return: Press,
) -> rx.Component:
    """Both pictures, and one's own camera, microphone and screen; `controls` stand beside theirs.
    Without a ticket it is only one's own picture, to look at before going in.

    `on_trouble` hears what does not work and how the browser calls it, and "" once it works;
    `on_return` comes from a tab that was inside when it last knew.
    """
    return _Room.create(
        *controls,
        played=settings().simulated["Agora"],
        ticket=ticket,
        me=me,
        other=other,
        words=_WORDS,
        on_trouble=on_trouble,
        on_token_due=on_token_due,
        on_return=on_return,
    )


def room_columns(question: Child, main: Child, side: Child, *, asks: Flag) -> rx.Component:
    """The pictures, and beside them, where there is room, what else is to know. The `question`
    comes before both while it `asks`, so that nobody on a phone goes past it unseen."""
    return rx.el.div(
        rx.cond(asks, question, NOTHING),
        main,
        side,
        class_name=rx.cond(asks, "room-columns room-asks", "room-columns"),
    )


def light(state: Text, words: Text) -> rx.Component:
    """Whether it is recorded, by colour, shape and word; a change is said aloud."""
    return rx.el.span(
        rx.el.span(class_name="room-light-dot", aria_hidden=True),
        words,
        class_name=rx.cond(state == "", "room-light", f"room-light room-light-{state}"),
        role="status",
    )


def time_line(line: Text, *, near_the_end: Flag, aloud: Text) -> rx.Component:
    """How long it still is. That changes all the time, so only the last calls are said `aloud`."""
    return rx.fragment(
        rx.el.p(line, class_name=rx.cond(near_the_end, "room-time room-time-near", "room-time")),
        only_read(rx.el.span(aloud, role="status")),
    )


def presence(there: Flag, words: Text) -> rx.Component:
    """Whether the other person is there; a change is said aloud."""
    dot = rx.el.span(
        class_name=rx.cond(there, "room-dot room-dot-there", "room-dot"), aria_hidden=True
    )
    return rx.el.p(dot, rx.el.span(words), class_name="room-presence", role="status")


def trouble(title: Text, what_now: Text) -> rx.Component:
    """What does not work, and what to do now; said at once."""
    told = notice(text(strong(title)), text(what_now), tone="warning")
    return rx.el.div(rx.cond(title != "", told, NOTHING), role="alert")
