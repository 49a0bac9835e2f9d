"""The mentor card: the whole card is one link."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import tags
from pages.components.boxes import cards
from pages.components.faces import face
from pages.components.free import next_free
from pages.components.links import anchor
from pages.components.packs import seat_marks
from state.mentors import MentorFace


def mentor_cards(mentors: list[MentorFace] | rx.Var[list[MentorFace]]) -> rx.Component:
    """Cards of several mentors."""
    return cards(rx.foreach(mentors, mentor_card))


def mentor_card(mentor: rx.vars.ObjectVar[MentorFace]) -> rx.Component:
    """Face, name, what they help with, three skills, the next free time, seats left, and the price
    of a pack."""
    return anchor(
        rx.el.div(
            face(mentor.photo, mentor.initials, size="medium"),
            rx.el.div(
                rx.el.h3(mentor.name),
                rx.el.p(mentor.languages, class_name="muted small"),
                class_name="stack stack-tight grow",
            ),
            class_name="mentor-card-head",
        ),
        rx.el.p(mentor.headline, class_name="two-lines"),
        tags(mentor.skills),
        next_free(mentor.free),
        rx.el.div(
            seat_marks(mentor.marks, mentor.seats),
            rx.cond(
                mentor.price != "",
                rx.el.span(
                    rx.el.span("from ", class_name="muted small"),
                    rx.el.strong(mentor.price, class_name="figures card-price"),
                    class_name="card-from",
                ),
                rx.fragment(),
            ),
            class_name="mentor-card-foot",
        ),
        href=mentor.href,
        class_name="mentor-card",
    )
