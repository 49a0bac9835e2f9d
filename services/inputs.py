"""What people type: trimmed, bounded, and free of characters nobody can see."""

from __future__ import annotations

import unicodedata

from services.errors import InvalidInput


def line(value: str, *, field: str, what: str, least: int = 0, most: int) -> str:
    """One line of text, its runs of white space made single spaces.

    `what` names the field in the sentence a person reads ("Your name").

    Raises:
        InvalidInput: too short, too long, or holding control characters.
    """
    _refuse_invisible(value, field=field, what=what, allowed="\t\r\n")
    return _bounded(" ".join(value.split()), field=field, what=what, least=least, most=most)


def paragraphs(value: str, *, field: str, what: str, least: int = 0, most: int) -> str:
    """Text of several lines: line ends unified, spaces at line ends dropped.

    Raises:
        InvalidInput: too short, too long, or holding control characters.
    """
    _refuse_invisible(value, field=field, what=what, allowed="\t\r\n")
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text = "\n".join(one.rstrip() for one in lines).strip()
    return _bounded(text, field=field, what=what, least=least, most=most)


def whole_number(value: str | int, *, field: str, what: str, least: int, most: int) -> int:
    """A whole number between two bounds, also when it comes as text from a form.

    Raises:
        InvalidInput: not a whole number, or out of bounds.
    """
    text = str(value).strip()
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 9
    if not plain or not least <= int(text) <= most:
        raise InvalidInput(field, f"{what} must be a whole number from {least} to {most}.")
    return int(text)


def _bounded(text: str, *, field: str, what: str, least: int, most: int) -> str:
    if len(text) < least:
        sentence = f"{what} is missing." if least == 1 else f"{what} needs {least} characters."
        raise InvalidInput(field, sentence)
    if len(text) > most:
        raise InvalidInput(field, f"{what} is longer than {most} characters.")
    return text


def _refuse_invisible(text: str, *, field: str, what: str, allowed: str) -> None:
    """Refuse control characters, lone surrogates, and marks that reverse the reading direction."""
    for character in text:
        hidden = unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed
        if hidden or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            raise InvalidInput(field, f"{what} holds a character that cannot be shown.")
