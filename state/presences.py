"""Who sits behind a Cookie header, remembered for a moment in each process.

Five seconds are the guarantee. With Redis every web process is told at once when somebody signs out
or gets another role in one of them.
"""

from __future__ import annotations

import asyncio
import threading
import time

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from services import signin
from services.config import settings
from services.ids import hashed
from services.signin import NOBODY, Presence
from state import cookies

PRESENCE_SECONDS = 5.0
CHANNEL = "mentorships:presences"
KEYSPACE_EVENTS = "K$sgxe"
"""What Reflex needs to hear of: it asks for these once per process, but a Redis that was started
again has forgotten them."""
_KEPT = 10_000
_CONNECT_SECONDS = 3
_RETRY_SECONDS = 1.0

log = structlog.get_logger()
_presences: dict[str, tuple[float, Presence]] = {}
_listening = threading.Lock()


async def presence_of(cookie_header: str) -> Presence:
    """Who sends this Cookie header. Asked again of the database after five seconds.

    Raises:
        DatabaseUnavailable: nobody knows. It does not mean that the person is signed out.
    """
    secret = cookies.read(cookie_header, cookies.session_name())
    if not secret:
        return NOBODY
    _listen_once()
    key, now = hashed(secret), time.monotonic()
    kept = _presences.get(key)
    if kept is not None and kept[0] > now:
        return kept[1]
    presence = await asyncio.to_thread(signin.find_presence, secret)
    if len(_presences) >= _KEPT:
        _presences.clear()
    _presences[key] = (now + PRESENCE_SECONDS, presence)
    return presence


def forget_presences() -> None:
    """Somebody signed out or changed: every process asks the database again at the next event."""
    _presences.clear()
    if settings().redis_url:
        threading.Thread(target=_tell_others, name="presences-tell", daemon=True).start()


def _tell_others() -> None:
    try:
        with _connection() as redis:
            redis.publish(CHANNEL, b"changed")
    except RedisError as error:  # they notice within five seconds
        log.warning("presences_not_told", error=type(error).__name__)


def _connection() -> Redis:
    """One try, no more: whoever listens must notice that the connection is a new one."""
    return Redis.from_url(
        settings().redis_url,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


def _listen_once() -> None:
    """Begin to listen when the first person with a cookie comes, in this process for good."""
    if settings().redis_url and _listening.acquire(blocking=False):
        threading.Thread(target=_listen, name="presences-listen", daemon=True).start()


def _listen() -> None:
    away = False
    while True:
        try:
            with _connection() as redis, redis.pubsub() as channel:
                channel.subscribe(CHANNEL)
                _ask_for_events(redis)
                for _message in channel.listen():  # the first one says that we are subscribed
                    if away:
                        log.info("redis_is_back")
                        away = False
                    _presences.clear()
        except (RedisError, OSError) as error:
            if not away:
                log.warning("redis_away", error=type(error).__name__)
            away = True
        time.sleep(_RETRY_SECONDS)


def _ask_for_events(redis: Redis) -> None:
    try:
        redis.config_set("notify-keyspace-events", KEYSPACE_EVENTS)
    except RedisError as error:  # a hosted Redis may refuse: docs/several-hosts.md says what to set
        log.warning("redis_keeps_its_events", error=type(error).__name__)
