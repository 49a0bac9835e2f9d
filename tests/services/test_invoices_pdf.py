"""The documents themselves: what stands on them, in every way of taxing, and in many scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services import clock
from services.ids import OrderId, UserId
from services.invoices import fonts
from services.invoices.reading import attachment
from services.models import DiscountCode, Invoice, InvoiceSeries
from tests.services.invoicing import SELLER, credited, documents, sold, text_in
from tests.services.rows import a_user, an_admin, saved
from tests.support.servers import environment_of

DAY = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # 3 March in Berlin


@pytest.fixture
def seller(database: str) -> Iterator[None]:
    with environment_of(SELLER), clock.at(DAY):
        yield


def text_of(invoice: Invoice) -> str:
    return text_in(attachment(invoice).content)


def taxed(mode: str) -> dict[str, str]:
    return {"TAX_MODE": mode, "TAX_RATE_PERCENT": "19" if mode != "none" else "0"}


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("none", "Total €108.00 No VAT is charged."),
        ("included", "Total €108.00 Included: 19 % VAT €17.24 Without VAT €90.76"),
        ("added", "Without VAT €108.00 19 % VAT €20.52 Total €128.52"),
    ],
)
def test_an_invoice_says_who_what_how_much_and_which_tax(
    seller: None, mode: str, said: str
) -> None:
    spring = saved(DiscountCode(code="SPRING", percent=10, created_by=an_admin().id))
    with environment_of(taxed(mode)):
        order = sold(a_user("Zoë Żółć"), code=spring)
    text = text_of(documents(order)[0])
    for part in (
        "Invoice 2026-000001, issued on 3 March 2026",
        "Billed to Zoë Żółć",
        "From Nordlicht Mentoring Example Street 1 10115 Berlin Germany VAT no. DE123456789",
        "Four sessions",
        "4 sessions with Mentor",
        "€120.00",
        "Discount code SPRING -€12.00",
        said,
        "Paid in full on 3 March 2026 through Stripe.",
        f"Order {order.public_id}",
        "Invoice 2026-000001, page 1",
    ):
        assert part in text, part


def test_a_credit_note_says_what_was_given_back_of_which_invoice(seller: None) -> None:
    with environment_of(taxed("included")):
        order = sold()
        text = text_of(credited(order, 6_000, sessions=2))
    for part in (
        "Credit note C2026-000001",
        "Refund on invoice 2026-000001",
        "2 sessions given back",
        "Total credited €60.00",
        "19 % VAT €9.58",
        "through Stripe, as you asked.",
    ):
        assert part in text, part


def a_document(name: str = "Zoë Żółć", address: tuple[str, ...] = ()) -> Invoice:
    """A document that no database holds: its row is all that it is drawn from."""
    return Invoice(
        series=InvoiceSeries.INVOICE,
        year=2026,
        number=123,
        label="2026-000123",
        order_id=OrderId(1),
        buyer_id=UserId(1),
        issued_at=DAY,
        buyer={"name": name, "address": list(address), "tax_id": ""},
        seller={"name": "Nordlicht", "address": [], "tax_id": "", "tax_label": "VAT"},
        lines=[{"text": "Four sessions", "detail": "", "minor": 12_000}],
        net_minor=12_000,
        total_minor=12_000,
        currency="EUR",
    )


def test_a_document_is_the_same_file_whenever_it_is_asked_for() -> None:
    invoice = a_document()
    first = attachment(invoice)
    with clock.at(datetime(2031, 1, 1, tzinfo=UTC)), environment_of({"SELLER_NAME": "Another"}):
        again = attachment(invoice)
    assert first == again
    assert first.filename == "invoice-2026-000123.pdf"
    assert first.content.startswith(b"%PDF-")
    # Named, in a language, so that a screen reader can begin.
    assert b"/Lang (en)" in first.content
    assert b"/DisplayDocTitle true" in first.content


def test_names_are_read_back_as_they_are_written() -> None:
    names = ("Ελένη Παπαδοπούλου", "Иван Петрович", "Nguyễn Thị Ánh", "Şebnem Ğ. Iğdır", "დავით")
    text = text_of(a_document(names[0], names[1:]))
    assert f"Billed to {' '.join(names)}" in text


def test_letters_that_join_or_run_from_the_right_are_drawn_by_the_fonts_own_rules() -> None:
    names = ("أحمد بن علي", "דוד כהן", "สมชาย ใจดี", "अर्जुन शर्मा")
    assert all(fonts.joins(name) and not fonts.unprintable(name) for name in names)
    drawn = attachment(a_document(names[0], names[1:]))
    plain = attachment(a_document("Zoë Żółć"))
    assert len(drawn.content) > len(plain.content)
    # Joined letters are shapes of their own; what a reader copies are the letters again.
    assert "أحمد" in text_in(drawn.content)


def test_a_sign_that_no_glyph_exists_for_is_named() -> None:
    assert fonts.unprintable("Zoë 张 Żółć 伟 张\n") == "张伟"
    assert not fonts.joins("Zoë Żółć €12.00 — “quoted” Ελένη")


def test_a_long_name_and_address_stay_on_the_page() -> None:
    street = "A street whose name does not want to end at all"
    text = text_of(a_document("A very long name of a company " * 4, (street,) * 6))
    assert text.count("does not want to end") == 6
    assert "page 1" in text and "page 2" not in text
