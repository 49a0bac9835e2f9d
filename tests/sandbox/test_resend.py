"""The mail simulator: what it takes, what it refuses, idempotency keys, the mailbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests import Request, Response
from standardwebhooks.webhooks import Webhook

from mentorships.sandbox import resend_events, resend_schema
from tests.sandbox.conftest import Simulators
from tests.sandbox.specs import spec

Mail = Callable[..., httpx.Response]
PATHS = (
    "/emails",
    "/emails/batch",
    "/emails/{email_id}",
    "/domains",
    "/suppressions/{suppression}",
)


def message(**changes: object) -> dict[str, Any]:
    full: dict[str, object] = {
        "from": "Mentorships <studio@example.com>",
        "to": ["mentee@example.com"],
        "subject": "Your seat is yours",
        "text": "Hello\nhttps://studio.example.com/packs",
        "html": "<p>Hello <a href='https://studio.example.com/packs'>packs</a></p>",
        "reply_to": "mentor@example.com",
        "headers": {"X-Order": "ord_1"},
        "tags": [{"name": "kind", "value": "purchase"}],
    }
    full.update(changes)
    return {name: value for name, value in full.items() if value is not None}


def as_requests(answer: httpx.Response) -> tuple[RequestsOpenAPIRequest, RequestsOpenAPIResponse]:
    """The exchange as openapi-core reads it, at the address of the vendor's specification."""
    asked = answer.request
    url = str(asked.url).split("/resend", 1)[1]
    sent = Request(
        asked.method,
        f"https://api.resend.com{url}",
        headers=dict(asked.headers),
        data=asked.content,
    )
    answered = Response()
    answered.status_code = answer.status_code
    answered.headers.update(answer.headers)
    answered._content = answer.content  # pyright: ignore[reportPrivateUsage]  # no public setter
    return RequestsOpenAPIRequest(sent), RequestsOpenAPIResponse(answered)


def test_the_fields_are_those_of_resends_specification() -> None:
    schemas = spec("resend.json")["components"]["schemas"]
    assert schemas["SendEmailRequest"]["properties"].keys() == resend_schema.FIELDS
    assert schemas["Attachment"]["properties"].keys() == resend_schema.ATTACHMENT_FIELDS
    assert schemas["Tag"]["properties"].keys() == resend_schema.TAG_FIELDS


def test_exchanges_match_resends_specification(simulators: Simulators, mail: Mail) -> None:
    document = spec("resend.json")
    paths = {path: document["paths"][path] for path in PATHS}
    api = OpenAPI.from_dict({**document, "paths": paths, "webhooks": {}})
    file = {"filename": "session.ics", "content": "QkVHSU4=", "content_type": "text/calendar"}
    sent = mail("/emails", message(attachments=[file]), key="purchase/ord_1")
    batch = mail("/emails/batch", [message(headers=None), message(subject="Two")])
    bearer = {"authorization": sent.request.headers["authorization"]}
    found = simulators.http.get(f"/resend/emails/{sent.json()['id']}", headers=bearer)
    domains = simulators.http.get("/resend/domains", headers=bearer)
    mail("/emails", message(to=["bounced@example.com"]))
    unblock = simulators.http.delete("/resend/suppressions/bounced@example.com", headers=bearer)
    for answer in (sent, batch, found, domains, unblock):
        assert answer.status_code == 200
        request, response = as_requests(answer)
        api.validate_request(request)
        api.validate_response(request, response)
        known = api.unmarshal_response(request, response).data
        assert known is not None


def test_every_field_of_a_fetched_mail_is_in_the_specification(
    simulators: Simulators, mail: Mail
) -> None:
    sent = mail("/emails", message(cc="cc@example.com", bcc=["bcc@example.com"]))
    bearer = {"authorization": sent.request.headers["authorization"]}
    body = simulators.http.get(f"/resend/emails/{sent.json()['id']}", headers=bearer).json()
    known = spec("resend.json")["components"]["schemas"]["Email"]["properties"]
    assert set(body) <= set(known)
    assert body["to"] == ["mentee@example.com"]
    assert body["cc"] == ["cc@example.com"]
    assert body["last_event"] == "delivered"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"to": None}, "missing_required_field"),
        ({"from": None}, "missing_required_field"),
        ({"subject": None}, "missing_required_field"),
        ({"text": None, "html": None}, "missing_required_field"),
        ({"to": []}, "missing_required_field"),
        ({"to": ["nobody"]}, "validation_error"),
        ({"to": [f"m{n}@example.com" for n in range(51)]}, "validation_error"),
        ({"from": ["a@example.com"]}, "validation_error"),
        ({"cc": 7}, "validation_error"),
        ({"subject": 7}, "validation_error"),
        ({"body": "text"}, "validation_error"),
        ({"tags": [{"name": "with space", "value": "x"}]}, "validation_error"),
        ({"tags": {"name": "kind"}}, "validation_error"),
        ({"headers": {"X-A": "1\r\nBcc: all@example.com"}}, "validation_error"),
        ({"attachments": [{"filename": "a.pdf"}]}, "validation_error"),
        ({"attachments": [{"content": "x", "size": 1}]}, "validation_error"),
        ({"to": ["a@example.com\r\nBcc: b@example.com"]}, "validation_error"),
    ],
)
def test_a_message_that_resend_does_not_take_is_refused(
    simulators: Simulators, mail: Mail, changes: dict[str, object], name: str
) -> None:
    answer = mail("/emails", message(**changes), key="purchase/ord_1")
    assert answer.status_code == 422
    body = answer.json()
    assert set(body) == {"statusCode", "name", "message"}
    assert (body["statusCode"], body["name"]) == (422, name)
    assert simulators.control("mail") == []
    # A refused message leaves its key free.
    assert mail("/emails", message(), key="purchase/ord_1").status_code == 200


@pytest.mark.parametrize("body", [[message()], "text", None, []])
def test_something_that_is_no_message_is_refused(mail: Mail, body: object) -> None:
    assert mail("/emails", body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [message(), [], [message()] * 101, [message(attachments=[{"content": "x"}])], [7]],
)
def test_a_batch_that_resend_does_not_take_is_refused_whole(
    simulators: Simulators, mail: Mail, body: object
) -> None:
    assert mail("/emails/batch", body).status_code == 422
    assert simulators.control("mail") == []


def test_a_wrong_or_missing_key_is_refused(simulators: Simulators, mail: Mail) -> None:
    assert mail("/emails", message(), bearer="re_other").json()["name"] == "invalid_api_key"
    without = simulators.http.post("/resend/emails", json=message())
    assert (without.status_code, without.json()["name"]) == (401, "missing_api_key")


def test_the_same_key_sends_one_mail(simulators: Simulators, mail: Mail) -> None:
    first = mail("/emails", message(), key="purchase/ord_1")
    second = mail("/emails", message(), key="purchase/ord_1")
    assert first.json() == second.json()
    assert len(simulators.control("mail")) == 1


def test_the_same_key_with_another_message_is_refused(simulators: Simulators, mail: Mail) -> None:
    mail("/emails", message(), key="purchase/ord_1")
    answer = mail("/emails", message(subject="Other"), key="purchase/ord_1")
    assert (answer.status_code, answer.json()["name"]) == (409, "invalid_idempotent_request")
    assert len(simulators.control("mail")) == 1


def test_a_key_is_forgotten_after_a_day(simulators: Simulators, mail: Mail) -> None:
    first = mail("/emails", message(), key="purchase/ord_1")
    simulators.control("clock", {"offset": 24 * 3600 + 5})
    assert mail("/emails", message(), key="purchase/ord_1").json() != first.json()


def test_a_key_that_is_too_long_is_refused(mail: Mail) -> None:
    answer = mail("/emails", message(), key="k" * 257)
    assert (answer.status_code, answer.json()["name"]) == (400, "invalid_idempotency_key")


def test_the_rate_limit_holds_only_when_it_is_switched_on(
    simulators: Simulators, mail: Mail
) -> None:
    assert {mail("/emails", message()).status_code for _ in range(12)} == {200}
    simulators.control("mail/rate", {"limited": True})
    answers = [mail("/emails", message()) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["name"] == "rate_limit_exceeded"


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", 0), ("drop_after", 1)])
def test_a_lost_connection_loses_the_request_or_only_its_answer(
    simulators: Simulators, mail: Mail, kind: str, kept: int
) -> None:
    fault = {"vendor": "resend", "path": "/emails", "method": "POST", "kind": kind}
    simulators.control("faults", fault)
    with pytest.raises(httpx.TransportError):
        mail("/emails", message(), key="purchase/ord_1")
    assert len(simulators.control("mail")) == kept
    assert mail("/emails", message(), key="purchase/ord_1").status_code == 200
    assert len(simulators.control("mail")) == 1


def test_a_planned_error_is_used_up(simulators: Simulators, mail: Mail) -> None:
    fault = {"vendor": "resend", "kind": "status", "status": 503, "times": 2}
    simulators.control("faults", fault)
    assert [mail("/emails", message()).status_code for _ in range(3)] == [503, 503, 200]


def test_mails_are_found_by_recipient_newest_first(simulators: Simulators, mail: Mail) -> None:
    for number, to in enumerate(("a@example.com", "B <b@example.com>", "a@example.com")):
        simulators.control("clock", {"now": 1_800_000_000 + number})
        mail("/emails", message(to=to, subject=f"Mail {number}"))
    found = simulators.control("mail?to=A@example.com")
    assert [each["subject"] for each in found] == ["Mail 2", "Mail 0"]
    assert len(simulators.control("mail?to=b@example.com")) == 1
    assert simulators.control("mail")[0]["headers"] == {"X-Order": "ord_1"}


FATES = {
    "delivered": ["email.delivered"],
    "delayed": ["email.delivery_delayed"],
    "bounced": ["email.bounced"],
    "full": ["email.bounced"],
    "complained": ["email.delivered", "email.complained"],
    "suppressed": ["email.suppressed"],
    "failed": ["email.failed"],
}


def reports(simulators: Simulators) -> list[dict[str, Any]]:
    """The webhooks that wait, oldest first."""
    return simulators.control("resend/deliveries?state=pending")


@pytest.mark.parametrize("address", ["{}@resend.dev", "{}+nora@example.com", "Nora <{}@b.example>"])
@pytest.mark.parametrize("fate", FATES)
def test_addresses_behave_as_resends_test_addresses_do(
    simulators: Simulators, mail: Mail, fate: str, address: str
) -> None:
    simulators.control("resend/webhooks", {"mode": "hold"})
    mail("/emails", message(to=[address.format(fate)]))
    assert [each["type"] for each in reports(simulators)] == FATES[fate]


@pytest.mark.parametrize("fate", FATES)
def test_reports_match_resends_specification(simulators: Simulators, mail: Mail, fate: str) -> None:
    document = spec("resend.json")
    simulators.control("resend/webhooks", {"mode": "hold"})
    mail("/emails", message(to=[f"{fate}@example.com"]))
    for each in reports(simulators):
        found = document["webhooks"][each["type"]]["post"]["requestBody"]["content"]
        schema = found["application/json"]["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(json.loads(each["body"]))


def test_a_report_is_signed_as_svix_signs_and_brings_our_tags_back(
    simulators: Simulators, mail: Mail
) -> None:
    simulators.control("resend/webhooks", {"mode": "hold"})
    sent = mail("/emails", message())
    [held] = reports(simulators)
    assert held["url"] == f"{simulators.receiver.address}/api/webhooks/resend"
    assert held["headers"]["svix-id"].startswith("msg_")
    told = json.loads(held["body"])
    assert told["data"]["email_id"] == sent.json()["id"]
    assert told["data"]["tags"] == {"kind": "purchase"}
    assert told["data"]["headers"] == [{"name": "X-Order", "value": "ord_1"}]
    secret, at = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0", 1_772_445_600
    ours = resend_events.signature(b"{}", secret, "msg_1", at)
    assert ours == Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), "{}")


def test_any_address_can_be_given_a_fate_and_lose_it(simulators: Simulators, mail: Mail) -> None:
    simulators.control("resend/webhooks", {"mode": "hold"})
    for fate in ("bounced", ""):
        simulators.control("mail/fate", {"address": "Mentee@example.com", "fate": fate})
        mail("/emails", message())
    assert [each["type"] for each in reports(simulators)] == ["email.bounced", "email.delivered"]


@pytest.mark.parametrize(
    ("what", "reason"),
    [("bounced", "previous_bounce"), ("complained", "previous_complaint")],
)
def test_to_an_address_that_failed_for_good_nothing_is_sent_until_it_is_unblocked(
    simulators: Simulators, mail: Mail, what: str, reason: str
) -> None:
    simulators.control("resend/webhooks", {"mode": "hold"})
    first = mail("/emails", message())
    simulators.control(f"mail/{first.json()['id']}/report", {"what": what})
    mail("/emails", message())
    last = reports(simulators)[-1]
    assert last["type"] == "email.suppressed"
    assert json.loads(last["body"])["data"]["suppressed"]["reason"] == reason
    bearer = {"authorization": first.request.headers["authorization"]}
    path = "/resend/suppressions/Mentee@example.com"
    answers = [simulators.http.delete(path, headers=bearer).status_code for _ in range(2)]
    assert answers == [200, 404]
    assert simulators.http.delete(path).status_code == 401
    mail("/emails", message())
    assert reports(simulators)[-1]["type"] == "email.delivered"


def test_what_was_sent_is_listed_in_pages_newest_first(simulators: Simulators, mail: Mail) -> None:
    sent = [mail("/emails", message(subject=str(n))) for n in range(5)]
    bearer = {"authorization": sent[0].request.headers["authorization"]}
    first = simulators.http.get("/resend/emails?limit=3", headers=bearer)
    after = first.json()["data"][-1]["id"]
    rest = simulators.http.get(f"/resend/emails?limit=3&after={after}", headers=bearer)
    assert [each["subject"] for each in first.json()["data"]] == ["4", "3", "2"]
    assert [each["subject"] for each in rest.json()["data"]] == ["1", "0"]
    assert (first.json()["has_more"], rest.json()["has_more"]) == (True, False)
    assert simulators.http.get("/resend/emails?limit=0", headers=bearer).status_code == 422
    assert simulators.http.get("/resend/emails").status_code == 401
    document = spec("resend.json")
    api = OpenAPI.from_dict(
        {**document, "paths": {"/emails": document["paths"]["/emails"]}, "webhooks": {}}
    )
    request, response = as_requests(first)
    api.validate_response(request, response)


@pytest.mark.parametrize("full", ["daily", "monthly"])
def test_a_full_quota_refuses_every_mail_by_name(
    simulators: Simulators, mail: Mail, full: str
) -> None:
    simulators.control("mail/quota", {"full": full})
    answer = mail("/emails", message())
    assert (answer.status_code, answer.json()["name"]) == (429, f"{full}_quota_exceeded")
    simulators.control("mail/quota", {"full": ""})
    assert mail("/emails", message()).status_code == 200


def test_a_person_says_in_the_mailbox_what_becomes_of_a_mail(
    simulators: Simulators, mail: Mail
) -> None:
    simulators.control("resend/webhooks", {"mode": "hold"})
    page = f"/sandbox/mail/{mail('/emails', message()).json()['id']}"
    assert "delivered" in simulators.http.get(page).text
    assert simulators.http.post(f"{page}/report", data={"what": "bounced"}).status_code == 303
    assert "came back" in simulators.http.get(page).text
    assert [each["type"] for each in reports(simulators)][-1] == "email.bounced"
    foreign = {"origin": "https://evil.example"}
    refused = simulators.http.post(f"{page}/report", data={"what": "failed"}, headers=foreign)
    assert refused.status_code == 403
    assert simulators.http.post("/sandbox/mail/x/report", data={}).status_code == 404
