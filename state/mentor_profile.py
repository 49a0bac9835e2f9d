"""The editor of a mentor: profile, photo, capacity and packs. Mentors edit themselves, admins
anybody; what may be edited is decided by the services, for each action anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import reflex as rx

from services import catalogue, money, photos, urls
from services.catalogue import MentorProfile, OfferCard, language_name
from services.config import settings
from services.errors import Conflict, InvalidInput
from services.models import OfferStatus
from services.money import Money
from state.base import AppState, read, run, write
from state.guard import forget_presences, requires
from state.mentor import validity_words
from state.phase import Loads, loading
from state.shown import count, initials

DEFAULT_SESSIONS = "4"
DEFAULT_VALIDITY = "45"
SHARE_NOTE = (
    "Percent of what a session was paid, without tax, for sessions settled from now on. "
    "Empty: the studio's {} %."
)


@dataclass(frozen=True)
class OfferRow:
    """A pack as the editor shows one."""

    public_id: str = ""
    title: str = ""
    sessions: str = ""
    price: str = ""
    validity: str = ""
    status: str = ""


@dataclass(frozen=True)
class OfferForm:
    """What the form of a pack begins with; `replaces` is the pack that it takes the place of."""

    replaces: str = ""
    title: str = ""
    sessions: str = DEFAULT_SESSIONS
    price: str = ""
    validity: str = DEFAULT_VALIDITY


class MentorProfileState(Loads, AppState):
    """One mentor as stored. What is being typed stays in the browser: `version` makes the fields
    new when what is stored has changed."""

    for_admin: bool = False
    slug: str = ""
    page_href: str = ""
    photo_action: str = ""
    version: int = 0
    name: str = ""
    initials: str = ""
    photo: str = ""
    headline: str = ""
    bio: str = ""
    skills: str = ""
    languages: str = ""
    capacity: str = ""
    seats_note: str = ""
    share: str = ""
    share_note: str = ""
    listed: bool = False
    suspended: bool = False
    on_sale: list[OfferRow] = []
    retired: list[OfferRow] = []
    currency: str = ""

    saving: bool = False
    saved: str = ""
    wrong_field: str = ""
    wrong_text: str = ""

    offer_open: bool = False
    offer_form: OfferForm = OfferForm()
    offer_key: int = 0
    offer_saving: bool = False
    retiring: str = ""

    _cards: dict[str, OfferCard] = {}

    @rx.event
    @requires("mentor")
    async def load_own(self) -> None:
        """Open the signed-in mentor's own profile."""
        self.for_admin = False
        with loading(self):
            slug = await read(catalogue.get_own_slug, actor=await self._actor())
            await self._open(slug)

    @rx.event
    @requires("admin")
    async def load_any(self) -> AsyncGenerator[None, None]:
        """Open the profile of the mentor named in the address."""
        slug = self.router.url.path.rstrip("/").rsplit("/", 1)[-1][:80]
        self.for_admin = True
        if slug != self.slug:
            self.phase = "loading"
            yield
        with loading(self):
            await self._open(slug)

    async def _open(self, slug: str) -> None:
        self._reset_forms()
        self.photo_action = f"/files/photo?mentor={slug}" if self.for_admin else "/files/photo"
        await self._refresh(slug)
        self.version += 1

    async def _refresh(self, slug: str) -> None:
        self._show(await read(catalogue.get_profile, slug, actor=await self._actor()))

    def _show(self, profile: MentorProfile) -> None:
        self.slug, self.name, self.initials = profile.slug, profile.name, initials(profile.name)
        self.page_href = urls.mentor(profile.slug)
        self.photo = photos.url(profile.photo_key, "large")
        self.headline, self.bio = profile.headline, profile.bio
        self.skills = ", ".join(profile.skills)
        self.languages = ", ".join(language_name(code) for code in profile.languages)
        self.capacity = str(profile.capacity)
        self.seats_note = _seats_note(profile)
        self.share = "" if profile.share_percent is None else str(profile.share_percent)
        self.share_note = SHARE_NOTE.format(settings().mentor_share_percent)
        self.listed, self.suspended = profile.listed, profile.suspended
        self.currency = settings().studio_currency
        self._cards = {offer.public_id: offer for offer in profile.offers}
        self.on_sale = [_row(offer) for offer in profile.offers if offer.active]
        self.retired = [_row(offer) for offer in profile.offers if not offer.active]

    def _reset_forms(self) -> None:
        self.saving = self.offer_saving = self.offer_open = False
        self.saved = self.retiring = ""
        self._right()

    def _right(self) -> None:
        self.wrong_field = self.wrong_text = ""

    def _wrong(self, error: InvalidInput) -> None:
        self.wrong_field, self.wrong_text = error.field, error.message

    @rx.event
    @requires("user")
    async def save(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Save the profile; after a refusal everything typed stays as it is."""
        self.saving, self.saved = True, ""
        self._right()
        yield
        try:
            await write(
                catalogue.update_profile,
                actor=await self._actor(),
                slug=self.slug,
                headline=str(form.get("headline", "")),
                bio=str(form.get("bio", "")),
                skills=_words(form.get("skills", "")),
                languages=_words(form.get("languages", "")),
                capacity=str(form.get("capacity", "")),
                name=str(form.get("name", "")) if self.for_admin else None,
                share=str(form.get("share", "")) if self.for_admin else None,
            )
        except InvalidInput as error:
            self._wrong(error)
            return
        finally:
            self.saving = False
        forget_presences()
        await self._refresh(self.slug)
        self.version += 1
        self.saved = "Saved."

    @rx.event
    @requires("user")
    async def remove_photo(self) -> None:
        """Take the photo away; initials stand in its place."""
        await run(photos.remove, actor=await self._actor(), slug=self.slug)
        await self._refresh(self.slug)
        self._tell("The photo is removed.", "good")

    @rx.event
    @requires("user")
    async def new_offer(self) -> None:
        """Open the form of a pack, empty."""
        self._open_offer(OfferForm())

    @rx.event
    @requires("user")
    async def change_offer(self, offer: str) -> None:
        """Open the form with a pack's terms; saving puts another pack in its place."""
        card = self._cards.get(offer)
        if card is not None:
            self._open_offer(_form(card))

    @rx.event
    @requires("user")
    async def close_offer(self) -> None:
        """Close the form without saving."""
        self.offer_open = False
        self._right()

    def _open_offer(self, form: OfferForm) -> None:
        self.offer_form, self.offer_open, self.retiring = form, True, ""
        self.offer_key += 1
        self._right()

    @rx.event
    @requires("user")
    async def save_offer(self, form: dict[str, Any]) -> AsyncGenerator[None, None]:
        """Put the pack on sale; after a refusal everything typed stays as it is."""
        if not self.offer_open:
            return  # the second of two quick clicks
        self.offer_saving = True
        self._right()
        yield
        try:
            await self._put_on_sale(form)
        except InvalidInput as error:
            self._wrong(error)
            return
        except Conflict as error:
            self.wrong_field, self.wrong_text = "offer", error.message
            return
        finally:
            self.offer_saving = False
        self.offer_open = False
        await self._refresh(self.slug)
        self._tell("The pack is on sale.", "good")

    async def _put_on_sale(self, form: dict[str, Any]) -> None:
        terms: dict[str, Any] = {
            "actor": await self._actor(),
            "title": str(form.get("title", "")),
            "sessions": str(form.get("sessions", "")),
            "price": money.parsed(str(form.get("price", ""))[:20], settings().studio_currency),
            "validity_days": str(form.get("validity_days", "")).strip() or None,
        }
        if self.offer_form.replaces:
            await write(catalogue.replace_offer, offer=self.offer_form.replaces, **terms)
        else:
            await write(catalogue.create_offer, slug=self.slug, **terms)

    @rx.event
    @requires("user")
    async def ask_retire(self, offer: str) -> None:
        """Ask once more before a pack is retired; an empty id takes the question back."""
        self.retiring = offer

    @rx.event
    @requires("user")
    async def retire(self, offer: str) -> None:
        """Take a pack off sale."""
        self.retiring = ""
        await write(catalogue.retire_offer, actor=await self._actor(), offer=offer)
        if self.offer_form.replaces == offer:
            self.offer_open = False
        await self._refresh(self.slug)
        self._tell("The pack is retired. Who bought it keeps it.", "good")

    @rx.event
    @requires("admin")
    async def set_listed(self, listed: bool) -> None:
        """Show the mentor in the catalogue, or take the mentor out of it."""
        actor = await self._actor()
        await write(catalogue.set_listed, actor=actor, slug=self.slug, listed=bool(listed))
        await self._refresh(self.slug)
        self._tell(
            "Listed: visitors see the page now." if listed else "Not listed any more.", "good"
        )


def _words(text: object) -> list[str]:
    return str(text)[:2_000].split(",")


def _seats_note(profile: MentorProfile) -> str:
    taken = count(profile.seats_taken, "seat") if profile.seats_taken else "No seat"
    note = f"{taken} taken now. With 0, no new mentee can join."
    if profile.over_by:
        note = f"{taken} taken now, over by {profile.over_by}: nobody loses a seat."
    return note


def _row(offer: OfferCard) -> OfferRow:
    return OfferRow(
        public_id=offer.public_id,
        title=offer.title,
        sessions=count(offer.sessions, "session"),
        price=money.shown(offer.price),
        validity=validity_words(offer.validity_days),
        status=(OfferStatus.ACTIVE if offer.active else OfferStatus.RETIRED).value,
    )


def _form(offer: OfferCard) -> OfferForm:
    return OfferForm(
        replaces=offer.public_id,
        title=offer.title,
        sessions=str(offer.sessions),
        price=_typed(offer.price),
        validity="" if offer.validity_days is None else str(offer.validity_days),
    )


def _typed(price: Money) -> str:
    """An amount as a person would type it: `120` or `120.50`."""
    digits = money.exponent(price.currency)
    whole, rest = divmod(price.minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if rest else str(whole)
