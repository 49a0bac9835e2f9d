"""What the mail service reports: in any order, twice, of mails that are not ours, and forged."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services import db, inbox, mail
from services.inbox import Outcome
from services.mail import suppressions
from services.models import (
    InboxEvent,
    InboxStatus,
    MailDelivery,
    MailStatus,
    MailSuppression,
    SuppressionReason,
    User,
)
from services.providers.hooks import BadEvent
from tests.services.mailing import delivery, event, fate, send, sent, take_in, told, waiting
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import Studio, stored

NORA = "nora@example.com"


def nora() -> User:
    return a_user("Nora Novak", email=NORA)


def listed() -> list[tuple[str, SuppressionReason]]:
    return [(row.address, row.reason) for row in stored(MailSuppression)]


def test_a_delivered_mail_says_so(studio: Studio) -> None:
    send(nora())
    assert told(studio) == [("email.delivered", Outcome.HANDLED)]
    assert delivery().status is MailStatus.DELIVERED
    assert listed() == []


@pytest.mark.parametrize(
    ("what", "status", "reason"),
    [
        ("bounced", MailStatus.BOUNCED, SuppressionReason.BOUNCED),
        ("complained", MailStatus.COMPLAINED, SuppressionReason.COMPLAINED),
        ("suppressed", MailStatus.SUPPRESSED, SuppressionReason.BOUNCED),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_an_address_that_cannot_or_will_not_get_mails_is_written_to_no_more(
    studio: Studio, what: str, status: MailStatus, reason: SuppressionReason, backwards: bool
) -> None:
    user = nora()
    fate(studio, NORA, what)
    send(user)
    told(studio, backwards=backwards)
    assert delivery().status is status
    assert delivery().reason
    assert listed() == [(NORA, reason)]
    send(user, key="mail:check:2")
    assert len(sent(studio)) == 1
    assert delivery("mail:check:2").status is MailStatus.SUPPRESSED


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("full", MailStatus.BOUNCED),
        ("delayed", MailStatus.DELAYED),
        ("failed", MailStatus.FAILED),
    ],
)
def test_what_may_pass_keeps_the_address_reachable(
    studio: Studio, what: str, status: MailStatus
) -> None:
    fate(studio, NORA, what)
    send(nora())
    told(studio)
    assert delivery().status is status
    assert listed() == []


def test_a_report_that_comes_twice_is_one_row_and_changes_nothing(studio: Studio) -> None:
    send(nora())
    [report] = waiting(studio)
    assert [take_in(report), take_in(report)] == [True, False]
    told(studio)
    assert [row.status for row in stored(InboxEvent)] == [InboxStatus.HANDLED]


def test_the_report_of_a_mail_whose_answer_was_lost_tells_us_that_it_went_out(
    studio: Studio,
) -> None:
    user = nora()
    studio.fault("/emails", "drop_after", vendor="resend")
    with pytest.raises(Exception, match="resend"):
        send(user)
    assert delivery().vendor_id == ""
    told(studio)
    assert delivery().status is MailStatus.DELIVERED
    assert delivery().vendor_id == sent(studio)[0]["id"]
    studio.wait(days=2)
    send(user)
    assert len(sent(studio)) == 1


def test_a_mail_of_another_product_of_the_same_account_is_ignored(studio: Studio) -> None:
    nora()
    body = _bounce(email_id="of-somebody-else", to=[NORA])
    assert event(body) is Outcome.IGNORED
    assert listed() == [], "our people are not judged by it"


@pytest.mark.parametrize(
    "payload",
    [
        '{"type": "email.opened", "data": {"email_id": "x"}}',
        '{"type": "contact.created", "data": {}}',
        '{"type": "email.bounced"}',
        "[]",
        "",
    ],
)
def test_what_says_nothing_of_a_mail_is_ignored(database: str, payload: str) -> None:
    assert event(payload) is Outcome.IGNORED


@pytest.mark.parametrize("created_at", ["", "yesterday", "2026-13-45T00:00:00Z", 7, None])
def test_a_report_that_cannot_be_read_fails_where_an_operator_sees_it(
    database: str, created_at: object
) -> None:
    with pytest.raises(BadEvent):
        event(_bounce(email_id="x", to=[NORA], created_at=created_at))


def test_odd_fields_of_a_report_do_no_harm(studio: Studio) -> None:
    send(nora())
    odd = _bounce(email_id=delivery().vendor_id, to="nobody", bounce=[1, 2], tags=["x"])
    assert event(odd) is Outcome.HANDLED
    assert delivery().status is MailStatus.BOUNCED
    assert listed() == [], "it does not say that the address is gone for good"


def test_a_report_from_the_future_is_dated_now(studio: Studio) -> None:
    send(nora())
    body = _bounce(email_id=delivery().vendor_id, to=[NORA], created_at="2099-01-01T00:00:00.000Z")
    event(body)
    assert delivery().status_at.year == 2026


def test_a_mail_only_ever_moves_forward(studio: Studio) -> None:
    send(nora())
    order = ["complained", "delivered", "delivery_delayed", "bounced"]
    for what in order:
        studio.sandbox.control(f"mail/{delivery().vendor_id}/report", {"what": what})
        told(studio)
    assert delivery().status is MailStatus.COMPLAINED


def test_an_admin_lifts_what_a_report_put_on_the_list_once(studio: Studio) -> None:
    admin = acting(an_admin())
    fate(studio, NORA, "bounced")
    send(nora())
    told(studio)
    with db.reading() as session:
        [entry] = suppressions.list_all(session, actor=admin).rows
    assert (entry.address, entry.person) == (NORA, "Nora Novak")
    suppressions.lift(actor=admin, suppression=entry.public_id)
    with pytest.raises(Exception, match="no such"):
        suppressions.lift(actor=admin, suppression=entry.public_id)
    fate(studio, NORA, "")
    send(delivery_user(), key="mail:check:2")
    assert len(sent(studio)) == 2


def test_a_report_that_is_handled_again_stops_no_address_that_was_lifted_since(
    studio: Studio,
) -> None:
    admin = acting(an_admin())
    fate(studio, NORA, "bounced")
    send(nora())
    told(studio)
    [entry] = stored(MailSuppression)
    suppressions.lift(actor=admin, suppression=entry.public_id)
    inbox.retry(actor=admin, event=stored(InboxEvent)[0].public_id)
    [again] = inbox.take()
    inbox.settled(again, mail.apply_event(again))
    assert listed() == []
    studio.wait(hours=4)
    later = _bounce(email_id=delivery().vendor_id, to=[NORA], created_at="2026-03-02T13:00:00Z")
    event(later)
    assert listed() == [(NORA, SuppressionReason.BOUNCED)], "what is new still counts"


def delivery_user() -> User:
    with db.reading() as session:
        return session.get_one(User, delivery().user_id)


NUMBERS = count()
WHATS = ("delivered", "delivery_delayed", "bounced", "complained", "suppressed", "failed")
LAST = {
    "delivery_delayed": 2,
    "delivered": 3,
    "failed": 4,
    "suppressed": 4,
    "bounced": 5,
    "complained": 6,
}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(whats=st.lists(st.sampled_from(WHATS), min_size=1, max_size=5), seed=st.randoms())
def test_in_whatever_order_reports_come_the_furthest_one_stands(
    studio: Studio, whats: list[str], seed: Any
) -> None:
    number = next(NUMBERS)
    key = f"mail:check:{number}"
    send(a_user(f"Number {number}"), key=key)
    told(studio)
    for what in whats:
        path = f"mail/{delivery(key).vendor_id}/report"
        studio.sandbox.control(path, {"what": what})
    reports = waiting(studio)
    seed.shuffle(reports)
    for report in reports:
        take_in(report)
        studio.sandbox.control(f"resend/deliveries/{report['id']}/done", {})
    for taken in inbox.take():
        inbox.settled(taken, mail.apply_event(taken))
    furthest = max(LAST[what] for what in ("delivered", *whats))
    row: MailDelivery = delivery(key)
    assert furthest in {LAST[what] for what in WHATS if _status(what) is row.status}


def _status(what: str) -> MailStatus:
    return MailStatus("delayed" if what == "delivery_delayed" else what)


def _bounce(
    *, email_id: str, to: object, created_at: object = "2026-03-02T10:00:00.000Z", **more: object
) -> str:
    usual = {"type": "Permanent", "subType": "General", "message": "no", "diagnosticCode": []}
    data = {"email_id": email_id, "to": to, "bounce": usual, **more}
    return json.dumps({"type": "email.bounced", "created_at": created_at, "data": data})
