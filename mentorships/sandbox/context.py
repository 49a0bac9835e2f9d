"""What every request of the simulators needs: the store, the settings, and the deliverer's bell."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from mentorships.sandbox.store import Store
from services.config import Settings


@dataclass(slots=True)
class Sandbox:
    """The running simulators.

    Attributes:
        bell: rung after each change, so that new webhooks leave at once.
        sending: held while deliveries are under way, so that a reset leaves none behind.
        running: idempotency keys whose first request is still being served.
        mail_requests: when the mails of the last second came, on the monotonic clock.
        chat_requests: when each of Discord's buckets was opened, in real time, and how often it was
            used since.
        video_requests: when the requests to Agora of the last second came, on the monotonic clock.
        uploading: held while recordings are written into buckets.
    """

    store: Store
    settings: Settings
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    mail_requests: deque[float] = field(default_factory=deque[float])
    chat_requests: dict[str, tuple[float, int]] = field(
        default_factory=dict[str, tuple[float, int]]
    )
    video_requests: deque[float] = field(default_factory=deque[float])
    uploading: asyncio.Lock = field(default_factory=asyncio.Lock)


def of(request: Request) -> Sandbox:
    """The simulators that serve this request."""
    return cast(Sandbox, request.app.state.sandbox)
