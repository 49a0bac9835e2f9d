"""All accounts, for admins, and what is done to one of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx

from services import administration, catalogue
from services.administration import UserFilter, UserRow
from services.errors import AppError, InvalidInput
from services.models import UserStatus
from services.privacy import erasure, export
from state.base import AppState, read, run, write
from state.guard import forget_presences, requires
from state.listing import Listing
from state.mentor_mentees import standing_words
from state.phase import loading
from state.settings_data import (
    PackFace,
    SessionFace,
    pack_face,
    place_face,
    recording_sentences,
    session_face,
)
from state.shown import NEVER, Moment, date, moment

PATH = "/admin/users"
CHOICES = {
    UserFilter.MENTORS.value: "Mentors",
    UserFilter.ADMINS.value: "Admins",
    UserFilter.SUSPENDED.value: "Suspended",
    UserFilter.ERASED.value: "Erased",
    UserFilter.UNVERIFIED.value: "Not verified",
}
SORTS = ("-joined", "name")
Act = Literal["", "suspend", "reactivate", "make_mentor", "make_admin", "remove_admin", "erase"]


@dataclass(frozen=True)
class AdminUser:
    """An account as a row shows one."""

    public_id: str = ""
    name: str = ""
    email: str = ""
    roles: str = ""
    status: str = ""
    verified: str = ""
    joined: Moment = NEVER
    seen: Moment = NEVER
    never_seen: bool = False
    mentor_href: str = ""
    onboarding: str = ""
    is_admin: bool = False
    is_self: bool = False
    can_suspend: bool = False
    can_reactivate: bool = False
    can_erase: bool = False
    can_become_mentor: bool = False
    can_become_admin: bool = False


class AdminUsersState(Listing, AppState):
    """One part of the list; `opened` is the account whose row is open, `asking` what is about to
    be done to it and waits for a second press, `answer` what came of it. `obstacles`, `packs`,
    `sessions`, `places` and `recordings` are about the account that is about to be erased,
    `copy_href` is a link to a copy of the open account's data."""

    rows: list[AdminUser] = []
    opened: str = ""
    asking: Act = ""
    answer: str = ""
    busy: bool = False
    obstacles: list[str] = []
    packs: list[PackFace] = []
    sessions: list[SessionFace] = []
    places: list[str] = []
    recordings: list[str] = []
    copy_href: str = ""
    _mark: str = ""

    @rx.event
    @requires("admin")
    async def load(self) -> None:
        """Read the part that the address names."""
        self.opened, self.asking, self.answer, self.busy = "", "", "", False
        self.copy_href = ""
        await self._refresh()

    @rx.event
    @requires("admin")
    async def search(self, form: dict[str, Any]) -> rx.event.EventSpec:
        """Search for words."""
        return self._searched(PATH, form)

    @rx.event
    @requires("admin")
    async def toggle(self, user: str) -> None:
        """Open an account's row, or close it."""
        self.opened = "" if self.opened == user else user
        self.asking, self.answer, self.copy_href = "", "", ""

    @rx.event
    @requires("admin")
    async def make_copy(self) -> None:
        """Make a link to a copy of this account's data, for a person who cannot sign in."""
        made = await read(export.make_link, actor=await self._actor(), user=self.opened)
        self.copy_href = made.path

    @rx.event
    @requires("admin")
    async def ask(self, act: Act) -> None:
        """Show what would follow, and ask once more; an empty act takes the question back."""
        self.asking, self.answer = act, ""
        if act == "erase":
            actor = await self._actor()
            view = await read(erasure.get_view, actor=actor, user=self.opened)
            self.obstacles, self._mark = list(view.obstacles), view.mark
            self.packs = [pack_face(pack) for pack in view.packs]
            self.sessions = [session_face(one, self.time_zone) for one in view.sessions]
            self.places = [place_face(one) for one in view.places]
            self.recordings = recording_sentences(view)

    @rx.event
    @requires("admin")
    async def act(self) -> AsyncGenerator[None, None]:
        """Do what was asked; the answer stands where the question was."""
        self.busy = True
        yield
        await self._answer("")

    @rx.event
    @requires("admin")
    async def act_because(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """The same, with the reason that was asked for."""
        self.busy = True
        yield
        await self._answer(str(form.get("reason", "")))

    async def _answer(self, reason: str) -> None:
        try:
            self.answer = await self._act(self.asking, self.opened, reason)
            self.asking = ""
        except InvalidInput as error:
            self.answer = error.message  # and what was typed stays
        except AppError as error:
            self.answer, self.asking = error.message, ""
        finally:
            self.busy = False
            forget_presences()
            await self._refresh()

    async def _act(self, act: Act, user: str, reason: str) -> str:
        actor = await self._actor()
        match act:
            case "suspend":
                await write(administration.suspend_user, actor=actor, user=user, reason=reason)
                return (
                    "The account is suspended and signed out everywhere. Booked sessions are "
                    "being canceled, and their credits go back."
                )
            case "erase":
                await run(
                    erasure.erase_by_admin, actor=actor, user=user, reason=reason, mark=self._mark
                )
                return "The account is erased. Its invoices and payments stay."
            case "reactivate":
                await write(administration.reactivate_user, actor=actor, user=user)
                return (
                    "The account is active again. A mentor still has to be let back, on the "
                    "mentor's own page."
                )
            case "make_mentor":
                slug = await write(catalogue.make_mentor, actor=actor, user=user)
                return (
                    f"A mentor now, at /mentors/{slug}, not listed yet. "
                    "Fill the profile, then list it."
                )
            case "make_admin":
                await write(administration.set_admin, actor=actor, user=user, is_admin=True)
                return "The account is an admin's now."
            case "remove_admin":
                await write(administration.set_admin, actor=actor, user=user, is_admin=False)
                return "The account is no admin's any more."
            case _:
                return ""

    async def _refresh(self) -> None:
        before = self._begin(PATH, CHOICES, SORTS)
        with loading(self):
            part = await read(
                administration.list_users,
                actor=await self._actor(),
                query=self.query,
                sort=self.sort,
                only=UserFilter(self.chosen),
                before=before,
            )
            self.rows = [_row(user, self.time_zone) for user in part.rows]
            self._end(PATH, part, "account")


def _row(user: UserRow, zone: str) -> AdminUser:
    active = user.status is UserStatus.ACTIVE
    other = not user.is_self
    roles = [*(["mentor"] * bool(user.mentor_slug)), *(["admin"] * user.is_admin)]
    return AdminUser(
        public_id=user.public_id,
        name=user.name,
        email=user.email,
        roles=", ".join(roles) or "mentee",
        status=user.status.value,
        verified="verified" if user.verified else "not verified",
        joined=date(user.created_at, zone),
        seen=moment(user.seen_at, zone),
        never_seen=user.seen_at is None,
        mentor_href=f"/admin/mentors/{user.mentor_slug}" if user.mentor_slug else "",
        onboarding=standing_words(user.onboarding),
        is_admin=user.is_admin,
        is_self=user.is_self,
        can_suspend=active and other,
        can_reactivate=user.status is UserStatus.SUSPENDED and other,
        can_erase=user.status is not UserStatus.ERASED and other,
        can_become_mentor=active and not user.mentor_slug,
        can_become_admin=active and user.verified and not user.is_admin and other,
    )
