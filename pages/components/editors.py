"""What editors need besides text fields: a photo coming in, fields side by side, "Saved."."""

from __future__ import annotations

import reflex as rx

from pages.components.buttons import button
from pages.components.faces import face
from pages.components.kinds import Child, Text


def photo_form(
    photo: Text, initials: Text, *, action: Text, remove: Child, help: Text
) -> rx.Component:
    """The current photo, and a plain form that sends another one to an HTTP route."""
    return rx.el.form(
        rx.el.div(
            face(photo, initials, size="large"),
            rx.el.div(
                rx.el.label("New photo", html_for="photo", class_name="field-label"),
                rx.el.input(
                    id="photo",
                    name="photo",
                    type="file",
                    accept="image/jpeg,image/png,image/webp",
                    required=True,
                    class_name="file-input",
                    custom_attrs={"aria-describedby": "photo-note"},
                ),
                rx.el.p(help, id="photo-note", class_name="field-help"),
                rx.el.div(
                    button("Upload the photo", submit=True, kind="secondary"),
                    remove,
                    class_name="row",
                ),
                class_name="stack stack-close grow",
            ),
            class_name="person-head",
        ),
        action=action,
        method="post",
        enc_type="multipart/form-data",
        on_submit=None,
        aria_label="Photo",
    )


def pair(*fields: Child) -> rx.Component:
    """Short fields side by side where there is room."""
    return rx.el.div(*fields, class_name="pair")


def said(text: Text) -> rx.Component:
    """A short answer beside the button that was pressed; its place is always there."""
    return rx.el.span(text, class_name="said", role="status")


def offer_line(title: Child, *facts: Child) -> rx.Component:
    """A pack in one line: its title, then what is to know and to do."""
    return rx.el.div(rx.el.div(title), *facts, class_name="offer-line")


def more(label: Text, *children: Child) -> rx.Component:
    """What is seldom wanted, closed at first."""
    return rx.el.details(rx.el.summary(label), *children, class_name="more")


def person_cell(photo: Text, initials: Text, name: Child) -> rx.Component:
    """A small face and what is said of the person, in a cell of a table."""
    return rx.el.div(face(photo, initials, size="small"), name, class_name="person-cell")
