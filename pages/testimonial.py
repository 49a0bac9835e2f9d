"""Saying how the sessions of a pack were."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import form_width, row
from pages.components.buttons import button, link_button
from pages.components.editors import said
from pages.components.forms import form, text_area
from pages.components.notices import notice
from pages.components.phases import empty, loaded
from pages.components.text import muted, prose, strong, text
from pages.layout import Page, signed_in
from services.testimonials import LEAST_LENGTH, MOST_LENGTH
from state.testimonial import TestimonialState as State


def testimonial() -> rx.Component:
    """A form, or why there is none."""
    return signed_in(
        rx.cond(State.phase == "ready", f"Your sessions with {State.mentor}", "Your sessions"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such pack, or it is not yours.",
                "Your packs are on your dashboard.",
                action=link_button("Go to your dashboard", "/dashboard"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="panel"),
        ),
        area="mentee",
        active="/dashboard",
        state=rx.cond(State.status != "", toned(State.status, State.tone), rx.fragment()),
    )


def _content() -> rx.Component:
    return form_width(
        rx.cond(State.why_not != "", _closed(), _open()),
        row(link_button("See the mentor's page", State.mentor_href, kind="secondary")),
    )


def _closed() -> rx.Component:
    return rx.fragment(
        rx.cond(State.body != "", prose(State.body), rx.fragment()),
        notice(text(State.why_not)),
    )


def _open() -> rx.Component:
    return rx.fragment(
        rx.cond(
            State.declined_because != "",
            notice(
                text("The studio did not publish this: ", strong(State.declined_because)),
                text("You can write it anew."),
                tone="warning",
            ),
            rx.fragment(),
        ),
        text(
            "How was it, and what has changed for you? It helps others to choose. "
            "The studio reads it first; then it is shown on the mentor's page and on the home "
            "page, as ",
            strong(State.shown_as),
        ),
        form(
            text_area(
                "body",
                "Your words",
                value=State.body,
                help=f"From {LEAST_LENGTH} to {MOST_LENGTH} characters, about “{State.title}”.",
                error=State.wrong,
                required=True,
                max_length=MOST_LENGTH,
            ),
            muted("You can change it until it is published."),
            row(
                button(
                    rx.cond(State.status != "", "Send it again", "Send it"),
                    submit=True,
                    busy=State.saving,
                ),
                said(State.saved),
            ),
            on_submit=State.save,
            key=f"words {State.attempt}",
            label="Testimonial",
        ),
    )


PAGE = Page(
    route="/testimonial/[pack]",
    title="Your sessions",
    component=testimonial,
    on_load=[State.load],
)
