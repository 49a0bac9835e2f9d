"""The operator's commands: `python -m mentorships.cli <command>`.

Exit codes: 0 done, 1 refused, failed or found something wrong, 2 wrong use or settings.
"""

from __future__ import annotations

import sys

from mentorships.backup import BackupError
from mentorships.cli.parser import parser
from mentorships.launch import StartError
from services import logs, observability
from services.config import ConfigError
from services.errors import AppError, DatabaseUnavailable, ProviderError

__all__ = ["main"]

_MISSING_TABLES = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


def main(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    chosen = parser().parse_args(arguments)
    logs.configure()
    try:
        observability.start("cli")
        return chosen.run(chosen)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except DatabaseUnavailable as error:
        print(_outage(error.__cause__ or error) or error, file=sys.stderr)
    except (AppError, ProviderError, BackupError, StartError) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped before the end.", file=sys.stderr)
    except Exception as error:
        sentence = _outage(error)
        if not sentence:
            raise
        print(sentence, file=sys.stderr)
    return 1


def _outage(error: BaseException) -> str:
    """One sentence for a database or a queue that cannot be used; "" for a mistake of ours."""
    from services import outages

    reason = outages.reason(error)
    if any(words in reason for words in _MISSING_TABLES):
        return "The database lacks tables of this version: run `.venv/bin/alembic upgrade head`."
    name = outages.away(error)
    return f"The {name} does not answer: {reason}" if name else ""
