"""The parts of a dashboard: the one next step, a session to come, a mentor with their packs, an
open checkout."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge, toned
from pages.components.buttons import link_button
from pages.components.faces import face
from pages.components.kinds import Text
from pages.components.links import anchor
from pages.components.moments import moment
from pages.components.packs import pack_dots
from state.dashboard import CheckoutFace, PackFace, SessionFace, Together


def next_step(title: Text, words: Text, label: Text, href: Text) -> rx.Component:
    """The largest thing on the page: what to do now."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), rx.el.p(words), class_name="stack stack-close"),
        link_button(label, href, large=True),
        class_name="next-step",
        aria_label="Your next step",
    )


def session_line(one: rx.vars.ObjectVar[SessionFace]) -> rx.Component:
    """A session to come: when, with whom, and the way to it."""
    return rx.el.div(
        rx.el.div(
            anchor(one.when, href=one.href, class_name="strong"),
            rx.el.p(
                "with ",
                one.mentor,
                rx.cond(one.away != "", rx.fragment(", ", one.away), rx.fragment()),
                class_name="muted small",
            ),
            rx.cond(one.note != "", rx.el.p(one.note, class_name="small"), rx.fragment()),
        ),
        rx.cond(
            one.joinable, link_button("Join now", one.href, kind="secondary"), badge(one.status)
        ),
        class_name="session-line",
    )


def together(one: rx.vars.ObjectVar[Together]) -> rx.Component:
    """A mentor one works with: the seat, and the packs as dots."""
    return rx.el.article(
        rx.el.div(
            face(one.photo, one.initials, size="small"),
            rx.el.h3(anchor(one.name, href=one.href)),
            rx.cond(
                one.book_href != "",
                link_button("Book", one.book_href, kind="secondary"),
                rx.cond(
                    one.renewable, link_button("Renew", one.href, kind="secondary"), rx.fragment()
                ),
            ),
            rx.el.p(
                toned(one.seat, one.seat_tone),
                rx.cond(one.until.iso != "", " until ", ""),
                moment(one.until),
                class_name="small seat-line",
            ),
            class_name="together-head",
        ),
        rx.el.div(rx.foreach(one.packs, _pack), class_name="rows"),
        class_name="card stack",
    )


def _pack(pack: rx.vars.ObjectVar[PackFace]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(pack.title, class_name="strong"),
            badge(pack.status),
            class_name="row row-between",
        ),
        pack_dots(pack.dots, pack.balance, large=True),
        rx.el.p(
            rx.el.span(pack.balance),
            rx.el.span(pack.ends_word, moment(pack.ends)),
            class_name="row row-between muted small",
        ),
        class_name="stack stack-close",
    )


def open_checkout(one: rx.vars.ObjectVar[CheckoutFace]) -> rx.Component:
    """A checkout that waits for its money."""
    return rx.el.div(
        rx.el.div(
            rx.el.span(one.title, " with ", one.mentor, class_name="strong"),
            rx.el.p(
                toned(one.status, one.tone),
                rx.el.span(" · seat held, ends ", moment(one.held), class_name="muted"),
                class_name="small",
            ),
            class_name="stack stack-tight grow",
        ),
        rx.el.span(one.price, class_name="figures strong"),
        link_button("Continue", one.href, kind="secondary"),
        class_name="row open-checkout",
    )
