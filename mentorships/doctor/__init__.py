"""What the doctor looks at: the settings, this machine, the database, the queue, every service.

Each check is a function that yields findings, in the order in which an operator would look. A check
that fails for a reason of its own is a finding too, so one broken part never hides another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from mentorships.doctor import database, house, outside, recordings
from mentorships.doctor.findings import Finding, State, wrong
from services import outages

__all__ = ["Finding", "State", "as_json", "examine", "verdict"]

CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "settings": house.settings_read,
    "pages": house.pages_built,
    "data folder": house.data_folder,
    "secret key": house.secret_key,
    "database": database.answers,
    "migrations": database.migrated,
    "waiting work": database.left_behind,
    "queue": house.queue_answers,
    "redis": house.redis_answers,
    "files": outside.store,
    "payments": outside.payment_provider,
    "mail": outside.mail_provider,
    "calendars": outside.calendars,
    "chat": outside.chat,
    "video": outside.calls,
    "recordings": recordings.looked_after,
    "address": outside.public_address,
    "proxies": house.proxies,
    "watching": house.watching,
}


def examine() -> Iterator[Finding]:
    """Run all checks, one finding after the other as they come."""
    for name, check in CHECKS.items():
        try:
            yield from check()
        except Exception as error:  # whatever a broken part raises belongs to the operator
            yield wrong(name, outages.reason(error), "Look at this part first.")


def as_json(findings: Iterable[Finding]) -> str:
    """The findings for a program."""
    return json.dumps([finding.as_dict() for finding in findings], indent=2, ensure_ascii=False)


def verdict(findings: Iterable[Finding]) -> int:
    """The exit code: 1 when something is wrong."""
    return int(any(finding.state is State.WRONG for finding in findings))
