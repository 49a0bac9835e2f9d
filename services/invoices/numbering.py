"""The numbers of invoices and credit notes: without gaps, from 1 in each year and series.

A number is taken inside the transaction of what it documents: what is rolled back takes none. Until
that transaction ends, nobody else gets a number of the series, so it is taken as late as possible.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from services import clock
from services.config import settings
from services.models import InvoiceCounter, InvoiceSeries

_PREFIX = {InvoiceSeries.INVOICE: "", InvoiceSeries.CREDIT_NOTE: "C"}


def year_now() -> int:
    """The year of today in the studio's zone."""
    return clock.utc_now().astimezone(ZoneInfo(settings().studio_timezone)).year


def next_number(db: Session, series: InvoiceSeries, year: int) -> int:
    """Take the next number. Lock nothing else after it in this transaction, but for the number of
    a series that comes later in the alphabet."""
    table = InvoiceCounter.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    taken = (
        insert(table)
        .values(series=series, year=year, last=1)
        .on_conflict_do_update(
            index_elements=["series", "year"], set_={"last": col(InvoiceCounter.last) + 1}
        )
        .returning(table.c.last)
    )
    return int(db.connection().execute(taken).scalar_one())


def label_of(series: InvoiceSeries, year: int, number: int) -> str:
    """The number as it is printed: `2026-000123`, `C2026-000007`."""
    return f"{_PREFIX[series]}{year}-{number:06d}"
