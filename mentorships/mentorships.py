"""Builds the application: pages, HTTP routes and the guards of the HTTP edge."""

from __future__ import annotations

import reflex as rx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from jobs.inbox import wake as handle_inbox
from jobs.outbox import wake as send_outbox
from mentorships import launch
from mentorships.guard import Guard, on_backend_exception
from mentorships.http import auth, files, health, middleware, sandbox_proxy, webhooks
from pages import PAGES, theme
from services import logs, outbox
from services.config import settings


def protect(inner: ASGIApp) -> ASGIApp:
    """The HTTP edge's rules around everything, pages included."""
    return middleware.protect(inner, settings(), launch.pages_dir())


logs.configure()
outbox.on_added(send_outbox)
http_app = Starlette(
    routes=[
        *health.routes,
        *auth.routes,
        *files.routes,
        *webhooks.routes(wake=handle_inbox),
        *sandbox_proxy.routes(settings()),
    ]
)
app = rx.App(
    api_transformer=[http_app, protect],
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head(),
    app_wraps=theme.app_wraps(),
    toaster=None,
    backend_exception_handler=on_backend_exception,
)
app.add_middleware(Guard())
for page in PAGES:
    app.add_page(
        page.component,
        route=page.route,
        title=f"{page.title} · {settings().studio_name}",
        description=page.description,
        on_load=page.on_load,
    )
