"""The mentee's dashboard."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import divided, section, stack, wide_cards
from pages.components.cards import card
from pages.components.dashboards import next_step, open_checkout, session_line, together
from pages.components.links import text_link
from pages.components.newest_recordings import newest_recordings
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.ticking import every
from pages.components.waitlist import choice_line, wait_line
from pages.layout import Page, signed_in
from state.dashboard import DashboardState
from state.newest_recordings import NewestRecordingsState
from state.waitlist import WaitlistState

EVERY_MS = 60_000


def dashboard() -> rx.Component:
    """One large next step, then what is to come and what is open, then packs and seats."""
    return signed_in(
        rx.cond(DashboardState.display_name != "", "Hello, " + DashboardState.display_name, "Home"),
        loaded(
            DashboardState.phase,
            stack(
                _step(),
                _sessions(),
                _checkouts(),
                _waits(),
                newest_recordings("/recordings"),
                _packs(),
                gap="apart",
            ),
            failure=DashboardState.failure,
            again=DashboardState.load,
            shape="page",
        ),
        area="mentee",
        active="/dashboard",
    )


def _step() -> rx.Component:
    step = DashboardState.step
    return next_step(step.title, step.words, step.label, step.href)


def _sessions() -> rx.Component:
    return rx.cond(
        has(DashboardState.sessions),
        section(
            "Your next sessions",
            card(divided(rx.foreach(DashboardState.sessions, session_line))),
            rx.cond(DashboardState.soon, every(EVERY_MS, DashboardState.look_again), rx.fragment()),
            action=text_link("All sessions", "/sessions"),
        ),
        rx.fragment(),
    )


def _checkouts() -> rx.Component:
    return rx.cond(
        has(DashboardState.checkouts),
        section("Open checkouts", card(rx.foreach(DashboardState.checkouts, open_checkout))),
        rx.fragment(),
    )


def _waits() -> rx.Component:
    return rx.fragment(
        rx.cond(
            has(DashboardState.choices),
            section("A place that you lost", rx.foreach(DashboardState.choices, choice_line)),
            rx.fragment(),
        ),
        rx.cond(
            has(DashboardState.waits),
            section("Your waitlists", card(divided(rx.foreach(DashboardState.waits, wait_line)))),
            rx.fragment(),
        ),
    )


def _packs() -> rx.Component:
    return section(
        "Your packs",
        or_empty(
            has(DashboardState.together),
            wide_cards(rx.foreach(DashboardState.together, together)),
            empty(
                "No packs yet.",
                "When you have bought a pack, its sessions and your seat are shown here.",
            ),
        ),
    )


PAGE = Page(
    route="/dashboard",
    title="Home",
    component=dashboard,
    on_load=[WaitlistState.begin, DashboardState.load, NewestRecordingsState.load],
)
