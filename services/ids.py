"""Identifiers: 64-bit keys stay on the server, what has an address has a public id."""

from __future__ import annotations

import hashlib
import os
import secrets
import string
from typing import NewType

UserId = NewType("UserId", int)
MentorId = NewType("MentorId", int)
OfferId = NewType("OfferId", int)
OrderId = NewType("OrderId", int)
PaymentId = NewType("PaymentId", int)
RefundId = NewType("RefundId", int)
DisputeId = NewType("DisputeId", int)
UnmatchedId = NewType("UnmatchedId", int)
InvoiceId = NewType("InvoiceId", int)
DiscountCodeId = NewType("DiscountCodeId", int)
PackShareId = NewType("PackShareId", int)
PostingId = NewType("PostingId", int)
SeatId = NewType("SeatId", int)
PackId = NewType("PackId", int)
SessionId = NewType("SessionId", int)
SlotHoldId = NewType("SlotHoldId", int)
ProposalId = NewType("ProposalId", int)
TimeOffId = NewType("TimeOffId", int)
CalendarConnectionId = NewType("CalendarConnectionId", int)
CalendarId = NewType("CalendarId", int)
InboxEventId = NewType("InboxEventId", int)
OutboxMessageId = NewType("OutboxMessageId", int)
JobRunId = NewType("JobRunId", int)
WaitlistEntryId = NewType("WaitlistEntryId", int)
NotificationId = NewType("NotificationId", int)
MailDeliveryId = NewType("MailDeliveryId", int)
RecordingId = NewType("RecordingId", int)
RecordingFileId = NewType("RecordingFileId", int)

_ALPHABET = string.ascii_letters + string.digits
PUBLIC_ID_RANDOM = 22
# Every letter stands for the same number of bytes; the few bytes left over are drawn again.
_EVEN = 256 - 256 % len(_ALPHABET)
_LETTERS = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))
_UNEVEN = bytes(range(_EVEN, 256))


def new_public_id(prefix: str) -> str:
    """A fresh address such as `ord_` and 22 random characters (131 bits)."""
    drawn = b""
    while len(drawn) < PUBLIC_ID_RANDOM:
        drawn += os.urandom(2 * PUBLIC_ID_RANDOM).translate(_LETTERS, _UNEVEN)
    return f"{prefix}_{drawn[:PUBLIC_ID_RANDOM].decode()}"


def new_secret() -> str:
    """A fresh secret for a link or a cookie (256 bits, URL-safe)."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored of a secret: its SHA-256 in hex. The secrets are random, so no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
