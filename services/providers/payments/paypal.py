"""PayPal: Orders v2 (create, capture, read), refunds, disputes v1, the report of transactions.

Facts behind this file: an order takes no money until we capture it, so a page is ended by not
capturing it; PayPal has no list of a capture's refunds, the order shows them; request ids are kept
for 6 hours for orders and 45 days for refunds; the report lags by up to three hours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import structlog

from services import clock
from services.errors import ProviderRejected
from services.money import Money
from services.providers.answers import Answer, clock_of
from services.providers.payments import paypal_read as read
from services.providers.payments import paypal_webhooks as webhooks
from services.providers.payments.base import (
    About,
    Checkout,
    CheckoutState,
    Event,
    NewCheckout,
    NewRefund,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
)
from services.providers.payments.paypal_certificates import Certificates
from services.providers.payments.paypal_client import NAME, Json, PayPalClient, part

log = structlog.get_logger()

LONGEST_TEXT: Final = 127
REPORT_DAYS: Final = 30
REPORT_PAGE: Final = 500
DISPUTES_PAGE: Final = 50
PAYMENT_CODE: Final = "T00"
REFUND_CODE: Final = "T1107"
ANOTHER_METHOD: Final = frozenset({"INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED"})
LOOK_AGAIN: Final = frozenset({"ORDER_ALREADY_CAPTURED", "ORDER_NOT_APPROVED"})


class PayPalPayments:
    """The `PaymentProvider` of PayPal, or of the simulator behind another base address."""

    key_settings: ClassVar[str] = "PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET"
    takes_by_capture: ClassVar[bool] = True
    wanted: ClassVar[frozenset[str]] = frozenset(
        kind for kind in webhooks.ABOUT if not kind.startswith("PAYMENT.REFUND.")
    )

    def __init__(
        self, *, client: PayPalClient, certificates: Certificates, webhook_id: str
    ) -> None:
        self._client = client
        self._certificates = certificates
        self._webhook_id = webhook_id

    def takes(self, price: Money) -> bool:
        in_steps = price.minor > 0 and price.minor % self.step(price.currency) == 0
        return price.currency in read.CURRENCIES and in_steps

    def step(self, currency: str) -> int:
        return read.step(currency)

    def create_checkout(self, new: NewCheckout) -> Checkout:
        """Create the payment page; asked again with the same order and attempt: the same page."""
        if not self.takes(new.price):
            raise ProviderRejected(NAME, f"cannot take this amount of {new.price.currency}")
        told = self._client.post(
            "create_checkout",
            "/v2/checkout/orders",
            _page(new),
            key=f"checkout:{new.order}:{new.attempt}",
        )
        if read.asked_price(told) not in {None, new.price}:
            raise ProviderRejected(NAME, "this attempt was made with another price")
        return read.checkout(told)

    def get_checkout(self, checkout_id: str) -> Checkout:
        return read.checkout(self._order("get_checkout", checkout_id))

    def capture(self, checkout_id: str, *, order: str) -> Checkout:
        """Take the money. The request id belongs to this approval: a lost answer is repeated, a
        new approval after a declined instrument is a new capture."""
        before = self._order("get_checkout", checkout_id)
        page = read.checkout(before)
        if page.state is not CheckoutState.APPROVED or page.order != order:
            return page
        approval = hashlib.sha256(read.approved_since(before).encode()).hexdigest()[:16]
        path = f"/v2/checkout/orders/{part(checkout_id)}/capture"
        try:
            told = self._client.post("capture", path, {}, key=f"capture:{checkout_id}:{approval}")
        except ProviderRejected as refused:
            if refused.code in LOOK_AGAIN:
                return self.get_checkout(checkout_id)
            if refused.code in ANOTHER_METHOD:
                again = self.get_checkout(checkout_id)
                return replace(again, state=CheckoutState.OPEN, declined=True)
            return replace(page, state=CheckoutState.ENDED, bank_failed=True)
        after = read.checkout({**before, **told})
        return after if after.order else self.get_checkout(checkout_id)

    def end_checkout(self, checkout_id: str) -> Checkout:
        """PayPal cannot be told, and need not be: what nobody captures is never paid."""
        page = self.get_checkout(checkout_id)
        if page.state in {CheckoutState.OPEN, CheckoutState.APPROVED}:
            return replace(page, state=CheckoutState.ENDED)
        return page

    def get_payment(self, payment_id: str) -> ProviderPayment:
        return read.payment(self._capture("get_payment", payment_id))

    def list_payments(self, since: datetime) -> Iterator[ProviderPayment]:
        for told in self._report("list_payments", since):
            if str(told.get("transaction_event_code", "")).startswith(PAYMENT_CODE):
                yield read.transaction(told)

    def create_refund(self, new: NewRefund) -> ProviderRefund:
        ours = f"{new.refund}.{new.attempt}"
        told = self._client.post(
            "create_refund",
            f"/v2/payments/captures/{part(new.payment_id)}/refund",
            {"amount": read.written(new.amount), "custom_id": ours},
            key=f"refund:{ours}",
        )
        return _whole(read.refund(told), new)

    def get_refund(self, refund_id: str) -> ProviderRefund:
        path = f"/v2/payments/refunds/{part(refund_id)}"
        return read.refund(self._client.get("get_refund", path))

    def list_refunds(self, payment_id: str) -> list[ProviderRefund]:
        """From the order that the payment came by: there is no other list."""
        capture = self._capture("list_refunds", payment_id)
        order = self._order("list_refunds", read.order_of_capture(capture))
        return [each for each in read.refunds_of(order) if each.payment_id == payment_id]

    def list_recent_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        for told in self._report("list_recent_refunds", since):
            if told.get("transaction_event_code") == REFUND_CODE:
                yield read.transaction_refund(told)

    def get_dispute(self, dispute_id: str) -> ProviderDispute:
        path = f"/v1/customer/disputes/{part(dispute_id)}"
        return read.dispute(self._client.get("get_dispute", path))

    def list_disputes(self, since: datetime) -> Iterator[ProviderDispute]:
        query = {"update_time_after": _stamp(since), "page_size": str(DISPUTES_PAGE)}
        while True:
            page = self._client.get("list_disputes", "/v1/customer/disputes", query)
            for each in page.get("items") or []:
                if (dispute := self._readable(str(each["dispute_id"]))) is not None:
                    yield dispute
            token = _next_token(page)
            if not token:
                return
            query = query | {"next_page_token": token}

    def _readable(self, dispute_id: str) -> ProviderDispute | None:
        """A listed dispute; None when PayPal will not show it, which must not hide the others."""
        try:
            return self.get_dispute(dispute_id)
        except ProviderRejected as refused:
            log.warning("dispute_not_shown", dispute=dispute_id, error=str(refused))
            return None

    def about(self, event_type: str) -> About:
        return webhooks.ABOUT.get(event_type, About.OTHER)

    def reads_at_once(self, headers: Mapping[str, str]) -> bool:
        return self._certificates.has(headers.get("paypal-cert-url", ""), clock.utc_now())

    def read_event(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Event:
        webhooks.verify(
            body,
            headers,
            webhook_id=self._webhook_id,
            certificates=self._certificates,
            now=now,
        )
        return webhooks.read(body)

    def check(self, *, webhook_url: str) -> Answer:
        """List the webhooks of the app: that needs a right client, and changes nothing."""
        told, headers = self._client.look("check", "/v1/notifications/webhooks")
        problems = webhooks.webhook_problems(
            told.get("webhooks") or [], webhook_url, self._webhook_id, self.wanted
        )
        return Answer("the client is right", tuple(problems), clock_of(headers))

    def _order(self, operation: str, checkout_id: str) -> Json:
        return self._client.get(operation, f"/v2/checkout/orders/{part(checkout_id)}")

    def _capture(self, operation: str, payment_id: str) -> Json:
        return self._client.get(operation, f"/v2/payments/captures/{part(payment_id)}")

    def _report(self, operation: str, since: datetime) -> Iterator[Json]:
        """The lines of the transaction report; PayPal answers for at most 31 days at a time."""
        start, now = since, clock.utc_now()
        while start < now:
            end = min(start + timedelta(days=REPORT_DAYS), now)
            page, pages = 1, 1
            while page <= pages:
                query = {
                    "start_date": _stamp(start),
                    "end_date": _stamp(end),
                    "fields": "transaction_info",
                    "page_size": str(REPORT_PAGE),
                    "page": str(page),
                }
                told = self._client.get(operation, "/v1/reporting/transactions", query)
                for each in told.get("transaction_details") or []:
                    yield each["transaction_info"]
                page, pages = page + 1, int(told.get("total_pages") or 1)
            start = end


def _page(new: NewCheckout) -> Json:
    price = read.written(new.price)
    item = {
        "name": new.title[:LONGEST_TEXT],
        "description": new.description[:LONGEST_TEXT],
        "quantity": "1",
        "unit_amount": price,
        "category": "DIGITAL_GOODS",
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "custom_id": new.order,
                "description": f"{new.title}, {new.description}"[:LONGEST_TEXT],
                "amount": {**price, "breakdown": {"item_total": price}},
                "items": [item],
            }
        ],
        "payment_source": {
            "paypal": {
                "email_address": new.email,
                "experience_context": {
                    "return_url": new.return_url,
                    "cancel_url": new.return_url,
                    "user_action": "PAY_NOW",
                    "shipping_preference": "NO_SHIPPING",
                    "payment_method_preference": (
                        "UNRESTRICTED" if new.delayed else "IMMEDIATE_PAYMENT_REQUIRED"
                    ),
                },
            }
        },
    }


def _whole(done: ProviderRefund, new: NewRefund) -> ProviderRefund:
    """The answer to a refund may leave out what we have just said."""
    return replace(
        done,
        payment_id=done.payment_id or new.payment_id,
        refund=done.refund or new.refund,
        attempt=done.attempt or new.attempt,
    )


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _next_token(page: Json) -> str:
    for each in page.get("links") or []:
        if each.get("rel") == "next":
            found = parse_qs(urlsplit(str(each["href"])).query).get("next_page_token", [""])
            return found[0]
    return ""
