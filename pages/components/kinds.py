"""Names for what components take: text, children, tones and what a press does."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

Text = str | rx.Var[str]
"""A text known at build time, or a state's variable."""

Child = rx.Component | rx.Var[Any] | str
"""Whatever an element may hold."""

Flag = bool | rx.Var[bool]
Marks = list[bool] | rx.Var[list[bool]]
"""One mark a place or a session, true where it is still free or left."""

Tone = Literal["info", "good", "warning", "bad"]
"""The three meanings, and no meaning in particular; always with a word or an icon besides."""

Press = Any
"""An event handler, an event, a list of them, or a variable that holds one: as Reflex takes it."""

NOTHING = rx.fragment()
"""What is shown where a condition does not hold."""
