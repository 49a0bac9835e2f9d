"""The files of a recording on the admin's page, and the proof that they are gone."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import section
from pages.components.cards import card, fact, fact_list
from pages.components.jobs import fact_if, folded
from pages.components.kinds import NOTHING
from pages.components.lists import mark, under
from pages.components.moments import moment
from pages.components.phases import has, or_empty
from pages.components.tables import cell, head, row, table, table_foot
from pages.components.text import muted, strong
from pages.components.transfers import transfer
from state.admin_recording import AdminRecordingState as State
from state.recording_files import FileLine, PurgedLine


def files() -> rx.Component:
    """Each file with its place, its size and its SHA-256."""
    heads = [head("File"), head("Status"), head("Where"), head("Size", number=True)]
    return section(
        "Files",
        or_empty(
            has(State.files),
            rx.fragment(
                table("Files", heads, rx.foreach(State.files, _file), dense=True),
                table_foot(State.files_shown),
            ),
            muted("There is none yet: the recorder's store is looked through when it has left."),
        ),
    )


def _file(one: rx.vars.ObjectVar[FileLine]) -> rx.Component:
    return row(
        cell(strong(one.kind), under(one.name), rank="main"),
        cell(
            toned(one.status, one.tone),
            transfer(one.copied, one.progress, about=f"Transferred of {one.name}"),
            rx.cond(one.at.iso != "", under(moment(one.at)), NOTHING),
            rank="fact",
        ),
        cell(
            one.store,
            rx.cond(one.origin != "", under(one.origin), NOTHING),
            under(mark(one.key)),
            rx.cond(one.sha256 != "", under("SHA-256 ", mark(one.sha256)), NOTHING),
        ),
        cell(one.size, number=True, label="Size: "),
    )


def proof() -> rx.Component:
    """The certificate of the purge; nothing where there is none."""
    return rx.cond(
        State.proof.public_id != "",
        card(
            strong("Proof that it is deleted"),
            fact_list(
                fact("Why", State.proof.reason),
                fact_if(State.proof.by != "", "By", State.proof.by),
                fact("Deleted", State.proof.gone),
                fact("A listing showed nothing any more", moment(State.proof.listed)),
                fact("Its id", mark(State.proof.public_id, short=True)),
            ),
            folded(
                "Every file, and where it was looked for",
                table(
                    "Deleted files",
                    [head("File"), head("Size", number=True), head("Versions", number=True)],
                    rx.foreach(State.purged, _purged),
                    dense=True,
                ),
                muted("Nothing is listed any more below these:"),
                rx.foreach(State.proof.places, lambda place: under(mark(place))),
            ),
            label="Proof that it is deleted",
        ),
        NOTHING,
    )


def _purged(one: rx.vars.ObjectVar[PurgedLine]) -> rx.Component:
    return row(
        cell(mark(one.key), under("SHA-256 ", mark(one.sha256)), rank="main"),
        cell(one.size, rank="fact", number=True),
        cell(one.versions, number=True, label="Versions: "),
    )
