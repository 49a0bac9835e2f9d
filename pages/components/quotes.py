"""What mentees say."""

from __future__ import annotations

import reflex as rx

from pages.components.links import text_link
from state.quotes import QuoteFace


def quotes(
    those: list[QuoteFace] | rx.Var[list[QuoteFace]], *, with_mentor: bool = False
) -> rx.Component:
    """Testimonials; `with_mentor` says about whom each is."""
    return rx.el.div(rx.foreach(those, lambda one: _quote(one, with_mentor)), class_name="quotes")


def _quote(one: rx.vars.ObjectVar[QuoteFace], with_mentor: bool) -> rx.Component:
    about = [" about ", text_link(one.mentor, one.href)] if with_mentor else []
    return rx.el.figure(
        rx.el.blockquote(one.body),
        rx.el.figcaption(one.author, *about, class_name="muted small"),
        class_name="quote",
    )
