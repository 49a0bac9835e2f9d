"""The terms, and agreeing to a new version of them."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, stack
from pages.components.buttons import button
from pages.components.documents import document, in_new_tab
from pages.components.notices import notice
from pages.components.text import text
from pages.layout import Page, form_page
from state.terms import TermsState

PATH = "/terms"


def terms() -> rx.Component:
    """The text; below it a button for those who have not agreed to it yet."""
    return form_page(
        "Terms", document(TermsState, load=TermsState.load, path=PATH, below=_agreement())
    )


def _agreement() -> rx.Component:
    asked = TermsState.signed_in & TermsState.terms_due & TermsState.is_current
    return rx.cond(
        asked,
        notice(
            stack(
                text(
                    "This version is new to you. By agreeing you also confirm that you have read "
                    "the ",
                    in_new_tab("privacy notice", "/privacy"),
                    ".",
                ),
                row(button("I agree", on_click=TermsState.agree)),
            ),
        ),
        rx.fragment(),
    )


PAGE = Page(
    route=PATH,
    title="Terms",
    component=terms,
    on_load=[TermsState.load],
    description="What you buy here and what we owe each other.",
)
