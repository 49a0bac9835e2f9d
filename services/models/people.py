# SQLModel declares __tablename__ as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
"""Users, the sessions they are signed in with, and the links we mailed them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from services.ids import UserId
from services.models.base import choice, fk, instant, pk, public_id, text


class UserStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class User(SQLModel, table=True):
    """An account. `email` is stored in lower case, so unique means case-insensitive.

    The billing fields are what this person's invoices say; without a billing name they say `name`.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("erased_at IS NULL OR status = 'erased'", name="erased_at_when_erased"),
    )

    id: UserId = pk()
    public_id: str = public_id("usr")
    email: str = text(254, unique=True)
    name: str = text(80)
    time_zone: str = text(64, default="UTC")
    locale: str = text(16, default="en")
    password_hash: str = text(255)
    is_admin: bool = Field(default=False)
    status: UserStatus = choice(UserStatus, UserStatus.ACTIVE, name="user_status")
    email_verified_at: datetime | None = instant(nullable=True)
    billing_name: str | None = text(120, nullable=True)
    billing_address: str | None = text(500, nullable=True)
    tax_id: str | None = text(40, nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant(index=True)


class SignIn(SQLModel, table=True):
    """One browser that is signed in. Only the hash of its cookie is stored."""

    __tablename__ = "sign_in"

    id: int = pk()
    public_id: str = public_id("sig")
    user_id: UserId = fk("user.id")
    token_hash: str = text(64, unique=True)
    user_agent: str = text(300, default="")
    address: str = text(64, default="")
    created_at: datetime = instant()
    seen_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    revoked_at: datetime | None = instant(nullable=True)


class LinkPurpose(StrEnum):
    VERIFY = "verify"
    RESET = "reset"


class EmailLink(SQLModel, table=True):
    """A link we mailed: used once, expiring; only the hash of its token is stored."""

    __tablename__ = "email_link"

    id: int = pk()
    user_id: UserId = fk("user.id")
    purpose: LinkPurpose = choice(LinkPurpose, name="link_purpose")
    token_hash: str = text(64, unique=True)
    created_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    used_at: datetime | None = instant(nullable=True)


class Onboarding(SQLModel, table=True):
    """What a mentee told about themselves before the first booking; `done_at` opens booking.

    `remind_at` is when the next reminder of it is due; None: there is none to come.
    """

    __tablename__ = "onboarding"

    user_id: UserId = fk("user.id", primary_key=True, index=False)
    about: str = text(2000, default="")
    goals: str = text(2000, default="")
    preferences: str = text(1000, default="")
    zone_confirmed_at: datetime | None = instant(nullable=True)
    calendar_skipped_at: datetime | None = instant(nullable=True)
    done_at: datetime | None = instant(nullable=True)
    remind_at: datetime | None = instant(nullable=True, index=True)
    created_at: datetime = instant()
