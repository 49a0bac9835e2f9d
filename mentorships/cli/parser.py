"""Which commands there are, and what each takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mentorships.cli import commands

_Run = Callable[[argparse.Namespace], int]


class _Adding(Protocol):
    """What argparse's subparsers can do; its own class cannot be named."""

    def add_parser(
        self,
        name: str,
        *,
        help: str,
        description: str,
        formatter_class: type[argparse.HelpFormatter],
    ) -> argparse.ArgumentParser: ...


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; it leaves the chosen function in `run`."""
    whole = argparse.ArgumentParser(
        prog="python -m mentorships.cli",
        description="What the operator of a studio does from the command line. The settings are "
        "those of the product: the environment and the file .env.",
        epilog="Exit codes: 0 done; 1 refused, failed or found something wrong; 2 wrong use or "
        "wrong settings.",
    )
    adding = whole.add_subparsers(required=True, metavar="command")
    _add_first_steps(adding)
    _add_repairs(adding)
    _add_backups(adding)
    return whole


def _add(adding: _Adding, name: str, run: _Run) -> argparse.ArgumentParser:
    """A command whose help is its function's docstring."""
    words = run.__doc__ or ""
    first, _, rest = words.partition("\n")
    lines = (line.strip() for line in rest.splitlines())
    added = adding.add_parser(
        name,
        help=first,
        description="\n".join([first, *lines]).strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    added.set_defaults(run=run)
    return added


def _add_first_steps(adding: _Adding) -> None:
    admin = _add(adding, "create-admin", commands.create_admin)
    admin.add_argument("email", help="the address to sign in with")
    admin.add_argument("--name", default="Admin", help="how people see the admin (Admin)")
    _add(adding, "seed", commands.seed)
    doctor = _add(adding, "doctor", commands.doctor)
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")


def _add_repairs(adding: _Adding) -> None:
    reconcile = _add(adding, "reconcile", commands.reconcile)
    reconcile.add_argument(
        "--days",
        type=int,
        default=3,
        choices=range(1, 401),
        metavar="1-400",
        help="how far back to look (3)",
    )
    retry = _add(adding, "retry", commands.retry)
    retry.add_argument("--refund", metavar="ref_…", help="only this failed refund")
    moving = _add(adding, "move-recordings", commands.move_recordings)
    moving.add_argument("recordings", nargs="*", metavar="rec_…", help="only these recordings")
    moving.add_argument("--to", required=True, metavar="STORE", help="the store to bring them to")
    moving.add_argument(
        "--from", dest="source", default="", metavar="STORE", help="all recordings of this store"
    )
    moving.add_argument(
        "--no-wait", action="store_true", help="leave it to the worker, and do not wait"
    )
    ledger = _add(adding, "check-ledger", commands.check_ledger)
    ledger.add_argument("--order", metavar="ord_…", help="only this order")
    _add(adding, "rebuild-reports", commands.rebuild_reports)


def _add_backups(adding: _Adding) -> None:
    backup = _add(adding, "backup", commands.backup)
    backup.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="the file to write, or a folder (a new file in BACKUP_DIR)",
    )
    backup.add_argument(
        "--with-secret-key",
        action="store_true",
        help="put DATA_DIR/secret_key in: whoever has the backup can then forge sign-ins",
    )
    backup.add_argument(
        "--keep",
        type=_positive,
        metavar="N",
        help="afterwards remove all but the newest N backups in that folder",
    )
    restore = _add(adding, "restore", commands.restore)
    restore.add_argument("file", type=Path, metavar="FILE", help="the backup")
    restore.add_argument(
        "--replace", action="store_true", help="throw away what the database and the files hold now"
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
