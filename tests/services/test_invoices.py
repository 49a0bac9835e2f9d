"""Invoices and credit notes: numbered without gaps, written once, right about people and tax."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, delete, select

from services import clock, db, invoices, payments
from services.audit import SYSTEM
from services.errors import Conflict, InvalidInput, NotFound, SignInNeeded, TooManyAttempts
from services.models import (
    AuditEntry,
    DiscountCode,
    Invoice,
    InvoiceSeries,
    Order,
    OrderStatus,
    OutboxMessage,
    Payment,
    PaymentStatus,
    Provider,
    Refund,
    RefundReason,
    RefundStatus,
    TaxMode,
    User,
    UserStatus,
)
from services.money import Money
from tests.services.invoicing import (
    SELLER,
    a_refund_of,
    an_open_order,
    credited,
    documents,
    sold,
)
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_payment,
    a_refund,
    a_seat,
    a_user,
    acting,
    an_admin,
    an_offer,
    an_order,
    saved,
)
from tests.support.servers import environment_of
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")

CREDIT = InvoiceSeries.CREDIT_NOTE


@pytest.fixture(autouse=True)
def seller(database: str) -> Iterator[None]:
    with environment_of(SELLER):
        yield


def told_again(order: Order, payment_id: str) -> None:
    """The provider tells of a payment of the order."""
    with db.transaction() as session:
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=session.get_one(Order, order.id),
            provider=Provider.STRIPE,
            payment_id=payment_id,
            paid=Money(order.amount_minor, order.currency),
        )


def billed(user: User, name: str, address: str = "", tax_id: str = "") -> None:
    with db.transaction() as session:
        invoices.update_billing(
            session, actor=acting(user), name=name, address=address, tax_id=tax_id
        )


def test_a_purchase_has_one_invoice_with_its_number_people_and_amounts() -> None:
    nora = a_user()
    billed(nora, "Novak GmbH", "Ring 1\r\n\n1010 Wien  ", "ATU12345678")
    with environment_of({"TAX_MODE": "included", "TAX_RATE_PERCENT": "19"}):
        order = sold(nora)
        told_again(order, f"pi_{order.public_id}")
    [invoice] = documents(order)
    year = invoice.issued_at.year
    assert (invoice.series, invoice.number, invoice.label) == (
        InvoiceSeries.INVOICE,
        1,
        f"{year}-000001",
    )
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (10_084, 1_916, 12_000)
    assert (invoice.tax_mode, invoice.tax_rate_bp, invoice.currency) == (
        TaxMode.INCLUDED,
        1900,
        "EUR",
    )
    assert invoice.buyer == {
        "name": "Novak GmbH",
        "address": ["Ring 1", "1010 Wien"],
        "tax_id": "ATU12345678",
    }
    assert invoice.seller == {
        "name": "Nordlicht Mentoring",
        "address": ["Example Street 1", "10115 Berlin", "Germany"],
        "tax_id": "DE123456789",
        "tax_label": "VAT",
    }
    assert invoice.lines[0]["minor"] == 12_000
    assert "invoice.issued" in {row.action for row in stored(AuditEntry)}


def test_a_second_payment_and_one_that_does_not_fit_take_no_number() -> None:
    order, other = sold(), an_open_order(a_user("Pia Peter"))
    told_again(order, "pi_twice")
    with db.transaction() as session:
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=session.get_one(Order, other.id),
            provider=Provider.STRIPE,
            payment_id="pi_wrong",
            paid=Money(1, "EUR"),
        )
    assert len(stored(Invoice)) == 1
    assert sold(a_user("Una Ulm")).id and stored(Invoice)[-1].number == 2


def test_a_payment_that_fails_on_its_way_takes_no_number() -> None:
    order = an_open_order(a_user())
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        payments.fulfil(
            session,
            actor=SYSTEM,
            order=session.get_one(Order, order.id),
            provider=Provider.STRIPE,
            payment_id="pi_1",
            paid=Money(12_000, "EUR"),
        )
        assert session.exec(select(Invoice.number)).one() == 1
        raise ZeroDivisionError
    assert stored(Invoice) == []
    sold(a_user("Pia Peter"))
    assert [row.number for row in stored(Invoice)] == [1]


def test_each_series_begins_anew_with_the_year_of_the_studios_zone() -> None:
    labels: list[str] = []
    for instant in (
        datetime(2026, 12, 31, 22, 59, tzinfo=UTC),  # one minute to midnight in Berlin
        datetime(2026, 12, 31, 23, 1, tzinfo=UTC),
        datetime(2027, 6, 1, tzinfo=UTC),
    ):
        with clock.at(instant):
            order = sold()
            labels.append(documents(order)[0].label)
            labels.append(credited(order, 3_000).label)
    assert labels == [
        "2026-000001",
        "C2026-000001",
        "2027-000001",
        "C2027-000001",
        "2027-000002",
        "C2027-000002",
    ]


def test_each_refund_has_one_credit_note_and_all_together_take_back_the_invoice() -> None:
    with environment_of({"TAX_MODE": "added", "TAX_RATE_PERCENT": "7"}):
        order = sold(price_minor=9_999)
    [invoice] = documents(order)
    paid = order.amount_minor
    first = a_refund_of(order, 3_333, sessions=1)
    for _ in range(2):
        with db.transaction() as session:
            invoices.credit(session, actor=SYSTEM, refund=session.get_one(Refund, first.id))
    credited(order, 3_333)
    credited(order, paid - 6_666)
    notes = [row for row in documents(order) if row.series is CREDIT]
    assert [note.number for note in notes] == [1, 2, 3]
    assert sum(note.total_minor for note in notes) == invoice.total_minor
    assert sum(note.tax_minor for note in notes) == invoice.tax_minor
    assert "1 session given back" in notes[0].lines[0]["detail"]
    # Its lines are without the tax that comes on top, as those of the invoice are.
    assert notes[0].lines[0]["minor"] == notes[0].net_minor < notes[0].total_minor


def test_money_without_an_invoice_goes_back_without_a_credit_note() -> None:
    order = sold()
    told_again(order, "pi_twice")
    [refund] = stored(Refund)
    with db.transaction() as session:
        row = session.get_one(Refund, refund.id)
        assert invoices.credit(session, actor=SYSTEM, refund=row) is None
        assert invoices.reissue(session, actor=SYSTEM, refund=row) is None
    assert len(stored(Invoice)) == 1


def test_a_refund_that_failed_after_all_has_its_credit_note_taken_back_once() -> None:
    order = sold()
    note = credited(order, 6_000)
    for _ in range(2):
        with db.transaction() as session:
            refund = session.get_one(Refund, note.refund_id)
            invoices.reissue(session, actor=SYSTEM, refund=refund)
    again = documents(order)[-1]
    assert (again.series, again.corrects_id, again.total_minor) == (
        InvoiceSeries.INVOICE,
        note.id,
        6_000,
    )
    assert note.label in again.lines[0]["text"]
    # What went back and came again can go back once more.
    assert credited(order, 12_000).total_minor == 12_000
    assert len(documents(order)) == 4


def test_a_free_order_has_an_invoice_of_nothing() -> None:
    admin = an_admin()
    gift = saved(DiscountCode(code="GIFT", percent=100, created_by=admin.id))
    order = sold(code=gift)
    [invoice] = documents(order)
    assert (order.provider, invoice.payment_id, invoice.total_minor) == (None, None, 0)
    assert [line["minor"] for line in invoice.lines if "minor" in line] == [12_000, -12_000]
    assert "GIFT" in invoice.lines[1]["text"]


def test_a_changed_name_is_corrected_by_a_credit_note_and_a_new_invoice() -> None:
    nora = a_user()
    order = sold(nora)
    [wrong] = documents(order)
    with pytest.raises(Conflict, match="billing details"):
        invoices.correct(actor=acting(nora), order=order.public_id)
    billed(nora, "Novak GmbH")
    invoices.correct(actor=acting(nora), order=order.public_id)
    _, note, right = documents(order)
    assert (note.series, note.corrects_id, note.total_minor) == (CREDIT, wrong.id, 12_000)
    assert (right.series, right.corrects_id, right.number) == (InvoiceSeries.INVOICE, wrong.id, 2)
    assert (wrong.buyer["name"], note.buyer["name"], right.buyer["name"]) == (
        nora.name,
        nora.name,
        "Novak GmbH",
    )
    assert wrong.label in note.lines[0]["text"]
    assert right.label in note.lines[1]["note"]
    assert note.label in right.lines[-1]["note"]
    [mail] = [row for row in stored(OutboxMessage) if row.data.get("template") == "invoice"]
    assert mail.data["invoice_id"] == right.id


def test_a_correction_after_a_refund_leaves_the_sums_right_and_may_come_again() -> None:
    nora = a_user()
    order = sold(nora)
    credited(order, 3_000)
    for name in ("Novak GmbH", "Novak AG"):
        billed(nora, name)
        invoices.correct(actor=acting(nora), order=order.public_id)
    assert credited(order, 9_000).buyer["name"] == "Novak AG"
    signs = {InvoiceSeries.INVOICE: 1, CREDIT: -1}
    assert sum(signs[row.series] * row.total_minor for row in documents(order)) == 0
    with db.reading() as session:
        seen = invoices.of_order(session, actor=acting(nora), order=order.public_id)
    assert [one.holds for one in seen.documents].count(True) == 1
    assert not seen.may_correct
    replaced = [row for row in documents(order) if row.series is InvoiceSeries.INVOICE]
    assert [len(row.lines) for row in replaced] == [3, 4, 4]


def test_a_changed_seller_is_corrected_too() -> None:
    nora = a_user()
    order = sold(nora)
    with environment_of({"SELLER_NAME": "Nordlicht GmbH"}):
        with db.reading() as session:
            seen = invoices.of_order(session, actor=acting(nora), order=order.public_id)
        assert seen.may_correct
        invoices.correct(actor=acting(an_admin()), order=order.public_id)
    assert documents(order)[-1].seller["name"] == "Nordlicht GmbH"


def test_the_invoices_of_an_erased_account_stay_as_they_are() -> None:
    nora, admin = a_user(), acting(an_admin())
    order = sold(nora)
    with db.transaction() as session:
        row = session.get_one(User, nora.id)
        row.name, row.status = "Erased account", UserStatus.ERASED
    with db.reading() as session:
        seen = invoices.of_order(session, actor=admin, order=order.public_id)
    assert not seen.may_correct
    with pytest.raises(Conflict):
        invoices.correct(actor=admin, order=order.public_id)
    assert [row.buyer["name"] for row in documents(order)] == ["Nora Novak"]


def test_a_document_can_neither_be_changed_nor_deleted() -> None:
    [invoice] = documents(sold())
    for statement in (
        update(Invoice).where(col(Invoice.id) == invoice.id).values(total_minor=1, net_minor=1),
        delete(Invoice),
    ):
        with pytest.raises(DBAPIError), db.transaction() as session:
            session.connection().execute(statement)
    assert stored(Invoice)[0].total_minor == 12_000


def test_the_buyer_and_admins_see_an_orders_documents_and_nobody_else() -> None:
    nora = a_user()
    order = sold(nora)
    for person in (acting(nora), acting(an_admin())):
        with db.reading() as session:
            seen = invoices.of_order(session, actor=person, order=order.public_id)
        [one] = seen.documents
        assert (one.name, one.total, one.holds) == ("Invoice", Money(12_000, "EUR"), True)
        assert (seen.may_ask, seen.may_correct) == (True, False)
    stranger = acting(a_user("Steve Stranger"))
    public_id = seen.documents[0].public_id
    with db.reading() as session, pytest.raises(NotFound):
        invoices.of_order(session, actor=stranger, order=order.public_id)
    with pytest.raises(NotFound):
        invoices.file_of(actor=stranger, invoice=public_id)
    with pytest.raises(SignInNeeded):
        invoices.file_of(actor=VISITOR, invoice=public_id)
    for act in (invoices.send_again, invoices.correct):
        with pytest.raises(NotFound):
            act(actor=stranger, order=order.public_id)


def test_an_invoice_is_mailed_again_when_asked_and_not_without_end() -> None:
    nora = a_user()
    order = sold(nora)
    with clock.at(datetime(2026, 3, 2, 10, tzinfo=UTC)):
        for _ in range(5):
            invoices.send_again(actor=acting(nora), order=order.public_id)
        with pytest.raises(TooManyAttempts):
            invoices.send_again(actor=acting(nora), order=order.public_id)
    mails = [row for row in stored(OutboxMessage) if row.data.get("template") == "invoice"]
    assert len(mails) == 1  # five times within a minute


def test_an_order_from_before_there_were_invoices_gets_one_when_asked() -> None:
    nora, mentor = a_user(), a_mentor()
    offer = an_offer(mentor)
    old = an_order(nora, offer, status=OrderStatus.PAID)
    payment = a_payment(old)
    a_pack(a_seat(nora, mentor), order_id=old.id)
    for _ in range(2):
        invoices.send_again(actor=acting(nora), order=old.public_id)
    [invoice] = documents(old)
    assert invoice.payment_id == payment.id
    unpaid = an_order(nora, offer)
    with pytest.raises(NotFound):
        invoices.send_again(actor=acting(nora), order=unpaid.public_id)


def test_what_went_back_before_an_order_had_an_invoice_gets_its_credit_note_with_it() -> None:
    nora, mentor = a_user(), a_mentor()
    old = an_order(nora, an_offer(mentor), status=OrderStatus.PAID)
    saved(
        Payment(
            order_id=old.id,
            provider=Provider.STRIPE,
            provider_id="pi_misfit",
            amount_minor=5_000,
            currency="EUR",
            status=PaymentStatus.COMPLETED,
        )
    )
    payment = a_payment(old)
    a_pack(a_seat(nora, mentor), order_id=old.id)
    back = a_refund(payment, old, RefundReason.GOODWILL, RefundStatus.SUCCEEDED)
    for _ in range(2):
        invoices.send_again(actor=acting(nora), order=old.public_id)
    invoice, note = documents(old)
    assert (invoice.payment_id, note.refund_id) == (payment.id, back.id)
    assert note.total_minor == back.amount_minor


def test_billing_details_are_ones_own_and_can_be_taken_away() -> None:
    nora = a_user()
    billed(nora, " Novak\tGmbH ", "Ring 1\n\n1010 Wien", "ATU1")
    with db.reading() as session:
        assert invoices.get_billing(session, actor=acting(nora)) == invoices.BillingDetails(
            "Novak GmbH", "Ring 1\n1010 Wien", "ATU1", "Nora Novak"
        )
    billed(nora, "", "")
    assert documents(sold(nora))[0].buyer == {"name": "Nora Novak", "address": [], "tax_id": ""}
    with db.reading() as session, pytest.raises(SignInNeeded):
        invoices.get_billing(session, actor=VISITOR)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("billing_name", {"name": "M" * 121}),
        ("billing_name", {"name": "张伟"}),
        ("billing_address", {"address": "\n".join("1234567")}),
        ("billing_address", {"address": "北京"}),
        ("tax_id", {"tax_id": "1" * 41}),
    ],
)
def test_billing_details_that_cannot_be_printed_are_refused(
    field: str, asked: dict[str, str]
) -> None:
    nora = a_user()
    with pytest.raises(InvalidInput) as refused:
        billed(nora, **{"name": "Nora", **asked})
    assert refused.value.field == field
