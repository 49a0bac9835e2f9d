"""Discount codes, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import form_width, section, stack
from pages.components.boxes import row as line
from pages.components.buttons import button
from pages.components.editors import pair
from pages.components.forms import errors_of, field, form, option, select
from pages.components.lists import listing, mark, under
from pages.components.moments import moment
from pages.components.phases import has
from pages.components.tables import cell, head, row, table
from pages.components.text import muted
from pages.layout import Page, signed_in
from services.config import settings
from services.discounts import AMOUNT, PERCENT
from state.admin_discounts import PATH, CodeFace, MentorChoice
from state.admin_discounts import AdminDiscountsState as State

_error = errors_of(State.wrong_field, State.wrong_text)


def admin_discounts() -> rx.Component:
    """The list, and the form for a new code above it."""
    return signed_in(
        "Discount codes",
        rx.cond(State.making, stack(_making(), _list(), gap="apart"), _list()),
        area="admin",
        active=PATH,
        action=rx.cond(
            (State.phase == "ready") & ~State.making,
            button("New code", on_click=State.begin(True)),
            rx.fragment(),
        ),
    )


def _list() -> rx.Component:
    heads = [
        head("Code"),
        head("Takes off", number=True),
        head("Used", number=True),
        head("Status"),
        head("First day"),
        head("Last day"),
        head("Actions"),
    ]
    return stack(
        listing(
            State,
            table("Discount codes", heads, rx.foreach(State.rows, _row), dense=True),
            path=PATH,
            placeholder="A code",
            search_label="Search codes",
            filter_label="Which codes",
            submit=State.search,
            load=State.load,
            nothing="There is no discount code yet.",
            why="A code takes a percentage or an amount off a pack; people type it at checkout.",
            filled=has(State.rows),
        ),
    )


def _row(one: rx.vars.ObjectVar[CodeFace]) -> rx.Component:
    return row(
        cell(mark(one.code), under(one.limits), rank="main"),
        cell(one.off, rank="fact", number=True),
        cell(one.used, number=True, label="Used"),
        cell(toned(one.status, one.tone)),
        cell(moment(one.starts), rank="wide"),
        cell(moment(one.ends), rank="wide"),
        cell(
            rx.cond(
                one.stopped,
                button(
                    "Let it work",
                    about=one.code,
                    on_click=State.set_active(one.public_id, True),
                    kind="quiet",
                ),
                button(
                    "Stop it",
                    about=one.code,
                    on_click=State.set_active(one.public_id, False),
                    kind="quiet",
                ),
            ),
            rank="action",
        ),
    )


def _making() -> rx.Component:
    currency, zone = settings().studio_currency, settings().studio_timezone
    return section(
        "A new code",
        form_width(
            form(
                field(
                    "code",
                    "Code",
                    help="Letters from A to Z, digits and hyphens. People may type it either way.",
                    error=_error("code"),
                    autocomplete="off",
                    max_length=40,
                    autofocus=True,
                ),
                pair(
                    select(
                        "kind",
                        "What it takes off",
                        option("A percentage", PERCENT),
                        option(f"An amount in {currency}", AMOUNT),
                        error=_error("kind"),
                    ),
                    field(
                        "value",
                        "How much",
                        help="Such as 20. 100 percent makes a pack free.",
                        error=_error("value"),
                        inputmode="decimal",
                        max_length=12,
                    ),
                ),
                *_limits(),
                muted(f"Days begin and end in the studio's zone ({zone})."),
                line(
                    button("Make the code", submit=True, busy=State.busy),
                    button("Cancel", on_click=State.begin(False), kind="secondary"),
                ),
                on_submit=State.create,
                key=f"code {State.made}",
                label="A new code",
            )
        ),
    )


def _limits() -> list[rx.Component]:
    return [
        pair(
            field(
                "starts_on",
                "First day",
                kind="date",
                help="Empty: at once.",
                error=_error("starts_on"),
                required=False,
            ),
            field(
                "ends_on",
                "Last day",
                kind="date",
                help="Empty: until you stop it.",
                error=_error("ends_on"),
                required=False,
            ),
        ),
        pair(
            field(
                "max_total",
                "Uses in all",
                help="Empty: no limit.",
                error=_error("max_total"),
                required=False,
                inputmode="numeric",
                max_length=7,
            ),
            field(
                "max_per_person",
                "Uses of one person",
                value="1",
                help="Empty: no limit.",
                error=_error("max_per_person"),
                required=False,
                inputmode="numeric",
                max_length=7,
            ),
        ),
        select(
            "mentor",
            "Whose packs",
            option("All mentors' packs", ""),
            rx.foreach(State.mentors, _mentor),
            error=_error("mentor"),
        ),
    ]


def _mentor(one: rx.vars.ObjectVar[MentorChoice]) -> rx.Component:
    return option(one.name, one.slug)


PAGE = Page(route=PATH, title="Discount codes", component=admin_discounts, on_load=[State.load])
