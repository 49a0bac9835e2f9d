"""Where an admin finds a thing, by its public id."""

from __future__ import annotations

from services import admin_places


def place(thing: str) -> str:
    """The address of the thing's page, or of the list that it is in; "" for what has neither."""
    return admin_places.page_of(thing)
