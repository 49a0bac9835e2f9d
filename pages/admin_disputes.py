"""Disputes, for admins: what is open and until when, and how the others ended."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import document_button
from pages.components.kinds import NOTHING
from pages.components.links import file_link, text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.text import muted, quiet, strong, text
from pages.layout import Page, signed_in
from state.admin_disputes import PATH, DisputeLine
from state.admin_disputes import AdminDisputesState as State

_Line = rx.vars.ObjectVar[DisputeLine]


def admin_disputes() -> rx.Component:
    """What waits for evidence, and what is over."""
    return signed_in(
        "Disputes",
        loaded(
            State.phase,
            or_empty(
                has(State.waiting) | has(State.over),
                stack(
                    _open(),
                    _over(),
                    rx.cond(State.more != "", muted(State.more), NOTHING),
                    gap="apart",
                ),
                empty(
                    "Nobody disputes a payment.",
                    "When a buyer's bank asks for money back, you see it here, with the "
                    "day until which your answer counts and the evidence to send.",
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=PATH,
        state=rx.cond(has(State.waiting), toned(State.open_words, "warning"), NOTHING),
    )


def _open() -> rx.Component:
    return section(
        "Open",
        or_empty(
            has(State.waiting),
            divided(rx.foreach(State.waiting, _waiting)),
            muted("Nothing waits for an answer."),
        ),
    )


def _over() -> rx.Component:
    return rx.cond(
        has(State.over), section("Over", divided(rx.foreach(State.over, _ended))), NOTHING
    )


def _waiting(one: _Line) -> rx.Component:
    return stack(
        _title(one),
        rx.cond(one.answer != "", _deadline(one), NOTHING),
        _about(one),
        row(document_button("Evidence", one.file_href, kind="secondary", beside=True), _order(one)),
        gap="close",
    )


def _ended(one: _Line) -> rx.Component:
    return stack(
        _title(one),
        _about(one),
        row(
            file_link("Evidence", one.file_href),
            _order(one),
        ),
        gap="close",
    )


def _title(one: _Line) -> rx.Component:
    return row(
        strong(one.amount),
        toned(one.kind, one.tone),
        quiet(one.who),
        quiet(one.since, moment(one.day)),
    )


def _deadline(one: _Line) -> rx.Component:
    words = rx.fragment(one.answer, " ", moment(one.due), ".")
    return text(rx.cond(one.urgent, strong(words), words))


def _about(one: _Line) -> rx.Component:
    return stack(
        muted(one.why, " ", one.stands),
        muted(mark(one.ids)),
        gap="tight",
    )


def _order(one: _Line) -> rx.Component:
    return text_link("Its order", one.order_href)


PAGE = Page(route=PATH, title="Disputes", component=admin_disputes, on_load=[State.load])
