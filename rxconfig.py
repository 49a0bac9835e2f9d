"""Reflex settings only. Everything else is in services/config.py."""

import os
import sys
from pathlib import Path

# Reflex looks for node and bun on PATH: the virtual environment brings its own, recent ones.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
os.environ.setdefault("REFLEX_USE_SYSTEM_BUN", "true")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# With Redis, a worker keeps the state of a tab that it serves for two seconds before writing it.
os.environ.setdefault("REFLEX_OPLOCK_ENABLED", "true")
os.environ.setdefault("REFLEX_OPLOCK_HOLD_TIME", "2s")

import reflex as rx

from mentorships.same_origin import API_URL, SameOriginPlugin
from services.config import settings

config = rx.Config(
    app_name="mentorships",
    api_url=API_URL,
    deploy_url=None,
    backend_host=settings().host,
    redis_url=settings().redis_url or None,
    state_manager_mode=(
        rx.constants.StateManagerMode.REDIS
        if settings().redis_url
        else rx.constants.StateManagerMode.MEMORY
    ),
    # An event may take as long as a vendor that does not answer, with its retries.
    redis_lock_expiration=120_000,
    redis_lock_warning_threshold=60_000,
    # The state of a tab that is open but idle; later it is rebuilt from the database.
    redis_token_expiration=6 * 3600,
    cors_allowed_origins=sorted(settings().allowed_origins),
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[SameOriginPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
