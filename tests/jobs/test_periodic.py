"""The sweep: what its log tells when the database is away, and by which ids its calls go."""

from __future__ import annotations

import pytest

from jobs import periodic
from services import checkout, tracing
from services.errors import ProviderUnavailable
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.databases import in_use
from tests.support.logs import captured
from tests.support.ports import free_ports
from tests.support.studio import Studio, studio

__all__ = ["studio"]


def test_a_database_that_is_away_is_one_line_of_the_sweep_and_names_its_part(
    own_settings: None,
) -> None:
    (port,) = free_ports(1)
    address = f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{port}/studio"
    with in_use(address), captured() as lines:
        periodic.sweep.call_local()
        [line] = lines()
    assert (line["event"], line["part"]) == ("database_away", "handle_inbox")
    assert "exception" not in line
    assert line["reason"]


def test_a_vendors_call_of_a_sweep_goes_by_an_id(studio: Studio) -> None:
    offer = an_offer(a_mentor())
    with studio.stripe_unreachable(), pytest.raises(ProviderUnavailable):
        checkout.start(actor=acting(a_user()), offer=offer.public_id)
    studio.wait(minutes=2)
    with captured() as lines:
        studio.sweep()
        calls = [line for line in lines() if line["event"] == "vendor_call"]
    assert calls
    assert all(tracing.is_well_formed(line["trace"]) for line in calls)
    assert tracing.current() == ""
