"""What the product logs during a test, as the operator would read it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from services import logs
from tests.support.servers import environment_of

Lines = Callable[[], list[dict[str, Any]]]


@contextlib.contextmanager
def captured() -> Iterator[Lines]:
    """Collect every line, ours and the libraries', from here on: `lines()` reads them."""
    stream = io.StringIO()
    try:
        with environment_of({"LOG_FORMAT": "json"}), contextlib.redirect_stderr(stream):
            logs.configure()
            yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        logs.configure()
