"""Whether a person may use a code for a pack now, in words that say why not."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from services import clock
from services.errors import InvalidInput
from services.ids import OrderId, UserId
from services.models import DiscountCode, DiscountRedemption, PackOffer

LONGEST = 40
UNKNOWN = "This code is not valid. Check how it is written."
NOT_YET = "This code is not valid yet."
OVER = "This code is not valid any more."
USED_UP = "This code has been used up."
USED = "You have used this code already."
OTHER_MENTOR = "This code is not for this mentor's packs."
OTHER_CURRENCY = "This code is not for packs in this currency."


def normal(code: str) -> str:
    """A code as it is stored: upper case, without spaces."""
    return "".join(code.split()).upper()[: LONGEST + 1]


def applied(
    db: Session,
    *,
    buyer: UserId | None,
    code: str,
    offer: PackOffer,
    ending: OrderId | None = None,
) -> DiscountCode:
    """The code that was typed, when this buyer (None: a visitor) may use it for this offer now.

    `ending` is an open order of the buyer's that ends when this one is written: its use of the code
    does not count. Only `redeem`, under the lock, promises that a use is left.

    Raises:
        InvalidInput: of the field "code", with the reason.
    """
    found = db.exec(select(DiscountCode).where(DiscountCode.code == normal(code))).one_or_none()
    if found is None:
        raise InvalidInput("code", UNKNOWN)
    refuse_unless_usable(db, found, buyer=buyer, offer=offer, ending=ending)
    return found


def refuse_unless_usable(
    db: Session,
    code: DiscountCode,
    *,
    buyer: UserId | None,
    offer: PackOffer,
    ending: OrderId | None = None,
) -> None:
    """Raises InvalidInput with the reason why the code cannot be used."""
    now = clock.utc_now()
    if not code.active or (code.ends_at is not None and code.ends_at <= now):
        raise InvalidInput("code", OVER)
    if code.starts_at > now:
        raise InvalidInput("code", NOT_YET)
    if code.mentor_id is not None and code.mentor_id != offer.mentor_id:
        raise InvalidInput("code", OTHER_MENTOR)
    if code.currency is not None and code.currency != offer.currency:
        raise InvalidInput("code", OTHER_CURRENCY)
    own, everybody = uses(db, code, buyer=buyer, without=ending)
    if buyer is not None and code.max_per_person is not None and own >= code.max_per_person:
        raise InvalidInput("code", USED)
    if code.max_total is not None and everybody >= code.max_total:
        raise InvalidInput("code", USED_UP)


def uses(
    db: Session, code: DiscountCode, *, buyer: UserId | None, without: OrderId | None = None
) -> tuple[int, int]:
    """How often the buyer, and how often anybody, has used the code without giving it back."""
    counted = [
        col(DiscountRedemption.code_id) == code.id,
        col(DiscountRedemption.released_at).is_(None),
    ]
    if without is not None:
        counted.append(col(DiscountRedemption.order_id) != without)
    mine = func.count().filter(col(DiscountRedemption.user_id) == buyer)
    own, everybody = db.exec(select(mine, func.count()).where(*counted)).one()
    return int(own), int(everybody)
