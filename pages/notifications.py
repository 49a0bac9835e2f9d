"""What one was told."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, stack
from pages.components.buttons import button, link_button
from pages.components.links import pressed_link
from pages.components.moments import moment
from pages.components.phases import empty, has, loaded, or_empty
from pages.components.tables import part_foot
from pages.components.text import muted, quiet, strong, text
from pages.layout import Page, signed_in
from state.notifications import PATH, SaidFace
from state.notifications import NotificationsState as State

_Line = rx.vars.ObjectVar[SaidFace]


def notifications() -> rx.Component:
    """The list, what to do about the unread ones, and the way to the choices."""
    return signed_in(
        "Notifications",
        loaded(
            State.phase,
            or_empty(
                has(State.lines),
                stack(
                    row(
                        rx.cond(
                            State.any_unread,
                            button(
                                "Mark all as read", on_click=State.mark_all_read, kind="secondary"
                            ),
                            muted("You have read everything."),
                        ),
                        _settings(),
                    ),
                    divided(rx.foreach(State.lines, _line)),
                    part_foot("", State.first_href, State.older_href),
                ),
                empty(
                    "Nothing yet.",
                    "What happens to your sessions, packs and orders is told here, and by the ways "
                    "that you choose.",
                    action=_settings(),
                ),
            ),
            failure=State.failure,
            again=State.load,
        ),
        area="mentee",
        active=PATH,
        state=rx.cond(State.any_unread, toned("unread", "warning"), rx.fragment()),
    )


def _settings() -> rx.Component:
    return link_button("Choose what you hear of", "/settings/notifications", kind="quiet")


def _line(one: _Line) -> rx.Component:
    title = rx.cond(one.unread, strong(one.title), quiet(one.title))
    mark = rx.cond(
        one.unread,
        button(
            "Mark as read", on_click=State.mark_read(one.public_id), kind="quiet", about=one.title
        ),
        rx.fragment(),
    )
    # Following the link is reading the line.
    link = pressed_link(title, one.href, on_click=State.mark_read(one.public_id))
    return row(
        stack(
            text(
                rx.cond(one.unread, rx.fragment(toned("new", "warning"), " "), rx.fragment()),
                rx.cond(one.href != "", link, title),
                " ",
                quiet(moment(one.at)),
            ),
            rx.cond(one.body != "", muted(one.body), rx.fragment()),
            gap="tight",
        ),
        mark,
        between=True,
    )


PAGE = Page(route=PATH, title="Notifications", component=notifications, on_load=[State.load])
