"""Calendar adapters when the vendor is slow, away or refuses us."""

from __future__ import annotations

import pytest

from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.calendar.google_consent import GoogleConsent
from services.providers.calendar.registry import calendars, consent
from tests.providers.calendars import MINE, Vendor, a_text, at
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS

__all__ = ["at"]


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_too_many_questions_and_outages_are_worth_another_try(at: Vendor, status: int) -> None:
    calendar = at.calendar()
    at.google.fault("*", "status", status=status)
    with pytest.raises(ProviderUnavailable):
        calendar.list_calendars()
    at.google.fault("/oauth/token", "status", status=503)
    with pytest.raises(ProviderUnavailable):
        at.consent.refresh("anything")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_answer_that_breaks_off_says_nothing_of_the_outcome(at: Vendor, kind: str) -> None:
    calendar = at.calendar()
    at.google.fault("*/events", kind, method="POST", times=1)
    with pytest.raises(ProviderUnavailable):
        calendar.insert_event("primary", MINE, a_text())
    assert len(at.google.events()) == (1 if kind == "drop_after" else 0)


def test_nobody_at_the_address_is_an_outage(at: Vendor) -> None:
    tokens = at.tokens()
    away = {"GOOGLE_API_BASE": NOBODY_LISTENS, "GOOGLE_OAUTH_BASE": NOBODY_LISTENS}
    with environment_of(away):
        with pytest.raises(ProviderUnavailable):
            calendars(tokens.access).list_calendars()
        with pytest.raises(ProviderUnavailable):
            consent().refresh(tokens.refresh)


def test_a_slow_answer_is_given_up(at: Vendor) -> None:
    tokens = at.tokens()
    at.google.fault("/calendar/v3/*", "slow", seconds=1.5)
    with pytest.raises(ProviderUnavailable):
        calendars(tokens.access, timeout_seconds=0.2).list_calendars()
    at.google.fault("/oauth/token", "slow", seconds=1.5)
    with pytest.raises(ProviderUnavailable):
        at.consent.refresh(tokens.refresh, timeout_seconds=0.2)


def test_a_wrong_client_is_the_operators_matter_and_loses_nobody_their_connection(
    at: Vendor,
) -> None:
    tokens = at.tokens()
    stranger = GoogleConsent(
        client_id="somebody",
        client_secret="wrong",
        consent_url="",
        redirect_url="",
        oauth_base=settings().google_oauth_base,
        timeout_seconds=5,
    )
    for act in (lambda: stranger.refresh(tokens.refresh), stranger.check):
        with pytest.raises(ProviderUnavailable) as refused:
            act()
        assert refused.value.code == "authentication"
    assert consent().check().told == "the OAuth client is right"
