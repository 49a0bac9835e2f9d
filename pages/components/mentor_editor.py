"""The editor of a mentor, the same for mentors themselves and for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import badge
from pages.components.boxes import divided, form_width, row, section, split, stack
from pages.components.buttons import button
from pages.components.cards import card
from pages.components.editors import more, offer_line, pair, photo_form, said
from pages.components.forms import errors_of, field, form, text_area
from pages.components.lists import question
from pages.components.notices import notice
from pages.components.phases import empty, has
from pages.components.text import muted, quiet, strong, text
from state.mentor_profile import MentorProfileState as State
from state.mentor_profile import OfferRow

_error = errors_of(State.wrong_field, State.wrong_text)


def mentor_editor(*, for_admin: bool) -> rx.Component:
    """The profile, and beside it the photo and the packs."""
    return split(
        form_width(_profile(for_admin=for_admin)), stack(_photo(), _packs(), gap="apart"), even=True
    )


def _photo() -> rx.Component:
    return section(
        "Photo",
        photo_form(
            State.photo,
            State.initials,
            action=State.photo_action,
            remove=rx.cond(
                State.photo != "",
                button("Remove it", on_click=State.remove_photo, kind="quiet"),
                rx.fragment(),
            ),
            help="A JPEG, PNG or WebP picture. Its middle is shown as a square, and where and when "
            "it was taken is removed. Save what you typed first: the page loads again.",
        ),
    )


def _profile(*, for_admin: bool) -> rx.Component:
    name = [
        field("name", "Name", value=State.name, error=_error("name"), max_length=80)
    ] * for_admin
    share = [
        field(
            "share",
            "Mentor's share",
            value=State.share,
            help=State.share_note,
            error=_error("share"),
            required=False,
            inputmode="numeric",
            max_length=6,
        )
    ] * for_admin
    return section(
        "Profile",
        form(
            *name,
            field(
                "headline",
                "Headline",
                value=State.headline,
                help="What you help with, in one line.",
                error=_error("headline"),
                required=False,
                max_length=120,
            ),
            text_area(
                "bio",
                "About",
                value=State.bio,
                help="Who you work with, and how. An empty line begins a new paragraph.",
                error=_error("bio"),
                max_length=4000,
            ),
            field(
                "skills",
                "Skills",
                value=State.skills,
                help="With commas between them; the first three are on your card.",
                error=_error("skills"),
                required=False,
            ),
            field(
                "languages",
                "Languages",
                value=State.languages,
                help="With commas between them, such as: English, German.",
                error=_error("languages"),
                required=False,
            ),
            field(
                "capacity",
                "Seats",
                value=State.capacity,
                help=State.seats_note,
                error=_error("capacity"),
                inputmode="numeric",
            ),
            *share,
            row(
                button("Save the profile", submit=True, busy=State.saving),
                said(State.saved),
            ),
            on_submit=State.save,
            key=f"profile {State.version}",
            label="Profile",
        ),
    )


def _packs() -> rx.Component:
    add = rx.cond(
        State.offer_open,
        rx.fragment(),
        button("Add a pack", on_click=State.new_offer, kind="secondary"),
    )
    return section(
        "Packs on sale",
        rx.cond(State.offer_open, _offer_form(), rx.fragment()),
        rx.cond(
            has(State.on_sale),
            divided(rx.foreach(State.on_sale, _offer)),
            rx.cond(
                State.offer_open,
                rx.fragment(),
                empty(
                    "No pack is on sale.",
                    "Visitors can buy once there is one: sessions, a price, and how long it lasts.",
                ),
            ),
        ),
        rx.cond(
            has(State.retired),
            more("Retired packs", divided(rx.foreach(State.retired, _retired))),
            rx.fragment(),
        ),
        action=add,
    )


def _terms(offer: rx.vars.ObjectVar[OfferRow]) -> rx.Component:
    return stack(strong(offer.title), muted(offer.sessions, ", ", offer.validity), gap="tight")


def _offer(offer: rx.vars.ObjectVar[OfferRow]) -> rx.Component:
    asked = State.retiring == offer.public_id
    actions = row(
        button("Change", on_click=State.change_offer(offer.public_id), kind="quiet"),
        button("Retire", on_click=State.ask_retire(offer.public_id), kind="quiet"),
    )
    return stack(
        offer_line(_terms(offer), strong(offer.price), actions),
        rx.cond(
            asked,
            question(
                "Retire this pack? It cannot be bought any more. Who bought it keeps it.",
                button("Retire it", on_click=State.retire(offer.public_id), kind="danger"),
                button("Keep it", on_click=State.ask_retire(""), kind="secondary"),
            ),
            rx.fragment(),
        ),
    )


def _retired(offer: rx.vars.ObjectVar[OfferRow]) -> rx.Component:
    return offer_line(_terms(offer), quiet(offer.price), badge(offer.status))


def _offer_form() -> rx.Component:
    start, replaces = State.offer_form, State.offer_form.replaces != ""
    return card(
        form(
            rx.cond(
                replaces,
                muted(
                    "A price never changes: saving puts a new pack on sale and retires this one. "
                    "Who bought it keeps it."
                ),
                rx.fragment(),
            ),
            field("title", "Title", value=start.title, error=_error("title"), max_length=80),
            pair(
                field(
                    "sessions",
                    "Sessions",
                    value=start.sessions,
                    error=_error("sessions"),
                    inputmode="numeric",
                ),
                field(
                    "price",
                    "Price",
                    value=start.price,
                    help=f"For all of it, in {State.currency}.",
                    error=_error("price"),
                    inputmode="decimal",
                ),
                field(
                    "validity_days",
                    "Days to use it",
                    value=start.validity,
                    help="Empty: never expires.",
                    error=_error("validity_days"),
                    required=False,
                    inputmode="numeric",
                ),
            ),
            row(
                button(
                    rx.cond(replaces, "Replace the pack", "Put it on sale"),
                    submit=True,
                    busy=State.offer_saving,
                ),
                button("Cancel", on_click=State.close_offer, kind="quiet"),
            ),
            rx.cond(
                State.wrong_field == "offer",
                rx.el.div(notice(text(State.wrong_text), tone="warning"), role="alert"),
                rx.fragment(),
            ),
            on_submit=State.save_offer,
            key=f"pack {State.offer_key}",
            label="Pack",
        )
    )
