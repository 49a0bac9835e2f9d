"""Testimonials: admins read them before anybody else does."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge, toned
from pages.components.boxes import divided, row, stack
from pages.components.buttons import button
from pages.components.editors import said
from pages.components.forms import field, form
from pages.components.links import text_link
from pages.components.lists import listing
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.text import muted, prose, quiet, strong
from pages.layout import Page, signed_in
from state.admin_testimonials import PATH, TestimonialFace
from state.admin_testimonials import AdminTestimonialsState as State

_Face = rx.vars.ObjectVar[TestimonialFace]


def admin_testimonials() -> rx.Component:
    """What waits, or what was decided."""
    return signed_in(
        "Testimonials",
        said(State.answer),
        listing(
            State,
            divided(rx.foreach(State.rows, _testimonial)),
            path=f"{PATH}?only=all",
            placeholder="A name",
            search_label="Search testimonials",
            filter_label="Which testimonials",
            submit=State.search,
            load=State.load,
            nothing="Nothing waits to be read.",
            why="Mentees are asked for a few words at the end of a pack; they are listed here.",
            filled=has(State.rows),
        ),
        area="admin",
        active=PATH,
        state=rx.cond(State.chosen == "", toned("to be read", "warning"), rx.fragment()),
    )


def _testimonial(one: _Face) -> rx.Component:
    return stack(
        row(
            strong(one.author),
            quiet("about ", text_link(one.mentor, one.mentor_href), ", shown as ", one.shown_as),
            badge(one.status),
            moment(one.written),
        ),
        prose(one.body),
        rx.cond(one.reason != "", muted("Declined: ", one.reason), rx.fragment()),
        rx.cond(State.declining == one.public_id, _declining(), _actions(one)),
        gap="close",
    )


def _actions(one: _Face) -> rx.Component:
    return row(
        rx.cond(
            one.can_publish,
            button(
                "Publish",
                on_click=State.publish(one.public_id),
                busy=State.busy == one.public_id,
            ),
            rx.fragment(),
        ),
        rx.cond(
            one.can_decline,
            button(
                rx.cond(one.can_publish, "Decline", "Take off the pages"),
                on_click=State.ask_decline(one.public_id),
                kind="secondary",
            ),
            rx.fragment(),
        ),
    )


def _declining() -> rx.Component:
    return form(
        field(
            "reason",
            "Reason",
            help="The mentee reads it, and may write anew.",
            error=State.wrong,
            max_length=300,
            autofocus=True,
        ),
        row(
            button("Decline it", submit=True, kind="danger", busy=State.busy != ""),
            button("Leave it", on_click=State.ask_decline(""), kind="secondary"),
        ),
        on_submit=State.decline,
        label="Decline",
    )


PAGE = Page(route=PATH, title="Testimonials", component=admin_testimonials, on_load=[State.load])
