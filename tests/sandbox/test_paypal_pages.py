"""PayPal's page for the buyer and the seller's dashboard, as plain HTML without scripts."""

from __future__ import annotations

import html

import httpx
import pytest

from tests.sandbox.paypal import CONTEXT, PayPal, captures, paypal

__all__ = ["paypal"]


def text(paypal: PayPal, path: str) -> str:
    """A page's HTML, with its entities read."""
    return html.unescape(paypal.simulators.http.get(path).raise_for_status().text)


def press(paypal: PayPal, order: str, action: str, **fields: str) -> httpx.Response:
    """Send the buyer's form with one of its buttons."""
    form = {"token": order, "action": action, "email": "kim@example.com", **fields}
    return paypal.simulators.http.post("/sandbox/paypal/checkoutnow", data=form)


def status(paypal: PayPal, order: str) -> str:
    return str(paypal.get(f"/v2/checkout/orders/{order}").json()["status"])


def test_the_page_says_what_is_paid_and_that_it_is_simulated(paypal: PayPal) -> None:
    order = paypal.order()
    page = text(paypal, f"/sandbox/paypal/checkoutnow?token={order}")
    assert "Simulated PayPal: no real money" in page
    assert "Four sessions" in page
    assert "Pay €120.00" in page
    assert "The studio" in page
    assert "<script" not in page


def test_agreeing_leads_back_with_the_token_and_the_payer(paypal: PayPal) -> None:
    order = paypal.order()
    answer = press(paypal, order, "approve", instrument="balance")
    assert answer.status_code == 303
    address = httpx.URL(answer.headers["location"])
    assert address.host == "studio.example.com"
    assert dict(address.params)["order"] == "ord_1"
    assert dict(address.params)["token"] == order
    assert len(dict(address.params)["PayerID"]) == 13
    seen = paypal.get(f"/v2/checkout/orders/{order}").json()
    assert (seen["status"], seen["payer"]["email_address"]) == ("APPROVED", "kim@example.com")


def test_canceling_leads_away_and_leaves_the_order_as_it_was(paypal: PayPal) -> None:
    order = paypal.order()
    answer = press(paypal, order, "cancel")
    assert answer.headers["location"] == f"https://studio.example.com/left?token={order}"
    assert status(paypal, order) == "PAYER_ACTION_REQUIRED"
    assert paypal.control("deliveries") == []


def test_a_buyer_may_agree_and_never_return(paypal: PayPal) -> None:
    order = paypal.order()
    answer = press(paypal, order, "close", instrument="balance", webhooks="never")
    assert (answer.status_code, status(paypal, order)) == (200, "APPROVED")
    assert "closed the tab" in answer.text
    assert {row["state"] for row in paypal.control("deliveries")} == {"never"}


def test_a_declined_buyer_comes_back_and_chooses_again(paypal: PayPal) -> None:
    order = paypal.order()
    press(paypal, order, "approve", instrument="declined")
    paypal.capture(order, key="1")
    page = text(paypal, f"/sandbox/paypal/checkoutnow?token={order}")
    assert 'role="alert"' in page
    assert "Your card was declined" in page
    press(paypal, order, "approve", instrument="balance")
    assert captures(paypal.capture(order, key="2").json())[0]["status"] == "COMPLETED"
    assert "This has been paid" in text(paypal, f"/sandbox/paypal/checkoutnow?token={order}")
    late = press(paypal, order, "approve", instrument="balance")
    assert "This has been paid" in text(paypal, late.headers["location"])


def test_an_order_that_ran_out_takes_no_agreement(paypal: PayPal) -> None:
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    order = paypal.order()
    paypal.simulators.control("clock", {"now": 1_780_000_000 + 3 * 3600})
    page = text(paypal, f"/sandbox/paypal/checkoutnow?token={order}")
    assert "This payment has ended" in page
    assert press(paypal, order, "approve").status_code == 303
    assert [each["status"] for each in paypal.control("orders")] == ["FORGOTTEN"]


def test_a_bank_account_is_offered_only_when_the_seller_can_wait(paypal: PayPal) -> None:
    at_once = CONTEXT | {"payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED"}
    for context, offered in ((CONTEXT, True), (at_once, False)):
        order = paypal.order(context=context)
        page = text(paypal, f"/sandbox/paypal/checkoutnow?token={order}")
        assert ('value="echeck"' in page) == offered


def test_the_dashboard_settles_refunds_disputes_and_sends_again(paypal: PayPal) -> None:
    order, _ = paypal.paid("review")
    url = f"/sandbox/paypal/orders/{order}"
    assert order in text(paypal, "/sandbox/paypal")

    def act(action: str, **fields: str) -> str:
        answer = paypal.simulators.http.post(f"{url}/{action}", data=fields)
        assert answer.status_code == 303
        return text(paypal, answer.headers["location"])

    assert "The money arrives" in text(paypal, url)
    assert "completed" in act("settle", outcome="completed")
    assert "Refund of €15.00: completed" in act("refund", amount="15.00")
    assert "less than or equal" in act("refund", amount="999")
    assert "expected format" in act("refund", amount="1,50")
    assert "Inquiry" in act("dispute", kind="inquiry")
    assert "an open case" in act("refund", amount="5.00")
    assert "Claim" in act("dispute/close", outcome="escalate")
    assert "resolved seller favour" in act("dispute/close", outcome="won")
    row = paypal.control("deliveries")[0]
    act("resend", delivery=str(row["id"]))
    assert [each["event_id"] for each in paypal.control("deliveries")].count(row["event_id"]) == 2
    assert "nothing to do that with" in act("resend", delivery="0")


def test_the_dashboard_ends_a_pending_refund(paypal: PayPal) -> None:
    order, capture = paypal.paid("refund_pending")
    paypal.simulators.control("clock", {"now": 1_780_000_000})
    refund = paypal.refund(capture).json()["id"]
    url = f"/sandbox/paypal/orders/{order}"
    assert "It reaches the buyer" in text(paypal, url)
    answer = paypal.simulators.http.post(
        f"{url}/refunds", data={"refund": refund, "outcome": "failed"}
    )
    assert "failed" in text(paypal, answer.headers["location"])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_a_foreign_page_changes_nothing(
    paypal: PayPal, headers: dict[str, str]
) -> None:
    order = paypal.order()
    for path in ("checkoutnow", f"orders/{order}/refund", f"orders/{order}/settle"):
        form = {"token": order, "action": "approve"}
        url = f"/sandbox/paypal/{path}"
        answer = paypal.simulators.http.post(url, data=form, headers=headers)
        assert answer.status_code == 403
    assert status(paypal, order) == "PAYER_ACTION_REQUIRED"


@pytest.mark.parametrize("path", ["checkoutnow?token=unknown", "checkoutnow", "orders/unknown"])
def test_an_unknown_order_is_not_here(paypal: PayPal, path: str) -> None:
    answer = paypal.simulators.http.get(f"/sandbox/paypal/{path}")
    assert answer.status_code == 404
    assert "is not here" in answer.text


def test_the_index_leads_here(paypal: PayPal) -> None:
    assert 'href="/sandbox/paypal"' in text(paypal, "/sandbox")
