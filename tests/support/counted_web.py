"""The product's web process that writes down each statement it sends to the database: for tests of
how many there are. Started like the real one: `granian --interface asgi --factory …:app`."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Engine, event

from mentorships.mentorships import app as app

_notes = os.open(os.environ["STATEMENTS_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@event.listens_for(Engine, "before_cursor_execute")
def _note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    os.write(_notes, f"{' '.join(statement.split())}\n".encode())
