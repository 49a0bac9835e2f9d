"""Webhooks: verify the raw body, store it, answer. Handling is a job's work.

Answers: 200 stored (or here before), 400 forged, stale or unreadable, 405 not a POST, 413 too
large, 503 when too many wait to be stored, or when what verifies it cannot be fetched. Any other
failure is the edge's 500 or 503, and the
provider sends it again.

This is the one address that may be hit a thousand times a second, so it is matched before
everything else, and events that come together are stored by one transaction.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from mentorships.http.batches import Batches, Failures, TooManyWaiting
from mentorships.http.edge import ROUTE, TRACE_HEADER
from services import clock, inbox
from services.config import settings
from services.errors import ProviderUnavailable
from services.inbox import Arrival
from services.models import Provider
from services.providers.hooks import BadEvent, BadSignature, Event, Hooks
from services.providers.mail import registry as mail
from services.providers.payments.registry import payments
from services.providers.video import registry as video

MOST_TOGETHER = 64
"""Events of one transaction: about as long as one purchase's."""
MOST_WAITING = 1_000
RETRY_AFTER_SECONDS = 5
RESEND = "resend"
AGORA = "agora"
_SENDERS = (*(each.value for each in Provider), RESEND, AGORA)
PATHS = {f"/api/webhooks/{name}": name for name in _SENDERS}
"""Which provider sends to which path."""
_OTHERS: dict[str, Callable[[], Hooks | None]] = {RESEND: mail.hooks, AGORA: video.hooks}
"""Those that send no payments, and who reads what they send."""
MOST_FETCHING = 8
"""Events at a time whose signer is only being asked for."""

log = structlog.get_logger()


class TooLarge(Exception):
    """The body is larger than a webhook can be."""


class ClientLeft(Exception):
    """The body broke off: nobody waits for an answer."""


class Bell:
    """Rings for the worker in a thread of its own: the queue's storage may be slow or away."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._ringing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bell")

    def __call__(self) -> None:
        """Ring soon, once for everybody who asked meanwhile."""
        with self._lock:
            if not self._ringing:
                self._thread.submit(self._go)
                self._ringing = True

    def _go(self) -> None:
        with self._lock:  # before ringing: what is stored from here on asks anew
            self._ringing = False
        try:
            self._ring()
        except Exception as error:  # the event is stored: the sweep finds it
            log.warning("wake_up_failed", error=type(error).__name__)


class Intake:
    """Takes the webhooks; everything else goes on to `inner`.

    `wake` tells the worker that something has come. It is asked for every batch, and must bear it.
    """

    def __init__(
        self, inner: ASGIApp, wake: Callable[[], None], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._inner = inner
        self._wake = Bell(wake)
        self._loaded: set[str] = set()
        self._fetching = 0
        self._fetchers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="certificates")
        self._batches = Batches[Arrival](
            self._store, most_together=MOST_TOGETHER, most_waiting=most_waiting
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a webhook, or pass the request on."""
        if scope["type"] != "http" or not _is_hook(path := scope["path"]):
            await self._inner(scope, receive, send)
            return
        scope[ROUTE] = path
        if scope["method"] != "POST":
            await _say(send, 405, {"error": "webhooks are posted"}, (b"allow", b"POST"))
            return
        try:
            arrival = await self._verified(scope, receive)
            await self._batches.put(arrival)
        except ClientLeft:
            return
        except TooLarge:
            await _refuse(send, 413, "the body is too large")
        except (BadSignature, BadEvent) as error:
            await _refuse(send, 400, str(error))
        except ProviderUnavailable as error:
            again = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
            log.warning("webhook_not_verified", error=str(error))
            await _refuse(send, 503, "the signature cannot be verified right now", again)
        except TooManyWaiting:
            again = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
            await _refuse(send, 503, "too many events wait to be stored", again)
        else:
            # The provider's name of the event is what its handling is logged under as well.
            await _say(send, 200, {"received": True}, (TRACE_HEADER, arrival.event_id.encode()))

    async def _verified(self, scope: Scope, receive: Receive) -> Arrival:
        provider = PATHS[scope["path"]]
        body = await read_bounded(receive, settings().webhook_max_bytes)
        if provider not in self._loaded:  # an SDK takes a second to load, the first time
            await asyncio.to_thread(_reader, provider)
            self._loaded.add(provider)
        event, now = await self._read(provider, body, _headers(scope)), clock.utc_now()
        text = body.decode("utf-8")
        return Arrival(provider, event.id, event.type, event.object_id, text, now)

    async def _read(self, provider: str, body: bytes, headers: dict[str, str]) -> Event:
        """Here, unless a certificate has to be fetched first: in a thread of few, so that whoever
        sends us nonsense keeps nobody else waiting."""
        adapter, now = _reader(provider), clock.utc_now()
        if adapter.reads_at_once(headers):
            return adapter.read_event(body, headers, now)
        loop = asyncio.get_running_loop()
        if self._fetching >= MOST_FETCHING:
            raise ProviderUnavailable(provider, "too many signers are being asked for")
        self._fetching += 1
        try:
            return await loop.run_in_executor(
                self._fetchers, adapter.read_event, body, headers, now
            )
        finally:
            self._fetching -= 1

    def _store(self, arrivals: Sequence[Arrival]) -> Failures:
        received = inbox.receive_together(arrivals)
        if received.new:
            self._wake()
        return received.failures


async def read_bounded(receive: Receive, limit: int) -> bytes:
    """The raw body, read no further than `limit` bytes.

    Raises:
        TooLarge, ClientLeft
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)


def _is_hook(path: str) -> bool:
    """Whether a provider that this studio has a key for sends to it."""
    provider = PATHS.get(path)
    if provider in _OTHERS:
        return _OTHERS[provider]() is not None
    return provider in settings().payment_providers


def _reader(provider: str) -> Hooks:
    """Who verifies and reads this provider's events.

    Raises:
        ProviderUnavailable: the studio has no key for it (any more).
    """
    if provider not in _OTHERS:
        return payments(provider)
    found = _OTHERS[provider]()
    if found is None:
        raise ProviderUnavailable(provider, "no secret is set", code="authentication")
    return found


def _headers(scope: Scope) -> dict[str, str]:
    """By their names in lower case, as ASGI hands them over."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _refuse(send: Send, status: int, why: str, *headers: tuple[bytes, bytes]) -> None:
    log.warning("webhook_refused", status=status, why=why)
    await _say(send, status, {"error": why}, *headers)


async def _say(
    send: Send, status: int, answer: dict[str, object], *headers: tuple[bytes, bytes]
) -> None:
    body = json.dumps(answer).encode()
    told = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
