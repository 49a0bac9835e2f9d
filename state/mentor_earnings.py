"""The signed-in mentor's earnings: month by month, and session by session."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import reflex as rx

from services import ledger, money, topics
from services.audit import Actor
from services.errors import InvalidInput
from services.ledger import EarnedSession, Earnings
from services.money import Money
from state import live
from state.base import AppState
from state.guard import requires
from state.listing import address
from state.mentors import FilterChip
from state.phase import Loads, loading
from state.shown import NEVER, Moment, count, date, plain

PATH = "/mentor/earnings"


@dataclass(frozen=True)
class EarnedRow:
    """What one session brought."""

    href: str = ""
    when: Moment = NEVER
    mentee: str = ""
    title: str = ""
    amount: str = ""
    settled: Moment = NEVER
    corrected: bool = False


def audience(actor: Actor, month: str, currency: str) -> live.Audience[Earnings]:
    """The tabs in which one mentor looks at the same month and currency."""
    read = partial(ledger.get_earnings, actor=actor, month=month, currency=currency)
    whose = ("mentor_earnings", actor, month, currency)
    return live.Audience(whose, frozenset({topics.LEDGER}), read)


class MentorEarningsState(Loads, AppState):
    """One month's sessions, and the months beside it."""

    rows: list[EarnedRow] = []
    currencies: list[FilterChip] = []
    months: list[FilterChip] = []
    month: str = ""
    amount: str = ""
    sessions: str = ""
    total: str = ""
    share: str = ""
    wrong: str = ""

    @rx.event
    @requires("mentor")
    async def load(self) -> None:
        """Read the month and the currency that the address names."""
        asked = self.router.url.query_parameters
        month, currency = (plain(asked.get(name, ""), 20) for name in ("month", "currency"))
        with loading(self):
            try:
                self._show(await live.watch(self, audience(await self._actor(), month, currency)))
            except InvalidInput as error:
                self.wrong = error.message

    @rx.event
    @requires("mentor")
    async def refresh(self) -> None:
        """Show what changed."""
        await live.follow(self, self.load, self._show, loading(self))

    def _show(self, earnings: Earnings) -> None:
        self.wrong = ""
        self.rows = [_row(one, earnings.zone) for one in earnings.sessions]
        shown, month = earnings.currency, f"{earnings.month:%Y-%m}"
        self.currencies = [
            FilterChip(code, address(PATH, month=month, currency=code), code == shown)
            for code in earnings.currencies
            if earnings.currencies[1:]
        ]
        self.months = [
            FilterChip(
                f"{each.month:%B %Y}",
                address(PATH, month=f"{each.month:%Y-%m}", currency=shown),
                each.month == earnings.month,
            )
            for each in earnings.months
            if each.amount.minor or each.month == earnings.month
        ]
        self.month = f"{earnings.month:%B %Y}"
        chosen = next(each for each in earnings.months if each.month == earnings.month)
        self.amount = _said(chosen.amount)
        held = sum(1 if one.amount.minor > 0 else -1 for one in earnings.sessions)
        self.sessions = count(held, "session")
        self.total = _said(earnings.total)
        self.share = f"{earnings.percent} %"


def _said(amount: Money) -> str:
    return money.shown(amount) if amount.minor else "Nothing yet"


def _row(one: EarnedSession, zone: str) -> EarnedRow:
    return EarnedRow(
        href=f"/sessions/{one.session}",
        when=date(one.starts_at, zone),
        mentee=one.mentee,
        title=one.title,
        amount=money.shown(one.amount),
        settled=date(one.at, zone),
        corrected=one.amount.minor < 0,
    )
