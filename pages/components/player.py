"""The player of a recording: the browser's own, which needs no script of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import no_args_event_spec
from reflex_components_core.el.elements.media import Video

from pages.components.kinds import Press, Text


@dataclass(frozen=True)
class _Element:
    """What is read of the browser's own player."""

    currentTime: float = 0  # the browser's name


@dataclass(frozen=True)
class _Stop:
    """A player's event."""

    target: _Element = _Element()


def _where(event: rx.vars.ObjectVar[_Stop]) -> tuple[rx.Var[float]]:
    """How many seconds of it have been played."""
    return (event.target.currentTime,)  # pyright: ignore[reportReturnType]  # a Var of it


class _Player(Video):
    """A film or a stream, which says when it is over, and where it was when it cannot go on."""

    on_ended: rx.EventHandler[no_args_event_spec]
    on_error: rx.EventHandler[_where]


def player(src: Text, *, label: Text, on_ended: Press, on_error: Press) -> rx.Component:
    """Plays `src` at once; another `src` is another player, so that nothing of the last one is
    left. Sound and speed are the browser's to offer, and the keyboard works as it does there."""
    attributes: dict[str, Any] = {
        "aria-label": label,
        "controlsList": "nodownload",  # a download is a link of its own, which is written down
    }
    return _Player.create(
        src=src,
        key=src,
        controls=True,
        auto_play=True,
        plays_inline=True,
        preload="metadata",
        on_ended=on_ended,
        on_error=on_error,
        class_name="player",
        custom_attrs=attributes,
    )
