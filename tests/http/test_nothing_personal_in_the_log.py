"""A person's whole way through the product, and a few accidents: the log knows nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import auth, failures, middleware
from mentorships.http.webhooks import Intake
from services import checkout, db, refunds, signin
from services.config import settings
from services.jobs.runs import recorded
from services.models import Document, LinkPurpose, RefundScope, User
from services.privacy import documents
from state import cookies
from tests.services.rows import a_mentor, acting, an_admin, an_offer
from tests.support.logs import captured
from tests.support.people import last_token
from tests.support.studio import DECLINED, Studio

EMAIL = "zelda.zuckmayer@private.example"
NAME = "Zelda Zuckmayer"
PASSWORD = "a horse nobody knows 77"
BROWSER = "Mozilla/5.0 (Zeldaphone)"


@pytest.fixture
def client(studio: Studio, tmp_path: Path) -> TestClient:
    routes = Starlette(routes=auth.routes, exception_handlers={Exception: failures.in_route})
    app = middleware.protect(Intake(routes, lambda: None), settings(), tmp_path)
    origin = settings().public_url
    headers = {"Origin": origin, "User-Agent": BROWSER}
    return TestClient(app, base_url=origin, headers=headers, follow_redirects=False)


def buys_and_gets_back(studio: Studio, client: TestClient) -> tuple[list[str], list[str]]:
    """Sign up, confirm, sign in, buy, be refunded. What nobody may read later, and who did it."""
    ada = acting(an_admin())
    typed = {"email": EMAIL, "name": NAME, "password": PASSWORD, "time_zone": "Europe/Rome"}
    agreed = {"accepts": "on", "terms": documents.current(Document.TERMS)}
    asked = [client.post("/auth/sign-up", data=typed | agreed)]
    studio.send()
    link = last_token(LinkPurpose.VERIFY)
    asked.append(client.post("/auth/verify", data={"token": link}))
    asked.append(client.post("/auth/sign-in", data={**typed, "password": "wrong " + PASSWORD}))
    asked.append(client.post("/auth/sign-in", data=typed))
    cookie = client.cookies[cookies.session_name()]
    actor = signin.actor_for(cookie)

    offer = an_offer(a_mentor(name="Yorick Ypsilon"))
    order = checkout.start(actor=actor, offer=offer.public_id).order
    with pytest.raises(AssertionError):
        studio.pay(order, card=DECLINED)
    studio.pay(order)
    for delivery in studio.lose_webhooks():
        signature = {"Stripe-Signature": delivery.signature}
        client.post("/api/webhooks/stripe", content=delivery.body, headers=signature)
        client.post("/api/webhooks/stripe", content=delivery.body + b" ", headers=signature)
    studio.sweep()
    refunds.start(actor=ada, order=order, scope=RefundScope.WHOLE)
    studio.send()
    studio.deliver()
    studio.reconcile()
    traces = [answer.headers["x-request-id"] for answer in asked]
    return [EMAIL, NAME, "Zuckmayer", PASSWORD, cookie, link, BROWSER, "Zeldaphone"], traces


def accidents() -> list[Callable[[], None]]:
    """What may go wrong with a person's data in its hands."""

    def twice() -> None:
        with db.transaction() as session:
            session.add(User(email=EMAIL, name=NAME, password_hash="x"))

    def bad_row() -> None:
        with db.transaction() as session:
            user = User(email="other@private.example", name=NAME, password_hash="x")
            user.status = "nonsense"  # type: ignore[assignment]
            session.add(user)

    def unexpected() -> None:
        person = {"email": EMAIL, "token": PASSWORD}
        raise RuntimeError(f"cannot digest {person!r}")

    return [twice, bad_row, unexpected]


def test_the_log_of_a_whole_purchase_and_of_accidents_names_nobody(
    studio: Studio, client: TestClient
) -> None:
    with captured() as lines:
        private, _ = buys_and_gets_back(studio, client)
        for accident in accidents():
            with pytest.raises(Exception), recorded("accident"):  # noqa: B017, PT011
                accident()
        found = lines()
    whole = json.dumps(found, ensure_ascii=False)
    own = settings()
    keys = [own.effective_stripe_key, own.effective_stripe_webhook_secret, own.secret_key]
    for word in (*private, *keys, own.effective_resend_key):
        assert word not in whole
    assert [line["event"] for line in found].count("job_failed") == 3
    assert any(line["event"] == "vendor_call" for line in found)


def events(found: list[dict[str, Any]], trace: str) -> set[str]:
    """What the lines under one id are about."""
    return {
        f"{line['event']} {line.get('operation', line.get('kind', ''))}"
        for line in found
        if line.get("trace") == trace
    }


def test_one_id_leads_from_a_request_over_its_job_to_the_vendor(
    studio: Studio, client: TestClient
) -> None:
    with captured() as lines:
        _, traces = buys_and_gets_back(studio, client)
        found = lines()
    assert events(found, traces[0]) == {"vendor_call send_mail", "job_done outbox:mail"}
    webhooks = {
        str(line["subject"]) for line in found if str(line.get("subject")).startswith("evt_")
    }
    (paid,) = [
        trace
        for trace in webhooks
        if "job_done inbox:checkout.session.completed" in events(found, trace)
    ]
    assert events(found, paid) >= {
        "vendor_call get_checkout",
        "job_done inbox:checkout.session.completed",
        "vendor_call send_mail",
        "job_done outbox:mail",
    }
