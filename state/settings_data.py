"""One's own data: a copy to take along, what one agreed to, and what erasing the account means."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import reflex as rx
from sqlmodel import Session

from services import money
from services.audit import Actor
from services.models import Document
from services.privacy import documents, erasure, export
from services.privacy.documents import Agreed
from services.privacy.losses import ErasureView, LostPack, LostPlace, LostSession
from state.accounts import FormState
from state.base import read
from state.guard import requires
from state.phase import Loads, loading
from state.shown import Moment, count, moment, until

PATH = "/settings/data"
TITLES = {Document.TERMS: "Terms", Document.PRIVACY: "Privacy notice"}


@dataclass(frozen=True)
class PackFace:
    """A pack that would be lost, and where its price can be asked back ("": nowhere)."""

    what: str
    worth: str
    href: str


@dataclass(frozen=True)
class SessionFace:
    """A booked session that would be canceled."""

    mentor: str
    time: Moment
    note: str


@dataclass(frozen=True)
class AgreedFace:
    """A text one agreed to."""

    title: str
    href: str
    at: Moment


class SettingsDataState(Loads, FormState):
    """The page's facts. `mark` stands for the losses as they are shown."""

    obstacles: list[str] = []
    packs: list[PackFace] = []
    sessions: list[SessionFace] = []
    places: list[str] = []
    recordings: list[str] = []
    agreed: list[AgreedFace] = []
    mark: str = ""
    link: str = ""
    link_until: str = ""
    making: bool = False

    @rx.event
    @requires("user")
    async def open(self) -> None:
        """Read what there is to lose."""
        self._begin()
        self.link, self.making = "", False
        with loading(self):
            view, agreed = await read(_seen, actor=await self._actor())
            zone = self.time_zone
            self.obstacles, self.mark = list(view.obstacles), view.mark
            self.packs = [pack_face(pack) for pack in view.packs]
            self.sessions = [session_face(one, zone) for one in view.sessions]
            self.places = [place_face(one) for one in view.places]
            self.recordings = recording_sentences(view)
            self.agreed = [_agreed(each, zone) for each in agreed]

    @rx.event
    @requires("user")
    async def make_link(self) -> AsyncGenerator[None, None]:
        """Make the link to one's copy."""
        self.making = True
        yield
        try:
            made = await read(export.make_link, actor=await self._actor())
            self.link, self.link_until = made.path, until(made.until, self.time_zone).text
        finally:
            self.making = False


def _seen(db: Session, *, actor: Actor) -> tuple[ErasureView, tuple[Agreed, ...]]:
    return erasure.get_view(db, actor=actor), documents.list_agreed(db, actor=actor)


def pack_face(pack: LostPack) -> PackFace:
    """What is left of a pack, and what it was paid."""
    return PackFace(
        what=f"{count(pack.left, 'session')} of “{pack.title}” with {pack.mentor_name}",
        worth=money.shown(pack.worth) if pack.worth else "",
        href=f"/orders/{pack.order}" if pack.worth and pack.worth.minor else "",
    )


def session_face(one: LostSession, zone: str) -> SessionFace:
    """A session, and whether canceling it now uses it."""
    note = "too late to cancel without using it" if one.late else ""
    return SessionFace(one.mentor_name, moment(one.starts_at, zone), note)


def place_face(one: LostPlace) -> str:
    """Whose line it is, and whether its turn has come."""
    return f"{one.mentor_name}: a place is held now" if one.offered else one.mentor_name


def recording_sentences(view: ErasureView) -> list[str]:
    """What becomes of the recordings that the person is on."""
    told: list[str] = []
    if view.recordings:
        told.append(f"{count(view.recordings, 'recording')} of sessions would be deleted.")
    if view.held:
        told.append(
            f"{count(view.held, 'recording')} of sessions would stay under a legal hold until that "
            "is over, and be deleted then."
        )
    return told


def _agreed(each: Agreed, zone: str) -> AgreedFace:
    title = f"{TITLES[each.document]}, version {each.version}"
    return AgreedFace(
        title, f"/{each.document.value}?version={each.version}", moment(each.at, zone)
    )
