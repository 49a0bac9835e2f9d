"""One's own Discord account: link it, see its roles, unlink it."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, setting, stack
from pages.components.buttons import button, document_button
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import has, loaded, or_empty
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.settings_discord import RoleFace
from state.settings_discord import SettingsDiscordState as State

ROUTE = "/settings/discord"
LINK = f"/oauth/discord/start?next={ROUTE}"


def settings_discord() -> rx.Component:
    """The account, its roles, the commands."""
    return signed_in(
        "Discord",
        loaded(
            State.phase,
            rx.fragment(
                setting("Your account", _account()),
                rx.cond(State.mine.state == "linked", setting("Your roles", _roles()), NOTHING),
                rx.cond(State.mine.state == "off", NOTHING, setting("Commands", _commands())),
            ),
            failure=State.failure,
            again=State.load,
            shape="page",
        ),
        area="mentee",
        active="/settings",
    )


def _account() -> rx.Component:
    return rx.fragment(
        rx.match(
            State.mine.state,
            ("off", text("This studio has no Discord server.")),
            ("linked", _linked()),
            _not_linked(),
        )
    )


def _not_linked() -> rx.Component:
    return stack(
        text(
            "Link your Discord account, and you join our server, have the role of each mentor you "
            "have a seat with, and hear there of what you chose under ",
            text_link("Notifications", "/settings/notifications"),
            ".",
        ),
        row(document_button("Link Discord", LINK)),
        muted("We learn which account is yours, and nothing of what you write or read there."),
    )


def _linked() -> rx.Component:
    return stack(
        row(
            strong(State.mine.username),
            rx.cond(
                State.mine.left, toned("not in our server", "warning"), toned("linked", "good")
            ),
        ),
        muted("Since ", moment(State.mine.since)),
        rx.cond(State.mine.left, _left(), NOTHING),
        rx.cond(State.mine.closed & ~State.mine.left, _closed(), NOTHING),
        row(
            button(
                "Unlink",
                on_click=State.unlink,
                kind="secondary",
                busy=State.busy == "unlink",
                about="your Discord account",
            )
        ),
    )


def _left() -> rx.Component:
    return notice(
        rx.el.p("You are not in our Discord server, so you have no roles there."),
        tone="warning",
        action=row(document_button("Join again", LINK, kind="secondary")),
    )


def _closed() -> rx.Component:
    return notice(
        rx.el.p(
            "Your Discord account takes no direct messages from us. What you would miss comes by "
            "mail. To get messages again, allow direct messages in our server's privacy settings."
        ),
        tone="warning",
        action=row(
            button(
                "I have allowed them",
                on_click=State.listen_again,
                kind="secondary",
                busy=State.busy == "listen",
            )
        ),
    )


def _roles() -> rx.Component:
    return or_empty(
        has(State.roles),
        divided(rx.foreach(State.roles, _role)),
        muted("A role comes with each seat, and goes with it."),
    )


def _role(one: rx.vars.ObjectVar[RoleFace]) -> rx.Component:
    return row(strong(one.mentor), toned(one.status, one.tone))


def _commands() -> rx.Component:
    return stack(
        text("Type these in our server. Only you see the answer."),
        rx.el.ul(
            rx.el.li(strong("/sessions"), ": your next sessions, in your own time zone"),
            rx.el.li(strong("/book"), ": where to book your next session"),
            rx.el.li(strong("/seat"), ": your seats, and what is left of your packs"),
        ),
    )


PAGE = Page(route=ROUTE, title="Discord", component=settings_discord, on_load=[State.load])
