"""The stores of recordings, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.chips import chip, chips
from pages.components.forms import errors_of, option, select, text_area
from pages.components.kinds import NOTHING, Child, Text
from pages.components.links import text_link
from pages.components.lists import mark, opened, under
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.tables import cell, head, part_foot, row, table
from pages.components.text import muted, strong
from pages.components.transfers import STORAGE, recording_places, transfer
from pages.layout import Page, signed_in
from state.admin_storage import AdminStorageState as State
from state.admin_storage import OrphanLine, StoreLine

_error = errors_of(State.wrong_field, State.wrong)
_COLUMNS = 5


def admin_storage() -> rx.Component:
    """What lies where, and what the nightly check found."""
    return signed_in(
        "Stores",
        recording_places(STORAGE),
        loaded(
            State.phase,
            stack(_stores(), _orphans(), gap="apart"),
            failure=State.failure,
            again=State.load,
        ),
        area="admin",
        active=STORAGE,
    )


def _stores() -> rx.Component:
    heads = [head("Store"), head("State"), head("Files", number=True), head("Oldest"), head("")]
    return section(
        "Where recordings lie",
        rx.cond(State.moving != "", card(_move()), NOTHING),
        table("Stores", heads, rx.foreach(State.stores, _store), dense=True),
        muted(
            "A store is set up by STORAGE_<NAME>_KIND and what belongs to it. Each file remembers "
            "its own: another STORAGE_DEFAULT moves nothing by itself."
        ),
    )


def _store(one: rx.vars.ObjectVar[StoreLine]) -> rx.Component:
    return row(
        cell(
            strong(one.name),
            under(one.kind, rx.cond(one.place != "", rx.fragment(", ", one.place), NOTHING)),
            rx.cond(one.role != "", under(one.role), NOTHING),
            rx.cond(
                one.needed.iso != "",
                under("keep its settings until ", moment(one.needed), ": deletions look here"),
                NOTHING,
            ),
            rank="main",
        ),
        cell(
            toned(one.answer, one.tone),
            rx.cond(one.trouble != "", under(one.trouble, bad=True), NOTHING),
            transfer(one.copied, one.progress, about=f"Arriving in {one.name}"),
            rank="fact",
        ),
        cell(one.size, under(one.files), number=True),
        cell(moment(one.oldest), label=rx.cond(one.oldest.iso != "", "Oldest: ", "")),
        cell(
            rx.cond(
                one.filled,
                button(
                    "Move all",
                    about=f"recordings of {one.name}",
                    on_click=State.ask_move(one.name),
                    kind="quiet",
                ),
                NOTHING,
            ),
            rank="action",
        ),
    )


def _move() -> rx.Component:
    return asked(
        strong("Move all recordings of ", State.moving),
        select(
            "to",
            "To the store",
            rx.foreach(State.names, lambda name: option(name, name)),
            help="Each file is copied, compared by its SHA-256, and can be watched meanwhile; the "
            "old place is cleared an hour after.",
            error=_error("to"),
        ),
        submit="Move them",
        on_submit=State.move,
        on_close=State.ask_move(""),
        busy=State.busy,
        label="Move all recordings of a store",
    )


def _orphans() -> rx.Component:
    heads = [
        head("File"),
        head("What is wrong"),
        head("Size", number=True),
        head("Found"),
        head(""),
    ]
    return section(
        "What fits nowhere",
        chips("Finds", rx.foreach(State.chips, lambda c: chip(c.label, c.href, chosen=c.chosen))),
        or_empty(
            has(State.orphans),
            rx.fragment(
                table("Finds", heads, rx.foreach(State.orphans, _orphan), dense=True),
                part_foot(State.orphans_total, State.first_href, State.older_href),
            ),
            rx.cond(
                State.settled,
                empty("Nothing was settled yet."),
                empty(
                    "Every file belongs to a recording, and every recording has its files.",
                    "Each night all stores are compared with what is written down of them. What "
                    "does not fit is listed here, with what can be done about it.",
                ),
            ),
        ),
    )


def _orphan(one: rx.vars.ObjectVar[OrphanLine]) -> rx.Component:
    return rx.fragment(
        row(
            cell(
                mark(one.key),
                under("in ", one.store),
                rx.cond(
                    one.recording_href != "",
                    under(text_link("Its recording", one.recording_href)),
                    NOTHING,
                ),
                rank="main",
            ),
            cell(
                toned(one.what, one.tone),
                rx.cond(one.how != "", under(one.how), NOTHING),
                rank="fact",
            ),
            cell(one.size, number=True),
            cell(
                moment(one.found),
                rx.cond(one.settled.iso != "", under("settled ", moment(one.settled)), NOTHING),
            ),
            cell(_ways(one), rank="action"),
        ),
        opened(_question(one), columns=_COLUMNS, shown=State.asking == one.public_id),
    )


def _ways(one: rx.vars.ObjectVar[OrphanLine]) -> rx.Component:
    is_open = one.settled.iso == ""
    return rx.cond(
        State.asking != one.public_id,
        line(
            _asks(one, one.adoptable, "adopt", "Give it to its recording"),
            _asks(one, one.deletable, "delete", "Delete it"),
            _asks(one, is_open, "note", "Leave it so"),
        ),
        NOTHING,
    )


def _asks(
    one: rx.vars.ObjectVar[OrphanLine], may: rx.Var[bool], question: str, label: str
) -> rx.Component:
    asks = State.ask(one.public_id, question)
    return rx.cond(may, button(label, about=one.key, on_click=asks, kind="quiet"), NOTHING)


def _question(one: rx.vars.ObjectVar[OrphanLine]) -> rx.Component:
    return rx.fragment(
        rx.match(
            State.question,
            (
                "delete",
                _asked(
                    "Delete every version",
                    muted("Nothing of ", one.key, " in ", one.store, " is left after that."),
                    danger=True,
                ),
            ),
            ("adopt", _asked("Give it to its recording", muted("It can be watched there again."))),
            ("note", _asked("Leave it so", muted("It is not listed again while nothing changes."))),
            NOTHING,
        )
    )


def _asked(submit: Text, *words: Child, danger: bool = False) -> rx.Component:
    return asked(
        *words,
        text_area(
            "reason",
            "Reason",
            help="Admins alone read it.",
            error=_error("reason"),
            required=True,
            max_length=200,
        ),
        submit=submit,
        on_submit=State.settle,
        on_close=State.ask("", ""),
        busy=State.busy,
        label="Your answer",
        danger=danger,
    )


PAGE = Page(
    route=STORAGE, title="Stores", component=admin_storage, on_load=[State.load, State.look]
)
