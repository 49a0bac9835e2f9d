"""What the studio's figures are: cash received, revenue earned, and the use of seats over time.

Aggregation happens in SQL, over daily roll-ups and the rows that are newer; shaping into tables in
pandas. A query that fails raises: nothing here turns a failure into a zero.
"""

from services.analytics.frames import csv_of, revenue_frame, seats_frame
from services.analytics.overview import get_overview
from services.analytics.periods import Period, period
from services.analytics.reports import (
    Attention,
    Earning,
    MentorSeats,
    MonthToDate,
    Overview,
    RevenueLine,
    RevenueMonth,
    RevenueReport,
    SeatsNow,
    SeatsPoint,
    SeatsReport,
    Taking,
)
from services.analytics.revenue import get_revenue
from services.analytics.rollup import is_behind, rebuild, roll_up
from services.analytics.seats import get_seats

__all__ = [
    "Attention",
    "Earning",
    "MentorSeats",
    "MonthToDate",
    "Overview",
    "Period",
    "RevenueLine",
    "RevenueMonth",
    "RevenueReport",
    "SeatsNow",
    "SeatsPoint",
    "SeatsReport",
    "Taking",
    "csv_of",
    "get_overview",
    "get_revenue",
    "get_seats",
    "is_behind",
    "period",
    "rebuild",
    "revenue_frame",
    "roll_up",
    "seats_frame",
]
