"""How many of a mentor's seats are taken, counted in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from services.models import Mentor, Seat, SeatStatus

TAKEN = (SeatStatus.HELD, SeatStatus.ACTIVE, SeatStatus.GRACE)


def seats_taken() -> ColumnElement[int]:
    """The number of held, active and grace seats of the `Mentor` of the enclosing query."""
    counted: Any = (
        select(func.count(col(Seat.id)))
        .where(col(Seat.mentor_id) == col(Mentor.id), col(Seat.status).in_(TAKEN))
        .correlate(Mentor)
        .scalar_subquery()
    )
    return counted
