"""What went wrong in the demo studio's machine room: a webhook about a refund that Stripe does not
know, and a message about something that is not there any more. Both wait for the admin."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

from jobs.inbox import handle_inbox
from mentorships.seed.world import World
from services import clock, db, inbox, outbox
from services.ids import new_public_id

TRIES = 6
"""More than an event is tried that nobody can handle."""
APART = timedelta(minutes=30)


def plan_all(world: World) -> None:
    """Put both on the agenda."""
    world.plan(world.now - timedelta(days=2, hours=3), partial(_strange_webhook, world), quiet=True)
    world.plan(world.now - timedelta(hours=5), _forgotten_calendar, quiet=True)


def _strange_webhook(world: World) -> None:
    event_id, kind = "evt_demo_of_another_shop", "refund.updated"
    event = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {"object": {"id": "re_of_another_shop", "object": "refund", "amount": 4_900}},
    }
    inbox.receive(
        provider="stripe",
        event_id=event_id,
        type=kind,
        object_id="re_of_another_shop",
        payload=json.dumps(event),
    )
    for number in range(TRIES):
        with clock.at(world.moment + number * APART):
            handle_inbox.call_local()


def _forgotten_calendar() -> None:
    """Access to a calendar is to be given back, and nobody knows any more which one."""
    with db.transaction() as session:
        outbox.add(
            session,
            kind="calendar_revoke",
            key=f"calendar:revoke:{new_public_id('ccl')}",
            data={"connection_id": 0},
        )
