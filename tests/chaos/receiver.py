"""The webhook's route alone, as a server: `granian --factory tests.chaos.receiver:create_app`."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from jobs import inbox
from mentorships.http import webhooks


def create_app() -> webhooks.Intake:
    """The product's route with the product's wake-up, without the pages around it."""
    health = Route("/health", lambda _request: PlainTextResponse("ok"))
    return webhooks.Intake(Starlette(routes=[health]), inbox.wake)
