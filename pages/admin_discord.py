"""Discord, for admins: linked accounts, their roles, and the repair."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import divided, row, section, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.forms import field
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import listing, mark
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.phases import has
from pages.components.questions import asked
from pages.components.text import muted, quiet, strong
from pages.layout import Page, signed_in
from state.admin_discord import PATH, EndingFace, LinkFace
from state.admin_discord import AdminDiscordState as State
from state.settings_discord import RoleFace

_One = rx.vars.ObjectVar[LinkFace]


def admin_discord() -> rx.Component:
    """How it stands, what is still to be taken, and everybody who is linked."""
    return signed_in(
        "Discord",
        stack(
            rx.cond(State.phase == "ready", _standing(), NOTHING),
            listing(
                State,
                divided(rx.foreach(State.rows, _link)),
                path=PATH,
                placeholder="A name, an address, a Discord name or id",
                search_label="Search accounts",
                filter_label="Which accounts",
                submit=State.search,
                load=State.load,
                nothing="Nobody has linked a Discord account yet.",
                why="People link theirs under Settings, Discord. Then their roles follow their "
                "seats.",
                filled=has(State.rows),
            ),
            gap="apart",
        ),
        area="admin",
        active=PATH,
        action=rx.cond(
            (State.phase == "ready") & State.offered,
            button(
                "Repair roles now",
                on_click=State.repair,
                kind="secondary",
                busy=State.busy == "repair",
            ),
            NOTHING,
        ),
    )


def _standing() -> rx.Component:
    return stack(
        rx.cond(
            State.offered,
            NOTHING,
            notice(
                rx.el.p("This studio has no Discord server: DISCORD_CLIENT_ID is not set."),
                tone="info",
            ),
        ),
        muted(
            State.stands,
            ". ",
            rx.cond(
                State.report != "",
                rx.fragment(
                    "Compared with the server ", moment(State.repaired), ": ", State.report, "."
                ),
                "Not compared with the server yet: that happens each night.",
            ),
        ),
        rx.cond(
            has(State.ending),
            section(
                "Still to be taken from unlinked accounts",
                divided(rx.foreach(State.ending, _ending)),
            ),
            NOTHING,
        ),
    )


def _ending(one: rx.vars.ObjectVar[EndingFace]) -> rx.Component:
    return row(
        strong(one.mentor),
        quiet("from the former account of ", one.name, ", ", mark(one.discord_id)),
        rx.cond(one.error != "", toned(one.error, "bad"), toned("being taken", "warning")),
        quiet(moment(one.since)),
    )


def _link(one: _One) -> rx.Component:
    return stack(
        row(
            text_link(one.name, one.user_href),
            quiet(one.username, ", ", mark(one.discord_id)),
            rx.cond(one.left, toned("not in the server", "warning"), NOTHING),
            rx.cond(one.closed, toned("no direct messages", "quiet"), NOTHING),
            quiet("linked ", moment(one.linked)),
        ),
        rx.cond(
            has(one.roles),
            stack(rx.foreach(one.roles, _role), gap="tight"),
            muted("No seat, so no role."),
        ),
        rx.cond(State.asking == one.public_id, card(_question(one)), _actions(one)),
        gap="close",
    )


def _role(one: rx.vars.ObjectVar[RoleFace]) -> rx.Component:
    return row(quiet(one.mentor), toned(one.status, one.tone))


def _actions(one: _One) -> rx.Component:
    return row(
        rx.cond(
            one.differs,
            button(
                "Ask Discord again",
                about=one.name,
                on_click=State.try_again(one.public_id),
                kind="secondary",
                busy=State.busy == one.public_id,
            ),
            NOTHING,
        ),
        button("Unlink", about=one.name, on_click=State.ask(one.public_id), kind="quiet"),
    )


def _question(one: _One) -> rx.Component:
    return asked(
        muted("The account of ", one.name, " loses its roles. It can be linked again."),
        field(
            "reason",
            "Reason",
            help="It stays in the audit trail.",
            error=State.wrong,
            max_length=200,
            autofocus=True,
        ),
        submit="Unlink it",
        on_submit=State.unlink,
        on_close=State.ask(""),
        busy=State.busy != "",
        label="Unlink this account",
        danger=True,
    )


PAGE = Page(route=PATH, title="Discord", component=admin_discord, on_load=[State.load])
