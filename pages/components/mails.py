"""Parts of the pages about mails: the ways between them, and a letter in both its forms."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import section, stack
from pages.components.cards import fact, fact_list
from pages.components.chips import chip, chips
from pages.components.jobs import folded
from pages.components.kinds import NOTHING, Child
from pages.components.text import muted
from state.mail_rows import MAILS, SUPPRESSED, TEMPLATES, LetterFace

_PLACES = (("Sent", MAILS), ("Addresses without mail", SUPPRESSED), ("Templates", TEMPLATES))


def mail_places(here: str) -> rx.Component:
    """The ways between the pages about mails."""
    return rx.el.nav(
        chips("Pages", *(chip(word, href, chosen=href == here) for word, href in _PLACES)),
        aria_label="Mails",
        class_name="job-places",
    )


def letter(
    one: LetterFace | rx.vars.ObjectVar[LetterFace], *, heading: str, note: Child = NOTHING
) -> rx.Component:
    """A letter: subject and preview, the HTML in a frame that runs nothing, the text below."""
    return section(
        heading,
        note,
        rx.cond(
            one.html != "",
            stack(
                fact_list(
                    fact("Subject", one.subject),
                    fact("Preview", one.preview),
                    fact("Language", one.language),
                ),
                rx.el.iframe(
                    src_doc=one.html,
                    title="The mail as its reader sees it",
                    sandbox="allow-popups allow-popups-to-escape-sandbox",
                    class_name="letter-frame",
                ),
                folded("As plain text", rx.el.pre(one.text, class_name="letter-text")),
            ),
            muted(one.why),
        ),
    )
