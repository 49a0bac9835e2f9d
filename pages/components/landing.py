"""The parts of the home page that no other page has."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.kinds import Child


def hero(title: str, words: str, *actions: Child, sessions: list[str]) -> rx.Component:
    """The first screen: what is sold, and the pack as what it is: four meetings."""
    return rx.el.section(
        rx.el.div(
            rx.el.h1(title),
            rx.el.p(words, class_name="lead"),
            rx.el.div(*actions, class_name="row"),
            class_name="stack stack-wide",
        ),
        rx.el.ol(
            *(rx.el.li(rx.el.i(aria_hidden=True), rx.el.span(line)) for line in sessions),
            class_name="hero-mark",
            aria_label="A pack is four sessions",
        ),
        class_name="hero",
    )


def landing_section(title: str, *children: Child, id: str = "") -> rx.Component:
    """One section of the home page."""
    named: dict[str, Any] = {"id": id} if id else {}
    return rx.el.section(rx.el.h2(title), *children, class_name="home-section", **named)


def steps(*entries: tuple[str, str]) -> rx.Component:
    """Numbered steps with a title and a sentence each."""
    return rx.el.ol(
        *(
            rx.el.li(rx.el.h3(title), rx.el.p(words, class_name="muted"))
            for title, words in entries
        ),
        class_name="steps",
    )


def questions(*entries: tuple[str, str]) -> rx.Component:
    """What people ask before they pay, with honest answers."""
    return rx.el.div(
        *(
            rx.el.div(
                rx.el.h3(question),
                rx.el.p(answer, class_name="muted"),
                class_name="stack stack-close",
            )
            for question, answer in entries
        ),
        class_name="questions",
    )
