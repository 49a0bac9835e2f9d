"""Disputes as the tests need them: what a provider shows of one, and what is known of it here."""

from __future__ import annotations

from services import clock, disputes
from services.models import (
    Dispute,
    DisputeStatus,
    PackStatus,
    Payment,
    UnmatchedMoney,
    UnmatchedStatus,
)
from services.providers.payments.base import DisputeState, ProviderDispute
from tests.services.refunding import DAY, Sale, euros
from tests.support.studio import stored

WHOLE = (PackStatus.ACTIVE, 4, 0, 0)
FROZEN = (PackStatus.FROZEN, 4, 0, 0)
GONE = (PackStatus.REFUNDED, 0, 0, 0)


def seen(sale: Sale | None, **changes: object) -> ProviderDispute:
    """A chargeback of the whole price, open and withdrawn, unless told otherwise."""
    fields: dict[str, object] = {
        "id": "du_1",
        "payment_id": stored(Payment)[0].provider_id if sale else "ch_stranger",
        "amount": euros(12_000),
        "fee": euros(2_000),
        "state": DisputeState.OPEN,
        "inquiry": False,
        "withdrawn": True,
        "reason": "fraudulent",
        "evidence_due_at": clock.utc_now() + 10 * DAY,
        "created_at": clock.utc_now(),
    }
    return ProviderDispute(**(fields | changes))  # type: ignore[arg-type]


def won(sale: Sale, **changes: object) -> ProviderDispute:
    """The same, decided for the studio."""
    return seen(sale, state=DisputeState.WON, withdrawn=False, **changes)


def lost(sale: Sale, **changes: object) -> ProviderDispute:
    """The same, decided for the buyer."""
    return seen(sale, state=DisputeState.LOST, **changes)


def apply(dispute: ProviderDispute, provider: str = "stripe") -> bool:
    """What a provider shows is told to the product."""
    return disputes.apply_seen(provider=provider, seen=dispute)


def taken() -> int:
    """Minor units of the only payment that a dispute has taken."""
    [payment] = stored(Payment)
    return payment.disputed_minor


def the_dispute() -> Dispute:
    """The only dispute."""
    [row] = stored(Dispute)
    return row


def the_status() -> DisputeStatus:
    """How it stands."""
    return the_dispute().status


def waiting_money() -> list[int]:
    """The amounts that fit nothing, and that nobody has settled."""
    rows = stored(UnmatchedMoney)
    return [row.amount_minor for row in rows if row.status is UnmatchedStatus.OPEN]
