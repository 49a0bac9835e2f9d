"""The mails around accounts and money: rendered from the world as it is when they leave."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from services import checkout, db, email_links, mail
from services.models import LinkPurpose, User, UserStatus
from tests.services.rows import a_mentor, a_user, acting, an_admin, an_offer
from tests.support.studio import Studio

BERLIN = "Europe/Berlin"


def _link_mail(user: User, purpose: LinkPurpose, **more: object) -> dict[str, Any]:
    with db.transaction() as session:
        link = email_links.create(
            session, user_id=user.id, purpose=purpose, lifetime=timedelta(hours=1)
        )
    return {"template": purpose.value, "link_id": link.id, **more}


def _paid(studio: Studio, **buyer: object) -> tuple[User, int]:
    user = a_user("Nora <b>Novak</b>", email="nora@example.com", **buyer)
    offer = an_offer(a_mentor("Mina & Co"), title="Four <i>sessions</i>")
    order = checkout.start(actor=acting(user), offer=offer.public_id).order
    studio.pay(order)
    studio.deliver()
    return user, studio.order(order).id


def test_the_purchase_mail_tells_price_and_time_in_the_readers_zone(studio: Studio) -> None:
    user, order_id = _paid(studio, time_zone=BERLIN)
    letter = mail.compose({"template": "purchase", "user_id": user.id, "order_id": order_id})
    assert (letter.to, letter.subject) == ("nora@example.com", "Your pack with Mina & Co is ready")
    assert "€120.00" in letter.text
    # Bought on 2 March at 10:00 UTC, valid for 45 days: summer time has begun in Berlin.
    assert "16 April 2026 at 12:00 (Europe/Berlin)" in letter.text
    assert "http://localhost" in letter.text


def test_what_people_wrote_is_text_in_html_and_stays_itself_in_plain_text(studio: Studio) -> None:
    user, order_id = _paid(studio)
    letter = mail.compose({"template": "purchase", "user_id": user.id, "order_id": order_id})
    assert "Four <i>sessions</i>" in letter.text
    assert "<i>sessions" not in letter.html
    assert "Four &lt;i&gt;sessions" in letter.html
    assert "<b>Novak" not in letter.html


@pytest.mark.parametrize("alert", ["sold_out", "refund_failed", "unmatched_money"])
def test_an_alert_reaches_admins_only(database: str, alert: str) -> None:
    data = {"template": "admin_alert", "alert": alert, "thing": "ord_1"}
    letter = mail.compose({**data, "user_id": an_admin().id})
    assert letter.subject == "Please look: an order"
    with pytest.raises(mail.Skipped):
        mail.compose({**data, "user_id": a_user().id})


def test_a_link_mail_is_not_sent_once_it_makes_no_sense(database: str) -> None:
    confirmed = a_user("Carla Confirmed")
    erased = a_user("Egon Erased", status=UserStatus.ERASED, email_verified_at=None)
    with pytest.raises(mail.Skipped):
        mail.compose(_link_mail(confirmed, LinkPurpose.VERIFY))
    with pytest.raises(mail.Skipped):
        mail.compose(_link_mail(erased, LinkPurpose.VERIFY))


def test_the_link_mails_hold_their_link_once_in_text_and_html(database: str) -> None:
    new = a_user("Una Unconfirmed", email_verified_at=None)
    for data, path in (
        (_link_mail(new, LinkPurpose.VERIFY), "/verify?token="),
        (_link_mail(new, LinkPurpose.RESET), "/reset/new?token="),
        (_link_mail(new, LinkPurpose.RESET, from_sign_up=True), "/reset/new?token="),
    ):
        letter = mail.compose(data)
        [link] = re.findall(r"http\S+token=\S+", letter.text)
        assert path in link
        assert link in letter.html
        assert "(UTC)" in letter.text
