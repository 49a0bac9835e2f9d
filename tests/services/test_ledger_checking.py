"""The checker finds every way in which ledger and rows can differ, and says which order it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from jobs import periodic
from mentorships.cli import main
from services import clock, db
from services.ledger import check_order, check_orders
from services.models import (
    Account,
    CreditEntry,
    CreditKind,
    JobRun,
    Order,
    OrderStatus,
    OutboxMessage,
    Pack,
    PackShare,
    Payment,
    PaymentStatus,
    Posting,
    PostingKind,
    Refund,
    RefundStatus,
    ShareState,
    TaxMode,
)
from services.money import Money
from tests.services.ledgers import Bought, bought
from tests.services.rows import (
    a_mentor,
    a_user,
    an_admin,
    an_offer,
    an_order,
    counted_reading,
)
from tests.support.studio import BEGINNING, stored

Change = Callable[[Session, Bought], None]


@pytest.fixture(autouse=True)
def still(database: str) -> Iterator[None]:
    with clock.at(BEGINNING):
        yield


@pytest.fixture
def sale() -> Bought:
    """Four sessions for 120.00 €: one was held, one given back; and somebody else's whole one."""
    bought(name="Olga Other")
    sale = bought(fee=Money(400, "EUR"))
    sale.holds()
    sale.gives_back(3_000, sessions=1)
    assert check_orders() == []
    return sale


def changed(sale: Bought, change: Change) -> list[str]:
    """What the checker says after a change behind the ledger's back, without the order's name."""
    with db.transaction() as session:
        change(session, sale)
    findings = check_orders()
    assert {finding.order for finding in findings} <= {sale.order.public_id}
    assert check_orders(order=sale.order.public_id) == findings
    payment = sale.payment.public_id
    return [
        finding.sentence.removeprefix(f"{finding.order}: ").replace(payment, "pay_…")
        for finding in findings
    ]


def payment(session: Session, sale: Bought) -> Payment:
    return session.get_one(Payment, sale.payment.id)


def pack(session: Session, sale: Bought) -> Pack:
    assert sale.pack
    return session.get_one(Pack, sale.pack.id)


def share(session: Session, sale: Bought, number: int) -> PackShare:
    found = select(PackShare).where(
        PackShare.pack_id == pack(session, sale).id, PackShare.number == number
    )
    return session.exec(found).one()


def posted(sale: Bought, debit: Account, credit: Account, minor: int, kind: PostingKind) -> Posting:
    return Posting(
        key="by nobody",
        leg=1,
        kind=kind,
        debit=debit,
        credit=credit,
        amount_minor=minor,
        currency="EUR",
        provider=sale.order.provider,
        order_id=sale.order.id,
        mentor_id=sale.order.mentor_id,
        payment_id=sale.payment.id,
    )


def posts(debit: Account, credit: Account, minor: int, kind: PostingKind) -> Change:
    return lambda session, sale: session.add(posted(sale, debit, credit, minor, kind))


def enters(kind: CreditKind, amount: int) -> Change:
    return lambda session, sale: session.add(
        CreditEntry(pack_id=pack(session, sale).id, kind=kind, amount=amount)
    )


def test_money_that_came_twice_in_the_ledger_is_found(sale: Bought) -> None:
    said = changed(
        sale,
        posts(Account.PROVIDER, Account.DEFERRED, 12_000, PostingKind.PAYMENT),
    )
    assert said == [
        "what is left before fees of pay_… should be €90.00, but is €210.00.",
        "what is paid and not yet held should be €60.00, but is €180.00.",
    ]


def test_a_payment_that_was_never_posted_is_found(sale: Bought) -> None:
    def another(session: Session, sale: Bought) -> None:
        first = payment(session, sale)
        session.add(
            Payment(
                order_id=first.order_id,
                provider=first.provider,
                provider_id="pi_unposted",
                amount_minor=first.amount_minor,
                currency=first.currency,
                status=PaymentStatus.COMPLETED,
                completed_at=first.completed_at,
            )
        )

    [finding] = changed(sale, another)
    assert "should be €120.00, but is €0.00." in finding


def test_a_refund_that_succeeded_behind_the_ledgers_back_is_found(sale: Bought) -> None:
    def goes(session: Session, sale: Bought) -> None:
        row = session.get_one(Refund, sale.refunds[0].id)
        session.add(
            Refund(**row.model_dump(exclude={"id", "public_id", "sessions", "provider_id"}))
        )
        payment(session, sale).refunded_minor += row.amount_minor

    assert changed(sale, goes) == [
        "what is left before fees of pay_… should be €60.00, but is €90.00."
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda session, sale: setattr(payment(session, sale), "fee_minor", 390),
            "the provider's fee of pay_… should be €3.90, but is €4.00.",
        ),
        (
            lambda session, sale: setattr(pack(session, sale), "left", 1),
            "the number of its sessions, open, should be 1, but is 2.",
        ),
        (
            enters(CreditKind.EXPIRE, -1),
            "the number of its sessions, expired, should be 1, but is 0.",
        ),
        (
            enters(CreditKind.REFUND, -1),
            "the number of its sessions, given back, should be 2, but is 1.",
        ),
        (
            posts(Account.DEFERRED, Account.EARNED, 100, PostingKind.SESSION),
            "what the held sessions earned should be €30.00, but is €31.00.",
        ),
        (
            posts(Account.EARNED, Account.TAX, 1, PostingKind.REFUND),
            "the tax that is kept should be €0.00, but is €0.01.",
        ),
        (
            posts(Account.EARNED, Account.REFUNDS, 50, PostingKind.REFUND),
            "what the buyer is owed of pay_… should be €0.00, but is €0.50.",
        ),
        (
            posts(Account.EARNED, Account.REFUNDS, 50, PostingKind.REFUND),
            "what the credit notes took back should be €30.50, but is €30.00.",
        ),
        (
            posts(Account.REFUNDS, Account.BY_HAND, 100, PostingKind.BY_HAND),
            "what was paid another way of pay_… should be €0.00, but is €1.00.",
        ),
        (
            posts(Account.UNMATCHED, Account.EARNED, 100, PostingKind.UNMATCHED),
            "what fits nothing of pay_… should be €0.00 to €120.00, but is -€1.00.",
        ),
        (
            lambda session, sale: setattr(payment(session, sale), "disputed_minor", 100),
            "what was taken back of pay_… should be €0.00, but is €1.00.",
        ),
        (
            lambda session, sale: setattr(pack(session, sale), "paused_at", clock.utc_now()),
            "the number of its packs that rest should be 0, but is 1.",
        ),
        (
            posts(Account.DISPUTES, Account.EARNED, 700, PostingKind.DISPUTE),
            "what is in dispute of pay_… should be €0.00, but is €7.00.",
        ),
    ],
)
def test_each_kind_of_difference_is_said_with_what_was_expected(
    sale: Bought, change: Change, sentence: str
) -> None:
    assert sentence in changed(sale, change)


@pytest.mark.usefixtures("database")
def test_a_paid_order_that_gave_its_buyer_nothing_is_found() -> None:
    """Marked as paid first, with the pack to follow: a broken habit of such systems."""
    paid = an_order(a_user(), an_offer(a_mentor()), status=OrderStatus.PAID)
    assert [one.sentence for one in check_orders()] == [
        f"{paid.public_id}: the number of its packs should be 1, but is 0."
    ]


def test_a_share_that_changed_its_worth_or_its_state_is_found(sale: Bought) -> None:
    def worth(session: Session, sale: Bought) -> None:
        share(session, sale, 2).amount_minor += 7

    assert changed(sale, worth) == [
        "the price of all sessions together should be €120.00, but is €120.07.",
        "what is paid and not yet held should be €60.07, but is €60.00.",
    ]

    def state(session: Session, sale: Bought) -> None:
        row = share(session, sale, 2)
        row.amount_minor -= 7
        row.state, row.settled_at = ShareState.EXPIRED, clock.utc_now()

    assert changed(sale, state) == [
        "the number of its sessions, expired, should be 0, but is 1.",
        "the number of its sessions, open, should be 2, but is 1.",
        "what is paid and not yet held should be €30.00, but is €60.00.",
        "what the expired sessions earned should be €30.00, but is €0.00.",
    ]


def test_a_payment_or_refund_whose_status_says_otherwise_is_found(sale: Bought) -> None:
    def fails(session: Session, sale: Bought) -> None:
        session.get_one(Refund, sale.refunds[0].id).status = RefundStatus.FAILED

    assert changed(sale, fails) == ["what was refunded of pay_… should be €0.00, but is €30.00."]

    def never(session: Session, sale: Bought) -> None:
        session.get_one(Refund, sale.refunds[0].id).status = RefundStatus.SUCCEEDED
        payment(session, sale).status = PaymentStatus.FAILED

    assert changed(sale, never) == [
        "what is left before fees of pay_… should be €0.00, but is €90.00."
    ]


def test_tax_that_does_not_sum_to_the_orders_is_found(sale: Bought) -> None:
    def taxed(session: Session, sale: Bought) -> None:
        order = session.get_one(Order, sale.order.id)
        order.tax_mode, order.tax_rate_bp, order.tax_minor = TaxMode.INCLUDED, 1900, 1_916

    assert changed(sale, taxed) == [
        "the tax of all sessions together should be €19.16, but is €0.00.",
        "the tax that is kept should be €14.37, but is €0.00.",
    ]


def test_the_command_says_each_difference_and_exits_with_1(
    sale: Bought, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-ledger"]) == 0
    assert capsys.readouterr().out == "Everything adds up.\n"
    with db.transaction() as session:
        payment(session, sale).fee_minor = 0
    assert main(["check-ledger"]) == 1
    told, verdict = capsys.readouterr().out.splitlines()
    assert told.startswith(f"{sale.order.public_id}: the provider's fee of ")
    assert verdict == "1 order does not add up."
    other = next(order for order in stored(Order) if order.id != sale.order.id)
    assert main(["check-ledger", "--order", other.public_id]) == 0


def test_admins_hear_of_an_order_once_per_day(sale: Bought) -> None:
    an_admin()

    def mails() -> int:
        return sum(row.data.get("alert") == "ledger" for row in stored(OutboxMessage))

    periodic.check_ledger.call_local()
    assert mails() == 0
    with db.transaction() as session:
        payment(session, sale).fee_minor = 0
        pack(session, sale).left = 1
    for _ in range(2):
        periodic.check_ledger.call_local()
    assert mails() == 1
    with clock.at(BEGINNING + timedelta(days=1)):
        periodic.check_ledger.call_local()
    assert mails() == 2
    assert stored(JobRun)[-1].result == "1 orders differ"


@pytest.mark.one_database("sqlite")
def test_one_order_is_checked_by_reading_nothing_but_its_own_rows(sale: Bought) -> None:
    with counted_reading() as (session, statements):
        check_order(session, order_id=sale.order.id)
    with db.reading() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        steps = [
            str(row[3])
            for said in statements
            for row in driver.execute(f"EXPLAIN QUERY PLAN {said}", [None] * said.count("?"))
        ]
    assert not [step for step in steps if step.startswith("SCAN posting")]
