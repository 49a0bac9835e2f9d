"""One's own settings."""

from __future__ import annotations

import reflex as rx

from pages.components.accounts import PASSWORD_HELP, for_password_managers, wrong
from pages.components.badges import badge, toned
from pages.components.boxes import form_width, setting
from pages.components.boxes import row as line
from pages.components.buttons import button, link_button
from pages.components.forms import field, form, hidden, option, select, text_area
from pages.components.mail_trouble import mail_trouble
from pages.components.moments import moment
from pages.components.phases import loaded
from pages.components.tables import cell, head, row, table
from pages.components.text import muted, only_read, strong, text
from pages.layout import Page, signed_in
from services.accounts import list_zones
from services.passwords import MAX_LENGTH, MIN_LENGTH
from state.mail_trouble import MailTroubleState
from state.settings import BrowserFace, SettingsState


def settings() -> rx.Component:
    """Profile, password, browsers."""
    return signed_in(
        "Settings",
        loaded(
            SettingsState.phase,
            rx.fragment(
                _profile(),
                _billing(),
                _told(),
                _calendars(),
                _discord(),
                _email(),
                _password(),
                _browsers(),
                _data(),
            ),
            failure=SettingsState.failure,
            again=SettingsState.open,
            shape="page",
        ),
        area="mentee",
        active="/settings",
    )


def _profile() -> rx.Component:
    def wrong_here(name: str) -> rx.Var[str]:
        return rx.cond(
            SettingsState.wrong_profile_field == name, SettingsState.wrong_profile_text, ""
        )

    zones = [option(zone.replace("_", " "), zone) for zone in list_zones()]
    # A zone by an old name, or one that left the list, stays what it is until another is chosen.
    own = option(SettingsState.zone, SettingsState.zone)
    return setting(
        "Profile",
        form_width(
            form(
                field(
                    "name",
                    "Your name",
                    value=SettingsState.name,
                    help="As mentors will read it.",
                    error=wrong_here("name"),
                    autocomplete="name",
                    max_length=80,
                ),
                select(
                    "time_zone",
                    "Time zone",
                    own,
                    *zones,
                    value=SettingsState.zone,
                    help="Times on the pages and in mails are shown in it.",
                    error=wrong_here("time_zone"),
                ),
                line(button("Save profile", submit=True)),
                on_submit=SettingsState.save_profile,
                key=SettingsState.zone,
                label="Profile",
            )
        ),
    )


def _billing() -> rx.Component:
    def wrong_here(name: str) -> rx.Var[str]:
        return rx.cond(
            SettingsState.wrong_billing_field == name, SettingsState.wrong_billing_text, ""
        )

    return setting(
        "Billing details",
        form_width(
            form(
                field(
                    "billing_name",
                    "Name on invoices",
                    value=SettingsState.billing_name,
                    help="A company's, for example. Empty: your own name.",
                    error=wrong_here("billing_name"),
                    required=False,
                    autocomplete="organization",
                    max_length=120,
                ),
                text_area(
                    "billing_address",
                    "Address on invoices",
                    value=SettingsState.billing_address,
                    error=wrong_here("billing_address"),
                    max_length=400,
                ),
                field(
                    "tax_id",
                    "Your tax number",
                    value=SettingsState.tax_id,
                    help="Your VAT number, if you buy as a business.",
                    error=wrong_here("tax_id"),
                    required=False,
                    max_length=40,
                ),
                line(button("Save billing details", submit=True, kind="secondary")),
                on_submit=SettingsState.save_billing,
                key=f"billing {SettingsState.billing_saved}",
                label="Billing details",
            )
        ),
    )


def _told() -> rx.Component:
    return setting(
        "Notifications",
        text("Choose what you hear of: in the app, by mail, on Discord."),
        line(link_button("Notifications", "/settings/notifications", kind="secondary")),
    )


def _calendars() -> rx.Component:
    return setting(
        "Calendars",
        text("Connect your Google calendar, or subscribe to your sessions in another one."),
        line(link_button("Calendars", "/settings/calendar", kind="secondary")),
    )


def _discord() -> rx.Component:
    return setting(
        "Discord",
        text("Link your Discord account: your roles follow your seats, and news comes there, too."),
        line(link_button("Discord", "/settings/discord", kind="secondary")),
    )


def _email() -> rx.Component:
    again = form(
        hidden("email", SettingsState.email),
        muted("You can buy packs once it is confirmed. The link comes by mail."),
        line(button("Send the link again", submit=True, kind="secondary")),
        action="/auth/verify/again",
        label="Confirm your e-mail address",
    )
    return setting(
        "E-mail",
        mail_trouble(),
        line(
            strong(SettingsState.email),
            rx.cond(SettingsState.verified, badge("verified"), badge("not verified")),
        ),
        rx.cond(SettingsState.verified, rx.fragment(), again),
    )


def _password() -> rx.Component:
    return setting(
        "Password",
        form_width(
            form(
                for_password_managers(SettingsState.email),
                field(
                    "current",
                    "Current password",
                    kind="password",
                    error=wrong("current"),
                    autocomplete="current-password",
                    max_length=MAX_LENGTH,
                ),
                field(
                    "new",
                    "New password",
                    kind="password",
                    help=PASSWORD_HELP,
                    error=wrong("new"),
                    autocomplete="new-password",
                    min_length=MIN_LENGTH,
                    max_length=MAX_LENGTH,
                ),
                line(button("Change password", submit=True, kind="secondary")),
                muted("Your other browsers will be signed out."),
                action="/auth/password",
                key=SettingsState.attempt,
                label="Password",
            )
        ),
    )


def _browsers() -> rx.Component:
    heads = [head("Browser"), head("Last seen"), head("Since"), head("Address"), head("")]
    return setting(
        "Where you are signed in",
        text("If you do not know one of these, sign it out and change your password."),
        table(
            "Browsers in which you are signed in",
            heads,
            rx.foreach(SettingsState.browsers, _browser),
        ),
    )


def _data() -> rx.Component:
    return setting(
        "My data",
        text("Take a copy of everything along, or have your account erased."),
        line(link_button("My data", "/settings/data", kind="secondary")),
    )


def _browser(browser: rx.vars.ObjectVar[BrowserFace]) -> rx.Component:
    ends = form(
        hidden("sign_in", browser.public_id),
        button(rx.cond(browser.is_current, "Sign out here", "Sign out"), submit=True, kind="quiet"),
        action="/auth/sessions/revoke",
    )
    return row(
        cell(
            browser.name,
            rx.cond(browser.is_current, rx.fragment(" ", toned("this one", "good")), rx.fragment()),
            rank="main",
        ),
        cell(only_read("Last seen "), moment(browser.seen), rank="fact"),
        cell(moment(browser.since), rank="wide"),
        cell(browser.address),
        cell(ends, rank="action"),
    )


PAGE = Page(
    route="/settings",
    title="Settings",
    component=settings,
    on_load=[SettingsState.open, MailTroubleState.look],
)
