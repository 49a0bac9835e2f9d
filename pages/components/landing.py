"""The parts of the home page that no other page has."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.buttons import link_button
from pages.components.faces import face
from pages.components.icons import icon
from pages.components.kinds import Child, Text
from state.mentors import MentorFace


def hero(title: str, words: str, *actions: Child, below: Child, beside: Child) -> rx.Component:
    """The first screen: what is sold, what to do, and `beside` it what one gets."""
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.h1(title), rx.el.p(words, class_name="lead"), class_name="stack"),
            rx.el.div(*actions, class_name="row"),
            below,
            class_name="stack stack-wide",
        ),
        beside,
        class_name="hero",
    )


def pack_ticket(name: str, note: str, *lines: tuple[str, str], foot: str) -> rx.Component:
    """A pack as the thing one gets: a ticket with a place for each of its sessions."""
    return rx.el.div(
        rx.el.div(
            rx.el.span(name, class_name="strong"),
            rx.el.span(note, class_name="muted small"),
            class_name="row row-between row-baseline ticket-head",
        ),
        rx.el.ol(
            *(
                rx.el.li(
                    rx.el.i(aria_hidden=True),
                    rx.el.span(
                        rx.el.span(title, class_name="strong"),
                        rx.el.span(words, class_name="muted small"),
                        class_name="ticket-words",
                    ),
                )
                for title, words in lines
            ),
            class_name="ticket-lines",
        ),
        rx.el.p(foot, class_name="muted small ticket-foot"),
        class_name="ticket",
    )


def faces_line(mentors: list[MentorFace] | rx.Var[list[MentorFace]], words: Text) -> rx.Component:
    """Some faces beside a sentence; its place is kept until they are there."""
    return rx.el.div(
        rx.el.div(
            rx.foreach(mentors, lambda one: face(one.photo, one.initials, size="small")),
            class_name="faces",
            aria_hidden=True,
        ),
        rx.el.p(words, class_name="small"),
        class_name="faces-line",
    )


def landing_section(
    title: str, *children: Child, lead: str = "", id: str = "", band: bool = False
) -> rx.Component:
    """One section of the home page; a `band` has a ground of its own, from edge to edge."""
    named: dict[str, Any] = {"id": id} if id else {}
    words = [rx.el.p(lead, class_name="lead")] if lead else []
    return rx.el.section(
        rx.el.div(rx.el.h2(title), *words, class_name="home-head"),
        *children,
        class_name="home-section home-band" if band else "home-section",
        **named,
    )


def steps(*entries: tuple[str, str]) -> rx.Component:
    """Numbered steps with a title and a sentence each."""
    return rx.el.ol(
        *(
            rx.el.li(rx.el.h3(title), rx.el.p(words, class_name="muted"))
            for title, words in entries
        ),
        class_name="steps",
    )


def stages(*entries: tuple[str, str, str]) -> rx.Component:
    """How something goes from one state to the next: a word, for how long, what it means."""
    return rx.el.ol(
        *(
            rx.el.li(
                rx.el.h3(word),
                rx.el.p(span, class_name="stage-span"),
                rx.el.p(words, class_name="muted small"),
            )
            for word, span, words in entries
        ),
        class_name="stages",
    )


def promises(*entries: tuple[str, str, str]) -> rx.Component:
    """What one can rely on: an icon's name, a few words, a sentence."""
    return rx.el.ul(
        *(
            rx.el.li(
                icon(picture),
                rx.el.div(
                    rx.el.h3(title),
                    rx.el.p(words, class_name="muted"),
                    class_name="stack stack-tight",
                ),
            )
            for picture, title, words in entries
        ),
        class_name="promises",
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


def closing(title: str, words: str, label: str, href: str) -> rx.Component:
    """The last thing on the page: what to do now."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title), rx.el.p(words, class_name="lead"), class_name="stack stack-close"
        ),
        link_button(label, href, large=True),
        class_name="closing",
    )
