"""Long lists for admins: a search, one filter as chips, the order, and the place to go on from, all
of it in the address, so that a list can be kept, sent and gone back to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import reflex as rx

from services.paging import Part
from state.mentors import FilterChip
from state.phase import Loads
from state.shown import count, plain


class Listing(Loads, mixin=True):
    """Mix into a list's state: `class AdminOrdersState(Listing, AppState)`."""

    query: str = ""
    chosen: str = ""
    chips: list[FilterChip] = []
    sort: str = ""
    sort_hrefs: dict[str, str] = {}
    total: str = ""
    older_href: str = ""
    first_href: str = ""
    filtered: bool = False
    _usual_sort: str = ""

    def _begin(self, path: str, choices: dict[str, str], sorts: tuple[str, ...] = ()) -> str | None:
        """Read the address. `choices` are the filter's values with their words; `sorts` the columns
        to sort by as one first wants them (`-date`: the last ones first), the usual one first.
        Answers the place to go on from."""
        asked = self.router.url.query_parameters
        self.query = plain(asked.get("q", ""), 80)
        only, sort = asked.get("only", ""), asked.get("sort", "")[:20]
        self.chosen = only if only in choices else ""
        self.sort = sort if sort in {*sorts, *map(_turned, sorts)} else (*sorts, "")[0]
        self._usual_sort = (*sorts, "")[0]
        self.filtered = bool(self.query or self.chosen)
        self.chips = [
            FilterChip(
                label=word,
                href=self._here(path, only="" if value == self.chosen else value),
                chosen=value == self.chosen,
            )
            for value, word in choices.items()
        ]
        self.sort_hrefs = {
            first.removeprefix("-"): self._here(
                path, sort=_turned(self.sort) if _same(first, self.sort) else first
            )
            for first in sorts
        }
        before = plain(asked.get("before", ""), 60)
        self.first_href = self._here(path) if before else ""
        return before or None

    def _asked(self, before: str | None) -> dict[str, str | None]:
        """What every list asks its service."""
        return {"query": self.query, "sort": self.sort, "before": before}

    def _end(self, path: str, part: Part[Any], noun: str, nouns: str = "") -> None:
        """Show how many there are, and the way to the next ones."""
        total = count(part.total or 0, noun, nouns)
        shown = len(part.rows)
        self.total = total if shown == part.total else f"{shown} of {total}"
        self.older_href = self._here(path, before=part.next) if part.next else ""

    def _here(self, path: str, **changed: str) -> str:
        """This list's address with something else asked of it, from its top."""
        asked = {"q": self.query, "only": self.chosen, "sort": self.sort} | changed
        if asked["sort"] == self._usual_sort:
            del asked["sort"]
        return address(path, **asked)

    def _searched(self, path: str, form: dict[str, Any]) -> rx.event.EventSpec:
        """Go to the list of what was searched for, keeping the filter and the order."""
        words = " ".join(str(form.get("q", "")).split())[:80]
        return rx.redirect(self._here(path, q=words))


def _turned(sort: str) -> str:
    """The same column, the other way round."""
    return sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"


def _same(one: str, other: str) -> bool:
    return one.removeprefix("-") == other.removeprefix("-")


def address(path: str, **asked: str) -> str:
    """A page's address with what is asked of it; what is empty is left out."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path
