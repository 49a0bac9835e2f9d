"""What recordings cost: what they use is noted as it happens, and priced when somebody looks.

Recording minutes, storage by byte-hours, downloads and CDN traffic, in whole numbers of seconds,
bytes and millionths of a dollar. A forecast goes by what is booked, a comparison by what was used.
"""

from services.costs.amounts import Cost, shown
from services.costs.book import NewPrice, PriceLine, list_prices, remove_price, set_price
from services.costs.forecasting import Typical
from services.costs.frames import costs_frame, sessions_frame
from services.costs.noting import note, note_kept
from services.costs.presets import NAMES, PRESETS
from services.costs.pricing import RECORDER, Kept, Recorded, Sent, Terms, Use
from services.costs.reading import get_costs
from services.costs.reports import (
    Budget,
    CostPoint,
    CostReport,
    MentorCost,
    Parts,
    SessionCost,
    SessionLine,
    StoreUse,
    WhatIf,
)
from services.costs.sessions import get_session_cost, list_session_costs, list_sessions
from services.costs.watching import warn_of_budget

__all__ = [
    "NAMES",
    "PRESETS",
    "RECORDER",
    "Budget",
    "Cost",
    "CostPoint",
    "CostReport",
    "Kept",
    "MentorCost",
    "NewPrice",
    "Parts",
    "PriceLine",
    "Recorded",
    "Sent",
    "SessionCost",
    "SessionLine",
    "StoreUse",
    "Terms",
    "Typical",
    "Use",
    "WhatIf",
    "costs_frame",
    "get_costs",
    "get_session_cost",
    "list_prices",
    "list_session_costs",
    "list_sessions",
    "note",
    "note_kept",
    "remove_price",
    "sessions_frame",
    "set_price",
    "shown",
    "warn_of_budget",
]
