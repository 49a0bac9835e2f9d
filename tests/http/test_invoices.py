"""Invoices over HTTP: who may have which, and what is said when not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import invoices
from services import clock, ratelimits
from services.ids import hashed
from services.models import SignIn, User
from state import cookies
from tests.services.invoicing import documents, sold, text_in
from tests.services.rows import a_user, an_admin, saved
from tests.support.databases import NO_DATABASE, in_use

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=invoices.routes)) as opened:
        yield opened


def signed_in(client: TestClient, user: User) -> None:
    secret = f"secret of {user.id}"
    until = clock.utc_now() + timedelta(days=1)
    saved(SignIn(user_id=user.id, token_hash=hashed(secret), expires_at=until))
    client.cookies.set(cookies.session_name(), secret)


def an_address(buyer: User) -> str:
    [invoice] = documents(sold(buyer))
    return f"/files/invoices/{invoice.public_id}.pdf"


def test_the_buyer_and_admins_get_the_pdf_and_nothing_keeps_it(client: TestClient) -> None:
    nora = a_user()
    address = an_address(nora)
    for person in (nora, an_admin()):
        signed_in(client, person)
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        assert 'filename="invoice-' in answer.headers["content-disposition"]
        assert "Billed to Nora Novak" in text_in(answer.content)


def test_visitors_and_strangers_are_refused_as_if_it_did_not_exist(client: TestClient) -> None:
    address = an_address(a_user())
    assert client.get(address).status_code == 401
    signed_in(client, a_user("Steve Stranger"))
    refused = client.get(address)
    unknown = client.get("/files/invoices/inv_nothing.pdf")
    assert refused.status_code == unknown.status_code == 404
    assert refused.text == unknown.text == "There is no such invoice, or it is not yours."


def test_drawing_without_end_is_refused(client: TestClient) -> None:
    nora = a_user()
    address = an_address(nora)
    signed_in(client, nora)
    assert client.get(address).status_code == 200
    for _ in range(119):
        ratelimits.hit(ratelimits.INVOICE_FILES, str(nora.id))
    assert client.get(address).status_code == 429


def test_without_its_database_the_answer_says_so(client: TestClient) -> None:
    signed_in(client, a_user())
    with in_use(NO_DATABASE):
        assert client.get("/files/invoices/inv_any.pdf").status_code == 503
