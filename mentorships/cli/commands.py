"""What each command does. The docstrings are what `--help` shows."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import timedelta

import structlog

from mentorships.cli.progress import working
from services.config import settings

_QUIET = 30  # warning: how each file's job went is told by the command
_SILENT = 50  # critical: the doctor's findings say what lower levels would


def create_admin(chosen: argparse.Namespace) -> int:
    """Make an admin, or make an existing account one.

    Asks for the password, or reads it from a pipe. An account whose address is confirmed keeps
    its own password.
    """
    from services import operators

    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    operators.create_admin(email=chosen.email, name=chosen.name, password=password.rstrip("\n"))
    print(f"{chosen.email} is an admin of {settings().studio_name}.")
    return 0


def seed(_chosen: argparse.Namespace) -> int:
    """Fill an empty local database with the demo studio: a year of orders and sessions.

    Starts the simulators for as long as it takes, unless they run. Refused in production and on
    data that is not the demo; a second time it changes nothing.
    """
    from mentorships.cli import demo

    filled, logins = demo.fill()
    print("The demo studio is there." if filled else "The demo studio was there already.")
    for email, password in logins:
        print(f"  {email:<20} password {password}")
    return 0


def doctor(chosen: argparse.Namespace) -> int:
    """Check the settings, this machine, the database, the worker and every outside service.

    One line each: ✓ is right, ✗ is wrong and says what to do, – does not apply. Nothing is changed,
    and no secret is printed. Exit code 1 when something is wrong.
    """
    from mentorships import doctor as checks

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_SILENT))
    findings: list[checks.Finding] = []
    for finding in checks.examine():
        findings.append(finding)
        if not chosen.json:
            print(finding.line, flush=True)
    if chosen.json:
        print(checks.as_json(findings))
        return checks.verdict(findings)
    wrong = [each.name for each in findings if each.state is checks.State.WRONG]
    print(f"\nNot right: {', '.join(wrong)}." if wrong else "\nEverything is right.")
    return checks.verdict(findings)


def reconcile(chosen: argparse.Namespace) -> int:
    """Compare the providers' payments, refunds and disputes with ours, and repair what differs.

    Exit code 1 when something differs that could not be repaired.
    """
    from services import reconciliation

    with working(f"Comparing the last {chosen.days} days"):
        found = reconciliation.reconcile(timedelta(days=chosen.days))
    if found.repaired:
        print(f"Repaired {found.repaired}.")
    if found.differ:
        print(f"{found.differ} could not be repaired: /admin/reconciliation says what.")
        return 1
    if not found.repaired:
        print("Everything matches.")
    return 0


def retry(chosen: argparse.Namespace) -> int:
    """Send dead messages again, or begin one failed refund again."""
    from services import operators

    if chosen.refund:
        operators.retry_refund(refund=chosen.refund)
        print("The refund is tried again within a minute.")
        return 0
    count = operators.retry_dead()
    print("Nothing is dead." if count == 0 else f"{count} will be sent within a minute.")
    return 0


def move_recordings(chosen: argparse.Namespace) -> int:
    """Bring recordings from one store to another, and wait until they are there.

    Each file is copied and compared by its SHA-256 before its place changes; the old place is
    cleared an hour after, so that nobody's player stops. Killed, it goes on where it was: by the
    worker, or when this command is given once more. Exit code 1 when something could not be moved.
    """
    from mentorships.cli import moving

    if bool(chosen.source) == bool(chosen.recordings):
        print(
            "Name recordings, or the store to empty with --from: one of the two.", file=sys.stderr
        )
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_QUIET))
    return moving.move(
        to=chosen.to, source=chosen.source, recordings=chosen.recordings, wait=not chosen.no_wait
    )


def check_ledger(chosen: argparse.Namespace) -> int:
    """Say which orders do not add up: the ledger beside payments, refunds, disputes and packs.

    One line for each thing that differs, with what was expected. Nothing is changed. Exit code 1
    when something differs.
    """
    from services import ledger

    with working("Adding up the ledger"):
        findings = ledger.check_orders(order=chosen.order)
    for finding in findings:
        print(finding.sentence)
    if findings:
        orders = len({finding.order for finding in findings})
        print(f"{orders} {'order does' if orders == 1 else 'orders do'} not add up.")
        return 1
    print("Everything adds up.")
    return 0


def rebuild_reports(_chosen: argparse.Namespace) -> int:
    """Compute what the reports keep per day anew, from the first day on."""
    from services import analytics

    with working("Computing the days of the reports"):
        count = analytics.rebuild()
    print(f"The reports are rebuilt: {count} rows.")
    return 0


def backup(chosen: argparse.Namespace) -> int:
    """Write the database and the files into one archive, while the product runs.

    The archive holds the database as it was at one instant, the uploaded files, and a checksum of
    each. Not in it: your settings, the secret key (see --with-secret-key), the job queue (it
    rebuilds itself) and what the simulators remember.
    """
    from mentorships.backup.make import back_up

    made = back_up(
        to=chosen.to, with_secret_key=chosen.with_secret_key, keep=chosen.keep, working=working
    )
    print(f"{made.path}\n{made.size / 1e6:.1f} MB: the database and {made.files} files.")
    if not chosen.with_secret_key:
        print("The secret key and the settings are not in it: keep them elsewhere.")
    if made.pruned:
        print(f"Removed {made.pruned} older backups.")
    return 0


def restore(chosen: argparse.Namespace) -> int:
    """Put a backup in the place of the database and the files.

    Stop web and worker first. All checksums are compared before anything is changed; an older
    backup is brought up to this version; a failure leaves everything as it was. A database or a
    folder that is not empty is refused without --replace.
    """
    from mentorships.backup.restore import restore as put_back

    restored = put_back(chosen.file, replace=chosen.replace, working=working)
    print(
        f"Restored the backup of {restored.created_at} (revision {restored.migration}) "
        f"with {restored.files} files."
    )
    if not restored.with_secret_key:
        print(
            "Sign-ins and mailed links of then work again only with the secret key of then "
            "(SECRET_KEY, or DATA_DIR/secret_key)."
        )
    return 0
