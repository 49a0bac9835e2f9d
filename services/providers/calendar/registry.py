"""Picks the calendar adapters by the settings."""

from __future__ import annotations

from functools import lru_cache

from services.config import settings
from services.providers.calendar.base import CalendarConsent, CalendarProvider


@lru_cache
def _google_consent(
    client_id: str,
    client_secret: str,
    consent_url: str,
    redirect_url: str,
    oauth_base: str,
    timeout_seconds: float,
) -> CalendarConsent:
    from services.providers.calendar.google_consent import GoogleConsent

    return GoogleConsent(
        client_id=client_id,
        client_secret=client_secret,
        consent_url=consent_url,
        redirect_url=redirect_url,
        oauth_base=oauth_base,
        timeout_seconds=timeout_seconds,
    )


def consent() -> CalendarConsent:
    """The adapter for consent and tokens, made once per process and settings."""
    chosen = settings()
    return _google_consent(
        chosen.effective_google_client_id,
        chosen.effective_google_client_secret,
        chosen.google_consent_url,
        chosen.google_redirect_url,
        chosen.google_oauth_base,
        chosen.google_timeout_seconds,
    )


def calendars(access_token: str, *, timeout_seconds: float | None = None) -> CalendarProvider:
    """One person's calendars, for this thread; `timeout_seconds` shorter than usual when somebody
    waits for the answer."""
    from services.providers.calendar.google import GoogleCalendar  # the library takes a while

    chosen = settings()
    return GoogleCalendar(
        access_token=access_token,
        api_base=chosen.google_api_base,
        timeout_seconds=timeout_seconds or chosen.google_timeout_seconds,
    )
