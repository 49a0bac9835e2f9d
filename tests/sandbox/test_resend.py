"""The mail simulator: what it takes, what it refuses, idempotency keys, the mailbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests import Request, Response

from mentorships.sandbox import resend_schema
from tests.sandbox.conftest import Simulators
from tests.sandbox.specs import spec

Mail = Callable[..., httpx.Response]
PATHS = ("/emails", "/emails/batch", "/emails/{email_id}", "/domains")


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
    for answer in (sent, batch, found, domains):
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
