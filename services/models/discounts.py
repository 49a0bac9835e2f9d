# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Discount codes and who used them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from services.ids import DiscountCodeId, MentorId, OrderId, UserId
from services.models.base import fk, instant, pk, public_id, text


class DiscountCode(SQLModel, table=True):
    """A percentage or an amount off the price, for the packs of one mentor or of all.

    `code` is stored in upper case, so unique means case-insensitive. Limits count redemptions that
    were not given back.
    """

    __tablename__ = "discount_code"
    __table_args__ = (
        CheckConstraint("code = upper(code)", name="code_upper"),
        CheckConstraint("(percent IS NULL) <> (amount_minor IS NULL)", name="percent_or_amount"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency_with_amount"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent_range"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("max_total >= 1", name="max_total_positive"),
        CheckConstraint("max_per_person >= 1", name="max_per_person_positive"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    id: DiscountCodeId = pk()
    public_id: str = public_id("dsc")
    code: str = text(40, unique=True)
    percent: int | None = Field(default=None)
    amount_minor: int | None = Field(default=None)
    currency: str | None = text(3, nullable=True)
    max_total: int | None = Field(default=None)
    max_per_person: int | None = Field(default=1)
    starts_at: datetime = instant()
    ends_at: datetime | None = instant(nullable=True)
    mentor_id: MentorId | None = fk("mentor.id", nullable=True)
    active: bool = Field(default=True)
    created_by: UserId = fk("user.id", index=False)
    created_at: datetime = instant()


class DiscountRedemption(SQLModel, table=True):
    """One order that used a code; an order that ends unpaid gives it back."""

    __tablename__ = "discount_redemption"
    __table_args__ = (Index("ix_discount_redemption_code_id_user_id", "code_id", "user_id"),)

    id: int = pk()
    code_id: DiscountCodeId = fk("discount_code.id", index=False)
    order_id: OrderId = fk("order.id", unique=True)
    user_id: UserId = fk("user.id")
    at: datetime = instant()
    released_at: datetime | None = instant(nullable=True)
