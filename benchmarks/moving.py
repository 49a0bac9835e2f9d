"""The process that moves recordings, with all that the worker loads: `python -m benchmarks.moving`.

Each line on its standard input asks it to move what is due; the answer is a line of JSON: the
seconds until the first file stood at its destination, those until nothing was left to do, and the
most memory that this process ever had resident, in MB.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

import structlog

from jobs import main as jobs_main
from services.recordings import transferring

MB: Final = 10**6
_PEAK: Final = re.compile(r"VmHWM:\s*(\d+) kB")


class Watch:
    """Notes when the parts of a file were put together: the product's log tells it."""

    def __init__(self) -> None:
        self.stood_at = 0.0

    def __call__(self, _log: object, _how: str, line: MutableMapping[str, Any]) -> str:
        if line.get("operation") == "complete_multipart_upload":
            self.stood_at = time.perf_counter()
        raise structlog.DropEvent


def main() -> None:
    """Answer until the input ends."""
    assert jobs_main.huey is not None
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    watch = Watch()
    structlog.configure(processors=[watch])
    answers.write("ready\n")
    answers.flush()
    for _ in sys.stdin:
        begun = time.perf_counter()
        while transferring.transfer_due():
            pass
        over = time.perf_counter() - begun
        told = {"stood": watch.stood_at - begun, "over": over, "peak_mb": _peak_mb()}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


def _peak_mb() -> float:
    """Unlike `getrusage`, it knows nothing of whoever started this process."""
    found = _PEAK.search(Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 / MB if found else float("nan")


if __name__ == "__main__":
    main()
