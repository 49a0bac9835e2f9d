"""The pages on which a person plays the rest of the world, as plain HTML without scripts."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Callable

import httpx
import pytest

from tests.sandbox.conftest import Simulators

Mail = Callable[..., httpx.Response]


def text(simulators: Simulators, path: str) -> str:
    """A page's HTML, with its entities read."""
    return html.unescape(simulators.http.get(path).raise_for_status().text)


def pay(simulators: Simulators, session_id: str, **fields: str) -> httpx.Response:
    """Send the payment form as a browser would."""
    form = {"card": "4242 4242 4242 4242", "webhooks": "now", **fields}
    return simulators.http.post(f"/sandbox/stripe/pay/{session_id}", data=form)


def test_the_payment_page_says_what_is_paid_and_that_it_is_simulated(
    simulators: Simulators,
) -> None:
    session = simulators.checkout()
    page = text(simulators, f"/sandbox/stripe/pay/{session.id}")
    assert "Simulated Stripe: no real money" in page
    assert "Four sessions" in page
    assert re.search(r"<button[^>]*>Pay €120\.00</button>", page)
    assert 'name="card"' in page
    assert "4000 0000 0000 0002" in page
    assert "mentee@example.com" in page
    assert 'href="https://studio.example.com/back"' in page
    assert "<script" not in page


def test_paying_leads_to_the_success_address(simulators: Simulators) -> None:
    session = simulators.checkout()
    answer = pay(simulators, session.id)
    assert answer.status_code == 303
    expected = f"https://studio.example.com/paid?session={session.id}"
    assert answer.headers["location"] == expected
    events = simulators.receiver.wait_for(2)
    assert events[0]["data"]["object"]["object"] in {"payment_intent", "checkout.session"}
    # The back button, or a second click: the page says that it is over, and leads on.
    again = text(simulators, f"/sandbox/stripe/pay/{session.id}")
    assert "This has been paid" in again
    assert expected in again
    assert pay(simulators, session.id).status_code == 303
    assert len(simulators.control("stripe/deliveries")) == 2


def test_a_declined_card_says_so_and_can_be_tried_again(simulators: Simulators) -> None:
    session = simulators.checkout()
    answer = pay(simulators, session.id, card="4000000000000002")
    assert answer.status_code == 303
    page = text(simulators, answer.headers["location"])
    assert 'role="alert"' in page
    assert "Your card was declined." in page
    unknown = pay(simulators, session.id, card="<b>17</b>")
    assert "not one of the test numbers" in text(simulators, unknown.headers["location"])
    assert pay(simulators, session.id).headers["location"].startswith("https://studio.example.com")


@pytest.mark.parametrize("card", ["4000002500003155", "4000002760003184"])
def test_authentication_can_fail_and_then_pass(simulators: Simulators, card: str) -> None:
    session = simulators.checkout()
    step = pay(simulators, session.id, card=card, webhooks="never").headers["location"]
    page = text(simulators, step)
    assert "Complete authentication" in page
    url = f"/sandbox/stripe/pay/{session.id}/authenticate"
    failed = simulators.http.post(url, data={"outcome": "fail"})
    assert "unable to authenticate" in text(simulators, failed.headers["location"])
    pay(simulators, session.id, card=card, webhooks="never")
    passed = simulators.http.post(url, data={"outcome": "complete", "webhooks": "never"})
    assert passed.headers["location"].startswith("https://studio.example.com/paid")
    assert {row["state"] for row in simulators.control("stripe/deliveries")} == {"never"}


def test_paying_by_bank_shows_that_the_result_comes_later(simulators: Simulators) -> None:
    session = simulators.checkout()
    assert "the result comes later" in text(simulators, f"/sandbox/stripe/pay/{session.id}")
    answer = pay(simulators, session.id, method="sepa_debit")
    assert answer.headers["location"].startswith("https://studio.example.com/paid")
    assert "working on it" in text(simulators, f"/sandbox/stripe/pay/{session.id}")


def test_an_ended_session_says_so_and_takes_no_money(simulators: Simulators) -> None:
    session = simulators.checkout()
    simulators.stripe.v1.checkout.sessions.expire(session.id)
    page = text(simulators, f"/sandbox/stripe/pay/{session.id}")
    assert "This payment has ended" in page
    pay(simulators, session.id)
    again = simulators.stripe.v1.checkout.sessions.retrieve(session.id)
    assert (again.status, again.payment_status) == ("expired", "unpaid")


def test_without_a_known_address_the_page_asks_for_one(simulators: Simulators) -> None:
    params = simulators.stripe.v1.checkout.sessions.create(
        params={
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {
                        "currency": "jpy",
                        "unit_amount": 1_500,
                        "product_data": {"name": "One session"},
                    },
                    "quantity": 2,
                }
            ],
            "success_url": "https://studio.example.com/paid",
        }
    )
    page = text(simulators, f"/sandbox/stripe/pay/{params.id}")
    assert 'name="email"' in page
    assert "Pay JP¥3,000" in page
    pay(simulators, params.id, email="buyer@example.com")
    session = simulators.stripe.v1.checkout.sessions.retrieve(params.id)
    assert session.customer_details is not None
    assert session.customer_details.email == "buyer@example.com"


def test_the_dashboard_refunds_disputes_and_sends_again(simulators: Simulators) -> None:
    session_id, _ = simulators.paid()
    simulators.receiver.wait_for(2)
    url = f"/sandbox/stripe/sessions/{session_id}"
    assert session_id in text(simulators, "/sandbox/stripe")

    def press(action: str, **fields: str) -> str:
        answer = simulators.http.post(f"{url}/{action}", data=fields)
        assert answer.status_code == 303
        return text(simulators, answer.headers["location"])

    assert "Refund of €15.00: succeeded" in press("refund", amount="1500")
    assert "greater than unrefunded amount" in press("refund", amount="99999")
    assert "minor units" in press("refund", amount="1,50")
    assert "Dispute: needs response" in press("dispute", kind="chargeback")
    assert "Dispute: won" in press("dispute/close", outcome="won")
    simulators.receiver.wait_for(8)
    row = simulators.control("stripe/deliveries")[0]
    press("resend", delivery=str(row["id"]))
    events = simulators.receiver.wait_for(9)
    assert [event["id"] for event in events].count(row["event_id"]) == 2


def test_the_dashboard_settles_a_bank_debit(simulators: Simulators) -> None:
    session = simulators.checkout()
    simulators.pay(session.id, method="sepa_debit")
    url = f"/sandbox/stripe/sessions/{session.id}"
    assert "The money arrives" in text(simulators, url)
    simulators.http.post(f"{url}/settle", data={"outcome": "succeeded", "webhooks": "never"})
    settled = simulators.stripe.v1.checkout.sessions.retrieve(session.id)
    assert settled.payment_status == "paid"
    refused = simulators.http.post(f"{url}/settle", data={"outcome": "failed"})
    assert 'role="alert"' in text(simulators, refused.headers["location"])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_a_foreign_page_changes_nothing(
    simulators: Simulators, headers: dict[str, str]
) -> None:
    session = simulators.checkout()
    paths = ("pay/{}", "pay/{}/authenticate", "sessions/{}/refund", "sessions/{}/settle")
    for path in paths:
        url = f"/sandbox/stripe/{path.format(session.id)}"
        assert simulators.http.post(url, data={}, headers=headers).status_code == 403
    again = simulators.stripe.v1.checkout.sessions.retrieve(session.id)
    assert again.status == "open"


@pytest.mark.parametrize(
    "path",
    [
        "/sandbox/stripe/pay/cs_unknown",
        "/sandbox/stripe/pay/cs_unknown/authenticate",
        "/sandbox/stripe/sessions/cs_unknown",
        "/sandbox/mail/unknown",
    ],
)
def test_an_unknown_thing_is_not_here(simulators: Simulators, path: str) -> None:
    answer = simulators.http.get(path)
    assert answer.status_code == 404
    assert "is not here" in answer.text


def test_the_mailbox_shows_mails_and_their_links(simulators: Simulators, mail: Mail) -> None:
    assert "No mail was sent yet" in text(simulators, "/sandbox/mail")
    link = "https://studio.example.com/verify?token=abc"
    body = {
        "from": "Mentorships <studio@example.com>",
        "to": "mentee@example.com",
        "subject": "Verify <your> address",
        "text": f"Hello, open {link} please.",
        "html": f'<p><a href="{link}">Verify</a></p><script>alert(1)</script>',
        "attachments": [
            {
                "filename": "session.ics",
                "content": b64encode(b"SUMMARY:<b>Zo\xc3\xab").decode(),
                "content_type": "text/calendar; method=REQUEST",
            }
        ],
    }
    mail_id = mail("/emails", body).json()["id"]
    listed = simulators.http.get("/sandbox/mail?to=mentee@example.com").text
    assert f'href="/sandbox/mail/{mail_id}"' in listed
    assert "Verify &lt;your&gt; address" in listed
    assert "No mail to" in simulators.http.get("/sandbox/mail?to=other@example.com").text
    answer = simulators.http.get(f"/sandbox/mail/{mail_id}")
    assert f'<a href="{link}"' in answer.text
    assert 'target="_top"' in answer.text
    assert "Attached: session.ics" in answer.text
    assert "SUMMARY:&lt;b&gt;Zoë" in answer.text
    assert '<base target="_top"><p>' in html.unescape(answer.text)
    # The mail's own HTML is only ever inside the frame, where nothing may run.
    assert "<script" not in answer.text
    assert "allow-scripts" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_every_page_leads_to_the_others(simulators: Simulators) -> None:
    for path in ("/sandbox", "/sandbox/stripe", "/sandbox/mail"):
        page = text(simulators, path)
        assert 'href="/sandbox/stripe"' in page
        assert 'href="/sandbox/mail"' in page
    assert simulators.http.get("/sandbox/style.css").headers["content-type"].startswith("text/css")
