"""Icons: few, small, and always beside a word. They are hidden from screen readers."""

from __future__ import annotations

import reflex as rx


def icon(name: str) -> rx.Component:
    """A Lucide icon in the size that its place gives it."""
    return rx.icon(name, custom_attrs={"aria-hidden": "true"})
