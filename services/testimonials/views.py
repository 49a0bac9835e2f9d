"""What is read of testimonials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.models import TestimonialStatus


@dataclass(frozen=True, slots=True)
class Quote:
    """A testimonial as visitors read it: the author by first name and an initial."""

    public_id: str
    body: str
    author: str
    mentor_name: str
    mentor_slug: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnView:
    """A pack's testimonial as its mentee sees it. `status` is None as long as there is none;
    `why_not` says why nothing can be written now, in a sentence, and is empty otherwise."""

    pack: str
    pack_title: str
    mentor_name: str
    mentor_slug: str
    shown_as: str
    body: str
    status: TestimonialStatus | None
    decline_reason: str
    why_not: str


@dataclass(frozen=True, slots=True)
class AdminView:
    """A testimonial as an admin decides about it; `updated_at` tells which text was read."""

    public_id: str
    body: str
    status: TestimonialStatus
    decline_reason: str
    author_name: str
    shown_as: str
    mentor_name: str
    mentor_slug: str
    created_at: datetime
    updated_at: datetime


def shown_name(name: str) -> str:
    """`Mia M.` of Mia Maler: what visitors read."""
    first, *others = name.split() or [""]
    return f"{first} {others[-1][0].upper()}." if others else first
