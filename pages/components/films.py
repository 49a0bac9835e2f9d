"""What there is to watch of a recording, and what stands in its place."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, stack
from pages.components.buttons import button, document_button
from pages.components.editors import more
from pages.components.icons import icon
from pages.components.kinds import NOTHING
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.player import player
from pages.components.text import muted, strong, text
from state.recording import RecordingState as State
from state.recording_faces import AccessFace, PartFace


def standing_words(tone: str) -> rx.Component:
    """Its state in words, announced when it changes."""
    sign = {"bad": "circle-x", "warning": "triangle-alert", "info": "info"}[tone]
    return rx.el.div(
        icon(sign),
        stack(text(strong(State.standing.title)), text(State.standing.words), gap="tight"),
        class_name=f"notice notice-{tone}",
        role="status",
    )


def films() -> rx.Component:
    """The film that plays, and below it all of them, each to watch and to keep."""
    return stack(_player(), _parts())


def _player() -> rx.Component:
    """The film that plays; before that, and after a failure, the way to it."""
    start = button(
        "Watch",
        on_click=State.watch(State.parts[0].file),
        busy=State.busy != "",
        large=True,
    )
    again = stack(
        text(strong("The player could not go on.")),
        muted(
            "A link to a recording works for an hour. If that is not it, your browser cannot play "
            "this kind of film: download it, or use another browser."
        ),
        row(button("Watch again", on_click=State.watch(State.broken), busy=State.busy != "")),
        gap="close",
    )
    stage = rx.el.div(
        rx.cond(State.broken != "", again, stack(start, muted(State.head.facts), gap="close")),
        class_name="stage",
    )
    return rx.cond(
        State.src != "",
        player(State.src, label=State.head.title, on_ended=State.ended, on_error=State.broke),
        stage,
    )


def _parts() -> rx.Component:
    """The films, each to watch and to keep."""
    return stack(
        rx.el.ul(rx.foreach(State.parts, _part), class_name="film-parts", aria_label="Films"),
        more(
            "Check a download",
            muted("A file that came whole has this SHA-256."),
            rx.foreach(State.parts, _checksum),
        ),
        rx.cond(
            State.fetched != "",
            notice(
                text("The link works for an hour."),
                action=row(document_button("Save the file", State.fetched, beside=True)),
            ),
            NOTHING,
        ),
    )


def _checksum(one: rx.vars.ObjectVar[PartFace]) -> rx.Component:
    known = rx.cond(one.sha256 != "", mark(one.sha256), "none, since it is kept as many files")
    return rx.el.p(one.label, ": ", known, class_name="small")


def _part(one: rx.vars.ObjectVar[PartFace]) -> rx.Component:
    plays = State.playing == one.file
    listed: Any = State.parts
    several = listed.length() > 1
    file: Any = one.file
    watch = button(
        "Watch",
        on_click=State.watch(one.file),
        kind="quiet",
        about=one.label,
        busy=State.busy == "watch " + file,
    )
    kept = rx.cond(
        one.href != "",
        document_button("Download", one.href, kind="secondary", beside=True),
        button(
            "Make a download link",
            on_click=State.fetch(one.file),
            kind="secondary",
            about=one.label,
            busy=State.busy == "fetch " + file,
        ),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(one.label, class_name="strong"),
            rx.el.p(one.size, class_name="muted small"),
            class_name="stack stack-tight grow",
        ),
        rx.cond(plays & (State.src != ""), toned("playing", "good"), rx.cond(several, watch, "")),
        kept,
        class_name="film-part",
        aria_current=rx.cond(plays, "true", "false"),
    )


def access_list() -> rx.Component:
    """Who watched or downloaded it, and when."""
    return rx.el.ul(rx.foreach(State.accesses, _access), class_name="meeting-history")


def _access(one: rx.vars.ObjectVar[AccessFace]) -> rx.Component:
    return rx.el.li(rx.el.span(one.words), rx.el.span(moment(one.at), class_name="muted"))
