"""The privacy notice."""

from __future__ import annotations

import reflex as rx

from pages.components.documents import document
from pages.layout import Page, form_page
from state.privacy import PrivacyState

PATH = "/privacy"


def privacy() -> rx.Component:
    """The text."""
    return form_page("Privacy", document(PrivacyState, load=PrivacyState.load, path=PATH))


PAGE = Page(
    route=PATH,
    title="Privacy",
    component=privacy,
    on_load=[PrivacyState.load],
    description="Which data we have about you, why, and how you get them out again.",
)
