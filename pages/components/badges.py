"""Status badges and tags: a dot, a word, a tone. The words are those of the product."""

from __future__ import annotations

import reflex as rx

from pages.components.kinds import Text

TONES: dict[str, str] = {
    # orders, payments, refunds
    "paid": "good",
    "completed": "good",
    "succeeded": "good",
    "pending": "warning",
    "requested": "warning",
    "refund under way": "warning",
    "waiting for your bank": "warning",
    "not paid yet": "warning",
    "declined": "bad",
    "failed": "bad",
    "denied": "bad",
    "canceled": "quiet",
    "expired": "quiet",
    "refunded": "quiet",
    # seats and packs
    "active": "good",
    "held": "warning",
    "grace": "warning",
    "frozen": "warning",
    "released": "quiet",
    "offered": "good",
    "taken": "good",
    "depleted": "quiet",
    # offers, mentors, accounts
    "retired": "quiet",
    "listed": "good",
    "not listed": "quiet",
    "verified": "good",
    "not verified": "warning",
    "suspended": "bad",
    "erased": "quiet",
    # sessions, and what hangs on them
    "scheduled": "good",
    "in progress": "good",
    "unresolved": "warning",
    "mentee no-show": "bad",
    "mentor no-show": "bad",
    "open": "warning",
    "upheld": "good",
    "withdrawn": "quiet",
    "accepted": "good",
    "lapsed": "quiet",
    "published": "good",
    # jobs
    "running": "warning",
    "due": "quiet",
    "sent": "good",
    "dead": "bad",
    # inbox
    "received": "warning",
    "waiting": "warning",
    "handled": "good",
    "ignored": "quiet",
}


def badge(status: Text) -> rx.Component:
    """A status in its tone; one that this table does not know is shown without."""
    tone = (
        TONES.get(status, "quiet")
        if isinstance(status, str)
        else rx.match(status, *TONES.items(), "quiet")
    )
    return rx.el.span(status, class_name=f"badge badge-{tone}")


def toned(label: Text, tone: Text) -> rx.Component:
    """A badge whose tone the caller knows: good, warning, bad or quiet."""
    return rx.el.span(label, class_name=f"badge badge-{tone}")


def tags(words: list[str] | rx.Var[list[str]]) -> rx.Component:
    """Words that describe, such as skills."""
    return rx.el.ul(
        rx.foreach(words, lambda word: rx.el.li(word, class_name="tag")), class_name="tags"
    )
