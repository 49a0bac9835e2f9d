"""Text forms: label above, help below, the error in place of the help and announced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import reflex as rx

from pages.components.icons import icon
from pages.components.kinds import Child, Flag, Press, Text

FieldType = Literal["text", "email", "password", "search", "number", "tel", "url", "date", "time"]


def form(
    *children: Child,
    on_submit: Press | None = None,
    action: str = "",
    key: Text | None = None,
    label: str = "",
) -> rx.Component:
    """A form: either `on_submit` (a typed handler), or `action`, an HTTP route it is posted to.

    `key` makes the fields new, with their current default values, when it changes.
    """
    extra: dict[str, Any] = {"aria_label": label} if label else {}
    if key is not None:
        extra["key"] = key
    if action:
        extra |= {"action": action, "method": "post"}
    return rx.el.form(*children, on_submit=on_submit, class_name="stack", **extra)


def errors_of(wrong: str, words: str) -> Callable[[str], rx.Var[str]]:
    """By the name of a field, the words of a refusal that are about it. Both are variables of a
    state; `wrong` holds the name of the field."""
    return lambda name: rx.cond(wrong == name, words, "")


def hidden(name: str, value: Text) -> rx.Component:
    """A value that the form carries along."""
    return rx.el.input(type="hidden", name=name, value=value, read_only=True)


def field(
    name: str,
    label: Text,
    *,
    kind: FieldType = "text",
    value: Text = "",
    help: Text = "",
    error: Text = "",
    required: bool = True,
    autocomplete: str = "",
    placeholder: Text = "",
    inputmode: str = "",
    min_length: int | None = None,
    max_length: int | None = None,
    autofocus: bool = False,
    on_change: Press | None = None,
) -> rx.Component:
    """One line of text. What was typed stays in the browser; `value` is what it starts with, and
    `on_change` hears of every change."""
    attributes = _described(name, error, help=help)
    if autocomplete:
        attributes["autoComplete"] = autocomplete
    if inputmode:
        attributes["inputMode"] = inputmode
    given = {"min_length": min_length, "max_length": max_length}
    limits: dict[str, Any] = {name: limit for name, limit in given.items() if limit is not None}
    events = {} if on_change is None else {"on_change": on_change}
    entry = rx.el.input(
        id=name,
        name=name,
        type=kind,
        default_value=value,
        placeholder=placeholder,
        required=required,
        auto_focus=autofocus,
        class_name="input",
        custom_attrs=attributes,
        **limits,
        **events,
    )
    return _labelled(name, label, entry, help=help, error=error, optional=not required)


def text_area(
    name: str,
    label: Text,
    *,
    value: Text = "",
    help: Text = "",
    error: Text = "",
    required: bool = False,
    max_length: int | None = None,
    autofocus: bool = False,
) -> rx.Component:
    """Several lines of text."""
    limits: dict[str, Any] = {} if max_length is None else {"max_length": max_length}
    entry = rx.el.textarea(
        id=name,
        name=name,
        default_value=value,
        required=required,
        auto_focus=autofocus,
        class_name="input",
        custom_attrs=_described(name, error, help=help),
        **limits,
    )
    return _labelled(name, label, entry, help=help, error=error, optional=not required)


def select(
    name: str,
    label: Text,
    *options: rx.Component,
    value: Text = "",
    help: Text = "",
    error: Text = "",
    on_change: Press | None = None,
) -> rx.Component:
    """One of a list; make the options with `option`, or with `rx.foreach` over them."""
    events = {} if on_change is None else {"on_change": on_change}
    entry = rx.el.select(
        *options,
        id=name,
        name=name,
        default_value=value,
        class_name="input",
        custom_attrs=_described(name, error, help=help),
        **events,
    )
    return _labelled(name, label, entry, help=help, error=error)


def option(label: Text, value: Text) -> rx.Component:
    """One choice of a `select`."""
    return rx.el.option(label, value=value)


def check(
    name: Text,
    label: Child,
    *,
    checked: Flag = False,
    on_change: Press | None = None,
    required: bool = False,
) -> rx.Component:
    """A box to tick. With `on_change` it acts at once and shows `checked` as the truth."""
    state: dict[str, Any] = (
        {"default_checked": checked}
        if on_change is None
        else {"checked": checked, "on_change": on_change}
    )
    box = rx.el.input(type="checkbox", id=name, name=name, required=required, **state)
    return rx.el.label(box, rx.el.span(label), html_for=name, class_name="check")


def tick(label: Text, *, checked: Flag, on_change: Press) -> rx.Component:
    """A box to tick in a table, which acts at once; its words are for who hears them, because the
    row and the column say the rest."""
    box = rx.el.input(type="checkbox", checked=checked, on_change=on_change)
    words = rx.el.span(label, class_name="only-read")
    return rx.el.label(box, words, class_name="check")


def checks(legend: Text, *boxes: Child) -> rx.Component:
    """Boxes to tick that answer one question."""
    return rx.el.fieldset(rx.el.legend(legend), *boxes, class_name="stack stack-close")


def shown(name: str, label: Text, value: Text, *, help: Text) -> rx.Component:
    """A value to copy: it can be selected, and not changed."""
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(
            id=name,
            type="text",
            value=value,
            read_only=True,
            class_name="input",
            custom_attrs={"aria-describedby": f"{name}-help"},
        ),
        rx.el.p(help, id=f"{name}-help", class_name="field-help"),
        class_name="field",
    )


def search(name: str, label: Text, *, value: Text, placeholder: Text = "") -> rx.Component:
    """A search line without a visible label; put it into a form."""
    return rx.el.div(
        icon("search"),
        rx.el.input(
            id=name,
            name=name,
            type="search",
            default_value=value,
            placeholder=placeholder,
            aria_label=label,
            class_name="input",
            custom_attrs={"autoComplete": "off", "enterKeyHint": "search"},
        ),
        class_name="search grow",
    )


def _described(name: str, error: Text, *, help: Text) -> dict[str, Any]:
    """Ties the entry to the line below it, which says the error or the help."""
    if isinstance(error, str) and isinstance(help, str) and not (error or help):
        return {}
    tied: dict[str, Any] = {"aria-describedby": f"{name}-note"}
    return (
        tied if isinstance(error, str) and not error else tied | {"aria-invalid": _is_there(error)}
    )


def _labelled(
    name: str, label: Text, entry: rx.Component, *, help: Text, error: Text, optional: bool = False
) -> rx.Component:
    mark = [rx.el.span(" (optional)", class_name="field-optional")] if optional else []
    note = rx.cond(
        _is_there(error),
        rx.el.p(error, id=f"{name}-note", class_name="field-error", role="alert"),
        rx.cond(
            _is_there(help),
            rx.el.p(help, id=f"{name}-note", class_name="field-help"),
            rx.fragment(),
        ),
    )
    return rx.el.div(rx.el.label(label, *mark, html_for=name), entry, note, class_name="field")


def _is_there(text: Text) -> Flag:
    return bool(text) if isinstance(text, str) else text != ""
