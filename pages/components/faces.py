"""People's photos, or their initials where there is none."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from pages.components.kinds import Text

Size = Literal["small", "normal", "medium", "large"]


def face(photo: Text, initials: Text, *, size: Size = "normal") -> rx.Component:
    """A face beside its name: the name says who it is, so the picture is silent."""
    name = "face" if size == "normal" else f"face face-{size}"
    return rx.cond(
        photo != "",
        rx.el.img(src=photo, alt="", class_name=name, loading="lazy", decoding="async"),
        rx.el.span(initials, class_name=name, aria_hidden=True),
    )
