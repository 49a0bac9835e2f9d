# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""What people agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import SQLModel

from services.ids import OrderId, UserId
from services.models.base import choice, fk, instant, pk, text


class Document(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"


class Acceptance(SQLModel, table=True):
    """A person agreed to one version of a text, when signing up or with an order."""

    __tablename__ = "acceptance"
    __table_args__ = (
        Index(
            "uq_acceptance_user_id_document_version", "user_id", "document", "version", unique=True
        ),
    )

    id: int = pk()
    user_id: UserId = fk("user.id", index=False)
    document: Document = choice(Document, name="acceptance_document")
    version: str = text(20)
    at: datetime = instant()
    order_id: OrderId | None = fk("order.id", nullable=True)
