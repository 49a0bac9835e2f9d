"""PayPal's refunds, disputes, and the report of what moved."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.paypal import PayPal, euros, issue, link_of, paypal

__all__ = ["paypal"]
Json = dict[str, Any]
NOW = 1_780_000_000
DAY = 86_400
ONE_DAY = {"start_date": "2026-05-02T00:00:00Z", "end_date": "2026-05-03T00:00:00Z"}


def status_of(paypal: PayPal, capture: str) -> str:
    return str(paypal.get(f"/v2/payments/captures/{capture}").json()["status"])


def report(paypal: PayPal, **query: str) -> list[Json]:
    """The account's movements of the week around NOW."""
    window = {"start_date": "2026-05-25T00:00:00Z", "end_date": "2026-06-20T00:00:00Z"}
    answer = paypal.get("/v1/reporting/transactions", **{**window, **query})
    assert answer.status_code == 200, answer.text
    return [each["transaction_info"] for each in answer.json()["transaction_details"]]


@pytest.fixture
def at_now(paypal: PayPal) -> None:
    paypal.simulators.control("clock", {"now": NOW})


def test_refunds_add_up_to_the_capture_and_stand_in_its_order(paypal: PayPal) -> None:
    order, capture = paypal.paid()
    part = {"amount": euros("30.00"), "custom_id": "ref_1.1", "note_to_payer": "Two sessions"}
    first = paypal.refund(capture, part, key="ref_1.1")
    assert first.status_code == 201
    body = first.json()
    assert (body["status"], body["custom_id"], body["amount"]) == (
        "COMPLETED",
        "ref_1.1",
        euros("30.00"),
    )
    assert link_of(body, "up").endswith(f"/v2/payments/captures/{capture}")
    assert status_of(paypal, capture) == "PARTIALLY_REFUNDED"
    rest = paypal.refund(capture, {}, key="ref_2.1").json()
    assert rest["amount"] == euros("90.00")
    assert rest["seller_payable_breakdown"]["total_refunded_amount"] == euros("120.00")
    assert status_of(paypal, capture) == "REFUNDED"
    payments = paypal.get(f"/v2/checkout/orders/{order}").json()["purchase_units"][0]["payments"]
    assert {each["id"] for each in payments["refunds"]} == {body["id"], rest["id"]}
    assert paypal.get(f"/v2/payments/refunds/{rest['id']}").json() == payments["refunds"][0]


def test_the_same_request_id_refunds_once(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    first = paypal.refund(capture, {"amount": euros("10.00")}, key="ref_1.1")
    again = paypal.refund(capture, {"amount": euros("10.00")}, key="ref_1.1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(paypal.control("refunds")) == 1
    paypal.refund(capture, {"amount": euros("10.00")}, key="ref_1.2")
    assert len(paypal.control("refunds")) == 2


@pytest.mark.usefixtures("at_now")
def test_request_ids_of_refunds_are_forgotten_after_45_days(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    paypal.refund(capture, {"amount": euros("10.00")}, key="k")
    for days, count in ((44, 1), (46, 2)):
        paypal.simulators.control("clock", {"now": NOW + days * DAY})
        paypal.token = ""
        paypal.refund(capture, {"amount": euros("10.00")}, key="k")
        assert len(paypal.control("refunds")) == count


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"amount": euros("120.01")}, (422, "REFUND_AMOUNT_EXCEEDED")),
        ({"amount": euros("0.00")}, (422, "CANNOT_BE_ZERO_OR_NEGATIVE")),
        ({"amount": euros("1.005")}, (422, "DECIMAL_PRECISION")),
        (
            {"amount": {"currency_code": "USD", "value": "10.00"}},
            (422, "REFUND_CAPTURE_CURRENCY_MISMATCH"),
        ),
        (
            {"amount": {"currency_code": "JPY", "value": "10.00"}},
            (422, "DECIMALS_NOT_SUPPORTED"),
        ),
        ({"amount": {"value": "10.00"}}, (400, "MISSING_REQUIRED_PARAMETER")),
        ({"custom_id": "ref:1"}, (400, "INVALID_PARAMETER_SYNTAX")),
        ({"note_to_payer": "x" * 256}, (400, "INVALID_STRING_LENGTH")),
    ],
)
def test_a_refund_that_paypal_does_not_make_is_refused(
    paypal: PayPal, body: Json, refusal: tuple[int, str]
) -> None:
    _, capture = paypal.paid()
    assert issue(paypal.refund(capture, body)) == refusal
    assert status_of(paypal, capture) == "COMPLETED"
    assert paypal.refund(capture).status_code == 201


def test_nothing_is_refunded_that_was_not_paid_or_is_refunded(paypal: PayPal) -> None:
    _, pending = paypal.paid("review")
    assert issue(paypal.refund(pending)) == (422, "PENDING_CAPTURE")
    _, declined = paypal.paid("refused")
    assert issue(paypal.refund(declined)) == (422, "REFUND_NOT_ALLOWED")
    _, capture = paypal.paid()
    paypal.refund(capture, key="a")
    assert issue(paypal.refund(capture, key="b")) == (422, "CAPTURE_FULLY_REFUNDED")
    assert issue(paypal.refund("5O190127TN364715T")) == (404, "INVALID_RESOURCE_ID")


@pytest.mark.usefixtures("at_now")
def test_after_180_days_nothing_is_refunded(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    paypal.simulators.control("clock", {"now": NOW + 180 * DAY + 1})
    paypal.token = ""
    assert issue(paypal.refund(capture)) == (422, "REFUND_TIME_LIMIT_EXCEEDED")


def test_an_invoice_id_of_a_refund_is_used_once(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    part = {"amount": euros("10.00"), "invoice_id": "C-1"}
    assert paypal.refund(capture, part, key="a").status_code == 201
    assert issue(paypal.refund(capture, part, key="b")) == (422, "DUPLICATE_INVOICE_ID")


def test_a_refund_can_be_refused_for_want_of_money(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    asked = {"call": "refund", "issue": "REFUND_FAILED_INSUFFICIENT_FUNDS"}
    paypal.control("refuse", asked)
    assert issue(paypal.refund(capture)) == (422, "REFUND_FAILED_INSUFFICIENT_FUNDS")
    assert paypal.refund(capture).status_code == 201


@pytest.mark.usefixtures("at_now")
def test_a_pending_refund_settles_and_a_doomed_one_fails(paypal: PayPal) -> None:
    _, slow = paypal.paid("refund_pending")
    _, doomed = paypal.paid("refund_fails")
    pending = paypal.refund(slow).json()
    assert (pending["status"], pending["status_details"]) == ("PENDING", {"reason": "ECHECK"})
    failing = paypal.refund(doomed).json()
    assert failing["status"] == "COMPLETED"
    paypal.simulators.control("clock", {"now": NOW + 5})
    assert paypal.get(f"/v2/payments/refunds/{pending['id']}").json()["status"] == "COMPLETED"
    assert paypal.get(f"/v2/payments/refunds/{failing['id']}").json()["status"] == "FAILED"
    # The failed refund's money is the seller's again, and can be refunded again.
    assert (status_of(paypal, slow), status_of(paypal, doomed)) == ("REFUNDED", "COMPLETED")
    assert paypal.refund(doomed, key="again").status_code == 201


def test_the_dashboard_refunds_without_any_id_of_the_seller(paypal: PayPal) -> None:
    order, capture = paypal.paid()
    refund = paypal.control(f"captures/{capture}/refund", {"amount": 1_500})
    assert refund["amount"] == euros("15.00")
    assert "custom_id" not in refund
    payments = paypal.get(f"/v2/checkout/orders/{order}").json()["purchase_units"][0]["payments"]
    assert [each["id"] for each in payments["refunds"]] == [refund["id"]]


def test_an_inquiry_moves_no_money_and_may_become_a_claim(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    inquiry = paypal.control(f"captures/{capture}/dispute", {"kind": "inquiry"})
    path = f"/v1/customer/disputes/{inquiry['dispute_id']}"
    [listed] = paypal.get("/v1/customer/disputes", dispute_state="OPEN_INQUIRIES").json()["items"]
    assert listed["dispute_id"] == inquiry["dispute_id"]
    shown = paypal.get(path).json()
    assert (shown["dispute_life_cycle_stage"], shown["dispute_amount"]) == (
        "INQUIRY",
        euros("120.00"),
    )
    assert "money_movements" not in shown
    assert shown["disputed_transactions"][0]["seller_transaction_id"] == capture
    claim = paypal.control(f"disputes/{inquiry['dispute_id']}/escalate", {})
    assert claim["dispute_life_cycle_stage"] == "CHARGEBACK"
    [taken] = claim["money_movements"]
    assert (taken["affected_party"], taken["type"], taken["amount"]) == (
        "SELLER",
        "DEBIT",
        euros("120.00"),
    )
    again = paypal.simulators.http.post(
        f"/control/paypal/disputes/{inquiry['dispute_id']}/escalate", json={}
    )
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("outcome", "code", "last_move"),
    [
        ("won", "RESOLVED_SELLER_FAVOUR", "CREDIT DISPUTE_SETTLEMENT"),
        ("payout", "RESOLVED_WITH_PAYOUT", "CREDIT DISPUTE_SETTLEMENT"),
        ("canceled", "CANCELED_BY_BUYER", "CREDIT DISPUTE_SETTLEMENT"),
        ("lost", "RESOLVED_BUYER_FAVOUR", "DEBIT DISPUTE_FEE"),
    ],
)
def test_a_claim_ends_and_the_money_comes_back_unless_it_is_lost(
    paypal: PayPal, outcome: str, code: str, last_move: str
) -> None:
    _, capture = paypal.paid("disputed")
    [opened] = paypal.get("/v1/customer/disputes").json()["items"]
    ended = paypal.control(f"disputes/{opened['dispute_id']}/close", {"outcome": outcome})
    assert ended["status"] == "RESOLVED"
    assert ended["dispute_outcome"]["outcome_code"] == code
    moves = [f"{move['type']} {move['reason']}" for move in ended["money_movements"]]
    assert moves == ["DEBIT DISPUTE_SETTLEMENT", last_move]
    refused = paypal.refund(capture)
    if outcome == "lost":
        assert ended["dispute_outcome"]["amount_refunded"] == euros("120.00")
        assert issue(refused) == (422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
    else:
        assert refused.status_code == 201


@pytest.mark.parametrize("kind", ["inquiry", "chargeback"])
def test_while_a_case_is_open_only_the_whole_payment_is_refunded(paypal: PayPal, kind: str) -> None:
    _, capture = paypal.paid()
    paypal.control(f"captures/{capture}/dispute", {"kind": kind})
    part = paypal.refund(capture, {"amount": euros("10.00")}, key="a")
    assert issue(part) == (422, "TRANSACTION_DISPUTED")
    assert paypal.refund(capture, key="b").status_code == 201


def test_a_payment_is_disputed_once_and_never_for_more_than_it_was(paypal: PayPal) -> None:
    _, capture = paypal.paid()
    url = f"/control/paypal/captures/{capture}/dispute"
    paypal.control(f"captures/{capture}/refund", {"amount": 10_000})
    assert paypal.simulators.http.post(url, json={"amount": 2_001}).status_code == 422
    opened = paypal.control(f"captures/{capture}/dispute", {"amount": 500})
    assert opened["dispute_amount"] == euros("5.00")
    assert paypal.simulators.http.post(url, json={}).status_code == 422


def test_disputes_are_listed_by_page_time_and_payment(paypal: PayPal) -> None:
    assert "items" not in paypal.get("/v1/customer/disputes").json()
    captures: list[str] = []
    for number in range(3):
        paypal.simulators.control("clock", {"now": NOW + number * DAY})
        paypal.token = ""
        captures.append(paypal.paid()[1])
        paypal.control(f"captures/{captures[-1]}/dispute", {})
    first = paypal.get("/v1/customer/disputes", page_size="2").json()
    assert len(first["items"]) == 2
    rest = paypal.simulators.http.get(
        link_of(first, "next"), headers={"authorization": f"Bearer {paypal.token}"}
    ).json()
    ids = [each["dispute_id"] for each in (*first["items"], *rest["items"])]
    assert len(set(ids)) == 3
    assert [each["rel"] for each in rest["links"]] == ["self"]
    since = paypal.get("/v1/customer/disputes", update_time_after="2026-05-29T20:26:40Z").json()
    assert [each["dispute_id"] for each in since["items"]] == ids[:2]
    one = paypal.get("/v1/customer/disputes", disputed_transaction_id=captures[0]).json()
    assert [each["dispute_id"] for each in one["items"]] == ids[2:]
    wrong = paypal.get("/v1/customer/disputes", page_size="51")
    assert issue(wrong) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.usefixtures("at_now")
def test_the_report_shows_payments_fees_refunds_and_disputes(paypal: PayPal) -> None:
    _, capture = paypal.paid(invoice_id="INV-1")
    paypal.refund(capture, {"amount": euros("20.00"), "custom_id": "ref_1.1"})
    _, disputed = paypal.paid("disputed")
    [opened] = paypal.get("/v1/customer/disputes").json()["items"]
    paypal.control(f"disputes/{opened['dispute_id']}/close", {"outcome": "lost"})
    lines = report(paypal)
    codes = sorted(line["transaction_event_code"] for line in lines)
    assert codes == ["T0006", "T0006", "T0106", "T1107", "T1201"]
    paid = next(line for line in lines if line["transaction_id"] == capture)
    assert paid["transaction_amount"] == euros("120.00")
    assert paid["fee_amount"] == euros("-3.94")
    assert (paid["custom_field"], paid["invoice_id"]) == ("ord_1", "INV-1")
    refunded = next(line for line in lines if line["transaction_event_code"] == "T1107")
    assert refunded["transaction_amount"] == euros("-20.00")
    assert refunded["paypal_reference_id"] == capture
    reversed_line = next(line for line in lines if line["transaction_event_code"] == "T1201")
    assert reversed_line["transaction_amount"] == euros("-120.00")
    assert reversed_line["paypal_reference_id"] == disputed
    assert [line["transaction_id"] for line in report(paypal, transaction_id=capture)] == [capture]


@pytest.mark.usefixtures("at_now")
def test_the_report_tells_pending_and_denied_payments_and_comes_late(paypal: PayPal) -> None:
    order, _ = paypal.paid("review")
    assert [line["transaction_status"] for line in report(paypal)] == ["P"]
    paypal.control(f"orders/{order}/settle", {"outcome": "denied"})
    assert [line["transaction_status"] for line in report(paypal)] == ["D"]
    paypal.control("reports", {"delay": 3 * 3600})
    assert report(paypal) == []
    paypal.simulators.control("clock", {"now": NOW + 3 * 3600})
    assert len(report(paypal)) == 1


@pytest.mark.usefixtures("at_now")
def test_the_report_is_paged_and_never_longer_than_31_days(paypal: PayPal) -> None:
    ids = {paypal.paid()[1] for _ in range(3)}
    pages = [report(paypal, page_size="2", page=page) for page in ("1", "2")]
    assert [len(page) for page in pages] == [2, 1]
    assert {line["transaction_id"] for page in pages for line in page} == ids
    for query in (
        {"start_date": "2026-05-01T00:00:00Z", "end_date": "2026-06-01T00:00:01Z"},
        {"start_date": "2026-06-02T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"start_date": "2026-06-02", "end_date": "2026-06-03T00:00:00Z"},
        {**ONE_DAY, "page_size": "0"},
    ):
        answer = paypal.get("/v1/reporting/transactions", **query)
        assert issue(answer) == (400, "INVALID_PARAMETER_VALUE")
    missing = paypal.get("/v1/reporting/transactions", start_date="2026-05-02T00:00:00Z")
    assert issue(missing) == (400, "MISSING_REQUIRED_PARAMETER")


def test_time_passes_by_itself(paypal: PayPal) -> None:
    _, capture = paypal.paid("refund_pending")
    refund = paypal.refund(capture).json()["id"]
    paypal.simulators.control("clock", {"offset": 10})
    until = time.monotonic() + 30
    while paypal.control("refunds")[0]["status"] != "COMPLETED" and time.monotonic() < until:
        time.sleep(0.05)
    assert paypal.get(f"/v2/payments/refunds/{refund}").json()["status"] == "COMPLETED"
