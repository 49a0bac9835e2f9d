"""What a buyer, a bank, a seller's dashboard or a fault does behind each payment adapter. A new
vendor is one more class here and one more name in `VENDORS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Literal, cast

from services.clock import utc_now
from services.money import Money
from services.providers.payments.base import (
    Checkout,
    NewCheckout,
    NewRefund,
    PaymentProvider,
)
from services.providers.payments.paypal import PayPalPayments
from services.providers.payments.paypal_certificates import Certificates
from services.providers.payments.paypal_client import PayPalClient
from services.providers.payments.registry import payments
from services.providers.payments.stripe import StripePayments
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import CARD, DECLINED, NOBODY_LISTENS, REFUND_PENDS

WRONG = "sk_test_wrong"
PRICE = Money(12_000, "EUR")
Means = Literal["good", "declined", "refund pends"]


@dataclass
class Vendor(ABC):
    """An adapter, and the world behind it."""

    sandbox: Sandbox
    name: ClassVar[str]
    create_path: ClassVar[str]
    unknown: ClassVar[dict[str, str]]
    """Ids that the vendor could have given, and has not: of a checkout, a payment, a refund."""

    @property
    def adapter(self) -> PaymentProvider:
        return payments(self.name)

    @abstractmethod
    def buyer_agrees(self, checkout: Checkout, means: Means = "good") -> None:
        """The buyer does all that a buyer can do; AssertionError when the page refuses."""

    @abstractmethod
    def agrees_by_bank(self, checkout: Checkout) -> None:
        """The buyer chooses a method whose result comes later."""

    @abstractmethod
    def bank_answers(self, checkout: Checkout, *, succeeded: bool) -> None: ...

    @abstractmethod
    def refund_settles(self, refund_id: str) -> None: ...

    @abstractmethod
    def refunds_in_dashboard(self, checkout: Checkout, minor: int) -> None: ...

    @abstractmethod
    def disputes(self, checkout: Checkout, *, inquiry: bool) -> None: ...

    @abstractmethod
    def dispute_ends(self, checkout: Checkout, *, won: bool) -> None: ...

    @abstractmethod
    def pages(self) -> list[str]:
        """The ids of all pages that were made."""

    @abstractmethod
    def unreachable(self) -> AbstractContextManager[None]: ...

    @abstractmethod
    def with_wrong_key(self) -> PaymentProvider: ...

    def takes(self, checkout: Checkout) -> Checkout:
        """What the product does about a page that the buyer has agreed to; the page afterwards."""
        return self.adapter.capture(checkout.id, order=checkout.order)

    def pay(self, checkout: Checkout, means: Means = "good") -> Checkout:
        """The buyer agrees and the money is taken; the page afterwards."""
        self.buyer_agrees(checkout, means)
        return self.takes(checkout)

    def pay_by_bank(self, checkout: Checkout) -> Checkout:
        """The same by a method whose result comes later."""
        self.agrees_by_bank(checkout)
        return self.takes(checkout)

    def fault(self, kind: str, **more: object) -> None:
        """The next requests to make a page go wrong."""
        asked = {"vendor": self.name, "method": "POST", "path": self.create_path, "kind": kind}
        self.sandbox.control("faults", {**asked, "times": 3, **more})

    def _control(self, path: str, body: dict[str, object] | None = None) -> Any:
        return self.sandbox.control(f"{self.name}/{path}", body)


class Stripe(Vendor):
    name = "stripe"
    create_path = "/v1/checkout/sessions"
    unknown: ClassVar[dict[str, str]] = {
        "checkout": "cs_test_unknown",
        "payment": "pi_unknown",
        "refund": "re_unknown",
    }
    _cards: ClassVar[dict[Means, str]] = {
        "good": CARD,
        "declined": DECLINED,
        "refund pends": REFUND_PENDS,
    }

    def buyer_agrees(self, checkout: Checkout, means: Means = "good") -> None:
        self._control(f"sessions/{checkout.id}/pay", {"card": self._cards[means]})

    def agrees_by_bank(self, checkout: Checkout) -> None:
        self._control(f"sessions/{checkout.id}/pay", {"method": "sepa_debit"})

    def bank_answers(self, checkout: Checkout, *, succeeded: bool) -> None:
        outcome = "succeeded" if succeeded else "failed"
        self._control(f"sessions/{checkout.id}/settle", {"outcome": outcome})

    def refund_settles(self, refund_id: str) -> None:
        self._control(f"refunds/{refund_id}/settle", {})

    def refunds_in_dashboard(self, checkout: Checkout, minor: int) -> None:
        self._control(f"sessions/{checkout.id}/refund", {"amount": minor})

    def disputes(self, checkout: Checkout, *, inquiry: bool) -> None:
        kind = "inquiry" if inquiry else "chargeback"
        self._control(f"sessions/{checkout.id}/dispute", {"kind": kind})

    def dispute_ends(self, checkout: Checkout, *, won: bool) -> None:
        outcome = "won" if won else "lost"
        self._control(f"sessions/{checkout.id}/dispute/close", {"outcome": outcome})

    def pages(self) -> list[str]:
        return [each["id"] for each in cast(list[dict[str, Any]], self._control("sessions"))]

    def unreachable(self) -> AbstractContextManager[None]:
        return environment_of({"STRIPE_API_BASE": NOBODY_LISTENS})

    def with_wrong_key(self) -> PaymentProvider:
        return StripePayments(
            key=WRONG,
            webhook_secret="x",
            api_base=f"{self.sandbox.address}/stripe",
            timeout_seconds=5,
        )


class PayPal(Vendor):
    name = "paypal"
    create_path = "/v2/checkout/orders"
    unknown: ClassVar[dict[str, str]] = {
        "checkout": "5O190127TN364715T",
        "payment": "2GG279541U471931P",
        "refund": "1JU08902781691411",
    }
    _instruments: ClassVar[dict[Means, str]] = {
        "good": "balance",
        "declined": "declined",
        "refund pends": "refund_pending",
    }

    def buyer_agrees(self, checkout: Checkout, means: Means = "good") -> None:
        self._approve(checkout, self._instruments[means])

    def agrees_by_bank(self, checkout: Checkout) -> None:
        self._approve(checkout, "echeck")

    def _approve(self, checkout: Checkout, instrument: str) -> None:
        self._control(f"orders/{checkout.id}/approve", {"instrument": instrument})

    def bank_answers(self, checkout: Checkout, *, succeeded: bool) -> None:
        outcome = "completed" if succeeded else "denied"
        self._control(f"orders/{checkout.id}/settle", {"outcome": outcome})

    def refund_settles(self, refund_id: str) -> None:
        self._control(f"refunds/{refund_id}/settle", {"outcome": "completed"})

    def refunds_in_dashboard(self, checkout: Checkout, minor: int) -> None:
        self._control(f"captures/{self._capture(checkout)}/refund", {"amount": minor})

    def disputes(self, checkout: Checkout, *, inquiry: bool) -> None:
        kind = "inquiry" if inquiry else "chargeback"
        self._control(f"captures/{self._capture(checkout)}/dispute", {"kind": kind})

    def dispute_ends(self, checkout: Checkout, *, won: bool) -> None:
        [open_one] = self.adapter.list_disputes(checkout.created_at)
        outcome = "won" if won else "lost"
        if open_one.inquiry:
            outcome = "canceled"
        self._control(f"disputes/{open_one.id}/close", {"outcome": outcome})

    def _capture(self, checkout: Checkout) -> str:
        paid = self.adapter.get_checkout(checkout.id).payment_id
        assert paid
        return paid

    def pages(self) -> list[str]:
        return [each["id"] for each in cast(list[dict[str, Any]], self._control("orders"))]

    def unreachable(self) -> AbstractContextManager[None]:
        return environment_of({"PAYPAL_API_BASE": NOBODY_LISTENS})

    def with_wrong_key(self) -> PaymentProvider:
        base = f"{self.sandbox.address}/paypal"
        client = PayPalClient(
            client_id="somebody-else", secret=WRONG, api_base=base, timeout_seconds=5
        )
        certificates = Certificates(hosts=base, roots="", timeout_seconds=5)
        return PayPalPayments(client=client, certificates=certificates, webhook_id="WH-1")


VENDORS: dict[str, Callable[[Sandbox], Vendor]] = {"stripe": Stripe, "paypal": PayPal}


def a_checkout(**changes: Any) -> NewCheckout:
    """What a page for one pack is made from."""
    new = NewCheckout(
        order="ord_0000000000000000000001",
        attempt=1,
        title="Four sessions",
        description="4 sessions",
        price=PRICE,
        email="nora.novak@example.com",
        expires_at=(utc_now() + timedelta(minutes=35)).replace(microsecond=0),
        return_url="http://localhost:3000/checkout/return/ord_1",
    )
    return replace(new, **changes)


def a_paid_one(at: Vendor, means: Means = "good", **changes: Any) -> Checkout:
    """A page that was paid."""
    at.pay(at.adapter.create_checkout(a_checkout(**changes)), means)
    [newest, *_] = at.pages()
    return at.adapter.get_checkout(newest)


def a_refund(paid: Checkout, amount: Money, attempt: int = 1) -> NewRefund:
    """A refund of that payment, or of a part of it."""
    assert paid.payment_id
    return NewRefund("ref_0000000000000000000001", attempt, paid.payment_id, amount)
