"""The key behind signed cookies, for who sets none: made once, kept in the data folder."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from services import redaction


@lru_cache
def of(data_dir: Path) -> str:
    """Read DATA_DIR/secret_key, or create it with mode 0600. Two processes may race: one wins."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=data_dir) as file:  # mode 0600
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)  # appears whole, or not at all
    key = path.read_text().strip()
    redaction.know_also(key)
    return key
