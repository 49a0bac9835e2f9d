"""The operator's commands: `python -m mentorships.cli <command>`."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import timedelta

from services import logs
from services.config import ConfigError, settings
from services.errors import AppError, ProviderError


def main(arguments: list[str]) -> int:
    """Run one command. Exit codes: 0 done, 1 refused or failed, 2 wrong use or settings."""
    chosen = _parser().parse_args(arguments)
    logs.configure()
    try:
        settings()
        chosen.run(chosen)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except (AppError, ProviderError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def create_admin(chosen: argparse.Namespace) -> None:
    """Make an admin, or make an existing account one."""
    from services import operators

    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    operators.create_admin(email=chosen.email, name=chosen.name, password=password.rstrip("\n"))
    print(f"{chosen.email} is an admin of {settings().studio_name}.")


def reconcile(chosen: argparse.Namespace) -> None:
    """Compare the provider's checkouts with the payments."""
    from services import checkout

    repaired = checkout.reconcile(timedelta(days=chosen.days))
    print("Everything matches." if repaired == 0 else f"Repaired {repaired} orders.")


def retry(chosen: argparse.Namespace) -> None:
    """Send dead messages again, or one failed refund."""
    from services import operators

    if chosen.refund:
        operators.retry_refund(refund=chosen.refund)
        print("The refund is tried again within a minute.")
        return
    count = operators.retry_dead()
    print("Nothing is dead." if count == 0 else f"{count} will be sent within a minute.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mentorships.cli", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    admin = commands.add_parser("create-admin", help=create_admin.__doc__)
    admin.add_argument("email")
    admin.add_argument("--name", default="Admin")
    admin.set_defaults(run=create_admin)
    compare = commands.add_parser("reconcile", help=reconcile.__doc__)
    compare.add_argument("--days", type=int, default=3, choices=range(1, 401), metavar="1-400")
    compare.set_defaults(run=reconcile)
    again = commands.add_parser("retry", help=retry.__doc__)
    again.add_argument("--refund", metavar="ref_…", help="only this failed refund")
    again.set_defaults(run=retry)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
