"""The summary of the evidence as a PDF: A4, real text, times in the studio's zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from fpdf import FPDF, XPos, YPos
from fpdf.prefs import ViewerPreferences

from services import money
from services.config import PAYMENT_NAMES, settings
from services.disputes.facts import Evidence, Fact, Meeting
from services.invoices import fonts
from services.money import Money
from services.pricing import rate_shown
from services.privacy.documents import Text

INK, MUTED, RULE = (15, 23, 42), (71, 85, 105), (203, 213, 225)
MARGIN, FOOT = 22.0, 18.0
WIDTH = 210 - 2 * MARGIN
NAME = 48.0
"""The width of the column of names, in millimetres like every length here."""
WHEN = 66.0
NONE = "Nothing is known."


def render(
    evidence: Evidence, *, terms: Text | None, enclosed: Sequence[str], made_at: datetime
) -> bytes:
    """The document as bytes of a PDF. `enclosed` are the names of the files that go along."""
    sheet = _Sheet(evidence, terms, made_at)
    _head(sheet, evidence, made_at)
    _purchase(sheet, evidence)
    _buyer(sheet, evidence, terms)
    sheet.facts("Payments and refunds", evidence.moved)
    _meetings(sheet, evidence)
    sheet.facts("Sessions of the pack, added and taken", evidence.credits)
    sheet.facts("Mails to the buyer about this order", evidence.mails)
    if evidence.mails:
        sheet.write_text(
            "“Sent” means handed to the mail service. One that was not true any more when it was "
            "due is left out by itself.",
            color=MUTED,
            size=8,
        )
    sheet.heading("Enclosed")
    files = [f"invoices/{name}" for name in enclosed]
    files += [f"terms-{terms.version}.txt"] if terms else []
    sheet.write_text("\n".join(files) or "No other files.")
    if terms is not None:
        _terms(sheet, terms)
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A4 in our font, with the order and the page's number at the foot of each page."""

    def __init__(self, evidence: Evidence, terms: Text | None, made_at: datetime) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._foot = f"{settings().studio_name}, order {evidence.order.public_id}"
        joins = fonts.joins("".join(_written(evidence, terms)))
        for style, path in fonts.paths(with_layout=joins).items():
            self.add_font("FiraGO", style, path)
        self.set_text_shaping(use_shaping_engine=joins)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0  # text begins where the rules do
        self.set_auto_page_break(auto=True, margin=FOOT + 6)
        self.set_title(f"Evidence about dispute {evidence.dispute.provider_id}")
        self.set_author(settings().studio_name)
        self.set_creator("Mentorships")
        self.set_lang("en")
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_creation_date(made_at)
        self.add_page()

    def footer(self) -> None:
        """What it is about, and where one is in it; fpdf2 calls this for each page."""
        self.set_y(-FOOT)
        self._rule()
        self.ln(3)
        self.write_text(f"{self._foot}, page {self.page_no()}", size=8, color=MUTED)

    def write_text(
        self,
        text: str,
        *,
        size: float = 10,
        bold: bool = False,
        color: tuple[int, int, int] = INK,
        width: float = WIDTH,
    ) -> None:
        """A paragraph in a column that begins here; afterwards we are below it, in the column."""
        self.set_font("FiraGO", "B" if bold else "", size)
        self.set_text_color(*color)
        self.multi_cell(width, size * 0.5, text, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)

    def heading(self, text: str) -> None:
        """The title of a part, which never stands alone at the end of a page."""
        self.ln(7)
        if self.will_page_break(26):
            self.add_page()
        self.write_text(text, size=13, bold=True)
        self.ln(1)
        self._rule()
        self.ln(3)

    def pair(self, name: str, value: str, *, column: float = NAME) -> None:
        """A name and beside it what it has, both as long as they need."""
        if not value:
            return
        if self.will_page_break(12):
            self.add_page()
        top, page = self.get_y(), self.page
        self.write_text(name, color=MUTED, width=column - 4)
        below_name = self.get_y()
        self.set_xy(MARGIN + column, top)
        self.write_text(value, width=WIDTH - column)
        below = self.get_y() if self.page != page else max(below_name, self.get_y())
        self.set_xy(MARGIN, below + 1)

    def facts(self, title: str, facts: Sequence[Fact]) -> None:
        """A part that lists what happened, and when."""
        self.heading(title)
        if not facts:
            self.write_text(NONE, color=MUTED)
        for fact in facts:
            said = f"{fact.what} ({fact.detail})" if fact.detail else fact.what
            self.pair(shown(fact.at), said, column=WHEN)

    def _rule(self) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.25)
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())


def shown(instant: datetime) -> str:
    """An instant in the studio's zone: `2 March 2026, 11:00:05 (Europe/Berlin)`."""
    zone = settings().studio_timezone
    local = instant.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, 'd MMM y, HH:mm:ss', locale='en')} ({zone})"


def _head(sheet: _Sheet, evidence: Evidence, made_at: datetime) -> None:
    dispute = evidence.dispute
    chosen = settings()
    sheet.write_text(chosen.seller_name or chosen.studio_name, size=12, bold=True)
    sheet.ln(8)
    sheet.write_text("Evidence about a disputed payment", size=22, bold=True)
    sheet.ln(2)
    sheet.write_text(f"As known on {shown(made_at)}", color=MUTED)
    sheet.heading("The dispute")
    name = PAYMENT_NAMES[dispute.provider.value]
    kind = "Inquiry" if dispute.inquiry else "Chargeback"
    sheet.pair("Kind", f"{kind}, {dispute.status}")
    sheet.pair("Amount", _amount(dispute.amount_minor, dispute.currency))
    sheet.pair("Reason given", dispute.reason)
    sheet.pair(f"Number at {name}", dispute.provider_id)
    sheet.pair(f"Payment at {name}", evidence.payment.provider_id)
    sheet.pair("Opened", shown(dispute.opened_at))
    due = dispute.evidence_due_at
    sheet.pair("Evidence is due", shown(due) if due else "")


def _purchase(sheet: _Sheet, evidence: Evidence) -> None:
    order, pack = evidence.order, evidence.pack
    sheet.heading("The purchase")
    sessions = "1 session" if order.sessions == 1 else f"{order.sessions} sessions"
    sheet.pair("Bought", f"{order.title}: {sessions} by video with {evidence.mentor}")
    sheet.pair("Order", order.public_id)
    sheet.pair("Price", _amount(order.list_minor, order.currency))
    if order.discount_minor:
        sheet.pair("Discount", _amount(order.discount_minor, order.currency))
    if order.tax_minor:
        taxed = _amount(order.tax_minor, order.currency)
        sheet.pair("Tax", f"{taxed}, {rate_shown(order.tax_rate_bp)}, {order.tax_mode}")
    sheet.pair("To pay", _amount(order.amount_minor, order.currency))
    sheet.pair("Ordered", shown(order.created_at))
    sheet.pair("Paid", shown(order.paid_at) if order.paid_at else "Not for this order.")
    if pack is None:
        sheet.pair("Delivered", "No pack was made of this payment.")
        return
    held = sum(meeting.status == "completed" for meeting in evidence.meetings)
    sheet.pair("Delivered", f"At once: {pack.total} sessions to book, {held} of them held so far.")
    sheet.pair("To use by", shown(pack.expires_at) if pack.expires_at else "No end")


def _buyer(sheet: _Sheet, evidence: Evidence, terms: Text | None) -> None:
    buyer = evidence.buyer
    sheet.heading("The buyer, and what they agreed to")
    if evidence.erased:
        sheet.write_text(
            "The buyer had their account erased since. The invoices enclosed name them.",
            color=MUTED,
        )
        sheet.ln(1)
    else:
        confirmed = buyer.email_verified_at
        sheet.pair("Name", buyer.name)
        sheet.pair("E-mail", buyer.email)
        sheet.pair("Confirmed", shown(confirmed) if confirmed else "Never")
    sheet.pair("Account since", shown(buyer.created_at))
    for fact in evidence.agreed:
        sheet.pair(fact.what, f"Agreed to on {shown(fact.at)}, {fact.detail}.")
    version = evidence.order.terms_version
    if terms is not None:
        sheet.pair("For this order", f"Terms, version {terms.version}. They follow at the end.")
    elif version:
        sheet.pair("For this order", f"Terms, version {version}.")
    else:
        sheet.pair("For this order", "It is older than the record of who agreed to what.")


def _meetings(sheet: _Sheet, evidence: Evidence) -> None:
    sheet.heading("Sessions, and who came")
    if not evidence.meetings:
        sheet.write_text("None was booked.", color=MUTED)
    for meeting in evidence.meetings:
        sheet.pair(shown(meeting.starts_at), _met(meeting), column=WHEN)


def _met(meeting: Meeting) -> str:
    minutes = int((meeting.ends_at - meeting.starts_at).total_seconds() // 60)
    ended = f", {meeting.detail}" if meeting.detail else ""
    lines = [
        f"{meeting.status.capitalize()}{ended}. {minutes} minutes.",
        f"Booked on {shown(meeting.booked_at)}.",
    ]
    for joined in meeting.joins:
        left = f", left {shown(joined.until)}" if joined.until else ""
        lines.append(f"The {joined.who} entered on {shown(joined.at)}{left}.")
    if not meeting.joins and meeting.status != "scheduled" and not meeting.detail:
        lines.append("Nobody is known to have entered.")
    return "\n".join(lines)


def _terms(sheet: _Sheet, terms: Text) -> None:
    sheet.add_page()
    sheet.write_text(f"{terms.title}, version {terms.version}", size=16, bold=True)
    sheet.ln(3)
    for block in terms.blocks:
        if block.kind == "heading":
            sheet.heading(block.text)
            continue
        for paragraph in (*(f"– {point}" for point in block.points), *filter(None, (block.text,))):
            sheet.write_text(paragraph, size=9)
            sheet.ln(1.5)


def _written(evidence: Evidence, terms: Text | None) -> Iterable[str]:
    """All texts of the document that come from people or from settings."""
    yield from (evidence.buyer.name, evidence.buyer.email, evidence.mentor, evidence.order.title)
    yield from (evidence.dispute.reason, settings().studio_name, settings().seller_name)
    for block in terms.blocks if terms else ():
        yield from (block.text, *block.points)


def _amount(minor: int, currency: str) -> str:
    return money.shown(Money(minor, currency))
