"""Which fields PayPal's requests may have, and how they look.

PayPal ignores a field that it does not know. The simulator refuses one, so that a misspelt name is
seen. A test compares the fields, lengths, patterns and words with PayPal's specification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from mentorships.sandbox.paypal_errors import PayPalError, invalid, missing
from mentorships.sandbox.store import Json


@dataclass(frozen=True, slots=True)
class Text:
    """A string: its length, its pattern, its allowed words."""

    low: int = 0
    high: int = 1_000_000
    pattern: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Object:
    """An object with these fields, some of them required."""

    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """An array of so many."""

    item: Field
    low: int
    high: int


Field = Text | Object | Items

# Checked by paypal_money, which knows the currencies.
MONEY = Object({"currency_code": Text(), "value": Text()})
_URL = Text()
_CONTEXT = Object(
    {
        "brand_name": Text(1, 127),
        "locale": Text(2, 10, r"^[a-z]{2}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$"),
        "shipping_preference": Text(
            1, 24, words=("GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS")
        ),
        "return_url": _URL,
        "cancel_url": _URL,
        "landing_page": Text(1, 13, words=("LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE")),
        "user_action": Text(1, 8, words=("CONTINUE", "PAY_NOW")),
        "payment_method_preference": Text(
            1, 255, words=("UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED")
        ),
    }
)
_ITEM = Object(
    {
        "name": Text(1, 127),
        "unit_amount": MONEY,
        "quantity": Text(0, 10, r"^[1-9][0-9]{0,9}$"),
        "description": Text(0, 127),
        "category": Text(1, 20, words=("DIGITAL_GOODS", "PHYSICAL_GOODS", "DONATION")),
    },
    required=("name", "unit_amount", "quantity"),
)
_UNIT = Object(
    {
        "reference_id": Text(1, 256),
        "amount": Object({**MONEY.fields, "breakdown": Object({"item_total": MONEY})}),
        "items": Items(_ITEM, 0, 1_000),
        "description": Text(1, 127),
        "custom_id": Text(1, 127),
        "invoice_id": Text(1, 127),
        "soft_descriptor": Text(1, 22),
    },
    required=("amount",),
)
ORDER = Object(
    {
        "intent": Text(words=("CAPTURE", "AUTHORIZE")),
        # PayPal takes up to ten. The simulator sells one thing at a time.
        "purchase_units": Items(_UNIT, 1, 1),
        "payment_source": Object(
            {
                "paypal": Object(
                    {
                        "email_address": Text(3, 254, r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
                        "experience_context": _CONTEXT,
                    }
                )
            }
        ),
    },
    required=("intent", "purchase_units"),
)
CAPTURE = Object({})
REFUND = Object(
    {
        "amount": MONEY,
        # The answer carries it back, and there the specification allows only these characters.
        "custom_id": Text(1, 127, r"^[A-Za-z0-9-_.,]*$"),
        "invoice_id": Text(1, 127),
        "note_to_payer": Text(1, 255),
    }
)


def _syntax(pointer: str) -> PayPalError:
    description = "The value of a field does not conform to the expected format."
    return invalid("INVALID_PARAMETER_SYNTAX", description, pointer)


def check(field: Field, sent: Any, pointer: str = "") -> None:
    """Refuse what breaks the schema.

    Raises:
        PayPalError: 400, with a JSON pointer to what is wrong.
    """
    if isinstance(field, Text):
        _check_text(field, sent, pointer)
    elif isinstance(field, Items):
        _check_items(field, sent, pointer)
    else:
        _check_object(field, sent, pointer)


def _check_text(field: Text, sent: Any, pointer: str) -> None:
    if not isinstance(sent, str):
        raise _syntax(pointer)
    if not field.low <= len(sent) <= field.high:
        description = "The value of a field is either too short or too long"
        raise invalid("INVALID_STRING_LENGTH", description, pointer)
    if field.words and sent not in field.words:
        raise invalid("INVALID_PARAMETER_VALUE", "A parameter value is not valid.", pointer)
    if field.pattern and not re.fullmatch(field.pattern, sent):
        raise _syntax(pointer)


def _check_items(field: Items, sent: Any, pointer: str) -> None:
    if not isinstance(sent, list):
        raise _syntax(pointer)
    items = cast(list[Any], sent)
    if len(items) < field.low:
        description = "The number of items in an array parameter is too small."
        raise invalid("INVALID_ARRAY_MIN_ITEMS", description, pointer)
    if len(items) > field.high:
        description = "The number of items in an array parameter is too large."
        raise invalid("INVALID_ARRAY_MAX_ITEMS", description, pointer)
    for number, item in enumerate(items):
        check(field.item, item, f"{pointer}/{number}")


def _check_object(field: Object, sent: Any, pointer: str) -> None:
    if not isinstance(sent, dict):
        raise _syntax(pointer)
    values = cast(Json, sent)
    for name in field.required:
        if name not in values:
            raise missing(f"{pointer}/{name}")
    for name, value in values.items():
        known = field.fields.get(name)
        if known is None:
            raise _syntax(f"{pointer}/{name}")
        check(known, value, f"{pointer}/{name}")
