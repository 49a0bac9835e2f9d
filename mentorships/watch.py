"""The web process watches the workers: with no worker left, nobody else could tell that they are
gone, nor send the alert."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from jobs.outbox import send
from services import db, outages, outbox
from services.jobs import alerts, workers
from services.jobs.watching import Watch

LOOK_EVERY_SECONDS = 20.0
ALERTS = tuple(
    f"{way}:alert:{alert}:" for way in ("mail", "discord") for alert in alerts.WHEN_NOBODY_WORKS
)
"""What the web process sends itself, where no worker does; by the beginning of the key."""

log = structlog.get_logger()


async def watch() -> None:
    """Run as long as the web worker does. Its thread is its own: it waits for nobody's vendor."""
    watchman, loop = Watchman(), asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, "watch")
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await loop.run_in_executor(thread, watchman.look)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


class Watchman:
    """Looks once in a while, whatever happens to it."""

    def __init__(self) -> None:
        self._watch = Watch()

    def look(self) -> None:
        """Tell of what is wrong; without a worker, send that out as well."""
        try:
            if told := self._watch.look():
                log.warning("something_is_wrong", things=told)
            if _nobody_works():
                for message in outbox.take_named(ALERTS):
                    send(message)
        except Exception as error:
            self._watch.forget()  # what nobody could see does not count as silence
            if outages.away(error):
                log.warning("not_watched", reason=outages.reason(error))
            else:
                log.exception("not_watched")


def _nobody_works() -> bool:
    with db.reading() as session:
        return workers.working_since(session) is None
