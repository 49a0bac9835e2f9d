"""The first steps of a mentee: a checklist with one next step."""

from __future__ import annotations

import reflex as rx

from pages.components.boxes import form_width, row, stack
from pages.components.buttons import button, link_button
from pages.components.checklists import checklist, progress, step_item
from pages.components.forms import errors_of, field, form, option, select, text_area
from pages.components.kinds import Child, Press, Text
from pages.components.notices import notice
from pages.components.phases import loaded
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from services.accounts import list_zones
from services.onboarding import ABOUT_LENGTH, GOALS_LENGTH, PREFERENCES_LENGTH, StepKind
from state.onboarding import OnboardingState as State
from state.onboarding import StepRow

_wrong = errors_of(State.wrong_field, State.wrong_text)

_BROWSERS_ZONE = rx.Var("Intl.DateTimeFormat().resolvedOptions().timeZone", _var_type=str)


def onboarding() -> rx.Component:
    """How far one is, and the step to take now."""
    return signed_in(
        "Get ready",
        loaded(
            State.phase,
            rx.el.div(_content(), on_mount=State.hear_zone(_BROWSERS_ZONE)),
            failure=State.failure,
            again=State.load,
            shape="page",
        ),
        area="mentee",
        active="/dashboard",
    )


def _content() -> rx.Component:
    return form_width(
        rx.cond(State.finished, _ready(), _before()),
        checklist(rx.foreach(State.steps, _step)),
    )


def _before() -> rx.Component:
    return stack(
        text("A few words before your first session, so that your mentor can prepare."),
        progress(State.done, State.of, f"{State.done} of {State.of} steps done"),
    )


def _ready() -> rx.Component:
    return notice(
        strong("You can book now. Change any of this whenever you like."),
        tone="good",
        action=rx.cond(
            State.then != "",
            link_button("Go on to booking", State.then),
            link_button("Go to your dashboard", "/dashboard"),
        ),
    )


def _step(step: rx.vars.ObjectVar[StepRow]) -> rx.Component:
    is_open = State.opened == step.kind
    return step_item(
        step.title,
        done=step.done,
        optional=step.optional,
        is_open=is_open,
        change=button(
            rx.cond(step.done, "Change", "Open"),
            on_click=State.open(step.kind),
            kind="quiet",
        ),
        content=rx.match(
            step.kind,
            (StepKind.PROFILE.value, _profile()),
            (StepKind.ZONE.value, _zone()),
            (StepKind.GOALS.value, _goals()),
            (StepKind.PREFERENCES.value, _preferences()),
            (StepKind.CALENDAR.value, _calendar()),
            rx.fragment(),
        ),
    )


def _form(*children: Child, on_submit: Press, label: str, also: Text = "") -> rx.Component:
    return form(
        *children,
        row(button("Save and go on", submit=True, busy=State.saving)),
        on_submit=on_submit,
        key=f"{label} {State.attempt} {also}",
        label=label,
    )


def _profile() -> rx.Component:
    return _form(
        field(
            "name",
            "Your name",
            value=State.name,
            help="As mentors will read it.",
            error=_wrong("name"),
            autocomplete="name",
            max_length=80,
        ),
        _words(
            "about",
            "About you",
            State.about,
            "What you do, and how far you have come. Your mentors read it.",
            ABOUT_LENGTH,
        ),
        on_submit=State.save_profile,
        label="Who you are",
    )


def _zone() -> rx.Component:
    suggested = State.suggested_zone
    options = [option(suggested, suggested), option(State.zone, State.zone)]
    options += [option(zone.replace("_", " "), zone) for zone in list_zones()]
    return _form(
        select(
            "time_zone",
            "Time zone",
            *options,
            value=suggested,
            help=rx.cond(
                suggested != State.zone,
                f"Your browser says {suggested}, your account said {State.zone}.",
                "All times of your sessions are shown in it, and in your mails.",
            ),
            error=_wrong("time_zone"),
        ),
        on_submit=State.save_zone,
        label="Your time zone",
        also=suggested,
    )


def _goals() -> rx.Component:
    return _form(
        _words(
            "goals",
            "What do you want to reach?",
            State.goals,
            "What would be different after your sessions? You can set goals for each of them, too.",
            GOALS_LENGTH,
        ),
        on_submit=State.save_goals,
        label="Your goals",
    )


def _preferences() -> rx.Component:
    return _form(
        _words(
            "preferences",
            "How do you like to work?",
            State.preferences,
            "Plain words or gentle ones, homework or none, and anything your mentor should know.",
            PREFERENCES_LENGTH,
        ),
        on_submit=State.save_preferences,
        label="How you like to work",
    )


def _words(name: str, label: str, value: Text, help: str, most: int) -> rx.Component:
    return text_area(
        name,
        label,
        value=value,
        help=help,
        error=_wrong(name),
        required=True,
        max_length=most,
    )


def _calendar() -> rx.Component:
    return rx.cond(
        State.calendar_connected,
        stack(
            text("Your calendar is connected: you are offered no time at which you are busy."),
            row(link_button("Calendar settings", "/settings/calendar", kind="secondary")),
        ),
        stack(
            text("Connect it, and you are offered no time at which you are busy."),
            muted("You can do this later, in the settings."),
            row(
                link_button("Connect a calendar", "/settings/calendar"),
                button(
                    "Go on without",
                    on_click=State.skip_calendar,
                    kind="secondary",
                    busy=State.saving,
                ),
            ),
        ),
    )


PAGE = Page(route="/onboarding", title="Get ready", component=onboarding, on_load=[State.load])
