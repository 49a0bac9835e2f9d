"""The home page: a few mentors who have a seat."""

from __future__ import annotations

import reflex as rx

from services import catalogue
from state.base import AppState, read
from state.guard import requires
from state.mentors import MentorFace, mentor_face
from state.phase import Loads, loading

FEATURED = 3


class HomeState(Loads, AppState):
    """The featured mentors."""

    mentors: list[MentorFace] = []

    @rx.event
    @requires("anyone")
    async def load(self) -> None:
        """Find mentors who have a seat."""
        with loading(self):
            part = await read(catalogue.list_mentors, with_seat=True, limit=FEATURED)
            self.mentors = [mentor_face(card) for card in part.rows]
