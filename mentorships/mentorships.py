"""Builds the application: pages, HTTP routes and the guards of the HTTP edge."""

from __future__ import annotations

import reflex as rx
from starlette.applications import Starlette
from starlette.types import ASGIApp
from typing_extensions import override

from jobs.inbox import wake as handle_inbox
from jobs.outbox import wake as send_outbox
from mentorships import launch, tab_lock
from mentorships.guard import Guard, on_backend_exception
from mentorships.http import (
    auth,
    discord,
    disputes,
    failures,
    feeds,
    files,
    google_push,
    health,
    invoices,
    metrics,
    middleware,
    my_data,
    oauth,
    recordings,
    reports,
    sandbox_proxy,
    sessions,
    unsubscribe,
    webhooks,
)
from mentorships.live import live
from mentorships.watch import watch
from pages import PAGES, theme
from services import logs, observability, outbox
from services.config import settings


def observe() -> None:
    """As this process begins to serve; making the front-end build imports it too."""
    observability.start("web")


class Studio(rx.App):
    """Reflex's application behind the HTTP edge."""

    @override
    def _setup_state(self) -> None:
        super()._setup_state()
        if self._state_manager is not None:
            self._state_manager = tab_lock.safe(self._state_manager)

    @override
    def __call__(self) -> ASGIApp:
        """What the server runs. Webhooks pass the edge, but nothing else of what pages need."""
        inner = webhooks.Intake(super().__call__(), wake=handle_inbox)
        return middleware.protect(inner, settings(), launch.pages_dir())


logs.configure()
outbox.on_added(send_outbox)
http_app = Starlette(
    routes=[
        *health.routes,
        *metrics.routes,
        *auth.routes,
        *files.routes,
        *feeds.routes,
        *oauth.routes,
        *google_push.routes,
        *discord.routes,
        *disputes.routes,
        *invoices.routes,
        *my_data.routes,
        *recordings.routes,
        *reports.routes,
        *sessions.routes,
        *unsubscribe.routes,
        *sandbox_proxy.routes(settings()),
    ],
    exception_handlers={Exception: failures.in_route},
)
app = Studio(
    api_transformer=http_app,
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head(),
    app_wraps=theme.app_wraps(),
    toaster=None,
    backend_exception_handler=on_backend_exception,
)
app.add_middleware(Guard())
app.register_lifespan_task(observe)
app.register_lifespan_task(live)
app.register_lifespan_task(watch)
for page in PAGES:
    app.add_page(
        page.component,
        route=page.route,
        title=f"{page.title} · {settings().studio_name}",
        description=page.description,
        on_load=page.handlers,
    )
