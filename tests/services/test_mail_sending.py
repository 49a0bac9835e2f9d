"""Sending a mail: once, with a row that says what became of it, and why when nothing did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import NoResultFound

from services import accounts, clock, db, mail, outbox, telling
from services.audit import SYSTEM, Actor
from services.errors import ProviderRejected, ProviderUnavailable
from services.jobs import pauses
from services.jobs.pauses import Paused
from services.mail import suppressions
from services.models import (
    AuditEntry,
    MailDelivery,
    MailStatus,
    MailSuppression,
    Notification,
    OutboxMessage,
    OutboxStatus,
    SuppressionReason,
    User,
    UserStatus,
)
from services.telling import Category
from tests.services.mailing import KEY, delivery, send, sent, told
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting, an_admin
from tests.support.studio import BEGINNING, Studio, stored

NORA = "nora@example.com"


def nora(**fields: object) -> User:
    return a_user("Nora Novak", email=NORA, **fields)


def handed_over(key: str = KEY) -> datetime | None:
    with db.reading() as session:
        return mail.handed_over(session, key)


def paused() -> tuple[Paused, ...]:
    with db.reading() as session:
        return pauses.list_paused(session)


def _wants_no(user: User, category: Category) -> None:
    with db.transaction() as session:
        telling.unsubscribe(session, user_id=user.id, category=category)


def _asked_for_a_testimonial(user: User) -> dict[str, Any]:
    """The data of a mail that one can leave."""
    pack = a_pack(a_seat(user, a_mentor()), left=1)
    return {"template": "testimonial_asked", "pack_id": pack.id}


def test_a_mail_that_left_has_a_row_that_says_when_to_whom_and_at_the_vendor(
    studio: Studio,
) -> None:
    user = nora()
    send(user)
    row, [gone] = delivery(), sent(studio)
    assert (row.status, row.recipient, row.subject) == (MailStatus.SENT, NORA, gone["subject"])
    assert (row.vendor_id, row.user_id, row.template) == (gone["id"], user.id, "address_check")
    assert row.sent_at == BEGINNING == handed_over()
    tags = {tag["name"]: tag["value"] for tag in gone["tags"]}
    assert tags == {"kind": "address_check", "delivery": row.public_id}


def test_a_mail_is_handed_over_once_however_often_it_is_asked_for(studio: Studio) -> None:
    user = nora()
    send(user)
    studio.wait(days=3)  # later than any vendor remembers a key
    send(user)
    assert len(sent(studio)) == 1
    assert len(stored(MailDelivery)) == 1


def test_workers_that_send_the_same_mail_at_once_send_it_once(studio: Studio) -> None:
    user = nora()

    def one_of_them() -> None:
        with suppress(ProviderUnavailable):  # the key is in use: the outbox tries again
            send(user)

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(copy_context().run, one_of_them) for _ in range(4)]:
            each.result()
    send(user)
    assert len(sent(studio)) == 1
    assert [row.status for row in stored(MailDelivery)] == [MailStatus.SENT]


def test_a_mail_whose_answer_was_lost_is_the_same_mail_on_the_next_try(studio: Studio) -> None:
    user = nora()
    studio.fault("/emails", "drop_after", vendor="resend")
    with pytest.raises(ProviderUnavailable):
        send(user)
    assert (delivery().status, handed_over()) == (MailStatus.SENDING, None)
    send(user)
    assert [delivery().vendor_id] == [each["id"] for each in sent(studio)]


def test_a_retry_later_than_keys_are_kept_looks_first_and_adopts_what_went_out(
    studio: Studio,
) -> None:
    user = nora()
    studio.fault("/emails", "drop_after", vendor="resend")
    with pytest.raises(ProviderUnavailable):
        send(user)
    studio.wait(days=2)
    send(user)
    assert len(sent(studio)) == 1, "found by its recipient and its subject"
    assert delivery().vendor_id == sent(studio)[0]["id"]


def test_a_late_retry_takes_no_other_mail_of_the_same_subject_for_this_one(
    studio: Studio,
) -> None:
    user = nora()
    studio.fault("/emails", "drop_before", vendor="resend")
    with pytest.raises(ProviderUnavailable):
        send(user)
    send(user, key="mail:check:2")
    studio.wait(days=2)
    send(user)
    assert len(sent(studio)) == 2
    assert delivery().vendor_id != delivery("mail:check:2").vendor_id


def test_a_late_retry_of_what_never_went_out_sends_it(studio: Studio) -> None:
    user = nora()
    studio.fault("/emails", "drop_before", vendor="resend")
    with pytest.raises(ProviderUnavailable):
        send(user)
    send(a_user("Otto Other"), key="mail:check:2")  # somebody else's is not taken for it
    studio.wait(days=2)
    send(user)
    assert [each["to"] for each in sent(studio)][-1] == [NORA]


def test_what_makes_no_sense_any_more_is_left_out_and_says_why(studio: Studio) -> None:
    user = nora(status=UserStatus.ERASED)
    send(user)
    assert sent(studio) == []
    assert (delivery().status, delivery().reason) == (MailStatus.SKIPPED, "the account is gone")
    assert handed_over() == BEGINNING, "nobody needs to wait for it"


def test_a_suspended_person_hears_of_money_and_account_alone(studio: Studio) -> None:
    user = nora(status=UserStatus.SUSPENDED)
    send(user, **_asked_for_a_testimonial(user))
    assert (delivery().status, delivery().reason) == (
        MailStatus.SKIPPED,
        "the account is suspended",
    )
    with db.transaction() as session:
        session.add(AuditEntry(actor="user", action="user.suspended", thing=user.public_id))
    send(user, key="mail:check:2", template="account_suspended")
    assert [each["subject"] for each in sent(studio)] == [
        "Your account at Mentorships is suspended"
    ]


def test_a_choice_made_since_the_mail_was_written_counts(studio: Studio) -> None:
    user = nora()
    data = _asked_for_a_testimonial(user)
    _wants_no(user, Category.TESTIMONIALS)
    send(user, **data)
    assert sent(studio) == []
    assert delivery().reason == "the reader wants no mails of this kind"


def test_what_stands_in_for_a_direct_message_goes_although_mails_are_switched_off(
    studio: Studio,
) -> None:
    user = nora()
    pack = a_pack(a_seat(user, a_mentor("Max Mentor")), left=1)
    _wants_no(user, Category.RENEWALS)
    about: dict[str, Any] = {"template": "renewal_one_left", "pack_id": pack.id}
    send(user, key="mail:check:2", **about)
    assert delivery("mail:check:2").reason == "the reader wants no mails of this kind"
    send(user, **about, instead_of_discord=True)
    assert [each["to"] for each in sent(studio)] == [[NORA]]


def test_a_held_back_mail_with_a_link_says_whom_it_was_for(studio: Studio) -> None:
    user = nora(email_verified_at=None)
    with db.transaction() as session:
        suppressions.add(session, actor=SYSTEM, address=NORA, reason=SuppressionReason.BOUNCED)
    accounts.request_verification(email=NORA)
    studio.send()
    [row] = stored(MailDelivery)
    assert (row.template, row.status) == ("verify", MailStatus.SUPPRESSED)
    assert (row.user_id, row.recipient) == (user.id, NORA)


def test_an_address_on_the_list_gets_nothing_and_its_row_says_so(studio: Studio) -> None:
    user = nora()
    with db.transaction() as session:
        suppressions.add(
            session, actor=SYSTEM, address=NORA.upper(), reason=SuppressionReason.BOUNCED
        )
    send(user)
    assert sent(studio) == []
    assert delivery().status is MailStatus.SUPPRESSED
    assert delivery().reason == "mails to this address came back"
    assert handed_over() == BEGINNING


def test_a_refusal_is_kept_with_its_reason_and_may_be_tried_again(studio: Studio) -> None:
    user = nora()
    studio.fault("/emails", "status", status=422, vendor="resend")
    with pytest.raises(ProviderRejected):
        send(user)
    assert delivery().status is MailStatus.FAILED
    assert "422" in delivery().reason
    send(user)
    assert (delivery().status, delivery().reason) == (MailStatus.SENT, "")


def test_a_mail_whose_subject_was_deleted_is_a_failure_that_an_operator_sees(
    studio: Studio,
) -> None:
    with pytest.raises(NoResultFound):
        send(nora(), template="testimonial_asked", pack_id=4711)
    assert delivery().status is MailStatus.FAILED
    assert "NoResultFound" in delivery().reason


@pytest.mark.parametrize(
    "data",
    [
        {"template": "never_heard_of"},
        {"template": "admin_alert", "thing": "ord_1"},
        {"template": "session_ahead", "session_id": 0},
    ],
    ids=["unknown template", "missing data", "empty data"],
)
def test_a_mail_that_cannot_be_written_is_a_failure_that_an_operator_sees(
    studio: Studio, data: dict[str, Any]
) -> None:
    with pytest.raises((KeyError, NoResultFound)):
        send(an_admin(), **data)
    assert sent(studio) == []
    assert delivery().status is MailStatus.FAILED
    assert delivery().reason


@pytest.mark.parametrize(
    ("full", "until"),
    [
        ("daily", datetime(2026, 3, 3, tzinfo=UTC)),
        ("monthly", datetime(2026, 4, 1, tzinfo=UTC)),
    ],
)
def test_a_full_quota_stops_all_mails_until_it_is_over_and_tells_the_admins_once(
    studio: Studio, full: str, until: datetime
) -> None:
    admin, user = an_admin(), nora()
    studio.sandbox.control("mail/quota", {"full": full})
    for number in range(3):
        with pytest.raises(ProviderUnavailable):
            send(user, key=f"mail:check:{number}")
    [pause] = paused()
    assert (pause.kind, pause.until, pause.by_user_id) == ("mail", until, None)
    lines = [line for line in stored(Notification) if line.user_id == admin.id]
    assert ["quota" in line.title for line in lines] == [True]
    with clock.at(until - timedelta(seconds=1)), db.reading() as session:
        assert "mail" in pauses.paused_kinds(session)
    with clock.at(until), db.reading() as session:
        assert "mail" not in pauses.paused_kinds(session)


def test_a_rate_limit_is_no_quota_it_is_waited_for(studio: Studio) -> None:
    user = nora()
    studio.fault("/emails", "status", status=429, vendor="resend")
    with pytest.raises(ProviderUnavailable) as caught:
        send(user)
    assert (caught.value.code, caught.value.retry_after) == ("rate_limit_exceeded", 1.0)
    assert paused() == ()


def test_a_mail_still_on_its_way_is_not_handed_over(studio: Studio) -> None:
    user = nora()
    with db.transaction() as session:
        data = {"template": "address_check", "user_id": user.id}
        outbox.add(session, kind="mail", key=KEY, data=data)
    assert handed_over() is None
    studio.send()
    assert handed_over() == BEGINNING
    assert handed_over("mail:nobody:knows") is None


@pytest.mark.parametrize("status", [OutboxStatus.DEAD, OutboxStatus.CANCELED])
def test_a_dead_or_canceled_letter_keeps_nobody_waiting(
    studio: Studio, status: OutboxStatus
) -> None:
    user = nora()
    with db.transaction() as session:
        data = {"template": "address_check", "user_id": user.id}
        outbox.add(session, kind="mail", key=KEY, data=data)
    with db.transaction() as session:
        message = session.get_one(OutboxMessage, stored(OutboxMessage)[0].id)
        message.status = status
    assert handed_over() is not None


def test_what_died_of_an_outage_was_handed_over_to_nobody_until_an_admin_decides(
    studio: Studio,
) -> None:
    admin, user = an_admin(), nora()
    with db.transaction() as session:
        data = {"template": "address_check", "user_id": user.id}
        outbox.add(session, kind="mail", key=KEY, data=data)
    studio.fault("/emails", "status", times=1_000, status=503, vendor="resend")
    while message().status is not OutboxStatus.DEAD:
        studio.send()
        studio.wait(hours=5)
    assert (delivery().status, delivery().recipient) == (MailStatus.GIVEN_UP, NORA)
    assert "503" in delivery().reason
    assert handed_over() is None, "whoever waits for it goes on waiting"
    outbox.cancel(actor=acting(admin), message=message().public_id, reason="Told by phone")
    assert handed_over() is not None


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_stops_all_mails_and_tells_the_admins_until_one_lets_them_go_on(
    studio: Studio, status: int
) -> None:
    admin, user = an_admin(), nora()
    with db.transaction() as session:
        data = {"template": "address_check", "user_id": user.id}
        outbox.add(session, kind="mail", key=KEY, data=data)
    studio.fault("/emails", "status", status=status, vendor="resend")
    studio.send()
    studio.wait(days=10)
    studio.send()
    assert sent(studio) == []
    assert [(pause.kind, pause.until) for pause in paused()] == [("mail", None)]
    lines = [line.title for line in stored(Notification) if line.user_id == admin.id]
    assert ["refuses us" in line for line in lines] == [True]
    pauses.resume(actor=acting(admin), kind="mail")
    studio.send()
    assert studio.mails(NORA) == ["Mails reach you again"]


def test_a_mistake_of_ours_tells_nobody_anything(studio: Studio) -> None:
    user = nora()
    with db.transaction() as session:
        data = {"template": "pack_expiring", "user_id": user.id}  # which pack it does not say
        outbox.add(session, kind="mail", key=KEY, data=data)
    while message().status is not OutboxStatus.DEAD:
        studio.send()
        studio.wait(hours=1)
    assert (delivery().status, handed_over()) == (MailStatus.GIVEN_UP, None)
    assert "pack_id" in delivery().reason


def test_what_the_mail_service_refused_for_good_keeps_nobody_waiting(studio: Studio) -> None:
    user = nora()
    with db.transaction() as session:
        data = {"template": "address_check", "user_id": user.id}
        outbox.add(session, kind="mail", key=KEY, data=data)
    studio.fault("/emails", "status", status=422, vendor="resend")
    studio.send()
    assert (message().status, delivery().status) == (OutboxStatus.DEAD, MailStatus.FAILED)
    assert handed_over() == BEGINNING


def message() -> OutboxMessage:
    return next(row for row in stored(OutboxMessage) if row.unique_key == KEY)


def test_a_mail_of_an_older_version_counts_as_handed_over_when_it_was_sent(
    studio: Studio,
) -> None:
    with db.transaction() as session:
        row = OutboxMessage(
            kind="mail", unique_key=KEY, status=OutboxStatus.SENT, sent_at=BEGINNING
        )
        session.add(row)
    assert handed_over() == BEGINNING


def test_a_person_asks_to_be_written_to_again_and_a_mail_leaves_at_once(studio: Studio) -> None:
    user = nora()
    with db.transaction() as session:
        suppressions.add(session, actor=SYSTEM, address=NORA, reason=SuppressionReason.BOUNCED)
    with db.reading() as session:
        trouble = suppressions.find_own(session, actor=acting(user))
    assert trouble is not None
    assert (trouble.address, trouble.may_lift) == (NORA, True)
    suppressions.try_again(actor=acting(user))
    studio.send()
    assert studio.mails(NORA) == ["Mails reach you again"]
    with db.reading() as session:
        assert suppressions.find_own(session, actor=acting(user)) is None
    assert [row.action for row in stored(AuditEntry)] == ["address.suppressed", "address.released"]


@pytest.mark.parametrize("why", ["bounced", "complained"])
@pytest.mark.parametrize("by_admin", [False, True])
def test_an_address_that_is_lifted_is_taken_off_the_mail_services_own_list_too(
    studio: Studio, why: str, by_admin: bool
) -> None:
    admin, user = an_admin(), nora()
    send(user)
    studio.sandbox.control(f"mail/{delivery().vendor_id}/report", {"what": why})
    told(studio)
    [entry] = stored(MailSuppression)
    if by_admin:
        suppressions.lift(actor=acting(admin), suppression=entry.public_id)
    else:
        suppressions.try_again(actor=acting(user))
    studio.send()
    told(studio)
    assert stored(MailSuppression) == []
    assert [row.status for row in stored(MailDelivery)][1:] == [MailStatus.DELIVERED]


def test_what_the_mail_service_holds_back_by_its_own_list_stops_the_address_here(
    studio: Studio,
) -> None:
    user = nora()
    send(user)
    studio.sandbox.control(f"mail/{delivery().vendor_id}/report", {"what": "complained"})
    send(user, key="mail:check:2", **_asked_for_a_testimonial(user))
    told(studio)
    assert delivery("mail:check:2").status is MailStatus.SUPPRESSED
    assert [row.reason for row in stored(MailSuppression)] == [SuppressionReason.COMPLAINED]


def test_nobody_else_is_asked_whether_their_address_is_on_the_list() -> None:
    visitor = Actor("user")
    with pytest.raises(Exception, match="sign in"):
        suppressions.try_again(actor=visitor)
