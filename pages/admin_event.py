"""One stored webhook, for admins: what it says, and handling it again with open eyes."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge, toned
from pages.components.boxes import row as line
from pages.components.boxes import section, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, fact, fact_list
from pages.components.jobs import (
    changes_table,
    code,
    fact_if,
    history,
    job_places,
    paused,
    runs_table,
    thing,
)
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.admin_event import AdminEventState as State
from state.job_rows import INBOX, JOBS


def admin_event() -> rx.Component:
    """What it is, what handling it again would do, what it says, and its runs."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.type, "Webhook"),
        job_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such webhook.",
                "Perhaps its address was cut short.",
                action=link_button("All webhooks", INBOX, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=INBOX,
        state=rx.cond(State.phase == "ready", badge(State.head.status), NOTHING),
    )


def _content() -> rx.Component:
    return stack(
        rx.cond(
            State.head.error != "",
            notice(strong("Why it was not handled"), text(State.head.error), tone="bad"),
            NOTHING,
        ),
        split(_facts(), _again(), even=True),
        rx.cond(
            has(State.would),
            section(
                "Rows it would change",
                changes_table("Rows it would change", State.would),
            ),
            NOTHING,
        ),
        section(
            "What it says",
            muted("Secrets and whatever tells who somebody is are cut out."),
            or_empty(
                State.payload != "",
                code(State.payload, label="What it says"),
                muted("Its content was forgotten, as everybody's is after a while."),
            ),
        ),
        section(
            "Its runs",
            or_empty(
                has(State.runs), runs_table("Its runs", State.runs), muted("It was not tried yet.")
            ),
        ),
        history(State.history),
        gap="apart",
    )


def _facts() -> rx.Component:
    return card(
        strong("The webhook"),
        fact_list(
            fact("From", mark(State.head.source)),
            fact_if(State.head.object_id != "", "Names", mark(State.head.object_id)),
            fact_if(State.head.about != "", "About", _thing()),
            fact("Tries", State.head.attempts),
            fact("Received", moment(State.received)),
            fact_if(State.due.iso != "", "Due", moment(State.due)),
            fact_if(State.handled.iso != "", "Handled", moment(State.handled)),
        ),
        paused(State.paused_because, "What comes from there"),
        label="The webhook",
    )


def _again() -> rx.Component:
    """First what it would do, then the doing."""
    return card(
        strong("Handle it again"),
        rx.el.div(
            rx.cond(
                State.asked,
                muted(
                    "A worker is trying it, and takes everything back. This takes a moment; if "
                    "nothing comes, see whether one is at work: ",
                    text_link("Jobs", JOBS),
                    ".",
                ),
                rx.cond(State.tried.public_id != "", _tried(), _untried()),
            ),
            aria_live="polite",
        ),
        line(
            button(
                "Show what it would do",
                on_click=State.rehearse,
                kind="secondary",
                busy=State.busy | State.asked,
            ),
            rx.cond(
                (State.tried.public_id != "") & ~State.asked,
                button("Handle it again", on_click=State.retry, busy=State.busy),
                NOTHING,
            ),
        ),
        label="Handle it again",
    )


def _untried() -> rx.Component:
    return muted(
        "Handling a webhook again is safe: the provider's own object decides, not its copy here. "
        "See first what it would do now."
    )


def _tried() -> rx.Component:
    """What the worker found out."""
    return stack(
        line(
            strong("Tried"),
            moment(State.tried.at),
            rx.cond(State.tried_well, toned("it works", "good"), toned("it fails", "bad")),
            text_link("the run", State.tried.href),
        ),
        rx.cond(State.tried_words != "", text(State.tried_words), NOTHING),
        rx.cond(State.tried.error != "", text(State.tried.error), NOTHING),
        rx.cond(
            State.tried_well & ~has(State.would),
            muted("It would change no row: everything is as it should be."),
            NOTHING,
        ),
        gap="close",
    )


def _thing() -> rx.Component:
    return thing(State.head.about, State.head.about_href)


PAGE = Page(route=f"{INBOX}/[event]", title="Webhook", component=admin_event, on_load=[State.load])
