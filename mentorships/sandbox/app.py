"""The simulators' app: `granian --interface asgi --factory mentorships.sandbox.app:create_app`.

Listens on loopback only. People's pages (/sandbox/*) are seen through the web process; the vendors'
APIs (/stripe, /paypal, /resend, /google, /discord, /agora) and the controls (/control) never leave
the machine.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from mentorships.sandbox import (
    agora_api,
    agora_events,
    agora_uploads,
    control,
    control_agora,
    control_discord,
    control_google,
    control_mail,
    control_paypal,
    control_stripe,
    deliveries,
    discord_api,
    google_api,
    google_channels,
    pages_agora,
    pages_discord,
    pages_google,
    pages_mail,
    pages_paypal,
    pages_stripe,
    paypal_api,
    paypal_time,
    paypal_webhooks,
    resend_api,
    resend_events,
    stripe_api,
    stripe_time,
    stripe_webhooks,
)
from mentorships.sandbox.context import Sandbox
from mentorships.sandbox.deliveries import Courier
from mentorships.sandbox.pages import common_routes
from mentorships.sandbox.store import Store
from services.config import ConfigError, settings

_log = logging.getLogger(__name__)
_TICK = 0.5


async def _keep_time(sandbox: Sandbox) -> None:
    """Let payment pages end and refunds settle although nobody asks for them."""
    with sandbox.store.transaction() as db:
        stripe_time.sweep(db)
        paypal_time.sweep(db, sandbox.settings)
    sandbox.bell.set()
    await asyncio.sleep(_TICK)


async def _for_ever(step: Callable[[Sandbox], Awaitable[None]], sandbox: Sandbox) -> None:
    """Repeat one piece of background work; a failure is told, and does not end it."""
    while True:
        try:
            await step(sandbox)
        except Exception:
            _log.exception("The simulators' background work failed; it goes on in a second")
            await asyncio.sleep(1)


def _routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Only vendors that are simulated are played: a real key is never accepted here."""
    simulated = sandbox.settings.simulated
    routes: list[BaseRoute] = [*common_routes(), *control.routes()]
    if simulated["Stripe"]:
        routes += [*stripe_api.routes(), *control_stripe.routes(), *pages_stripe.routes()]
    if simulated["PayPal"]:
        routes += [*paypal_api.routes(), *control_paypal.routes(), *pages_paypal.routes()]
    if simulated["Resend"]:
        routes += [*resend_api.routes(), *control_mail.routes(), *pages_mail.routes()]
    if simulated["Google"]:
        routes += [*google_api.routes(), *control_google.routes(), *pages_google.routes()]
    if simulated["Discord"]:
        routes += [*discord_api.routes(), *control_discord.routes(), *pages_discord.routes()]
    if simulated["Agora"]:
        routes += [*agora_api.routes(), *control_agora.routes(), *pages_agora.routes()]
    return routes


def _couriers(sandbox: Sandbox) -> dict[str, Courier]:
    """How the simulated vendors deliver."""
    simulated = sandbox.settings.simulated
    known = {
        "Stripe": stripe_webhooks.COURIER,
        "PayPal": paypal_webhooks.COURIER,
        "Resend": resend_events.COURIER,
        "Agora": agora_events.COURIER,
    }
    return {each.vendor: each for name, each in known.items() if simulated[name]}


def create_app() -> Starlette:
    """The simulators, with their store in DATA_DIR/sandbox.db.

    Raises:
        ConfigError: a setting is missing or wrong, or APP_ENV is production.
    """
    current = settings()
    if current.app_env == "production":
        raise ConfigError("The simulators are refused when APP_ENV is production.")
    sandbox = Sandbox(Store(current.data_dir / "sandbox.db"), current)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        steps: list[Callable[[Sandbox], Awaitable[None]]] = []
        couriers = _couriers(sandbox)
        if couriers:
            steps += [_keep_time, partial(deliveries.deliver, couriers=couriers)]
        if current.simulated["Google"]:
            steps.append(google_channels.deliver)
        if current.simulated["Agora"]:
            steps.append(agora_uploads.keep_time)
        tasks = [asyncio.create_task(_for_ever(step, sandbox)) for step in steps]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        sandbox.store.close()

    app = Starlette(routes=_routes(sandbox), lifespan=lifespan)
    app.state.sandbox = sandbox
    return app
