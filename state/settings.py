"""One's own settings: the profile, the password, the browsers that are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from services import accounts, invoices, signin
from services.errors import InvalidInput
from services.invoices import BillingDetails
from services.signin import SignInView
from state.accounts import FormState
from state.base import read, write
from state.guard import forget_presences, requires
from state.phase import Loads, loading
from state.shown import Moment, moment


@dataclass(frozen=True)
class BrowserFace:
    """One browser that is signed in."""

    public_id: str
    name: str
    address: str
    seen: Moment
    since: Moment
    is_current: bool


class SettingsState(Loads, FormState):
    """The settings of the signed-in person. `wrong_profile_*` is about the profile's form,
    `wrong_billing_*` about that of the billing details."""

    name: str = ""
    zone: str = ""
    browsers: list[BrowserFace] = []
    wrong_profile_field: str = ""
    wrong_profile_text: str = ""
    billing_name: str = ""
    billing_address: str = ""
    tax_id: str = ""
    billing_saved: int = 0
    wrong_billing_field: str = ""
    wrong_billing_text: str = ""

    @rx.event
    @requires("user")
    async def open(self) -> None:
        """Read the profile and the list of browsers."""
        self._begin()
        self.wrong_profile_field = self.wrong_billing_field = ""
        with loading(self):
            presence = await self._presence()
            self.name, self.zone = presence.name, presence.time_zone
            rows = await read(signin.list_sign_ins, actor=presence.actor, current=presence.sign_in)
            self.browsers = [_browser(row, presence.time_zone) for row in rows]
            self._show_billing(await read(invoices.get_billing, actor=presence.actor))

    @rx.event
    @requires("user")
    async def save_profile(self, form: dict[str, Any]) -> None:
        """Store the name and the time zone."""
        self.wrong_profile_field = ""
        name, zone = str(form.get("name", "")), str(form.get("time_zone", ""))
        try:
            await write(
                accounts.update_profile, actor=await self._actor(), name=name, time_zone=zone
            )
        except InvalidInput as error:
            self.wrong_profile_field, self.wrong_profile_text = error.field, error.message
            return
        forget_presences()
        presence = await self._presence()
        self.name, self.zone = presence.name, presence.time_zone
        self.display_name, self.time_zone = presence.name, presence.time_zone
        self._tell("Your profile is saved.", "good")

    @rx.event
    @requires("user")
    async def save_billing(self, form: dict[str, Any]) -> None:
        """Store what the next invoices say."""
        self.wrong_billing_field = ""
        actor = await self._actor()
        try:
            await write(
                invoices.update_billing,
                actor=actor,
                name=str(form.get("billing_name", "")),
                address=str(form.get("billing_address", "")),
                tax_id=str(form.get("tax_id", "")),
            )
        except InvalidInput as error:
            self.wrong_billing_field, self.wrong_billing_text = error.field, error.message
            return
        self._show_billing(await read(invoices.get_billing, actor=actor))
        self.billing_saved += 1
        self._tell(
            "Your billing details are saved. Invoices that you have already can be corrected on "
            "the page of their order.",
            "good",
        )

    def _show_billing(self, details: BillingDetails) -> None:
        self.billing_name, self.tax_id = details.name, details.tax_id
        self.billing_address = details.address


def _browser(row: SignInView, zone: str) -> BrowserFace:
    return BrowserFace(
        public_id=row.public_id,
        name=browser_name(row.user_agent),
        address=row.address,
        seen=moment(row.seen_at, zone),
        since=moment(row.created_at, zone),
        is_current=row.is_current,
    )


def browser_name(user_agent: str) -> str:
    """`Firefox on Linux`, as far as a browser says what it is."""
    program = _first(user_agent, _PROGRAMS, "A browser")
    system = _first(user_agent, _SYSTEMS, "")
    return f"{program} on {system}" if system else program


def _first(text: str, known: list[tuple[str, str]], otherwise: str) -> str:
    return next((name for mark, name in known if mark in text), otherwise)


# The order matters: Edge also says Chrome, Chrome also says Safari, Android also says Linux.
_PROGRAMS = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
]
_SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
]
