"""Idempotency keys at the Stripe simulator, and the planned faults that need them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Simulators, session_params, stripe_client

DAY = 24 * 3600


def refusal(call: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call()
    return caught.value


def replayed(answer: stripe.StripeObject) -> bool:
    assert answer.last_response is not None
    return answer.last_response.headers.get("idempotent-replayed") == "true"


def test_the_same_key_gives_the_same_session(simulators: Simulators) -> None:
    create = simulators.stripe.v1.checkout.sessions.create
    first = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    second = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    assert first.id == second.id
    assert replayed(second)
    assert not replayed(first)
    assert len(simulators.control("stripe/sessions")) == 1


def test_a_replay_shows_the_first_answer_although_the_session_has_moved_on(
    simulators: Simulators,
) -> None:
    create = simulators.stripe.v1.checkout.sessions.create
    first = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    simulators.pay(first.id)
    again = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    assert (again.id, again.status) == (first.id, "open")


def test_the_same_key_with_other_parameters_is_refused(simulators: Simulators) -> None:
    create = simulators.stripe.v1.checkout.sessions.create
    create(params=session_params(), options={"idempotency_key": "checkout:1"})
    with pytest.raises(stripe.IdempotencyError) as caught:
        create(
            params={**session_params(), "client_reference_id": "ord_2"},
            options={"idempotency_key": "checkout:1"},
        )
    assert caught.value.http_status == 400


def test_a_failed_validation_does_not_use_up_the_key(simulators: Simulators) -> None:
    create = simulators.stripe.v1.checkout.sessions.create
    wrong = session_params()
    wrong["mode"] = "subscription"
    refusal(lambda: create(params=wrong, options={"idempotency_key": "checkout:1"}))
    assert create(params=session_params(), options={"idempotency_key": "checkout:1"}).id


def test_a_refusal_after_the_start_is_kept_for_its_key(simulators: Simulators) -> None:
    _, intent = simulators.paid()
    create = simulators.stripe.v1.refunds.create
    create(params={"payment_intent": intent})
    for again in (None, "true"):
        error = refusal(
            lambda: create(
                params={"payment_intent": intent}, options={"idempotency_key": "refund:1"}
            )
        )
        assert error.code == "charge_already_refunded"
        headers: Any = error.headers
        assert headers.get("idempotent-replayed") == again


def test_a_500_is_kept_for_its_key_and_a_new_key_works(simulators: Simulators) -> None:
    fault = {"vendor": "stripe", "path": "/v1/checkout/sessions", "kind": "status"}
    simulators.control("faults", {**fault, "method": "POST", "status": 500, "times": 1})
    create = simulators.stripe.v1.checkout.sessions.create
    with pytest.raises(stripe.APIError):  # the client's own retries get the kept 500 again
        create(params=session_params(), options={"idempotency_key": "checkout:1:1"})
    assert create(params=session_params(), options={"idempotency_key": "checkout:1:2"}).id
    assert len(simulators.control("stripe/sessions")) == 1


def test_a_key_is_forgotten_after_a_day(simulators: Simulators) -> None:
    create = simulators.stripe.v1.checkout.sessions.create
    first = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    simulators.control("clock", {"offset": DAY + 5})
    second = create(params=session_params(), options={"idempotency_key": "checkout:1"})
    assert first.id != second.id


def test_a_second_request_with_a_running_key_is_told_to_wait(simulators: Simulators) -> None:
    simulators.control(
        "faults", {"vendor": "stripe", "path": "/v1/*", "kind": "slow", "seconds": 3}
    )
    impatient = stripe_client(simulators.address, retries=0).v1.checkout.sessions
    options: stripe.RequestOptions = {"idempotency_key": "checkout:1"}
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(impatient.create, params=session_params(), options=options)
        time.sleep(1)
        with pytest.raises(stripe.StripeError) as caught:
            impatient.create(params=session_params(), options=options)
        assert caught.value.http_status == 409
        assert slow.result().status == "open"
    patient = simulators.stripe.v1.checkout.sessions
    assert patient.create(params=session_params(), options=options).id == slow.result().id


def test_a_lost_answer_has_taken_effect_and_its_key_finds_it(simulators: Simulators) -> None:
    simulators.control("faults", {"vendor": "stripe", "path": "/v1/*", "kind": "drop_after"})
    create = stripe_client(simulators.address, retries=0).v1.checkout.sessions.create
    options: stripe.RequestOptions = {"idempotency_key": "checkout:1"}
    with pytest.raises(stripe.APIConnectionError):
        create(params=session_params(), options=options)
    (lost,) = simulators.control("stripe/sessions")
    assert create(params=session_params(), options=options).id == lost["id"]


def test_a_lost_request_has_not_taken_effect(simulators: Simulators) -> None:
    simulators.control("faults", {"vendor": "stripe", "path": "/v1/*", "kind": "drop_before"})
    create = stripe_client(simulators.address, retries=0).v1.checkout.sessions.create
    with pytest.raises(stripe.APIConnectionError):
        create(params=session_params())
    assert simulators.control("stripe/sessions") == []


def test_fifty_requests_with_one_key_make_one_session(simulators: Simulators) -> None:
    def once(_: int) -> str:
        options: stripe.RequestOptions = {"idempotency_key": "checkout:1"}
        client = stripe_client(simulators.address, retries=2).v1.checkout.sessions
        return client.create(params=session_params(), options=options).id

    with ThreadPoolExecutor(50) as pool:
        assert len(set(pool.map(once, range(50)))) == 1
    assert len(simulators.control("stripe/sessions")) == 1
