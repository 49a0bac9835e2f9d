"""What ends by itself."""

from __future__ import annotations

from services.booking import holds, proposals


def lapse_due(*, limit: int = 100) -> int:
    """End the holds and the proposals whose time is over; how many. They blocked nobody since."""
    return holds.lapse_due(limit=limit) + proposals.lapse_due()
