"""What a chart shows, in one sentence for whoever does not see it."""

from __future__ import annotations

from collections.abc import Sequence

from services.analytics import RevenueLine, RevenueMonth, SeatsPoint
from state.figures import bucket_name, in_short, seats, taken


def net_in_words(months: Sequence[RevenueMonth]) -> str:
    """What the chart by month shows: the highest month, the latest whole one, the running one."""
    whole = [month for month in months if month.complete]
    best = max(months, key=lambda month: month.taking.net.minor)
    parts = [f"the highest is {in_short(best.taking.net)} in {best.month:%B %Y}"]
    if whole:
        last = whole[-1]
        parts.append(f"the latest whole month, {last.month:%B %Y}, has {in_short(last.taking.net)}")
    if not months[-1].complete:
        now = months[-1]
        parts.append(f"{now.month:%B %Y}, shown in part, has {in_short(now.taking.net)}")
    return f"Net revenue by month: {'; '.join(parts)}."


def earned_in_words(months: Sequence[RevenueMonth]) -> str:
    """What the chart of earned revenue shows: the highest month, and the latest one."""
    best, last = max(months, key=lambda month: month.earning.total.minor), months[-1]
    part = "" if last.complete else ", shown in part,"
    return (
        f"Earned revenue by month: the highest is {in_short(best.earning.total)} in "
        f"{best.month:%B %Y}; {last.month:%B %Y}{part} has {in_short(last.earning.total)}, "
        f"{in_short(last.earning.held)} of it by sessions that were held."
    )


def running_in_words(months: Sequence[RevenueMonth]) -> str:
    """Why a bar is paler than the others; empty when none is."""
    cut = [f"{month.month:%B %Y}" for month in months if not month.complete]
    if not cut:
        return ""
    return f"Paler: {' and '.join(cut)} {'is' if len(cut) == 1 else 'are'} shown in part."


def lines_in_words(what: str, lines: Sequence[RevenueLine]) -> str:
    """What a chart by name shows: the largest, how many there are, and where the rest is."""
    best = lines[0]
    words = f"Net revenue by {what}: the most is {in_short(best.taking.net)}, {best.label}"
    if lines[1:]:
        last = lines[-1]
        words += f"; the least is {in_short(last.taking.net)}, {last.label}, of {len(lines)}"
    return words + "."


def seats_in_words(points: Sequence[SeatsPoint], bucket: str) -> str:
    """What the chart of seats shows: the fullest part of the period, and the latest."""
    last = points[-1]
    best = max(points, key=taken)
    when = {"day": "day", "week": "week", "month": "month"}[bucket]
    return (
        f"Seats over time, as averages for each {when}: the most in use was {seats(taken(best))} "
        f"of {seats(best.capacity)} ({bucket_name(best, bucket)}); the latest {when} has "
        f"{seats(taken(last))} of {seats(last.capacity)}: {seats(last.active)} active, "
        f"{seats(last.grace)} in grace, {seats(last.held)} held, {seats(last.free)} free."
    )
