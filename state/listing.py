"""Long lists for admins: a search, one filter as chips, and the place to go on from, all of it in
the address, so that a list can be kept, sent and gone back to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import reflex as rx

from services.paging import Part
from state.mentors import FilterChip
from state.phase import Loads
from state.shown import count


class Listing(Loads, mixin=True):
    """Mix into a list's state: `class AdminOrdersState(Listing, AppState)`."""

    query: str = ""
    chosen: str = ""
    chips: list[FilterChip] = []
    total: str = ""
    older_href: str = ""
    first_href: str = ""
    filtered: bool = False

    def _begin(self, path: str, choices: dict[str, str]) -> str | None:
        """Read the address; `choices` are the filter's values with their words. Answers the place
        to go on from."""
        asked = self.router.url.query_parameters
        self.query = asked.get("q", "")[:80]
        only = asked.get("only", "")
        self.chosen = only if only in choices else ""
        self.filtered = bool(self.query or self.chosen)
        self.chips = [
            FilterChip(
                label=word,
                href=address(path, q=self.query, only="" if value == self.chosen else value),
                chosen=value == self.chosen,
            )
            for value, word in choices.items()
        ]
        before = asked.get("before", "")[:60]
        self.first_href = address(path, q=self.query, only=self.chosen) if before else ""
        return before or None

    def _end(self, path: str, part: Part[Any], noun: str, nouns: str = "") -> None:
        """Show how many there are, and the way to the next ones."""
        self.total = count(part.total or 0, noun, nouns)
        self.older_href = (
            address(path, q=self.query, only=self.chosen, before=part.next) if part.next else ""
        )


def address(path: str, **asked: str) -> str:
    """A page's address with what is asked of it; what is empty is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def searched(path: str, form: dict[str, Any], chosen: str) -> rx.event.EventSpec:
    """Go to the list of what was searched for, keeping the filter."""
    words = " ".join(str(form.get("q", "")).split())[:80]
    return rx.redirect(address(path, q=words, only=chosen))
