"""The texts people agree to: how they are read, and the sentence beside a box or a button."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row
from pages.components.kinds import Child, Press
from pages.components.links import text_link
from pages.components.notices import notice
from pages.components.phases import loaded
from pages.components.text import muted, text
from services.models import Document
from services.privacy import documents
from state.documents import Part, Reads, Version


def document(
    state: type[Reads], *, load: Press, path: str, below: Child | None = None
) -> rx.Component:
    """One version of a text, with the way to the others; `below` follows it."""
    return rx.cond(
        state.phase == "missing",
        notice(text("There is no such version. ", _newest(path), "."), tone="warning"),
        loaded(
            state.phase,
            rx.el.div(
                rx.cond(state.is_current, rx.fragment(), _old(path)),
                muted("Version ", state.version),
                rx.foreach(state.parts, _part),
                *([below] if below is not None else []),
                rx.cond(state.has_others, _others(state), rx.fragment()),
                class_name="stack document",
            ),
            failure=state.failure,
            again=load,
            shape="page",
        ),
    )


def _part(part: rx.vars.ObjectVar[Part]) -> rx.Component:
    return rx.fragment(
        rx.match(
            part.kind,
            ("heading", rx.el.h2(part.text, class_name="title-20")),
            ("points", rx.el.ul(rx.foreach(part.points, rx.el.li), class_name="points")),
            text(part.text),
        )
    )


def _newest(path: str) -> rx.Component:
    return text_link("Read the version in force", path)


def _old(path: str) -> rx.Component:
    return notice(text("This version is not in force. ", _newest(path), "."), tone="warning")


def _others(state: type[Reads]) -> rx.Component:
    return row(muted("All versions:"), rx.foreach(state.versions, _version))


def _version(version: rx.vars.ObjectVar[Version]) -> rx.Component:
    return rx.cond(
        version.is_shown, rx.el.span(version.name), text_link(version.name, version.href)
    )


def in_new_tab(words: str, href: str) -> rx.Component:
    """A link beside a form, which keeps what was typed."""
    return rx.el.a(words, href=href, target="_blank", rel="noopener", class_name="text-link")


def agreement(begins: str) -> rx.Component:
    """What one agrees to, after some first words: "I agree to", "By paying you agree to"."""
    return rx.fragment(
        f"{begins} the ",
        in_new_tab("terms", "/terms"),
        f" (version {documents.current(Document.TERMS)}) and have read the ",
        in_new_tab("privacy notice", "/privacy"),
        ".",
    )
