"""Reading Resend's reports, against its own schema of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.providers.hooks import BadEvent
from services.providers.mail.base import Gone, Happened
from services.providers.mail.resend_events import TYPES, report
from tests.sandbox.specs import spec

AT = "2026-03-02T10:00:00.000Z"
USUAL: dict[str, Any] = {
    "email_id": "4ef9a417",
    "created_at": AT,
    "from": "Studio <studio@example.com>",
    "to": ["Nora@Example.com"],
    "subject": "Hello",
    "tags": {"kind": "purchase", "delivery": "mai_1"},
}


def told(kind: str, **more: Any) -> Any:
    return report(json.dumps({"type": kind, "created_at": AT, "data": USUAL | more}))


def test_all_types_that_are_read_exist_in_resends_specification() -> None:
    assert TYPES.keys() <= spec("resend.json")["webhooks"].keys()


def test_a_report_names_the_mail_by_their_id_and_by_ours() -> None:
    found = told("email.delivered")
    assert (found.mail_id, found.delivery) == ("4ef9a417", "mai_1")
    assert found.at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert (found.happened, found.gone) == (Happened.DELIVERED, None)


@pytest.mark.parametrize(
    ("kind", "gone"),
    [("Permanent", Gone.NOBODY_THERE), ("Transient", None), ("Undetermined", None)],
)
def test_only_a_permanent_bounce_says_that_an_address_is_gone(kind: str, gone: Gone | None) -> None:
    bounce = {"type": kind, "subType": "General", "message": "Nobody here.", "diagnosticCode": []}
    found = told("email.bounced", bounce=bounce)
    assert (found.reason, found.gone) == ("Nobody here.", gone)


def test_every_kind_of_bounce_in_the_specification_is_one_of_these() -> None:
    schema = spec("resend.json")["components"]["schemas"]["WebhookEventBounce"]
    assert set(schema["properties"]["type"]["enum"]) == {"Permanent", "Transient", "Undetermined"}


def test_what_resend_itself_holds_back_says_why() -> None:
    held = {"type": "OnAccountSuppressionList", "reason": "previous_complaint", "message": ""}
    found = told("email.suppressed", suppressed=held)
    assert found.gone is Gone.CALLED_SPAM
    assert "spam" in found.reason


def test_a_failure_of_theirs_is_not_the_readers() -> None:
    found = told("email.failed", failed={"reason": "reached_daily_quota"})
    assert (found.reason, found.gone) == ("reached daily quota", None)


@pytest.mark.parametrize(
    "tags", [None, [], "mai_1", {"delivery": 7}, {"delivery": "x" * 99}, {"delivery": "ü"}]
)
def test_tags_of_any_other_shape_name_nothing(tags: object) -> None:
    assert told("email.delivered", tags=tags).delivery == ""


@pytest.mark.parametrize("payload", ["{", "\ud800".encode("utf-8", "replace").decode()])
def test_what_is_no_json_is_a_bad_event(payload: str) -> None:
    with pytest.raises(BadEvent):
        report(payload)
