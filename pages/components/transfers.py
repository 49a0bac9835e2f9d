"""Recordings and files on their way, and the ways between the pages that admins see them on."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.chips import chip, chips
from pages.components.kinds import NOTHING, Text
from pages.components.lists import under

RECORDINGS, STORAGE, COSTS = "/admin/recordings", "/admin/storage", "/admin/costs"
_PLACES = (("Recordings", RECORDINGS), ("Stores", STORAGE), ("Costs", COSTS))
_WHOLE = 1_000


def recording_places(here: str) -> rx.Component:
    """The ways between the pages about recordings."""
    return rx.el.nav(
        chips("Pages", *(chip(word, href, chosen=href == here) for word, href in _PLACES)),
        aria_label="Recordings",
        class_name="job-places",
    )


def transfer(copied: int | rx.Var[int], words: Text, *, about: Text) -> rx.Component:
    """How far something is: a bar of `copied` thousandths, and the words that say the same. Nothing
    where there are no words. `about` names it for who does not see the bar."""
    bar = rx.el.progress(value=copied, max=_WHOLE, aria_label=about, class_name="progress")
    return rx.cond(
        words != "", rx.el.div(bar, under(words), class_name="stack stack-tight transfer"), NOTHING
    )


def status_line(status: Text, tone: Text, marks: rx.Var[list[str]]) -> rx.Component:
    """The status, and what else there is to see at once."""
    beside = rx.foreach(marks, lambda mark: toned(mark, "quiet"))
    return line(toned(status, tone), beside)
