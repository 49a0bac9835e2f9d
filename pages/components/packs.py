"""Packs as dots, one for each session, and seats as marks, one for each place."""

from __future__ import annotations

import reflex as rx

from pages.components.kinds import Marks, Text


def pack_dots(dots: Marks, words: Text, *, large: bool = False) -> rx.Component:
    """A pack: full dots are left, empty ones used. `words` say it besides ("3 of 4 left")."""
    return rx.el.div(
        rx.foreach(
            dots,
            lambda is_left: rx.el.span(
                class_name=rx.cond(is_left, "pack-dot", "pack-dot pack-dot-used")
            ),
        ),
        class_name="pack-dots pack-dots-large" if large else "pack-dots",
        role="img",
        aria_label=words,
    )


def seat_marks(marks: Marks, words: Text) -> rx.Component:
    """A mentor's places: a green mark for each free one, with the words above them."""
    return rx.el.div(
        rx.el.span(words, class_name="small"),
        rx.el.div(
            rx.foreach(
                marks,
                lambda is_free: rx.el.span(
                    class_name=rx.cond(is_free, "seat-mark seat-mark-free", "seat-mark")
                ),
            ),
            class_name="seat-marks",
            aria_hidden=True,
        ),
        class_name="seats",
    )
