"""An invoice or a credit note as a PDF: A4, real text, the same bytes each time."""

from __future__ import annotations

from typing import Any, cast

from fpdf import FPDF, XPos, YPos
from fpdf.prefs import ViewerPreferences

from services import money
from services.invoices import fonts, words
from services.models import Invoice, InvoiceSeries, TaxMode
from services.money import Money
from services.pricing import rate_shown

INK, MUTED, RULE = (15, 23, 42), (71, 85, 105), (203, 213, 225)
MARGIN = 22.0
WIDTH = 210 - 2 * MARGIN
AMOUNT = 38.0
"""The width of the column of amounts, in millimetres like every length here."""
PAGE = 62.0
"""The width of the page's number at the foot."""
FOOT = 24.0
TITLES = {InvoiceSeries.INVOICE: "Invoice", InvoiceSeries.CREDIT_NOTE: "Credit note"}


def render(invoice: Invoice) -> bytes:
    """The document as bytes of a PDF."""
    sheet = _Sheet(invoice)
    _head(sheet, invoice)
    _parties(sheet, invoice)
    _lines(sheet, invoice)
    _totals(sheet, invoice)
    _notes(sheet, invoice)
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A4 in our font, with the seller and the page's number at the foot of each page."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._seller = invoice.seller
        self._label = f"{TITLES[invoice.series]} {invoice.label}"
        said = _everything(invoice)
        joins, latin = fonts.joins(said), fonts.is_latin(said)
        for style, path in fonts.paths(with_layout=joins, latin=latin).items():
            self.add_font("FiraGO", style, path)
        self.set_text_shaping(use_shaping_engine=joins)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0  # text begins where the rules do
        self.set_auto_page_break(auto=True, margin=FOOT + 6)
        self.set_title(f"{self._label}, {invoice.seller['name']}")
        self.set_author(str(invoice.seller["name"]))
        self.set_creator("Mentorships")
        self.set_lang("en")
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_creation_date(invoice.issued_at)
        self.add_page()

    def footer(self) -> None:
        """Who sells, and where one is in the document; fpdf2 calls this for each page."""
        seller = self._seller
        named = [seller["name"], *seller["address"]]
        if seller["tax_id"]:
            named.append(f"{seller['tax_label']} no. {seller['tax_id']}")
        self.set_y(-FOOT)
        self.rule()
        self.ln(3)
        self.write_text(" · ".join(named), size=8, color=MUTED, width=WIDTH - PAGE)
        self.set_xy(MARGIN + WIDTH - PAGE, -FOOT + 3)
        where = f"{self._label}, page {self.page_no()}"
        self.write_text(where, size=8, color=MUTED, width=PAGE, align="R")

    def write_text(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
        width: float = WIDTH,
        align: str = "L",
    ) -> None:
        """A paragraph in a column that begins here; afterwards we are below it, in the column."""
        self.set_font("FiraGO", "B" if bold else "", size)
        self.set_text_color(*color)
        self.multi_cell(width, size * 0.5, text, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def height(self, text: str, *, width: float, size: float = 10) -> float:
        """How much of the page a paragraph takes."""
        self.set_font("FiraGO", "", size)
        lines = self.multi_cell(width, size * 0.5, text, dry_run=True, output="LINES")
        return len(cast(list[str], lines)) * size * 0.5

    def keep_together(self, height: float) -> None:
        """Begin a new page unless so much still fits on this one."""
        if self.will_page_break(height):
            self.add_page()

    def rule(self) -> None:
        """A line across the page, here."""
        self.set_draw_color(*RULE)
        self.set_line_width(0.25)
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())

    def amount(self, text: str, top: float, *, size: float = 10, bold: bool = False) -> None:
        """An amount in its column, beside what was written from `top` on."""
        below = self.get_y()
        self.set_xy(MARGIN + WIDTH - AMOUNT, top)
        self.write_text(text, size=size, bold=bold, width=AMOUNT, align="R")
        self.set_xy(MARGIN, max(below, self.get_y()))


def _head(sheet: _Sheet, invoice: Invoice) -> None:
    sheet.write_text(str(invoice.seller["name"]), size=12, bold=True)
    sheet.ln(14)
    sheet.write_text(TITLES[invoice.series], size=24, bold=True)
    sheet.ln(2)
    facts = f"{invoice.label}, issued on {words.day(invoice.issued_at)}"
    sheet.write_text(facts, size=11, color=MUTED)
    sheet.ln(10)


def _parties(sheet: _Sheet, invoice: Invoice) -> None:
    """From whom to whom, side by side."""
    seller, buyer = invoice.seller, invoice.buyer
    label = str(seller["tax_label"])
    top, half, lowest = sheet.get_y(), WIDTH / 2, 0.0
    for left, (title, party) in (
        (MARGIN, ("Billed to", buyer)),
        (MARGIN + half, ("From", seller)),
    ):
        sheet.set_xy(left, top)
        sheet.write_text(title, size=9, color=MUTED, width=half - 8)
        sheet.ln(1)
        sheet.set_x(left)
        sheet.write_text(str(party["name"]), bold=True, width=half - 8)
        more = list(party["address"])
        more += [f"{label} no. {party['tax_id']}"] if party["tax_id"] else []
        for text in more:
            sheet.write_text(str(text), width=half - 8)
        lowest = max(lowest, sheet.get_y())
    sheet.set_xy(MARGIN, lowest + 12)


def _lines(sheet: _Sheet, invoice: Invoice) -> None:
    top = sheet.get_y()
    sheet.write_text("Description", size=9, color=MUTED, width=WIDTH - AMOUNT)
    sheet.amount("Amount", top, size=9)
    sheet.ln(2)
    sheet.rule()
    sheet.ln(3)
    for one in invoice.lines:
        if "minor" not in one:
            continue
        _line(sheet, one, invoice.currency)
    sheet.rule()
    sheet.ln(4)


def _line(sheet: _Sheet, one: dict[str, Any], currency: str) -> None:
    text, detail, width = str(one["text"]), str(one.get("detail", "")), WIDTH - AMOUNT - 4
    sheet.keep_together(sheet.height(text, width=width) + sheet.height(detail, width=width))
    top = sheet.get_y()
    sheet.write_text(text, width=width)
    if detail:
        sheet.write_text(detail, size=9, color=MUTED, width=width)
    sheet.amount(_shown(int(one["minor"]), currency), top)
    sheet.ln(3)


def _totals(sheet: _Sheet, invoice: Invoice) -> None:
    """The sum, and what of it is tax, as the studio's prices say it."""
    label = str(invoice.seller["tax_label"])
    taxed = f"{rate_shown(invoice.tax_rate_bp)} {label}"
    credits_note = invoice.series is InvoiceSeries.CREDIT_NOTE
    total = "Total credited" if credits_note else "Total"
    rows: list[tuple[str, int, bool]] = [(total, invoice.total_minor, True)]
    match invoice.tax_mode:
        case TaxMode.NONE:
            pass
        case TaxMode.INCLUDED:
            rows += [
                (f"Included: {taxed}", invoice.tax_minor, False),
                (f"Without {label}", invoice.net_minor, False),
            ]
        case TaxMode.ADDED:
            rows = [
                (f"Without {label}", invoice.net_minor, False),
                (taxed, invoice.tax_minor, False),
                *rows,
            ]
    sheet.keep_together(12.0 * len(rows))
    for name, minor, bold in rows:
        top, size = sheet.get_y(), 12 if bold else 10
        sheet.set_x(MARGIN + WIDTH / 2)
        sheet.write_text(name, size=size, bold=bold, width=WIDTH / 2 - AMOUNT)
        sheet.amount(_shown(minor, invoice.currency), top, size=size, bold=bold)
        sheet.ln(2)
    if invoice.tax_mode is TaxMode.NONE:
        sheet.set_x(MARGIN + WIDTH / 2)
        sheet.write_text(f"No {label} is charged.", size=9, color=MUTED, width=WIDTH / 2)
        sheet.set_x(MARGIN)
    sheet.ln(8)


def _notes(sheet: _Sheet, invoice: Invoice) -> None:
    for one in invoice.lines:
        if "note" in one:
            sheet.write_text(str(one["note"]), size=9, color=MUTED)
            sheet.ln(1)


def _everything(invoice: Invoice) -> str:
    """All texts of the document that come from people."""
    parties = (invoice.buyer, invoice.seller)
    named = [text for one in parties for text in (one["name"], one["tax_id"], *one["address"])]
    said = [text for one in invoice.lines for text in one.values() if isinstance(text, str)]
    return "".join([*named, *said])


def _shown(minor: int, currency: str) -> str:
    return money.shown(Money(minor, currency))
