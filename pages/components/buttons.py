"""Buttons. Each says what it does; one that cannot be pressed is not shown, its reason is."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Flag, Press, Text
from pages.components.links import anchor, document
from pages.components.text import only_read

Kind = Literal["primary", "secondary", "quiet", "danger"]


def button(
    label: Text,
    *,
    on_click: Press | None = None,
    kind: Kind = "primary",
    busy: Flag = False,
    submit: bool = False,
    full: bool = False,
    large: bool = False,
    about: Text = "",
    described_by: str = "",
    name: str = "",
    value: Text = "",
) -> rx.Component:
    """A button. While `busy`, it turns a wheel, keeps its words, and ignores presses.

    `about` tells it from others with the same words, for who hears them alone; `submit` makes it
    send its form, together with `name` and `value` when given; `described_by` is the id of the
    sentence that belongs to it.
    """
    events = {} if on_click is None else {"on_click": _unless(busy, on_click)}
    attributes: dict[str, object] = {"aria-describedby": described_by} if described_by else {}
    if name:
        attributes |= {"name": name, "value": value}
    unlike = () if isinstance(about, str) and not about else (only_read(" ", about),)
    return rx.el.button(
        spinner(busy),
        label,
        *unlike,
        type="submit" if submit else "button",
        class_name=_class(kind, full=full, large=large),
        aria_busy=busy,
        custom_attrs=attributes,
        **events,
    )


def link_button(
    label: Text, href: Text, *, kind: Kind = "primary", full: bool = False, large: bool = False
) -> rx.Component:
    """A link to a page of the application that looks like a button."""
    return anchor(label, href=href, class_name=_class(kind, full=full, large=large))


def document_button(
    label: Text,
    href: Text,
    *,
    kind: Kind = "primary",
    full: bool = False,
    large: bool = False,
    beside: bool = False,
) -> rx.Component:
    """The same for an HTTP route or another site: the browser loads it as a document; `beside` the
    page when it is a file to keep."""
    chosen = _class(kind, full=full, large=large)
    return document(label, href=href, class_name=chosen, beside=beside)


def spinner(busy: Flag) -> rx.Component:
    """The wheel that turns while what was pressed is at work."""
    return rx.cond(busy, rx.el.span(class_name="button-spinner", aria_hidden=True), rx.fragment())


def icon_button(name: str, label: Text, *, on_click: Press) -> rx.Component:
    """A button with an icon alone; `label` is what a screen reader says."""
    return rx.el.button(
        icon(name),
        type="button",
        class_name="icon-button",
        aria_label=label,
        title=label,
        on_click=on_click,
    )


def _class(kind: Kind, *, full: bool, large: bool) -> str:
    return " ".join(
        ["button", f"button-{kind}", *(["button-full"] * full), *(["button-large"] * large)]
    )


def _unless(busy: Flag, on_click: Press) -> Press:
    if isinstance(busy, bool):
        return rx.noop() if busy else on_click
    return rx.cond(busy, rx.noop(), on_click)
