"""The discount code at the checkout, and what makes up the price."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, stack
from pages.components.buttons import button
from pages.components.cards import facts
from pages.components.editors import more
from pages.components.forms import field, form
from pages.components.notices import notice
from pages.components.text import muted, text
from state.checkout import CheckoutState


def price_parts(state: type[CheckoutState]) -> rx.Component:
    """The list price less the discount, and the tax, where there is either."""
    return rx.fragment(
        rx.cond(
            state.discount != "",
            facts(("Price", state.list_price), ("Discount", state.discount)),
            rx.fragment(),
        ),
        rx.cond(state.tax != "", muted("Of this ", state.tax, "."), rx.fragment()),
    )


def discount_field(state: type[CheckoutState]) -> rx.Component:
    """A small form for a code; once it counts, the code and the way to take it away."""
    return rx.cond(
        state.code != "",
        notice(
            row(
                text("The code ", state.code, " counts."),
                button("Remove the code", on_click=state.drop_code, kind="quiet"),
            ),
            tone="good",
        ),
        more(
            "Do you have a discount code?",
            form(
                stack(
                    field(
                        "code",
                        "Discount code",
                        error=state.code_error,
                        max_length=40,
                        autocomplete="off",
                    ),
                    button("Use the code", submit=True, kind="secondary"),
                ),
                on_submit=state.use_code,
            ),
        ),
    )
