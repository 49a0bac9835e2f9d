"""Another time for a session: taken at once where one may, or proposed to the other person."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import row, side, split, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card
from pages.components.chips import chip, chips
from pages.components.editors import more
from pages.components.forms import form, text_area
from pages.components.notices import notice
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.picks import chosen_time, own_time, problem
from pages.components.slots import announced, day_slots, week_strip, zone_line
from pages.components.text import heading, muted, text
from pages.layout import Page, signed_in
from state.move import MOST_REASON, MoveState


def move() -> rx.Component:
    """The times for the session, or why it cannot be moved."""
    return signed_in(
        rx.cond(MoveState.proposing, "Propose another time", "Move the session"),
        rx.cond(
            MoveState.phase == "missing",
            empty(
                "There is no such session, or it is not yours.",
                "The address may have a typing mistake.",
                action=link_button("Your sessions", "/sessions", kind="secondary"),
            ),
            loaded(
                MoveState.phase,
                rx.match(
                    MoveState.face,
                    ("done", _done()),
                    ("changed", _changed()),
                    ("over", _over()),
                    _mover(),
                ),
                failure=MoveState.failure,
                again=MoveState.load,
                shape="page",
            ),
        ),
        area=rx.Var.create(MoveState.side),
        active={"mentee": "/sessions", "mentor": "/mentor/sessions", "admin": "/admin/sessions"},
    )


def _done() -> rx.Component:
    return card(
        heading("Done."),
        text(MoveState.done),
        row(link_button("See the session", MoveState.session_href)),
    )


def _changed() -> rx.Component:
    return empty(
        "This link is out of date.",
        "The session with " + MoveState.other + " has changed since it was made. Nothing was "
        "changed now.",
        "It is now on " + MoveState.now_at + ".",
        action=row(
            link_button("See the session", MoveState.session_href),
            link_button("Move it from there", MoveState.again_href, kind="secondary"),
        ),
    )


def _over() -> rx.Component:
    return empty(
        "This session cannot be moved any more.",
        MoveState.why,
        action=link_button("See the session", MoveState.session_href, kind="secondary"),
    )


def _mover() -> rx.Component:
    return rx.fragment(
        announced(MoveState.said),
        split(_times(), side(_summary())),
    )


def _times() -> rx.Component:
    return stack(
        rx.cond(MoveState.may_move, _ways(), rx.fragment()),
        zone_line(MoveState.time_zone, MoveState.other_zone, MoveState.other),
        week_strip(
            MoveState.days,
            MoveState.day,
            MoveState.week_title,
            MoveState.earlier,
            MoveState.later,
            on_choose=MoveState.choose_day,
        ),
        or_empty(
            has(MoveState.parts),
            day_slots(MoveState.day_title, MoveState.parts, on_choose=MoveState.toggle),
            _no_times(),
        ),
        rx.cond(MoveState.own_time, _own_time(), rx.fragment()),
        gap="wide",
    )


def _ways() -> rx.Component:
    return chips(
        "What to do",
        chip("Move it now", MoveState.move_href, chosen=rx.cond(MoveState.proposing, False, True)),
        chip("Propose another time", MoveState.propose_href, chosen=MoveState.proposing),
    )


def _no_times() -> rx.Component:
    return rx.cond(
        MoveState.next_href != "",
        empty(
            "No free time this week.",
            "The next one is on " + MoveState.next_free + ".",
            action=link_button("Go to that week", MoveState.next_href, kind="secondary"),
        ),
        empty(
            "No free time.",
            "There is none that the pack reaches. A time that opens is shown here by itself.",
        ),
    )


def _own_time() -> rx.Component:
    return more(
        "A time that is not offered",
        form(
            own_time(MoveState.wrong_time),
            row(button("Choose this time", submit=True, kind="secondary")),
            on_submit=MoveState.choose_own,
            label="A time that is not offered",
        ),
    )


def _summary() -> rx.Component:
    return card(
        heading("With ", MoveState.other),
        text("Now: ", MoveState.now_at),
        rx.cond(
            MoveState.open_proposal != "",
            notice(text("Already proposed: ", MoveState.open_proposal, ".")),
            rx.fragment(),
        ),
        rx.cond(
            MoveState.chosen != "",
            chosen_time(MoveState.chosen, MoveState.chosen_theirs, MoveState.other),
            text("Choose the new time."),
        ),
        form(
            rx.cond(MoveState.asks_reason, _reason(required=True), _reason(required=False)),
            problem(MoveState.problem),
            rx.cond(
                MoveState.label != "",
                button(MoveState.label, submit=True, busy=MoveState.busy, large=True, full=True),
                rx.fragment(),
            ),
            on_submit=MoveState.send,
            label="The new time",
        ),
        muted(MoveState.rule),
        row(link_button("Leave it as it is", MoveState.session_href, kind="quiet")),
        label="Your choice",
    )


def _reason(*, required: bool) -> rx.Component:
    return text_area(
        "reason",
        "Why",
        help="The other person reads it.",
        error=MoveState.wrong_reason,
        required=required,
        max_length=MOST_REASON,
    )


PAGE = Page(
    route="/sessions/[session]/move", title="Move", component=move, on_load=[MoveState.load]
)
