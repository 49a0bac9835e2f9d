"""The home page: a few mentors who have a seat."""

from __future__ import annotations

import reflex as rx

from services import catalogue, testimonials
from state.base import AppState, read
from state.guard import requires
from state.mentors import MentorFace, mentor_face
from state.phase import Loads, loading
from state.quotes import QuoteFace, quote_face
from state.shown import count

FEATURED = 3
FACES = 5


class HomeState(Loads, AppState):
    """The featured mentors, and what mentees say; `seats` says how many have a seat in all."""

    mentors: list[MentorFace] = []
    faces: list[MentorFace] = []
    quotes: list[QuoteFace] = []
    seats: str = ""

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Find mentors who have a seat."""
        with loading(self):
            part = await read(catalogue.list_mentors, with_seat=True, limit=FACES)
            self.faces = [mentor_face(card, self.time_zone) for card in part.rows]
            self.mentors = self.faces[:FEATURED]
            have = "has" if part.total == 1 else "have"
            found = f"{count(part.total or 0, 'mentor')} {have} a free seat today"
            self.seats = found if part.total else ""
            self.quotes = [quote_face(one) for one in await read(testimonials.list_for_home)]
