"""One message of the outbox, for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row as line
from pages.components.boxes import section, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, fact, fact_list
from pages.components.forms import text_area
from pages.components.jobs import code, fact_if, history, job_places, paused, runs_table, thing
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.questions import asked
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.admin_message import AdminMessageState as State
from state.job_rows import JOBS, OUTBOX


def admin_message() -> rx.Component:
    """What it is, what it carries, its runs, and what may be done."""
    return signed_in(
        rx.cond(State.phase == "ready", State.head.kind, "Message"),
        job_places(""),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such message.",
                "Perhaps its address was cut short.",
                action=link_button("All messages", OUTBOX, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area="admin",
        active=JOBS,
        state=rx.cond(State.phase == "ready", toned(State.head.status, State.head.tone), NOTHING),
    )


def _content() -> rx.Component:
    return stack(
        _error(),
        split(_facts(), _actions(), even=True),
        section(
            "What it carries",
            muted("Secrets and whatever tells who somebody is are cut out."),
            code(State.data, label="What it carries"),
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


def _error() -> rx.Component:
    return rx.cond(
        State.head.error != "",
        notice(strong("Why it was not sent"), text(State.head.error), tone="bad"),
        NOTHING,
    )


def _facts() -> rx.Component:
    return card(
        strong("The message"),
        fact_list(
            fact("Key", mark(State.head.key)),
            fact_if(State.head.about != "", "About", _thing()),
            fact_if(State.person != "", "For", State.person),
            fact("Tries", State.head.tries),
            fact("Written", moment(State.written)),
            fact_if(State.due.iso != "", "Due", moment(State.due)),
            fact_if(State.sent.iso != "", "Sent", moment(State.sent)),
            fact_if(
                State.delivery_href != "",
                "See",
                text_link("The mail it became", State.delivery_href),
            ),
        ),
        paused(State.paused_because, "This kind"),
        label="The message",
    )


def _actions() -> rx.Component:
    return card(
        strong("What you can do"),
        rx.cond(
            State.asking,
            asked(
                text_area(
                    "reason",
                    "Why it is not to be sent",
                    help="Admins alone read it.",
                    error=State.wrong,
                    required=True,
                    max_length=200,
                    autofocus=True,
                ),
                submit="Cancel the message",
                on_submit=State.cancel,
                on_close=State.ask(False),
                busy=State.busy,
                label="Cancel the message",
                danger=True,
            ),
            _buttons(),
        ),
        label="What you can do",
    )


def _buttons() -> rx.Component:
    return stack(
        line(
            rx.cond(
                State.can_retry,
                button("Send it again", on_click=State.retry, busy=State.busy),
                NOTHING,
            ),
            rx.cond(
                State.can_cancel,
                button("Cancel it", on_click=State.ask(True), kind="secondary"),
                NOTHING,
            ),
        ),
        rx.cond(
            State.is_refund,
            muted(
                "A refund is begun again, or given up, where the refunds are: the buyer may have "
                "been paid another way. ",
                text_link("Refunds", "/admin/refunds"),
            ),
            rx.cond(
                State.can_retry | State.can_cancel,
                muted("Sending again is safe: what has arrived is not sent twice."),
                muted("Nothing: it has been sent."),
            ),
        ),
        gap="close",
    )


def _thing() -> rx.Component:
    return thing(State.head.about, State.head.about_href)


PAGE = Page(
    route=f"{OUTBOX}/[message]", title="Message", component=admin_message, on_load=[State.load]
)
