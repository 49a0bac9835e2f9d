"""Whom an invoice is from and to, and the billing details that a person gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from services import access, audit, inputs, locking
from services.audit import Actor
from services.config import settings
from services.errors import InvalidInput
from services.models import User

MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class BillingDetails:
    """What a person's next invoices say: empty where nothing was given; without a name they say
    the account's own, which is `otherwise`."""

    name: str
    address: str
    tax_id: str
    otherwise: str


def get_billing(db: Session, *, actor: Actor) -> BillingDetails:
    """One's own billing details.

    Raises:
        SignInNeeded
    """
    user = db.get_one(User, access.require_user(actor))
    return BillingDetails(
        name=user.billing_name or "",
        address=user.billing_address or "",
        tax_id=user.tax_id or "",
        otherwise=user.name,
    )


def update_billing(db: Session, *, actor: Actor, name: str, address: str, tax_id: str) -> None:
    """Change what one's invoices say from now on; those that were issued stay as they are.

    Raises:
        SignInNeeded, InvalidInput
    """
    user_id = access.require_user(actor)
    name = inputs.line(name, field="billing_name", what="The name", most=120)
    tax_id = inputs.line(tax_id, field="tax_id", what="The tax number", most=40)
    address = inputs.paragraphs(address, field="billing_address", what="The address", most=400)
    for field, text in (("billing_name", name), ("billing_address", address)):
        _refuse_unprintable(field, text)
    lines = [line for line in address.split("\n") if line]
    if len(lines) > MOST_LINES:
        raise InvalidInput("billing_address", f"The address has more than {MOST_LINES} lines.")
    locking.lock(db, users=[user_id])
    user = db.get_one(User, user_id)
    user.billing_name = name or None
    user.billing_address = "\n".join(lines) or None
    user.tax_id = tax_id or None
    audit.record(db, actor=actor, action="user.billing_changed", thing=user.public_id)


def buyer_of(user: User) -> dict[str, Any]:
    """A buyer as an invoice names one: nothing that the law does not ask for."""
    return {
        "name": user.billing_name or user.name,
        "address": (user.billing_address or "").splitlines(),
        "tax_id": user.tax_id or "",
    }


def seller_now() -> dict[str, Any]:
    """The seller by the settings of today."""
    chosen = settings()
    lines = [line.strip() for line in chosen.seller_address.split(";")]
    return {
        "name": chosen.seller_name or chosen.studio_name,
        "address": [line for line in lines if line],
        "tax_id": chosen.seller_tax_id,
        "tax_label": chosen.tax_label,
    }


def _refuse_unprintable(field: str, text: str) -> None:
    from services.invoices import fonts  # heavy, and few people come here

    if signs := fonts.unprintable(text):
        raise InvalidInput(
            field, f"Our invoices cannot print {signs[:5]}. Please write it in Latin letters."
        )
