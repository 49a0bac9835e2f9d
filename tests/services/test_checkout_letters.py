"""A mail about money that is sent again after a crash is the same request to the last byte, and
even in other words it reaches the buyer once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from jobs.outbox import send_outbox
from services import checkout, clock, db, mail, refunds
from services.models import MailDelivery, MailStatus, OutboxMessage, OutboxStatus, Pack, RefundScope
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import Studio, stored

BUYER = "nora.novak@example.com"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What Resend was asked to send, as it was sent."""
    bodies: list[bytes] = []
    send = httpx.Client.send

    def noted(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        if request.url.path.endswith("/emails") and BUYER.encode() in request.content:
            bodies.append(request.content)
        return send(client, request, **more)

    monkeypatch.setattr(httpx.Client, "send", noted)
    return bodies


def bought(studio: Studio, provider: str) -> str:
    offer = an_offer(a_mentor()).public_id
    order = checkout.start(actor=acting(a_user()), offer=offer, provider=provider).order
    (studio.pay if provider == "stripe" else studio.approve)(order)
    studio.deliver()
    studio.send()
    return order


def send_again(studio: Studio, template: str) -> None:
    """As after a kill between the answer and our commit; Resend keeps its keys for 24 hours."""
    studio.wait(hours=20)
    [message] = [each for each in stored(OutboxMessage) if each.data.get("template") == template]
    forget_that_it_went(message.unique_key)
    mail.send(key=message.unique_key, data=message.data)


def forget_that_it_went(key: str) -> None:
    """The process was killed before it noted Resend's answer."""
    with db.transaction() as session:
        row = session.exec(select(MailDelivery).where(MailDelivery.unique_key == key)).one()
        row.status, row.sent_at, row.vendor_id = MailStatus.SENDING, None, ""


@pytest.mark.parametrize("provider", ["stripe", "paypal"])
def test_a_purchase_is_told_with_the_same_invoice_however_late_it_is_sent_again(
    studio: Studio, sent: list[bytes], provider: str
) -> None:
    bought(studio, provider)
    send_again(studio, "purchase")
    first, again = sent
    assert first == again
    assert b"application/pdf" in first
    assert len(studio.mails(BUYER)) == 1


def test_a_refund_is_told_with_the_same_credit_note_however_late_it_is_sent_again(
    studio: Studio, sent: list[bytes]
) -> None:
    order = bought(studio, "stripe")
    refunds.start(actor=acting(an_admin()), order=order, scope=RefundScope.UNUSED)
    studio.send()
    studio.deliver()
    studio.send()
    [first] = [each for each in sent if b'"refunded"' in each]
    send_again(studio, "refunded")
    assert sent[-1] == first
    assert b"application/pdf" in first
    assert len(studio.mails(BUYER)) == 2


def test_a_purchase_whose_pack_got_a_day_more_since_is_told_once_and_is_no_dead_letter(
    studio: Studio, sent: list[bytes]
) -> None:
    bought(studio, "stripe")
    with db.transaction() as session:  # killed before it noted that the mail had gone
        pack = session.get_one(Pack, stored(Pack)[0].id)
        assert pack.expires_at
        pack.expires_at += timedelta(days=1)
        [told] = [row for row in stored(OutboxMessage) if row.data.get("template") == "purchase"]
        message = session.get_one(OutboxMessage, told.id)
        message.status, message.sent_at, message.due_at = OutboxStatus.DUE, None, clock.utc_now()
    forget_that_it_went(told.unique_key)
    send_outbox.call_local()
    first, again = sent
    assert first != again
    assert {each.status for each in stored(OutboxMessage)} == {OutboxStatus.SENT}
    assert len(studio.mails(BUYER)) == 1
