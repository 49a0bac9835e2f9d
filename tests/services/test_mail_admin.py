"""What admins see of mails and do about them; and how a reader leaves a kind of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services import accounts, clock, db, mail, outbox, telling
from services.audit import SYSTEM
from services.errors import Conflict, DatabaseUnavailable, InvalidInput, NotAllowed, NotFound
from services.mail import listing, previews, repeating, subscriptions, suppressions
from services.mail.views import MailView
from services.models import (
    AuditEntry,
    MailDelivery,
    MailStatus,
    OutboxMessage,
    OutboxStatus,
    SuppressionReason,
    User,
)
from services.telling import Category
from tests.services.mailing import KEY, delivery, fate, send, sent, told
from tests.services.rows import (
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    an_admin,
    counted_reading,
)
from tests.support.servers import environment_of
from tests.support.studio import NOBODY_LISTENS, Studio, stored

NORA = "nora@example.com"


def nora() -> User:
    return a_user("Nora Novak", email=NORA)


def queued(user: User, key: str = KEY, **data: Any) -> None:
    """A mail waits in the outbox."""
    with db.transaction() as session:
        letter = {"template": "address_check", "user_id": user.id, **data}
        outbox.add(session, kind="mail", key=key, data=letter)


def asked(admin: User, **how: Any) -> list[str]:
    """The keys of the mails that an admin finds."""
    with db.reading() as session:
        found = listing.list_mails(session, actor=acting(admin), **how).rows
    keys = {row.public_id: row.unique_key for row in stored(MailDelivery)}
    return [keys[row.public_id] for row in found]


def seen(admin: User, key: str = KEY) -> MailView:
    with db.reading() as session:
        return listing.get_mail(session, actor=acting(admin), mail=delivery(key).public_id)


def test_mails_are_found_by_person_kind_and_status(studio: Studio) -> None:
    admin, user, other = an_admin(), nora(), a_user("Otto Other")
    send(user, key="one")
    studio.wait(minutes=1)
    send(other, key="two")
    studio.wait(minutes=1)
    send(admin, key="three", template="admin_alert", alert="sold_out", thing="ord_1")
    assert asked(admin) == ["three", "two", "one"]
    assert asked(admin, query="novak") == ["one"]
    assert asked(admin, query=NORA) == ["one"]
    assert asked(admin, query=user.public_id) == ["one"]
    assert asked(admin, query=delivery("two").public_id) == ["two"]
    assert asked(admin, query=delivery("two").vendor_id) == ["two"]
    assert asked(admin, kind="admin_alert") == ["three"]
    assert asked(admin, status="sent", query="otto") == ["two"]
    assert asked(admin, status="bounced") == []
    assert asked(admin, query="100%_") == []
    with pytest.raises(InvalidInput):
        asked(admin, status="eaten")


def test_the_list_goes_on_where_it_ended(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    for number in range(5):
        send(user, key=f"mail:{number}")
        studio.wait(minutes=1)
    with db.reading() as session:
        first = listing.list_mails(session, actor=acting(admin), limit=3)
        rest = listing.list_mails(session, actor=acting(admin), limit=3, before=first.next)
    assert (len(first.rows), len(rest.rows), rest.next, first.total) == (3, 2, None, 5)


def test_more_mails_need_no_more_queries(studio: Studio) -> None:
    admin = an_admin()

    def queries() -> int:
        with counted_reading() as (session, statements):
            listing.list_mails(session, actor=acting(admin))
        return len(statements)

    send(a_user("One One"), key="one")
    before = queries()
    for number in range(4):
        send(a_user(f"More {number}"), key=f"more:{number}")
    assert queries() == before


def test_one_mail_tells_its_whole_story_and_how_it_reads(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    fate(studio, NORA, "complained")
    studio.send()
    told(studio)
    view = seen(admin)
    assert [step.what for step in view.steps] == [
        "First tried",
        "Handed to the mail service",
        "Delivered",
        "Called spam by its reader",
    ]
    assert view.mail.status is MailStatus.COMPLAINED
    assert (view.mail.person, view.mail.user) == ("Nora Novak", user.public_id)
    assert view.message == stored(OutboxMessage)[0].public_id
    assert view.suppression
    assert view.preview.subject == "Mails reach you again"
    assert "Hello Nora Novak" in view.preview.text


def test_a_link_for_one_person_alone_is_never_shown_to_an_admin(studio: Studio) -> None:
    admin = an_admin()
    user = a_user("Una Unconfirmed", email="una@example.com", email_verified_at=None)
    accounts.request_verification(email=user.email)
    studio.send()
    [row] = stored(MailDelivery)
    view = seen(admin, row.unique_key)
    assert (view.preview.html, view.preview.text) == ("", "")
    assert not view.may_repeat
    with db.reading() as session:
        _, preview = previews.get_template(session, actor=acting(admin), template="verify")
    assert preview.example
    assert "token=example" in preview.text
    with pytest.raises(Conflict):
        repeating.send_again(actor=acting(admin), mail=row.public_id)


def test_a_mail_is_sent_again_once_as_another_mail_even_if_two_admins_press_at_once(
    studio: Studio,
) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    studio.send()
    mail_id = delivery().public_id
    repeating.send_again(actor=acting(admin), mail=mail_id)
    with pytest.raises(Conflict, match="already"):
        repeating.send_again(actor=acting(admin), mail=mail_id)
    studio.send()
    assert studio.mails(NORA) == ["Mails reach you again"] * 2
    assert delivery(f"{KEY}:again:1").status is MailStatus.SENT
    assert "mail.sent_again" in [row.action for row in stored(AuditEntry)]
    repeating.send_again(actor=acting(admin), mail=delivery(f"{KEY}:again:1").public_id)
    studio.send()
    assert len(sent(studio)) == 3


def test_a_dead_letter_is_sent_again_as_itself(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    studio.fault("/emails", "status", status=422, vendor="resend")
    studio.send()
    first = next(row for row in stored(OutboxMessage) if row.unique_key == KEY)
    assert first.status is OutboxStatus.DEAD
    assert "422" in seen(admin).mail.reason
    repeating.send_again(actor=acting(admin), mail=delivery().public_id)
    studio.send()
    assert delivery().status is MailStatus.SENT
    assert [row.unique_key for row in stored(OutboxMessage)].count(KEY) == 1


def test_a_mail_that_is_tried_again_by_itself_is_not_queued_a_second_time(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user, template="pack_expiring")  # which pack it does not say: a mistake of ours
    studio.send()
    assert delivery().status is MailStatus.FAILED
    assert message().status is OutboxStatus.FAILED
    assert "tried again by itself" in seen(admin).why_not
    with pytest.raises(Conflict, match="tried again by itself"):
        repeating.send_again(actor=acting(admin), mail=delivery().public_id)


def test_a_mail_given_up_in_an_outage_says_so_and_is_sent_again_as_itself(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    with environment_of({"RESEND_API_BASE": NOBODY_LISTENS}):
        while message().status is not OutboxStatus.DEAD:
            studio.send()
            assert seen(admin).mail.status in (MailStatus.SENDING, MailStatus.GIVEN_UP)
            studio.wait(hours=5)
    assert asked(admin, status="given up") == [KEY]
    assert [step.what for step in seen(admin).steps] == ["First tried", "Given up"]
    repeating.send_again(actor=acting(admin), mail=delivery().public_id)
    studio.send()
    assert delivery().status is MailStatus.SENT


def test_a_mail_that_was_canceled_on_its_way_is_not_on_its_way_any_more(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    studio.fault("/emails", "status", status=503, vendor="resend")
    studio.send()
    assert (seen(admin).mail.status, seen(admin).may_repeat) == (MailStatus.SENDING, False)
    outbox.cancel(actor=acting(admin), message=message().public_id, reason="Not needed")
    assert seen(admin).mail.status is MailStatus.GIVEN_UP
    assert seen(admin).mail.reason == "an admin canceled its message"
    studio.wait(minutes=5)
    repeating.send_again(actor=acting(admin), mail=delivery().public_id)
    studio.send()
    assert (delivery().status, len(sent(studio))) == (MailStatus.SENT, 1)


def test_a_mail_that_was_left_out_is_sent_again_as_another_mail(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    queued(user)
    with db.transaction() as session:
        suppressions.add(session, actor=SYSTEM, address=NORA, reason=SuppressionReason.BOUNCED)
    studio.send()
    entry = seen(admin).suppression
    assert entry, "its page shows why"
    suppressions.lift(actor=acting(admin), suppression=entry)
    repeating.send_again(actor=acting(admin), mail=delivery().public_id)
    studio.send()
    assert delivery(f"{KEY}:again:1").status is MailStatus.SENT


def message() -> OutboxMessage:
    return next(row for row in stored(OutboxMessage) if row.unique_key == KEY)


@pytest.mark.one_database("sqlite")
def test_a_database_that_is_away_is_not_a_mail_that_is_gone(studio: Studio) -> None:
    send(nora())
    row = delivery()
    with pytest.raises(DatabaseUnavailable), db.reading() as session:
        driver: Any = session.connection().connection.dbapi_connection
        driver.set_progress_handler(lambda: 1, 1)  # interrupts whatever is asked
        try:
            previews.of_mail(session, row)
        finally:
            driver.set_progress_handler(None, 0)


def test_to_an_address_on_the_list_nothing_is_sent_again(studio: Studio) -> None:
    admin, user = an_admin(), nora()
    send(user)
    suppressions.add_by_hand(actor=acting(admin), address=f" {NORA.upper()}", note="She asked")
    with pytest.raises(Conflict, match="admin put this address"):
        repeating.send_again(actor=acting(admin), mail=delivery().public_id)
    with pytest.raises(Conflict, match="already"):
        suppressions.add_by_hand(actor=acting(admin), address=NORA, note="Twice")
    with pytest.raises(InvalidInput):
        suppressions.add_by_hand(actor=acting(admin), address="nobody", note="No address")
    with pytest.raises(InvalidInput):
        suppressions.add_by_hand(actor=acting(admin), address="a@example.com", note="  ")
    with pytest.raises(Conflict, match="ask the studio"):
        suppressions.try_again(actor=acting(user))


def test_the_list_of_addresses_is_searched_by_a_part_and_names_the_person(
    studio: Studio,
) -> None:
    admin = acting(an_admin())
    nora()
    for address in (NORA, "else@example.com"):
        with db.transaction() as session:
            suppressions.add(
                session, actor=SYSTEM, address=address, reason=SuppressionReason.BOUNCED
            )
    with db.reading() as session:
        found = suppressions.list_all(session, actor=admin, query="nora")
        everything = suppressions.list_all(session, actor=admin)
    assert [(row.address, row.person) for row in found.rows] == [(NORA, "Nora Novak")]
    assert everything.total == 2


def test_nobody_but_an_admin_sees_or_does_any_of_it(studio: Studio) -> None:
    user = nora()
    send(user)
    actor, mail_id = acting(user), delivery().public_id
    with db.reading() as session:
        for read in (
            lambda: listing.list_mails(session, actor=actor),
            lambda: listing.get_mail(session, actor=actor, mail=mail_id),
            lambda: previews.list_templates(session, actor=actor),
            lambda: previews.get_template(session, actor=actor, template="purchase"),
            lambda: suppressions.list_all(session, actor=actor),
        ):
            with pytest.raises(NotAllowed):
                read()
    for act in (
        lambda: repeating.send_again(actor=actor, mail=mail_id),
        lambda: suppressions.add_by_hand(actor=actor, address=NORA, note="x"),
        lambda: suppressions.lift(actor=actor, suppression="sup_1"),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_template_is_shown_with_the_newest_real_facts_else_with_made_up_ones(
    studio: Studio,
) -> None:
    admin, user = an_admin(), nora()
    with db.reading() as session:
        _, before = previews.get_template(session, actor=acting(admin), template="address_check")
    assert before.example
    send(user)
    with db.reading() as session:
        row, after = previews.get_template(session, actor=acting(admin), template="address_check")
        listed = {one.name: one for one in previews.list_templates(session, actor=acting(admin))}
    assert not after.example
    assert "Hello Nora Novak" in after.text
    assert row.sent_at == clock.utc_now() == listed["address_check"].sent_at
    assert listed["purchase"].sent_at is None
    with db.reading() as session, pytest.raises(NotFound):
        previews.get_template(session, actor=acting(admin), template="../layout")


def test_a_reminder_of_a_moment_that_has_passed_is_still_shown_with_real_facts(
    studio: Studio,
) -> None:
    admin, user = an_admin(), nora()
    ends_at = clock.utc_now() + timedelta(days=3)
    pack = a_pack(a_seat(user, a_mentor("Max Mentor")), left=1, expires_at=ends_at)
    send(user, template="pack_expiring", pack_id=pack.id)
    studio.wait(days=4)
    with db.reading() as session:
        _, shown = previews.get_template(session, actor=acting(admin), template="pack_expiring")
    assert not shown.example
    assert "Max Mentor" in shown.subject
    assert seen(admin).preview.why == "It would not be sent now: the pack has ended."


def _testimonial(user: User) -> dict[str, Any]:
    pack = a_pack(a_seat(user, a_mentor()), left=1)
    return {"template": "testimonial_asked", "user_id": user.id, "pack_id": pack.id}


def _token(data: dict[str, Any]) -> str:
    header = mail.compose(data).headers["List-Unsubscribe"]
    assert header.startswith("<http")
    return header.strip("<>").rpartition("/")[2]


def _wanted(user: User) -> bool:
    with db.reading() as session:
        return telling.wants_mail(session, user.id, "testimonial_asked", {})


def test_a_kind_of_mails_is_left_by_its_link_without_signing_in_once_and_for_all(
    studio: Studio,
) -> None:
    user = nora()
    data = _testimonial(user)
    letter, token = mail.compose(data), _token(data)
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert token in letter.text
    assert token in letter.html
    with db.reading() as session:
        assert subscriptions.find(session, token=token).comes
    for _ in range(2):
        left = subscriptions.leave(token=token)
        assert (left.title, left.comes) == ("Testimonials", False)
    assert not _wanted(user)
    with db.reading() as session:
        assert not subscriptions.find(session, token=token).comes
        choices = telling.ways(session, user.id, "renewal_one_left")
    assert choices == telling.KINDS["renewal_one_left"].channels, "nothing else was left"


def test_what_always_goes_carries_no_way_out(studio: Studio) -> None:
    letter = mail.compose({"template": "address_check", "user_id": nora().id})
    assert letter.headers == {}
    assert "unsubscribe" not in letter.text + letter.html


def test_a_mail_that_is_rendered_again_is_the_same_mail(studio: Studio) -> None:
    data = _testimonial(nora())
    before = mail.compose(data)
    studio.wait(days=2)
    assert mail.compose(data) == before


def test_the_link_ends_after_some_months_and_a_forged_one_never_worked(studio: Studio) -> None:
    user = nora()
    token = _token(_testimonial(user))
    for bad in ("", "x", token[:-2], token[::-1], "x" * 5_000, token.replace(".", "")):
        with pytest.raises(InvalidInput):
            subscriptions.leave(token=bad)
    with clock.at(clock.utc_now() + timedelta(days=180)), db.reading() as session:
        assert subscriptions.find(session, token=token).comes
    with clock.at(clock.utc_now() + timedelta(days=215)), pytest.raises(InvalidInput):
        subscriptions.leave(token=token)
    assert _wanted(user)


def test_the_link_of_an_account_that_is_gone_does_nothing(studio: Studio) -> None:
    user = nora()
    token = _token(_testimonial(user))
    with db.transaction() as session:
        session.get_one(User, user.id).public_id = "usr_somebody_else"
    with pytest.raises(InvalidInput):
        subscriptions.leave(token=token)


def test_only_what_can_be_left_is_a_category_of_a_link(database: str) -> None:
    leavable = {kind.category for kind in telling.KINDS.values() if not kind.transactional}
    assert Category.ORDERS not in leavable
    assert Category.TESTIMONIALS in leavable
