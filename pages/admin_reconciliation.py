"""How we stand beside the payment providers, for admins."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack, wide_cards
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark, under
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import cell, head, table
from pages.components.tables import row as table_row
from pages.components.text import heading, muted, quiet, strong, text
from pages.layout import Page, signed_in
from state.admin_reconciliation import PATH, DifferenceLine, RunLine, StandingLine
from state.admin_reconciliation import AdminReconciliationState as State


def admin_reconciliation() -> rx.Component:
    """Each provider, what differs, and the runs that found something."""
    return signed_in(
        "Reconciliation",
        loaded(
            State.phase,
            or_empty(
                State.compared,
                stack(
                    muted(
                        "Each provider's payments, refunds and disputes are laid beside ours: the "
                        "last 3 days every few minutes, the last 90 each night. What no webhook "
                        "told us is applied. What only you can put right is listed here, and "
                        "mailed to the admins each morning."
                    ),
                    wide_cards(rx.foreach(State.standings, _standing)),
                    _what_differs(),
                    _found(),
                    gap="apart",
                ),
                empty(
                    "Nothing was compared yet.",
                    "Every few minutes the studio lays each provider's payments, refunds and "
                    "disputes beside its own, and repairs what it missed.",
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=PATH,
        state=rx.cond(State.compared, toned(State.status, State.tone), NOTHING),
        action=button("Run now", on_click=State.run_now(False), busy=State.busy),
    )


def _standing(one: rx.vars.ObjectVar[StandingLine]) -> rx.Component:
    return card(
        rx.el.div(row(heading(one.provider), quiet(one.running)), aria_live="polite"),
        rx.cond(one.latest.id != "", _run(one.latest), muted("Not compared yet.")),
        rx.cond(one.long.id != "", _run(one.long), NOTHING),
    )


def _run(run: Any) -> rx.Component:
    """A run that is a part of another variable."""
    one: rx.vars.ObjectVar[RunLine] = run
    return stack(
        row(strong(one.window), toned(one.status, one.tone)),
        muted(moment(one.at), ", ", one.looked, rx.cond(one.found != "", ", ", ""), one.found),
        _error(one),
        gap="tight",
    )


def _error(one: rx.vars.ObjectVar[RunLine]) -> rx.Component:
    return rx.cond(one.error != "", under(one.error, bad=True), NOTHING)


def _what_differs() -> rx.Component:
    return section(
        "What does not match",
        or_empty(
            has(State.differences),
            divided(rx.foreach(State.differences, _difference)),
            muted("Nothing that we know of."),
        ),
        action=button(
            "Compare 90 days", on_click=State.run_now(True), kind="secondary", busy=State.busy
        ),
    )


def _difference(one: rx.vars.ObjectVar[DifferenceLine]) -> rx.Component:
    return stack(
        row(strong(one.thing), mark(one.id)),
        text(one.what),
        row(
            rx.cond(one.order_href != "", text_link("Its order", one.order_href), NOTHING),
            rx.cond(one.place != "", text_link(one.place, one.place_href), NOTHING),
        ),
        gap="close",
    )


def _found() -> rx.Component:
    return rx.cond(
        has(State.found),
        section(
            "Runs that found something",
            table(
                "Runs that found something",
                [head("Provider"), head("Window"), head("Found"), head("When")],
                rx.foreach(State.found, _found_run),
                dense=True,
            ),
        ),
        NOTHING,
    )


def _found_run(one: rx.vars.ObjectVar[RunLine]) -> rx.Component:
    return table_row(
        cell(strong(one.provider), rank="main"),
        cell(quiet(one.window)),
        cell(one.found, _error(one), rank="fact"),
        cell(moment(one.at)),
    )


PAGE = Page(
    route=PATH, title="Reconciliation", component=admin_reconciliation, on_load=[State.load]
)
