"""From a template and its facts to the two forms of a letter.

A template is text: its first line is the subject, the rest are paragraphs. The HTML form is made
from those by the one layout, so both forms always say the same: a paragraph that ends in `: ` and a
link is a button (the fact `link`) or a link of these words, lines that begin with `- ` are a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

LANGUAGE: Final = "en"
"""The language of the templates that lie in no folder of their own."""
LAYOUT: Final = "layout.html"
LONGEST_PREVIEW: Final = 140

_templates = Environment(
    loader=PackageLoader("services.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_LINKED = re.compile(r"(?P<words>.+?):? (?P<link>https?://\S+)", re.DOTALL)
_IDENTIFIER = re.compile(r"\S+ [a-z]{3}_\w{22}")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list; `link` is "" for plain words."""

    words: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What the layout shows as one paragraph, list or button."""

    kind: Literal["text", "button", "link", "list", "quiet"]
    words: str = ""
    link: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter's words. `preview` is what mail programs show beside the subject; `language` is the
    one that the words are in."""

    subject: str
    preview: str
    text: str
    html: str
    language: str


def names() -> frozenset[str]:
    """The templates there are, without their endings."""
    kinds = {name.rpartition("/")[2].partition(".")[0] for name in _templates.list_templates()}
    return frozenset(kinds - {"layout", "foot"})


def in_languages(locale: str, file: str) -> list[str]:
    """Where a template is looked for, for a reader of this locale: `de-AT/x.txt`, `de/x.txt`,
    `x.txt`."""
    if not _LOCALE.fullmatch(locale):
        return [file]
    whole = locale.replace("_", "-")
    parts = whole.split("-")
    return [*(f"{'-'.join(parts[:n])}/{file}" for n in range(len(parts), 0, -1)), file]


def render(name: str, locale: str, facts: dict[str, Any]) -> Rendered:
    """Both forms of a letter, in the reader's language as far as there is a template in it.

    Raises:
        jinja2.TemplateError: there is no such template, or a fact is missing.
    """
    template = _templates.select_template(in_languages(locale, f"{name}.txt"))
    folder, _, _ = str(template.name).rpartition("/")
    language = folder or LANGUAGE
    subject, _, rest = template.render(facts).partition("\n")
    subject = " ".join(subject.split())
    said = _paragraphs(rest)
    foot = _templates.select_template(in_languages(locale, "foot.txt")).render(facts)
    more: dict[str, Any] = {
        "subject": subject,
        "preview": _preview(said),
        "language": language,
        "blocks": blocks(said, home=str(facts["home"]), main=str(facts.get("link", ""))),
    }
    page = _templates.select_template(in_languages(locale, LAYOUT))
    return Rendered(
        subject=subject,
        preview=more["preview"],
        text="\n\n".join([*said, *_paragraphs(foot)]) + "\n",
        html=page.render(facts | more),
        language=language,
    )


def blocks(paragraphs: list[str], *, home: str, main: str) -> list[Block]:
    """The paragraphs as the layout shows them. Only links of our own become links: what people
    wrote themselves never does. `main` is the address of the button."""
    return [_block(part, home, main) for part in paragraphs]


def _block(part: str, home: str, main: str) -> Block:
    lines = part.split("\n")
    if all(line.startswith("- ") for line in lines):
        return Block("list", items=tuple(_item(line[2:], home) for line in lines))
    item = _item(" ".join(lines), home)
    if item.link:
        return Block("button" if item.link == main else "link", item.words, item.link)
    return Block("quiet" if _IDENTIFIER.fullmatch(item.words) else "text", item.words)


def _item(words: str, home: str) -> Item:
    found = _LINKED.fullmatch(words)
    if found and found["link"].startswith(home):
        return Item(found["words"], found["link"])
    return Item(words)


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _preview(paragraphs: list[str]) -> str:
    """The first words after the greeting, with the first line of the list that they announce."""
    first, *rest = paragraphs[1:] or paragraphs or [""]
    if first.endswith(":") and rest and rest[0].startswith("- "):
        first += rest[0].split("\n")[0][1:]
    first = " ".join(first.split())
    first = first[:1].upper() + first[1:]
    if len(first) <= LONGEST_PREVIEW:
        return first
    return first[:LONGEST_PREVIEW].rpartition(" ")[0].rstrip(",;:") + " …"
