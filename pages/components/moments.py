"""Instants, as a person in a time zone reads them."""

from __future__ import annotations

import reflex as rx

from state.shown import Moment


def moment(at: rx.vars.ObjectVar[Moment]) -> rx.Component:
    """A time: short in the line, the full instant with its zone on hover and focus.

    Nothing is shown for a moment that is not there.
    """
    return rx.cond(
        at.iso == "",
        rx.fragment(),
        rx.el.time(
            at.text,
            date_time=at.iso,
            class_name="moment",
            tab_index=0,
            custom_attrs={"data-full": at.full},
        ),
    )
