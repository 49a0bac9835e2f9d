"""A row in every table of what recordings cost."""

from __future__ import annotations

from datetime import date

from sqlmodel import SQLModel

from services.ids import MentorId, UserId
from services.models import (
    Component,
    DailyMentorUsage,
    DailyUsage,
    MentoringSession,
    MonthlyMentorUsage,
    Price,
    Usage,
    UsageKind,
)

FIRST = date(2026, 3, 1)
_SUMS = {
    "recordings": 1,
    "recorded_seconds": 3_600,
    "arrived_bytes": 10**9,
    "byte_hours": 24 * 10**9,
    "early_byte_hours": 0,
    "downloaded_bytes": 0,
    "delivered_bytes": 0,
}


def used(session: MentoringSession, mentor_id: MentorId, admin_id: UserId) -> tuple[SQLModel, ...]:
    """What a session's recording used, unwritten, and a price."""
    place = {"place": "local", **_SUMS}
    day = {"day": FIRST, "stored_bytes": 10**9, **place}
    return (
        Usage(
            key="stored:fil_1",
            kind=UsageKind.STORED,
            place="local",
            amount=10**9,
            mentor_id=mentor_id,
            session_id=session.id,
        ),
        DailyUsage.model_validate(day),
        DailyMentorUsage.model_validate({"mentor_id": mentor_id, **day}),
        MonthlyMentorUsage.model_validate({"month": FIRST, "mentor_id": mentor_id, **place}),
        Price(
            preset="plan",
            component=Component.STORAGE,
            micros=5_000,
            currency="USD",
            valid_from=FIRST,
            entered_by=admin_id,
        ),
    )
