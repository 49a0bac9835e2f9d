"""Amounts where they matter most."""

from __future__ import annotations

import reflex as rx

from pages.components.kinds import Text


def total(words: Text, amount: Text) -> rx.Component:
    """The one amount of a page, large."""
    return rx.el.div(
        rx.el.span(words, class_name="muted"),
        rx.el.span(amount, class_name="price price-large"),
        class_name="row row-between row-baseline",
    )
