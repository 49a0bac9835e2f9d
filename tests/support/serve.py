"""Runs the whole product to look at: `python -m tests.support.serve [NAME]`.

It uses free ports, and a data folder and a front-end build of its own under the temporary folder,
both kept for the next start under the same NAME. Ctrl-C stops it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.support.ports import free_ports


def main() -> None:
    """Become `make run` in its own corner of the machine."""
    corner = Path(tempfile.gettempdir()) / f"mentorships-{sys.argv[1] if sys.argv[1:] else 'look'}"
    corner.mkdir(exist_ok=True)
    port, sandbox_port = free_ports(2)
    environment = {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "DATA_DIR": str(corner / "data"),
        "REFLEX_WEB_WORKDIR": str(corner / "web"),
    }
    # Ports and folders that the caller chose win.
    os.execvpe(
        sys.executable, [sys.executable, "-m", "mentorships.run"], {**environment, **os.environ}
    )


if __name__ == "__main__":
    main()
