"""Invoices by mail and as files of one's own: which documents go along with what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services import clock, db, invoices, mail
from services.audit import SYSTEM
from services.invoices.reading import attachment
from services.models import Refund, RefundRemedy, RefundStatus, User
from tests.services.invoicing import SELLER, a_refund_of, credited, documents, sold, text_in
from tests.services.rows import a_user, acting
from tests.support.servers import environment_of

pytestmark = pytest.mark.usefixtures("database")

DAY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # 3 March in Berlin


@pytest.fixture(autouse=True)
def seller(database: str) -> Iterator[None]:
    with environment_of(SELLER), clock.at(DAY):
        yield


def test_the_purchase_mail_and_the_asked_for_one_carry_the_invoice() -> None:
    nora = a_user()
    order = sold(nora)
    [invoice] = documents(order)
    bought = mail.compose({"template": "purchase", "user_id": nora.id, "order_id": order.id})
    asked = mail.compose({"template": "invoice", "user_id": nora.id, "invoice_id": invoice.id})
    for letter in (bought, asked):
        [file] = letter.attachments
        assert file == attachment(invoice)
        assert "attached" in letter.text
    assert asked.subject == "Invoice 2026-000001"


def test_the_mail_of_a_correction_carries_both_documents() -> None:
    nora = a_user()
    order = sold(nora)
    rename(nora, "Novak GmbH")
    invoices.correct(actor=acting(nora), order=order.public_id)
    right = documents(order)[-1]
    letter = mail.compose({"template": "invoice", "user_id": nora.id, "invoice_id": right.id})
    assert [file.filename for file in letter.attachments] == [
        "invoice-2026-000002.pdf",
        "credit-note-C2026-000001.pdf",
    ]
    assert "takes the place of an earlier one" in letter.text
    texts = [text_in(file.content) for file in letter.attachments]
    assert "Billed to Novak GmbH" in texts[0]
    assert "Replaces invoice 2026-000001" in texts[0]
    assert "Invoice 2026-000001 of 3 March 2026 is canceled" in texts[1]


def test_money_that_was_paid_back_by_hand_is_credited_as_that() -> None:
    note = credited(
        sold(),
        6_000,
        status=RefundStatus.FAILED,
        remedy=RefundRemedy.BY_HAND,
        remedied_at=clock.utc_now(),
    )
    assert "Returned on 3 March 2026 in another way, as you asked." in text_in(
        attachment(note).content
    )


def test_everybodys_files_are_their_own_and_all_of_them() -> None:
    nora, pia = a_user(), a_user("Pia Peter")
    orders = [sold(nora), sold(pia), sold(nora)]
    credited(orders[0], 1_000)
    with db.reading() as session:
        files = [file.filename for file in invoices.files_of(session, nora.id)]
    assert files == [
        "invoice-2026-000001.pdf",
        "invoice-2026-000003.pdf",
        "credit-note-C2026-000001.pdf",
    ]


def test_a_refunds_own_credit_note_is_found() -> None:
    order = sold()
    refund, other = a_refund_of(order, 1_000), a_refund_of(order, 500)
    with db.transaction() as session:
        invoices.credit(session, actor=SYSTEM, refund=session.get_one(Refund, refund.id))
        [file] = invoices.of_refund(session, refund.id)
        assert invoices.of_refund(session, other.id) == ()
    assert re.fullmatch(r"credit-note-C2026-\d{6}\.pdf", file.filename)


def rename(user: User, name: str) -> None:
    with db.transaction() as session:
        invoices.update_billing(session, actor=acting(user), name=name, address="", tax_id="")
