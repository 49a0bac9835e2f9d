"""Testimonials, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass

from services import urls
from services.testimonials import Quote


@dataclass(frozen=True)
class QuoteFace:
    """What a mentee says, who it was, and about whom."""

    body: str
    author: str
    mentor: str
    href: str


def quote_face(quote: Quote) -> QuoteFace:
    """The words of a testimonial."""
    return QuoteFace(quote.body, quote.author, quote.mentor_name, urls.mentor(quote.mentor_slug))
