"""How rows are found among a million: by an index that fits, and counted only up to a bound."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, literal
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlmodel import Session, select

from services.errors import InvalidInput
from services.models import Provider

S = TypeVar("S", bound=StrEnum)

MOST_COUNTED = 10_000
"""A list says how many rows it has up to here; to count further costs more than it tells."""

PROVIDERS = (*(provider.value for provider in Provider), "resend", "discord", "agora")
"""Whose webhooks are stored."""

_PUBLIC_ID = re.compile(r"[a-z]{3}_[A-Za-z0-9]{22}")
_LONGEST = 255


def counted(
    db: Session, table: Any, wanted: list[ColumnElement[bool]], *, most: int = MOST_COUNTED
) -> int | None:
    """How many rows of the table there are; None for more than `most`."""
    some = select(literal(1)).select_from(table).where(*wanted).limit(most + 1)
    found = db.exec(select(func.count()).select_from(some.subquery())).one()
    return found if found <= most else None


def beside(db: Session, column: Any) -> ColumnElement[Any]:
    """The column as one to compare, not to search by. SQLite knows no figures of a column: where
    most rows have the value, it would take the index of that and then sort them all."""
    if db.get_bind().dialect.name != "sqlite":
        return column
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def status_of(kinds: type[S], value: str) -> S:
    """The status that an address names.

    Raises:
        InvalidInput: there is no such status.
    """
    try:
        return kinds(value)
    except ValueError:
        raise InvalidInput("status", "There is no such status.") from None


def words_of(query: str) -> str:
    """What somebody searches for, without the space around it, and no longer than a key is."""
    return query.strip()[:_LONGEST]


def is_public_id(words: str) -> bool:
    """Whether this looks like a public id of ours."""
    return _PUBLIC_ID.fullmatch(words) is not None
