"""What the pages of the terms and of the privacy notice share: the words, their version, and
agreeing to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.models import Document
from services.privacy import documents
from services.privacy.documents import Text
from state.base import run
from state.phase import HasPhase, Loads, loading


@dataclass(frozen=True)
class Part:
    """A part of a text: `kind` is "heading", "text" or "points"."""

    kind: str
    text: str
    points: list[str]


@dataclass(frozen=True)
class Version:
    """One version of a text, and where it is read."""

    name: str
    href: str
    is_shown: bool


class Reads(Loads, mixin=True):
    """Mix into the state of a document's page."""

    version: str = ""
    is_current: bool = True
    has_others: bool = False
    parts: list[Part] = []
    versions: list[Version] = []


class HasText(HasPhase, Protocol):
    """What `Reads` adds to a state."""

    version: str
    is_current: bool
    has_others: bool
    parts: list[Part]
    versions: list[Version]


async def show(page: HasText, document: Document, version: str) -> None:
    """Fill a document's page with one version, by default the one in force."""
    with loading(page):
        text = await run(documents.get_text, document, version[:20])
        page.version, page.is_current = text.version, text.is_current
        page.parts = [Part(each.kind, each.text, list(each.points)) for each in text.blocks]
        page.versions, page.has_others = _versions(text), len(text.versions) > 1


def _versions(text: Text) -> list[Version]:
    return [
        Version(name, f"/{text.document.value}?version={name}", name == text.version)
        for name in text.versions
    ]
