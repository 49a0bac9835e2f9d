"""What a waiting operator is told."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SILENT_SECONDS = 1
AGAIN_SECONDS = 5


@contextmanager
def working(text: str) -> Iterator[None]:
    """Say on stderr what is being done, as soon as it takes longer than a second."""
    began, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        wait, words = SILENT_SECONDS, f"{text} …"
        while not ended.wait(wait):
            print(words, file=sys.stderr, flush=True)
            wait = AGAIN_SECONDS
            words = f"{text}: {time.monotonic() - began + wait:.0f} seconds so far …"

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
