"""Invoices and credit notes: numbered without gaps, written once, never changed."""

from services.invoices.correcting import correct
from services.invoices.issuing import credit, credit_lost, issue, reissue
from services.invoices.people import BillingDetails, get_billing, update_billing
from services.invoices.reading import (
    InvoiceView,
    OrderInvoices,
    file_of,
    files_of,
    files_of_order,
    newest_of_order,
    of_dispute,
    of_order,
    of_refund,
    with_correction,
)
from services.invoices.sending import send_again

__all__ = [
    "BillingDetails",
    "InvoiceView",
    "OrderInvoices",
    "correct",
    "credit",
    "credit_lost",
    "file_of",
    "files_of",
    "files_of_order",
    "get_billing",
    "issue",
    "newest_of_order",
    "of_dispute",
    "of_order",
    "of_refund",
    "reissue",
    "send_again",
    "update_billing",
    "with_correction",
]
