"""Whose webhooks they are: by what we named in them, never by an address that they hold."""

from __future__ import annotations

import io
import json
from zipfile import ZipFile

from services import checkout, db, inbox
from services.inbox import Outcome
from services.models import InboxEvent, User
from services.privacy import erasure, export, retention
from tests.services.refunding import Sale, a_sale
from tests.services.rows import a_user, acting, an_admin, an_offer
from tests.support.studio import Studio, stored


def copy_of(user: User) -> str:
    """All that the person's copy holds, as text."""
    with db.reading() as session:
        key = export.make_link(session, actor=acting(user)).path.partition("key=")[2]
    with export.make(actor=acting(user), key=key) as file, ZipFile(io.BytesIO(file.read())) as all_:
        return b"".join(all_.read(name) for name in all_.namelist()).decode("utf-8", "replace")


def erase(user: User) -> None:
    """An admin erases somebody."""
    boss = acting(an_admin(f"Eraser of {user.name}"))
    with db.reading() as session:
        mark = erasure.get_view(session, actor=boss, user=user.public_id).mark
    erasure.erase_by_admin(actor=boss, user=user.public_id, reason="By letter", mark=mark)


def an_event(number: int, content: object, *, object_id: str = "") -> None:
    """A webhook came, and was handled."""
    inbox.receive(
        provider="paypal",
        event_id=f"WH-{number}",
        type="PAYMENT.CAPTURE.COMPLETED",
        object_id=object_id or f"CAPTURE{number}",
        payload=json.dumps(content),
    )
    for taken in inbox.take():
        inbox.settled(taken, Outcome.HANDLED)


def emptied(number: int) -> bool:
    [event] = [row for row in stored(InboxEvent) if row.event_id == f"WH-{number}"]
    return not event.payload


def a_payment(sale: Sale, payer: User, *, marked: str) -> object:
    """What a provider tells of a payment: who paid, and whom."""
    return {
        "resource": {
            "custom_id": sale.order,
            "payer": {"email_address": payer.email, "payer_id": marked},
            "payee": {"email_address": "money@studio.example.com"},
        }
    }


def test_an_address_within_another_ones_gives_nobody_the_other_ones_payments(
    studio: Studio,
) -> None:
    joann = a_user("Joann Owner", email="joann@example.com")
    sale = a_sale(studio, mentee=joann)
    ann = a_user("Ann Other", email="ann@example.com")
    payee = a_user("Petra Payee", email="money@studio.example.com")
    an_event(1, a_payment(sale, joann, marked="PAYER-OF-JOANN"))

    assert "PAYER-OF-JOANN" in copy_of(joann)
    for other in (ann, payee):
        assert "PAYER-OF-JOANN" not in copy_of(other)
        erase(other)
        assert not emptied(1)
    erase(joann)
    assert emptied(1)


def test_an_event_about_an_earlier_try_of_a_refund_is_its_buyers(studio: Studio) -> None:
    sale = a_sale(studio)
    refund = sale.ask()
    an_event(1, {"resource": {"id": "REFUND1", "custom_id": f"{refund}.1"}}, object_id="REFUND1")
    assert "REFUND1" in copy_of(sale.mentee)


def test_what_comes_after_the_erasure_is_emptied_in_the_next_night(studio: Studio) -> None:
    sale, other = a_sale(studio, capacity=2), a_user("Olga Other")
    order = checkout.start(actor=acting(other), offer=an_offer(sale.mentor).public_id).order
    erase(sale.mentee)
    an_event(1, a_payment(sale, sale.mentee, marked="LATE"))
    an_event(2, {"resource": {"custom_id": order}})
    an_event(3, {"resource": {"payer": {"name": "Late"}}}, object_id=studio.checkout_of(sale.order))

    retention.prune()

    assert [emptied(number) for number in (1, 2, 3)] == [True, False, True]
