"""What must hold after everything that happened from end to end: every order adds up."""

from __future__ import annotations

from services.ledger import check_orders


def assert_adds_up() -> None:
    """The ledger agrees with payments, refunds, disputes and packs, order by order.

    Raises:
        AssertionError: it names the orders, and what differs.
    """
    findings = check_orders()
    assert not findings, "\n".join(finding.sentence for finding in findings)
