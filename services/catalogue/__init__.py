"""Mentors and their packs: what visitors find, and what mentors and admins edit."""

from services.catalogue.listing import FilterChoice, Filters, MentorCard, list_filters, list_mentors
from services.catalogue.mentor import (
    MentorPage,
    MentorProfile,
    OfferCard,
    OwnSeat,
    find_mentor_id,
    get_mentor,
    get_own_slug,
    get_profile,
)
from services.catalogue.offers import create_offer, list_offers, replace_offer, retire_offer
from services.catalogue.profile import make_mentor, set_listed, update_profile
from services.catalogue.words import known_languages, language_name

__all__ = [
    "FilterChoice",
    "Filters",
    "MentorCard",
    "MentorPage",
    "MentorProfile",
    "OfferCard",
    "OwnSeat",
    "create_offer",
    "find_mentor_id",
    "get_mentor",
    "get_own_slug",
    "get_profile",
    "known_languages",
    "language_name",
    "list_filters",
    "list_mentors",
    "list_offers",
    "make_mentor",
    "replace_offer",
    "retire_offer",
    "set_listed",
    "update_profile",
]
