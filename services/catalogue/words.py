"""Slugs, skills and languages: the words by which mentors are found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from babel import Locale

from services import inputs
from services.errors import InvalidInput

SLUG_LENGTH = 60
SKILL_LENGTH = 40
MOST_SKILLS = 12
MOST_LANGUAGES = 10

# Letters that Unicode does not take apart into a Latin letter and a mark.
_LETTERS = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "þ": "th", "ł": "l", "đ": "d",
        "ı": "i", "ħ": "h",
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z",
        "и": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
        "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i",
        "є": "ye", "ґ": "g",
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th",
        "ι": "i", "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p",
        "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps",
        "ω": "o",
    }
)  # fmt: skip


def slug_of(name: str) -> str:
    """A name as an address: `Zoë Müller` becomes `zoe-muller`; `mentor` when nothing is left."""
    apart = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(_LETTERS)
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[: SLUG_LENGTH - 6].strip("-") or "mentor"


def skills(names: Iterable[str]) -> list[str]:
    """Skills in the order given, each once whatever its capitals.

    Raises:
        InvalidInput: too many, or one too long.
    """
    kept: dict[str, str] = {}
    for name in names:
        skill = inputs.line(name, field="skills", what="A skill", most=SKILL_LENGTH)
        if skill:
            kept.setdefault(skill.casefold(), skill)
    if len(kept) > MOST_SKILLS:
        raise InvalidInput("skills", f"Name at most {MOST_SKILLS} skills.")
    return list(kept.values())


def languages(codes: Iterable[str]) -> list[str]:
    """Language codes in alphabetical order, each once; English names are taken too.

    Raises:
        InvalidInput: an unknown language, or too many.
    """
    kept = sorted({_language_code(code) for code in codes if code.strip()})
    if len(kept) > MOST_LANGUAGES:
        raise InvalidInput("languages", f"Name at most {MOST_LANGUAGES} languages.")
    return kept


def _language_code(word: str) -> str:
    wanted = word.strip().casefold()
    for code, name in known_languages().items():
        if wanted in (code, name.casefold()):
            return code
    raise InvalidInput("languages", f"“{word.strip()[:20]}” is not a language we know.")


@lru_cache
def known_languages(locale: str = "en") -> dict[str, str]:
    """Every language with a two-letter code (ISO 639-1) and its name, by name."""
    names = Locale.parse(locale).languages
    known = {code: name for code, name in names.items() if len(code) == 2 and code != "sh"}
    return dict(sorted(known.items(), key=lambda item: item[1]))


def language_name(code: str, locale: str = "en") -> str:
    """A language as people read it: `de` is `German`."""
    return known_languages(locale).get(code, code)
