"""What every table shares: names of constraints, column types, and short column helpers."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic_core import PydanticUndefined
from sqlalchemy import BigInteger, DateTime, Enum, ForeignKey, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from services import clock
from services.ids import new_public_id

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware UTC in Python, `timestamptz` on PostgreSQL, naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: use clock.utc_now()")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # the signature is SQLAlchemy's
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def pk() -> Any:
    """The primary key: a 64-bit integer that never leaves the server."""
    return Field(default=None, primary_key=True, sa_type=BigId)


def fk(
    target: str,
    *,
    nullable: bool = False,
    index: bool = True,
    unique: bool = False,
    primary_key: bool = False,
) -> Any:
    """A foreign key to `target` (`table.id`), indexed unless an index of the table covers it."""
    return Field(
        default=None if nullable else PydanticUndefined,
        primary_key=primary_key,
        nullable=nullable,
        index=index and not unique,
        unique=unique,
        sa_type=BigId,
        sa_column_args=[ForeignKey(target)],
    )


def public_id(prefix: str) -> Any:
    """The address of a row: unique, made when the row is made."""
    return Field(default_factory=lambda: new_public_id(prefix), sa_type=String(40), unique=True)


def choice(
    kind: type[StrEnum],
    default: StrEnum | None = None,
    *,
    name: str,
    nullable: bool = False,
) -> Any:
    """A status column with its allowed values as a CHECK constraint."""
    column = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )
    if nullable:
        # Not the column's default as well: SQLAlchemy would write it where None is meant.
        own = {"default": None}
        return Field(default=default, sa_type=column, nullable=True, sa_column_kwargs=own)
    if default is None:
        return Field(sa_type=column)
    return Field(default=default, sa_type=column)


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    """A nullable instant, or one that defaults to now."""
    if nullable:
        return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)
    return Field(default_factory=clock.utc_now, sa_type=UtcDateTime, nullable=False, index=index)


def text(length: int, *, default: str | None = None, nullable: bool = False, **more: Any) -> Any:
    """A bounded string."""
    if nullable:
        return Field(default=None, sa_type=String(length), nullable=True, **more)
    if default is None:
        return Field(sa_type=String(length), **more)
    return Field(default=default, sa_type=String(length), **more)
