"""Instants, as a person in a time zone reads them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.shown import Moment


def moment(at: Moment | rx.Var[Any]) -> rx.Component:
    """A time: short in the line, the full instant with its zone on hover and focus.

    Nothing is shown for a moment that is not there.
    """
    shown: Any = at
    return rx.cond(
        shown.iso == "",
        rx.fragment(),
        rx.el.time(
            shown.text,
            date_time=shown.iso,
            class_name="moment",
            tab_index=0,
            custom_attrs={"data-full": shown.full},
        ),
    )
