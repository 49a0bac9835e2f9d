"""How often something may be tried. Counted in memory, or in Redis when several hosts share it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from services.config import settings
from services.errors import TooManyAttempts
from services.ids import hashed
from services.shared_counts import SharedCounts


@dataclass(frozen=True, slots=True)
class Limit:
    """A named limit, such as 10 per 15 minutes, counted apart for each key."""

    name: str
    item: RateLimitItem


SIGN_IN_PAIR = Limit("sign-in-pair", parse("10/15 minutes"))
"""Wrong passwords for one account from one address: what a person may mistype."""
SIGN_IN_ACCOUNT = Limit("sign-in-account", parse("60/15 minutes"))
"""For one account from anywhere: high, or strangers could lock a person out."""
SIGN_IN_ADDRESS = Limit("sign-in-address", parse("120/15 minutes"))
SIGN_UP_ADDRESS = Limit("sign-up-address", parse("30/hour"))
MAIL_ACCOUNT = Limit("mail-account", parse("5/hour"))
"""Verification and reset mails to one address."""
MAIL_ADDRESS = Limit("mail-address", parse("30/hour"))
MAIL_AGAIN = Limit("mail-again", parse("3/day"))
"""Times that one person asks us to write to their address again, from which mails came back."""
PASSWORD_ACCOUNT = Limit("password-account", parse("10/15 minutes"))
PROVIDER_LOOKS = Limit("provider-looks", parse("120/minute"))
"""Questions to a payment provider by one account. The page one comes back to asks 24 times a
minute, and a person may have several of them open."""
ERROR_REPORTS = Limit("error-reports", parse("20/hour"))
"""Failures of scripts that one address may write into the log."""
LINK_ADDRESS = Limit("link-address", parse("60/15 minutes"))
"""Tries at the links we mailed."""

PROPOSALS = Limit("proposals", parse("10/hour"))
"""Proposals of other times for one session by one person: each is a mail to the other."""

INVOICE_MAILS = Limit("invoice-mails", parse("5/hour"))
"""Mails with the invoice of one order that one person asks for."""

REFUND_REQUESTS = Limit("refund-requests", parse("5/hour"))
"""Requests for a refund of one order by one person: each is a mail to every admin."""

WAITLIST_JOINS = Limit("waitlist-joins", parse("30/hour"))
"""Waitlists that one person joins, leaves and joins again."""

CODE_TRIES = Limit("code-tries", parse("20/hour"))
"""Discount codes that one person types: whoever tries many guesses them."""
CODE_TRIES_ADDRESS = Limit("code-tries-address", parse("60/hour"))
"""Discount codes from one address, by whatever accounts: those are quickly made."""

INVOICE_FILES = Limit("invoice-files", parse("120/hour"))
"""Invoices that one person looks at: each is drawn anew."""

CONNECT = Limit("connect", parse("30/hour"))
"""Times that one person leaves for another service to connect it."""
FEED = Limit("feed", parse("60/hour"))
"""Readings of one calendar feed: calendars look a few times an hour."""
FEED_MISS = Limit("feed-miss", parse("60/15 minutes"))
"""Tries at feeds that do not exist, from one address."""

_lock = threading.Lock()
_limiter: FixedWindowRateLimiter | None = None


def hit(limit: Limit, *keys: str) -> None:
    """Count one attempt.

    Raises:
        TooManyAttempts: the limit was reached; says how long to wait.
    """
    if not settings().rate_limits:
        return
    limiter, key = _shared(), _key(keys)
    if not limiter.hit(limit.item, limit.name, key):
        reset_at = limiter.get_window_stats(limit.item, limit.name, key).reset_time
        raise TooManyAttempts(max(1, int(reset_at - time.time())))


def clear(limit: Limit, *keys: str) -> None:
    """Forget the attempts of these keys, after one that was right."""
    if settings().rate_limits:
        _shared().clear(limit.item, limit.name, _key(keys))


def forget_all() -> None:
    """Start counting anew (after a change of settings, and between tests)."""
    global _limiter
    with _lock:
        _limiter = None


def _key(keys: tuple[str, ...]) -> str:
    """Mail addresses do not belong into a cache, and anything may be typed: count by hash."""
    return hashed("\n".join(_network(key) for key in keys))


def _network(key: str) -> str:
    """An IPv6 address counts as its /64, which one household or server has whole."""
    try:
        address = ip_address(key)
    except ValueError:
        return key
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else key


def _shared() -> FixedWindowRateLimiter:
    global _limiter
    with _lock:
        if _limiter is None:
            _limiter = FixedWindowRateLimiter(_storage())
        return _limiter


def _storage() -> Storage:
    url = settings().redis_url
    return SharedCounts(url) if url else MemoryStorage()
