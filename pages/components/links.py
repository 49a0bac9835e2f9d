"""Links: inside the application, out of it, and to HTTP routes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.kinds import Child, Press, Text


def anchor(*children: Child, href: Text, class_name: Text = "", **attributes: Text) -> rx.Component:
    """A bare link to a page of the application; no page load, only the new page's data."""
    extra: dict[str, Any] = {"custom_attrs": dict(attributes)} if attributes else {}
    return rx.el.a(*children, href=href, class_name=class_name, **extra)


def document(
    *children: Child, href: Text, class_name: Text = "", beside: bool = False
) -> rx.Component:
    """A bare link to what is not a page of ours (an HTTP route, a file, another site), or to a
    part of this page: the browser follows it by itself.

    `beside` is for a file that the browser keeps: opened in place of this page, which stays, it
    would end the page's connection, and nothing on it would change any more.
    """
    more: dict[str, Any] = {"target": "_blank", "rel": "noopener"} if beside else {}
    return rx.el.a(*children, href=href, class_name=class_name, reload_document=True, **more)


def text_link(label: Child, href: Text) -> rx.Component:
    """A link within a sentence, to a page of the application."""
    return anchor(label, href=href, class_name="text-link")


def small_link(label: Child, href: Text) -> rx.Component:
    """A quieter one, such as below a table or in a cell."""
    return anchor(label, href=href, class_name="text-link small")


def pressed_link(label: Child, href: Text, *, on_click: Press) -> rx.Component:
    """The same, which the page's state hears of as well."""
    return rx.el.a(label, href=href, class_name="text-link", on_click=on_click)


def file_link(label: Child, href: Text) -> rx.Component:
    """A link within a sentence, to a file that the browser keeps."""
    return document(label, href=href, class_name="text-link", beside=True)
