"""The evidence about a dispute over HTTP: for admins, and for nobody else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from zipfile import ZipFile

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mentorships.http import disputes
from services import clock, ratelimits
from services.disputes.evidence import EVIDENCE
from services.ids import hashed
from services.models import Dispute, Payment, Provider, SignIn, User
from state import cookies
from tests.services.invoicing import sold
from tests.services.rows import a_user, an_admin, saved
from tests.support.databases import NO_DATABASE, in_use
from tests.support.studio import stored

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=disputes.routes)) as opened:
        yield opened


def signed_in(client: TestClient, user: User) -> None:
    secret = f"secret of {user.id}"
    until = clock.utc_now() + timedelta(days=1)
    saved(SignIn(user_id=user.id, token_hash=hashed(secret), expires_at=until))
    client.cookies.set(cookies.session_name(), secret)


def an_address(buyer: User) -> str:
    """Of an inquiry about what this person bought."""
    order = sold(buyer)
    payment = next(one for one in stored(Payment) if one.order_id == order.id)
    row = Dispute(
        provider=Provider.STRIPE,
        provider_id="du_1",
        payment_id=payment.id,
        order_id=order.id,
        inquiry=True,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    return f"/files/disputes/{saved(row).public_id}.zip"


def test_an_admin_gets_a_zip_that_nothing_keeps(client: TestClient) -> None:
    address = an_address(a_user())
    signed_in(client, an_admin())
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "no-store" in answer.headers["cache-control"]
    name = f"evidence-{address.rpartition('/')[2]}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    with ZipFile(io.BytesIO(answer.content)) as bundle:
        assert "summary.pdf" in bundle.namelist()


def test_visitors_buyers_and_unknown_names_are_refused_in_words(client: TestClient) -> None:
    nora = a_user()
    address = an_address(nora)
    assert client.get(address).status_code == 401
    signed_in(client, nora)
    assert client.get(address).status_code == 403
    signed_in(client, an_admin())
    unknown = client.get("/files/disputes/dsp_nothing.zip")
    assert unknown.status_code == 404
    assert unknown.text == "There is no such dispute, or it is not yours."


def test_drawing_without_end_is_refused(client: TestClient) -> None:
    ada = an_admin()
    address = an_address(a_user())
    signed_in(client, ada)
    for _ in range(60):
        ratelimits.hit(EVIDENCE, str(ada.id))
    assert client.get(address).status_code == 429


def test_without_its_database_the_answer_says_so(client: TestClient) -> None:
    signed_in(client, an_admin())
    with in_use(NO_DATABASE):
        assert client.get("/files/disputes/dsp_any.zip").status_code == 503
