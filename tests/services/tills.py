"""What buyers, banks and the provider's own dashboard do at each payment provider, in the same
words: for what must hold wherever the money is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, ClassVar, cast

from services import checkout, clock
from services.models import PackOffer
from services.money import Money
from services.providers.payments.base import NewCheckout, ProviderPayment
from services.providers.payments.registry import payments
from tests.services.rows import a_mentor, a_user, acting, an_offer
from tests.support.studio import Studio

PRICE = Money(12_000, "EUR")


def foreign_page(vendor: str, order: str, price: Money = PRICE) -> str:
    """A page of this account for an order that this database knows nothing of; its id."""
    new = NewCheckout(
        order=order,
        attempt=1,
        title="Three sessions",
        description="Three sessions with a mentor",
        price=price,
        email="somebody@example.com",
        expires_at=clock.utc_now() + timedelta(hours=1),
        return_url="http://localhost/checkout/return",
    )
    return payments(vendor).create_checkout(new).id


class Till(ABC):
    """One provider, and the studio that sells by it. Webhooks wait until somebody delivers or
    loses them."""

    vendor: ClassVar[str]
    name: ClassVar[str]
    payment_path: ClassVar[str]
    """Where the provider answers about one payment."""
    list_paths: ClassVar[tuple[str, ...]]
    """Where it lists payments, refunds and disputes."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def starts(self, buyer: str = "Nora Novak", offer: PackOffer | None = None) -> str:
        """Somebody is on the provider's page; the order's public id."""
        offer = offer or an_offer(a_mentor(capacity=3))
        actor = acting(a_user(buyer))
        return checkout.start(actor=actor, offer=offer.public_id, provider=self.vendor).order

    def bought(self, buyer: str = "Nora Novak", offer: PackOffer | None = None) -> str:
        """Somebody has bought a pack, and all webhooks of it have come."""
        order = self.starts(buyer, offer)
        self.takes(order)
        while self.studio.deliver():
            pass
        return order

    def unheard(self, buyer: str = "Nora Novak", offer: PackOffer | None = None) -> str:
        """The provider has somebody's money, and nobody told us."""
        order = self.starts(buyer, offer)
        self.takes(order)
        self.studio.lose_webhooks()
        return order

    def foreign_page(self, order: str, price: Money = PRICE) -> str:
        """A page that the account has made, and this database knows nothing of; its id."""
        return foreign_page(self.vendor, order, price)

    def listed(self) -> list[ProviderPayment]:
        """The payments of the last three days, as the provider lists them."""
        since = clock.utc_now() - timedelta(days=3)
        return list(payments(self.vendor).list_payments(since))

    def fails_about(self, payment: str, *, times: int) -> None:
        """The provider cannot tell about one payment, or (`*`) about any."""
        self._answers(self.payment_path + payment, 503, times)

    def forgets(self, payment: str, *, times: int) -> None:
        """The provider knows nothing of a payment that its list shows."""
        self._answers(self.payment_path + payment, 404, times)

    def refuses_lists(self, *, times: int) -> None:
        """The account may not list things any more: so many of its lists."""
        for path in self.list_paths[:times]:
            self._answers(path, 400, 1)

    def payment_of(self, order: str) -> str:
        """The provider's id of the money that came for an order."""
        [payment] = [each.id for each in self.listed() if each.order == order]
        return payment

    @abstractmethod
    def takes(self, order: str) -> None:
        """The buyer pays, and the provider has the money."""

    @abstractmethod
    def takes_on(self, page: str, order: str) -> None:
        """The same on a page of another name."""

    @abstractmethod
    def agrees(self, order: str) -> None:
        """The buyer does all there is to do for a buyer, and closes the browser."""

    @abstractmethod
    def refunds_in_dashboard(self, order: str, minor: int) -> None:
        """Somebody refunds at the provider, past the product."""

    @abstractmethod
    def disputes(self, order: str) -> None:
        """The buyer's bank takes the money back."""

    @abstractmethod
    def decides(self, order: str, outcome: str) -> None:
        """The bank says who was right: won or lost."""

    def _answers(self, path: str, status: int, times: int) -> None:
        more = {"vendor": self.vendor, "method": "GET", "status": status}
        self.studio.fault(path, "status", times, **more)

    def _control(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        told = self.studio.sandbox.control(f"{self.vendor}/{path}", body)
        return cast(dict[str, Any], told)


class StripeTill(Till):
    vendor, name, payment_path = "stripe", "Stripe", "/v1/payment_intents/"
    list_paths = ("/v1/payment_intents", "/v1/refunds", "/v1/disputes")

    def takes(self, order: str) -> None:
        self.studio.pay(order)

    def takes_on(self, page: str, order: str) -> None:
        self.studio.pay("", checkout=page)

    def agrees(self, order: str) -> None:
        self.studio.pay(order)

    def refunds_in_dashboard(self, order: str, minor: int) -> None:
        self.studio.refund_in_dashboard(order, minor)

    def disputes(self, order: str) -> None:
        self.studio.dispute(order)

    def decides(self, order: str, outcome: str) -> None:
        self.studio.close_dispute(order, outcome)


class PayPalTill(Till):
    vendor, name, payment_path = "paypal", "PayPal", "/v2/payments/captures/"
    list_paths = (
        "/v1/reporting/transactions",
        "/v1/reporting/transactions",
        "/v1/customer/disputes",
    )

    def takes(self, order: str) -> None:
        """What the buyer approved was taken, and the answer did not reach us."""
        self.takes_on(self.studio.checkout_of(order), order)

    def takes_on(self, page: str, order: str) -> None:
        self.studio.approve("", checkout=page)
        payments(self.vendor).capture(page, order=order)

    def agrees(self, order: str) -> None:
        self.studio.approve(order)

    def refunds_in_dashboard(self, order: str, minor: int) -> None:
        self._control(f"captures/{self.payment_of(order)}/refund", {"amount": minor})

    def disputes(self, order: str) -> None:
        self._control(f"captures/{self.payment_of(order)}/dispute", {"kind": "chargeback"})

    def decides(self, order: str, outcome: str) -> None:
        since = clock.utc_now() - timedelta(days=200)
        [dispute] = [each.id for each in payments(self.vendor).list_disputes(since)]
        self._control(f"disputes/{dispute}/close", {"outcome": outcome})


TILLS: dict[str, type[Till]] = {"stripe": StripeTill, "paypal": PayPalTill}
