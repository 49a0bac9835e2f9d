"""One's own calendars: connect Google, choose what blocks one's time, subscribe to the sessions."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, form_width, row, setting, stack
from pages.components.buttons import button, document_button, link_button
from pages.components.forms import check, checks, form, shown
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import has, loaded
from pages.components.text import muted, quiet, strong, text
from pages.layout import Page, signed_in
from state.settings_calendar import CalendarFace, QuestionFace, SettingsCalendarState

ROUTE = "/settings/calendar"
CONNECT = f"/oauth/google/start?next={ROUTE}"


def settings_calendar() -> rx.Component:
    """Google, questions, feed."""
    return signed_in(
        "Calendars",
        loaded(
            SettingsCalendarState.phase,
            rx.fragment(
                rx.cond(has(SettingsCalendarState.questions), _questions(), rx.fragment()),
                setting("Google Calendar", _google()),
                setting("Subscribe to your sessions", _feed()),
            ),
            failure=SettingsCalendarState.failure,
            again=SettingsCalendarState.load,
            shape="page",
        ),
        area="mentee",
        active="/settings",
    )


def _google() -> rx.Component:
    return rx.fragment(
        rx.match(
            SettingsCalendarState.connection.state,
            ("off", text("This studio connects no Google calendars. Subscribe below instead.")),
            ("none", _not_connected()),
            ("broken", _broken()),
            _connected(),
        )
    )


def _not_connected() -> rx.Component:
    return stack(
        text(
            rx.cond(
                SettingsCalendarState.is_mentor,
                "Connect your Google calendar, and nobody books you while you are busy there. Your "
                "sessions are written into it, with your mentees as guests.",
                "Connect your Google calendar, and no session is offered to you while you are busy "
                "there. We see when you are busy, and nothing else of your appointments.",
            ),
        ),
        row(document_button("Connect Google Calendar", CONNECT)),
        muted("Google asks for each permission with a box of its own: leave all of them ticked."),
    )


def _broken() -> rx.Component:
    connection = SettingsCalendarState.connection
    return stack(
        notice(
            rx.el.p(
                strong("Not connected any more. "),
                connection.account,
                " cannot be read since ",
                moment(connection.broken),
                ": ",
                connection.broken_reason,
                ".",
            ),
            rx.cond(
                SettingsCalendarState.is_mentor,
                rx.el.p("Nobody can book you until you connect it again or disconnect it."),
                rx.fragment(),
            ),
            tone="bad",
        ),
        _waiting(),
        row(
            document_button("Connect again", CONNECT),
            _disconnect(),
        ),
    )


def _disconnect() -> rx.Component:
    return button(
        "Disconnect",
        on_click=SettingsCalendarState.disconnect,
        kind="secondary",
        busy=SettingsCalendarState.busy == "disconnect",
    )


def _waiting() -> rx.Component:
    waiting = SettingsCalendarState.connection.waiting
    return rx.cond(
        waiting != "",
        muted(waiting, " will be written into your calendar as soon as it can be reached."),
        rx.fragment(),
    )


def _connected() -> rx.Component:
    connection = SettingsCalendarState.connection
    return stack(
        row(strong(connection.account), toned("connected", "good")),
        muted("Since ", moment(connection.since)),
        rx.cond(
            connection.blocked != "",
            notice(rx.el.p("Nobody can book you right now: ", connection.blocked), tone="warning"),
            rx.fragment(),
        ),
        rx.cond(
            connection.should_write,
            notice(
                rx.el.p("You are a mentor now: connect once more to have sessions written here."),
                tone="info",
                action=row(document_button("Connect again", CONNECT, kind="secondary")),
            ),
            rx.fragment(),
        ),
        _waiting(),
        form(
            checks(
                "Which calendars keep you from being booked?",
                rx.foreach(SettingsCalendarState.calendars, _calendar),
            ),
            row(
                button("Save", submit=True, busy=SettingsCalendarState.busy == "choose"),
                _disconnect(),
            ),
            on_submit=SettingsCalendarState.choose,
            label="Calendars",
        ),
    )


def _calendar(each: rx.vars.ObjectVar[CalendarFace]) -> rx.Component:
    label = rx.fragment(
        each.name,
        rx.cond(each.note != "", quiet(" (", each.note, ")"), rx.fragment()),
        rx.cond(
            each.error != "",
            quiet(" ", each.error, ". What was last known counts."),
            rx.cond(each.busy, quiet(" read ", moment(each.read)), rx.fragment()),
        ),
    )
    return check(each.public_id, label, checked=each.busy)


def _questions() -> rx.Component:
    return setting(
        "What did you mean?",
        text(
            "You changed these in your calendar. The other person does not know of it, and the "
            "sessions stand as they were booked."
        ),
        divided(rx.foreach(SettingsCalendarState.questions, _question)),
    )


def _question(each: rx.vars.ObjectVar[QuestionFace]) -> rx.Component:
    return stack(
        text(each.asked),
        row(
            link_button("Move the session", each.move_href, kind="secondary"),
            link_button("Cancel it", each.session_href, kind="secondary"),
            button(
                "It was a mistake: put the event back",
                on_click=SettingsCalendarState.put_back(each.public_id),
                kind="secondary",
            ),
        ),
    )


def _feed() -> rx.Component:
    address = rx.cond(
        SettingsCalendarState.feed != "",
        form_width(
            _secret_address(),
            row(
                document_button(
                    "Open it in your calendar program",
                    SettingsCalendarState.feed_webcal,
                    kind="quiet",
                )
            ),
        ),
        muted("The address cannot be shown any more. It still works, or make a new one."),
    )
    return stack(
        text("For Apple Calendar, Outlook, Thunderbird and others, without connecting anything."),
        rx.cond(
            SettingsCalendarState.has_feed,
            stack(
                address,
                row(
                    button(
                        "Make a new address",
                        on_click=SettingsCalendarState.renew_feed,
                        kind="secondary",
                    ),
                    button(
                        "End the address", on_click=SettingsCalendarState.close_feed, kind="quiet"
                    ),
                ),
            ),
            row(button("Make a secret address", on_click=SettingsCalendarState.renew_feed)),
        ),
    )


def _secret_address() -> rx.Component:
    return shown(
        "feed",
        "Secret address",
        SettingsCalendarState.feed,
        help="Whoever has it can read your sessions. Copy it into your calendar program.",
    )


PAGE = Page(
    route=ROUTE,
    title="Calendars",
    component=settings_calendar,
    on_load=[SettingsCalendarState.load],
)
