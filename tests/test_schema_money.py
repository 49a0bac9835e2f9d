"""The guards of what is paid, owed and given back: the database itself refuses what cannot be true,
also after all revisions went down and up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, col, delete, select, update

from services import db
from services.models import (
    Acceptance,
    Account,
    CreditEntry,
    CreditKind,
    DiscountCode,
    DiscountRedemption,
    Dispute,
    Document,
    InvoiceCounter,
    InvoiceSeries,
    OrderStatus,
    PackShare,
    Provider,
    Refund,
    RefundReason,
    RefundSource,
    RefundStatus,
    ReportChange,
    ReportKind,
    ShareState,
    UnmatchedKind,
    UnmatchedMoney,
)
from tests.services.rows import an_order, saved
from tests.support.filled import NOON, Filled, a_posting, an_invoice, fill
from tests.support.guards import down_and_up, refused, running
from tests.support.studio import stored

LATER = timedelta(days=1)
IMPOSSIBLE = [
    ("ck_order_provider_unless_free", 'UPDATE "order" SET provider = NULL'),
    (
        "ck_order_provider_unless_free",
        'UPDATE "order" SET amount_minor = 0, discount_minor = list_minor',
    ),
    (
        "ck_order_discount_range",
        'UPDATE "order" SET discount_minor = -5, amount_minor = list_minor + 5',
    ),
    ("ck_order_amount_adds_up", 'UPDATE "order" SET amount_minor = amount_minor + 1'),
    ("ck_order_amount_adds_up", 'UPDATE "order" SET discount_minor = 1'),
    ("ck_order_amount_adds_up", "UPDATE \"order\" SET tax_mode = 'added', tax_minor = 1"),
    ("ck_order_tax_range", 'UPDATE "order" SET tax_minor = 1'),
    ("ck_order_tax_range", 'UPDATE "order" SET tax_rate_bp = 1'),
    ("ck_order_tax_range", "UPDATE \"order\" SET tax_mode = 'included', tax_rate_bp = 10001"),
    (
        "ck_order_tax_range",
        "UPDATE \"order\" SET tax_mode = 'included', tax_minor = amount_minor + 1",
    ),
    ("ck_payment_refunded_range", "UPDATE payment SET disputed_minor = amount_minor + 1"),
    ("ck_payment_refunded_range", "UPDATE payment SET disputed_minor = -1"),
    (
        "ck_payment_refunded_range",
        "UPDATE payment SET refunded_minor = amount_minor, disputed_minor = 1",
    ),
    ("ck_refund_decided_before_sent", "UPDATE refund SET decided_at = NULL"),
    ("ck_refund_sessions_range", "UPDATE refund SET sessions = -1"),
    (
        "ck_refund_two_people",
        'UPDATE refund SET decided_by = (SELECT min(id) FROM "user"), '
        'approved_by = (SELECT min(id) FROM "user")',
    ),
    ("ck_refund_approved_twice_if_needed", "UPDATE refund SET needs_second = true"),
    ("ck_refund_remedied_at_if_remedy", "UPDATE refund SET remedy = 'pack restored'"),
    ("ck_refund_remedied_at_if_remedy", "UPDATE refund SET remedied_at = created_at"),
    ("ck_pack_reserved_range", "UPDATE pack SET locked = -1"),
    ("ck_pack_reserved_range", 'UPDATE pack SET locked = "left"'),
    ("ck_mentor_share_range", "UPDATE mentor SET share_percent = 101"),
    ("ck_user_erased_at_when_erased", 'UPDATE "user" SET erased_at = created_at'),
    ("ck_pack_share_number_positive", "UPDATE pack_share SET number = 0"),
    ("ck_pack_share_turn_range", "UPDATE pack_share SET turn = -1"),
    ("ck_pack_share_tax_range", "UPDATE pack_share SET tax_minor = amount_minor + 1"),
    ("ck_pack_share_tax_range", "UPDATE pack_share SET amount_minor = -1"),
    (
        "ck_pack_share_session_when_earned",
        "UPDATE pack_share SET session_id = (SELECT min(id) FROM mentoring_session)",
    ),
    (
        "ck_pack_share_refund_when_refunded",
        "UPDATE pack_share SET refund_id = (SELECT min(id) FROM refund)",
    ),
    ("ck_pack_share_settled_at_unless_open", "UPDATE pack_share SET state = 'earned'"),
    ("ck_dispute_amount_positive", "UPDATE dispute SET amount_minor = 0"),
    ("ck_dispute_fee_range", "UPDATE dispute SET fee_minor = -1"),
    ("ck_dispute_closed_at_unless_open", "UPDATE dispute SET status = 'won'"),
    ("ck_dispute_closed_at_unless_open", "UPDATE dispute SET closed_at = opened_at"),
    (
        "ck_dispute_inquiry_closed_if_inquiry",
        "UPDATE dispute SET status = 'inquiry closed', closed_at = opened_at",
    ),
    ("ck_unmatched_money_amount_positive", "UPDATE unmatched_money SET amount_minor = 0"),
    ("ck_unmatched_money_settled_at_when_settled", "UPDATE unmatched_money SET status = 'settled'"),
    ("ck_reconciliation_run_until_after_since", "UPDATE reconciliation_run SET until = since"),
    ("ck_invoice_counter_last_range", 'UPDATE invoice_counter SET "last" = -1'),
    ("ck_discount_code_code_upper", "UPDATE discount_code SET code = 'spring'"),
    ("ck_discount_code_percent_or_amount", "UPDATE discount_code SET percent = NULL"),
    (
        "ck_discount_code_percent_or_amount",
        "UPDATE discount_code SET amount_minor = 1, currency = 'EUR'",
    ),
    ("ck_discount_code_currency_with_amount", "UPDATE discount_code SET currency = 'EUR'"),
    ("ck_discount_code_percent_range", "UPDATE discount_code SET percent = 101"),
    (
        "ck_discount_code_amount_positive",
        "UPDATE discount_code SET percent = NULL, amount_minor = 0, currency = 'EUR'",
    ),
    ("ck_discount_code_max_total_positive", "UPDATE discount_code SET max_total = 0"),
    ("ck_discount_code_max_per_person_positive", "UPDATE discount_code SET max_per_person = 0"),
    ("ck_discount_code_ends_after_start", "UPDATE discount_code SET ends_at = starts_at"),
]
STATUS_COLUMNS = [
    "order.tax_mode",
    "refund.scope",
    "refund.remedy",
    "pack_share.state",
    "dispute.provider",
    "dispute.status",
    "unmatched_money.provider",
    "unmatched_money.kind",
    "unmatched_money.status",
    "reconciliation_run.provider",
    "acceptance.document",
    "invoice_counter.series",
]
POSTING_NEVER: list[tuple[str, dict[str, Any]]] = [
    ("ck_posting_amount_positive", {"amount_minor": 0}),
    ("ck_posting_amount_positive", {"amount_minor": -1}),
    ("ck_posting_two_accounts", {"debit": Account.DEFERRED}),
    ("ck_posting_provider_named", {"provider": None}),
    ("ck_posting_order_named", {"order_id": None}),
    (
        "ck_posting_mentor_named",
        {"debit": Account.MENTOR_SHARE, "credit": Account.MENTOR_EARNINGS, "mentor_id": None},
    ),
]
INVOICE_NEVER: list[tuple[str, dict[str, Any]]] = [
    ("ck_invoice_number_positive", {"number": 0}),
    ("ck_invoice_total_adds_up", {"tax_minor": 1}),
    ("ck_invoice_total_adds_up", {"net_minor": -1, "total_minor": -1}),
]


@pytest.fixture
def filled(database: str) -> Filled:  # it is the one in use
    """A filled database, as it was made."""
    return fill()


def test_money_that_cannot_be_true_is_refused(filled: Filled) -> None:
    for guard, statement in IMPOSSIBLE:
        refused(guard.removeprefix("ck_"), guard, running(statement))
    for guard, changes in POSTING_NEVER:
        row = a_posting(filled.order, key="another", **changes)
        refused("posting", guard, lambda row=row: saved(row))
    fresh: dict[str, Any] = {"number": 9, "label": "9", "corrects_id": filled.invoice.id}
    for guard, changes in INVOICE_NEVER:
        row = an_invoice(filled.order, **fresh | changes)
        refused("invoice", guard, lambda row=row: saved(row))
    refund = {"refund_id": filled.refund.id}
    row = an_invoice(filled.order, **fresh | refund)
    refused("invoice", "ck_invoice_refund_credits", lambda: saved(row))
    other = an_invoice(filled.order, **fresh | {"dispute_id": stored(Dispute)[0].id})
    refused("invoice", "ck_invoice_dispute_credits", lambda: saved(other))


def test_a_state_of_money_that_does_not_exist_is_refused(filled: Filled) -> None:
    for column in STATUS_COLUMNS:
        table, name = column.split(".")
        with pytest.raises(DBAPIError, match=r"(?i)check"):
            running(f"UPDATE \"{table}\" SET {name} = 'invented'")()
    for name in ("kind", "debit", "credit", "provider"):
        with pytest.raises((DBAPIError, LookupError), match=r"(?i)check"):
            running(
                f"INSERT INTO posting (key, leg, kind, debit, credit, amount_minor, currency, "
                f"provider, order_id, at, created_at) SELECT 'x', leg, "
                f"{', '.join(_but(name))}, order_id, at, created_at FROM posting"
            )()


def _but(invented: str) -> list[str]:
    """The columns of a posting, one of them with a value that does not exist."""
    columns = ("kind", "debit", "credit", "amount_minor", "currency", "provider")
    return ["'invented'" if name == invented else name for name in columns]


def _second_ones(filled: Filled) -> list[tuple[str, SQLModel]]:
    order, mentee_id, pack_id = filled.order, filled.mentee.id, filled.pack.id
    money: dict[str, Any] = {"amount_minor": 1, "currency": "EUR"}
    about: dict[str, Any] = {"payment_id": filled.payment.id, "order_id": order.id}
    fresh: dict[str, Any] = {"number": 9, "label": "9"}
    corrected: dict[str, Any] = {"corrects_id": filled.invoice.id}
    return [
        ("uq_posting_key_leg", a_posting(order)),
        ("uq_pack_share_pack_id_number", PackShare(pack_id=pack_id, number=1, amount_minor=1)),
        (
            "uq_dispute_provider_provider_id",
            Dispute(provider=Provider.STRIPE, provider_id="dp_1", **about, **money),
        ),
        (
            "uq_unmatched_money_provider_kind_provider_id",
            UnmatchedMoney(
                provider=Provider.PAYPAL, kind=UnmatchedKind.PAYMENT, provider_id="5AB", **money
            ),
        ),
        ("uq_invoice_series_year_number", an_invoice(order, label="9", **corrected)),
        ("uq_invoice_label", an_invoice(order, number=9, **corrected)),
        ("uq_invoice_original", an_invoice(order, **fresh)),
        ("pk_invoice_counter", InvoiceCounter(series=InvoiceSeries.INVOICE, year=2026)),
        ("uq_discount_code_code", DiscountCode(code="SPRING", percent=5, created_by=mentee_id)),
        (
            "uq_discount_redemption_order_id",
            DiscountRedemption(code_id=filled.code.id, order_id=order.id, user_id=mentee_id),
        ),
        (
            "uq_acceptance_user_id_document_version",
            Acceptance(user_id=mentee_id, document=Document.TERMS, version="2026-03"),
        ),
    ]


def test_nothing_is_booked_numbered_or_accepted_twice(filled: Filled) -> None:
    for guard, row in _second_ones(filled):
        refused(str(type(row).__tablename__), guard, lambda row=row: saved(row))


def test_an_invoice_is_corrected_once_and_a_refund_or_dispute_credited_once(filled: Filled) -> None:
    note: dict[str, Any] = {"series": InvoiceSeries.CREDIT_NOTE}
    corrects, refund = {"corrects_id": filled.invoice.id}, {"refund_id": filled.refund.id}
    dispute = {"dispute_id": stored(Dispute)[0].id}
    saved(an_invoice(filled.order, number=1, label="C1", **note, **corrects))
    saved(an_invoice(filled.order, number=2, label="2", **corrects))
    saved(an_invoice(filled.order, number=2, label="C2", **note, **refund))
    saved(an_invoice(filled.order, number=3, label="C3", **note, **dispute))
    for guard, changes in (
        ("uq_invoice_correction", note | corrects),
        ("uq_invoice_correction", corrects),
        ("uq_invoice_refund", note | refund),
        ("uq_invoice_dispute", note | dispute),
    ):
        row = an_invoice(filled.order, number=4, label="4", **changes)
        refused("invoice", guard, lambda row=row: saved(row))


def test_a_pack_has_one_undecided_refund_at_a_time(filled: Filled) -> None:
    def asked(**fields: Any) -> Refund:
        about: dict[str, Any] = {
            "order_id": filled.order.id,
            "payment_id": filled.payment.id,
            "pack_id": filled.pack.id,
            "provider": Provider.STRIPE,
            "amount_minor": 1,
            "currency": "EUR",
            "source": RefundSource.MENTEE,
            "reason": RefundReason.BY_REQUEST,
        }
        return Refund(**about | fields)

    saved(asked(status=RefundStatus.CANCELED))  # taken back, never decided: not in the way
    saved(asked(decided_at=NOON))
    first = saved(asked())
    refused("refund", "uq_refund_undecided", lambda: saved(asked()))
    with db.transaction() as tx:
        decided = update(Refund).where(col(Refund.id) == first.id)
        tx.exec(decided.values(decided_at=NOON, status=RefundStatus.DENIED))
    saved(asked())


def test_a_credit_and_a_share_are_settled_once(filled: Filled) -> None:
    def given_back() -> CreditEntry:
        return saved(
            CreditEntry(
                pack_id=filled.pack.id,
                kind=CreditKind.REFUND,
                amount=-1,
                refund_id=filled.refund.id,
            )
        )

    given_back()
    refused("credit_entry", "uq_credit_entry_refund_id_kind", given_back)

    def earned(number: int) -> PackShare:
        return PackShare(
            pack_id=filled.pack.id,
            number=number,
            amount_minor=1,
            state=ShareState.EARNED,
            session_id=filled.session.id,
            settled_at=NOON,
        )

    saved(earned(2))
    refused("pack_share", "uq_pack_share_session_id", lambda: saved(earned(3)))


def test_a_free_order_needs_no_provider_and_a_paid_one_may_be_paypals(filled: Filled) -> None:
    free: dict[str, Any] = {"amount_minor": 0, "provider": None}
    free |= {"list_minor": 12_000, "discount_minor": 12_000}
    added: dict[str, Any] = {"amount_minor": 14_400, "tax_mode": "added", "tax_minor": 2_400}
    added["tax_rate_bp"] = 2_000
    for changes in (free, {"provider": Provider.PAYPAL}, added):
        fields: dict[str, Any] = {"status": OrderStatus.PAID} | changes
        an_order(filled.mentee, filled.offer, **fields)


def test_a_posting_marks_its_day_for_the_reports(filled: Filled) -> None:
    with db.transaction() as tx:
        tx.exec(delete(ReportChange))
    saved(a_posting(filled.order, key="another", at=NOON - LATER))
    with db.reading() as session:
        [mark] = session.exec(select(ReportChange)).all()
    assert (mark.kind, mark.at) == (ReportKind.REVENUE, NOON - LATER)


def test_all_guards_of_money_are_still_there_after_the_revisions_went_down_and_up(
    database: str,
) -> None:
    filled = down_and_up(database)
    for test in (
        test_money_that_cannot_be_true_is_refused,
        test_a_state_of_money_that_does_not_exist_is_refused,
        test_nothing_is_booked_numbered_or_accepted_twice,
        test_an_invoice_is_corrected_once_and_a_refund_or_dispute_credited_once,
        test_a_pack_has_one_undecided_refund_at_a_time,
        test_a_credit_and_a_share_are_settled_once,
        test_a_free_order_needs_no_provider_and_a_paid_one_may_be_paypals,
        test_a_posting_marks_its_day_for_the_reports,
    ):
        test(filled)
