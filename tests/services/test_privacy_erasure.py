"""Erasing a person: nothing personal stays but invoices, nothing that must add up is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import exc, text
from sqlmodel import select

from services import (
    booking,
    catalogue,
    checkout,
    clock,
    db,
    feeds,
    ledger,
    models,
    photos,
    seats,
    sessions,
    signin,
    waitlist,
)
from services.config import settings
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.models import (
    AuditEntry,
    CalendarConnection,
    InboxEvent,
    Invoice,
    MailDelivery,
    Mentor,
    MentoringSession,
    OccupiedTime,
    Order,
    Pack,
    PackStatus,
    Payment,
    Posting,
    ReleaseReason,
    Seat,
    SeatStatus,
    SessionNote,
    SessionStatus,
    User,
    UserStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from services.privacy import erasure
from tests.chaos import crowd
from tests.services.lives import (
    EMAIL,
    MARKS,
    NAME,
    WORD,
    Life,
    a_life,
    as_buyer,
    as_mentee,
    as_mentor,
    erase,
    files_with,
    places_of,
    seen,
)
from tests.services.meetings import at, together
from tests.services.rows import a_mentor, a_pack, a_seat, a_user, acting, an_offer, saved
from tests.support.google import Google
from tests.support.people import PASSWORD
from tests.support.studio import BEGINNING, Studio, stored

KEPT = {("invoice", "buyer")}
"""What the law wants kept says who bought."""


@pytest.fixture
def life(studio: Studio) -> Life:
    """Somebody who has signed up."""
    return a_life(studio)


def test_a_whole_life_is_erased_but_for_what_the_law_keeps(life: Life) -> None:
    """One life for all of it, since living takes a while."""
    as_mentee(life)
    assert places_of(*MARKS) >= PLANTED
    tables = (Order, Payment, Invoice)
    kept = {table: [row.model_dump() for row in stored(table)] for table in tables}
    postings = [row.model_dump() for row in stored(Posting)]
    with db.reading() as session:
        feed = feeds.find_feed(session, actor=life.actor)
        teacher = session.get_one(User, life.mentor.user_id).email
    assert feed
    mails = len(life.studio.mails(EMAIL))
    other = together(life.mentor, "Olga Other")
    [booked] = other.book(at(21))
    others = [row.model_dump() for row in stored(AuditEntry) if row.thing == booked]

    erase(life)
    life.studio.send()

    nothing_personal_is_left(life)
    for table, rows in kept.items():
        now = [row.model_dump() | {"checkout_url": None} for row in stored(table)]
        assert [row | {"checkout_url": None} for row in rows] == now
    assert [row.model_dump() for row in stored(Posting)][: len(postings)] == postings
    assert ledger.check_orders() == []
    every_way_in_has_ended(life, feed.address)
    assert len(life.studio.mails(EMAIL)) == mails
    assert any(mail.startswith("Canceled: ") for mail in life.studio.mails(teacher))
    assert [row.model_dump() for row in stored(AuditEntry) if row.thing == booked] == others
    assert other.now() == (PackStatus.ACTIVE, 4, 1)
    assert a_user(NAME, email=EMAIL).id != life.actor.user_id


PLANTED = {
    ("user", "email"),
    ("sign_in", "user_agent"),
    ("onboarding", "goals"),
    ("mentoring_session", "goals"),
    ("mentoring_session", "cancel_reason"),
    ("session_note", "body"),
    ("proposal", "reason"),
    ("objection", "body"),
    ("objection", "answer"),
    ("testimonial", "body"),
    ("testimonial", "decline_reason"),
    ("refund", "note"),
    ("refund", "decision_note"),
    ("unmatched_money", "note"),
    ("calendar_connection", "account"),
    ("connected_calendar", "external_id"),
    ("audit_entry", "after"),
    ("inbox_event", "payload"),
    ("inbox_event", "error"),
    ("outbox_message", "error"),
    ("job_run", "error"),
    ("invoice", "buyer"),
    ("notification", "title"),
    ("mail_delivery", "recipient"),
    ("mail_delivery", "subject"),
}
"""Where the words of a life stand before."""


def nothing_personal_is_left(life: Life) -> None:
    """In no column, no file of the product, and on SQLite in no byte of the database's file."""
    assert places_of(*MARKS) == KEPT
    assert files_with(*MARKS) == set()
    assert (life.user.status, life.user.name) == (UserStatus.ERASED, erasure.ERASED_NAME)
    if settings().is_sqlite:
        with db.engine().connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            path = connection.execute(text("PRAGMA database_list")).one()[2]
        content = Path(path).read_bytes().lower()
        on_invoice = content.count(b"1 zarquon street") + content.count(b"zarquon1")
        assert content.count(b"zarquon") == on_invoice > 0


def every_way_in_has_ended(life: Life, feed: str) -> None:
    """Sign-in, password, feed, and the access to Google."""
    assert signin.find_presence(life.secret) is signin.NOBODY
    with pytest.raises(InvalidInput):
        signin.sign_in(email=EMAIL, password=PASSWORD)
    secret = feed.rpartition("/")[2].removesuffix(".ics")
    with pytest.raises(NotFound):
        feeds.read_feed(secret=secret, address="203.0.113.1")
    assert Google(life.studio.sandbox, EMAIL).access() == ""
    [connection] = stored(CalendarConnection)
    assert (connection.refresh_token_encrypted, connection.access_token_encrypted) == ("", "")


def test_what_is_booked_is_canceled_and_the_seat_is_free(life: Life) -> None:
    as_buyer(life)

    erase(life)

    [pack], [seat], [session] = stored(Pack), stored(Seat), stored(MentoringSession)
    assert (pack.status, pack.left, pack.reserved) == (PackStatus.EXPIRED, 0, 0)
    assert (seat.status, seat.release_reason) == (
        SeatStatus.RELEASED,
        ReleaseReason.ACCOUNT_ERASED,
    )
    assert session.status is SessionStatus.CANCELED
    assert stored(OccupiedTime) == []
    assert ledger.check_orders() == []


def test_a_session_that_is_too_near_is_used_as_whenever_a_mentee_cancels_late(life: Life) -> None:
    as_buyer(life)
    life.studio.wait_until(at(19, 13))
    [late] = seen(life).sessions
    assert late.late

    erase(life)

    row = next(each for each in stored(MentoringSession) if each.public_id == late.public_id)
    assert row.status is SessionStatus.MENTEE_NO_SHOW
    assert ledger.check_orders() == []


def test_a_mentors_page_words_and_photo_are_gone_and_what_mentees_were_told_stays(
    life: Life,
) -> None:
    slug = as_mentor(life)
    [key] = [row.photo_key for row in stored(Mentor) if row.slug == slug]
    assert key
    held = a_session_with(life)
    a_mail_about_a_testimonial(life)
    assert places_of(*MARKS) >= {
        ("mentor", "slug"),
        ("mentor", "bio"),
        ("mentor_skill", "name"),
        ("time_off", "note"),
        ("audit_entry", "after"),
    }

    erase(life)
    life.studio.send()

    assert places_of("quibble") == set()
    assert places_of("zarquon") == {("session_note", "body")}
    assert [row.body for row in stored(SessionNote)] == [f"{WORD} told the mentee"]
    with pytest.raises(NotFound):
        photos.read(photos.url(key).rpartition("/")[2])
    with db.reading() as session, pytest.raises(NotFound):
        catalogue.get_mentor(session, actor=signin.VISITOR, slug=slug)
    assert held.status is SessionStatus.COMPLETED


def a_mail_about_a_testimonial(life: Life) -> None:
    """What a mentee said of the person, a mentor, was declined, and the mail says of whom."""
    mentor = next(row for row in stored(Mentor) if row.user_id == life.actor.user_id)
    mentee = a_user("Olga Other")
    pack = a_pack(a_seat(mentee, mentor), left=0, status=PackStatus.DEPLETED)
    said = saved(
        models.Testimonial(
            pack_id=pack.id, body="It helped me.", mentee_id=mentee.id, mentor_id=mentor.id
        )
    )
    saved(
        MailDelivery(
            unique_key="mail:testimonial_declined:1",
            user_id=mentee.id,
            template="testimonial_declined",
            about=said.public_id,
            subject=f"Your testimonial for {NAME} is not shown",
        )
    )


def a_session_with(life: Life) -> MentoringSession:
    """A session that the person, a mentor, has held, with notes for both and for themselves."""
    mentor = next(row for row in stored(Mentor) if row.user_id == life.actor.user_id)
    pair = together(mentor, "Nora Novak", left=1)
    [public_id] = booking.book_for(
        actor=life.actor,
        mentor=mentor.slug,
        mentee=pair.mentee.public_id,
        starts=[at(2)],
        reason="As agreed",
    )
    for shared, body in ((True, f"{WORD} told the mentee"), (False, f"{WORD} thought")):
        sessions.save_note(actor=life.actor, session=public_id, shared=shared, body=body)
    life.studio.wait_until(at(2, 14))
    sessions.advance_due()
    sessions.decide(
        actor=life.actor, session=public_id, outcome=SessionStatus.COMPLETED, note=f"{WORD} came"
    )
    return next(row for row in stored(MentoringSession) if row.public_id == public_id)


def test_a_wrong_password_and_an_outdated_page_erase_nothing(life: Life) -> None:
    as_buyer(life)
    with pytest.raises(InvalidInput, match="not your password"):
        erasure.erase_own(actor=life.actor, password="another one", mark=seen(life).mark)
    mark = seen(life).mark
    [coming] = seen(life).sessions
    booking.cancel(actor=life.actor, session=coming.public_id, sequence=0)
    with pytest.raises(Conflict, match="has changed"):
        erasure.erase_own(actor=life.actor, password=PASSWORD, mark=mark)
    assert life.user.status is UserStatus.ACTIVE


def test_what_a_provider_told_before_the_buyer_went_to_another_one_is_emptied_too(
    life: Life,
) -> None:
    offer = an_offer(life.mentor).public_id
    life.order = checkout.start(actor=life.actor, offer=offer, provider="paypal").order
    page = life.studio.checkout_of(life.order)
    checkout.start(actor=life.actor, offer=offer, provider="stripe")
    life.studio.approve(life.order, checkout=page)
    life.studio.pay(life.order)
    life.studio.deliver()

    erase(life)

    [told] = [event for event in stored(InboxEvent) if event.object_id == page]
    assert (told.provider, told.payload) == ("paypal", "")


def test_erasing_twice_at_once_happens_once(life: Life) -> None:
    as_buyer(life)
    mark = seen(life).mark

    def once() -> None:
        with clock.at(BEGINNING):  # each thread has a clock of its own
            erasure.erase_own(actor=life.actor, password=PASSWORD, mark=mark)

    results = crowd.together([once] * 3)
    assert crowd.succeeded(results)
    assert [row.action for row in stored(AuditEntry)].count("user.erased") == 1


def test_an_admin_erases_with_a_reason_and_nobody_else_may(life: Life) -> None:
    as_buyer(life)
    user, mark = life.user.public_id, seen(life).mark
    stranger = acting(a_user("Sam Stranger"))
    with pytest.raises(NotAllowed):
        erasure.erase_by_admin(actor=stranger, user=user, reason="For fun", mark=mark)
    with pytest.raises(InvalidInput):
        erasure.erase_by_admin(actor=life.boss, user=user, reason="", mark=mark)
    with pytest.raises(Conflict, match="your own"):
        erasure.erase_by_admin(
            actor=life.boss, user=life.admin.public_id, reason="Tired", mark=mark
        )

    erasure.erase_by_admin(actor=life.boss, user=user, reason="Asked by letter", mark=mark)

    [line] = [row for row in stored(AuditEntry) if row.action == "user.erased"]
    assert line.actor_id == life.admin.id
    assert line.after == {"by": "an admin", "reason": "Asked by letter"}
    assert places_of(*MARKS) == KEPT


def test_the_page_says_what_is_lost(life: Life) -> None:
    as_buyer(life)
    view = seen(life)
    [pack], [session] = view.packs, view.sessions
    assert view.obstacles == ()
    assert (pack.left, pack.worth and pack.worth.minor, pack.order) == (4, 12_000, life.order)
    assert (session.starts_at, session.late) == (at(20), False)


def test_a_place_on_a_waitlist_is_shown_and_given_up(life: Life) -> None:
    mentor = a_mentor("Vera Full", capacity=1)
    an_offer(mentor)
    owned = a_seat(a_user("Olga Other"), mentor, SeatStatus.GRACE)
    with db.transaction() as tx:
        waitlist.join(tx, actor=life.actor, mentor=mentor.slug)
    view = seen(life)
    assert [(place.mentor_name, place.offered) for place in view.places] == [("Vera Full", False)]
    with db.transaction() as tx:
        seat = tx.get_one(Seat, owned.id)
        seats.release(tx, actor=life.boss, seat=seat, reason=ReleaseReason.BY_HAND)
    [place] = seen(life).places
    assert place.offered
    with pytest.raises(Conflict, match="has changed"):
        erasure.erase_own(actor=life.actor, password=PASSWORD, mark=view.mark)

    erase(life)

    [entry] = stored(WaitlistEntry)
    assert entry.status is WaitlistStatus.LEFT
    held = [row for row in stored(Seat) if row.mentee_id == life.actor.user_id]
    assert [row.status for row in held] == [SeatStatus.RELEASED]


def test_audit_lines_can_be_emptied_and_nothing_else_of_them_changed(life: Life) -> None:
    [line, *_] = stored(AuditEntry)
    changes = (
        "action = 'other'",
        '"after" = \'{"status": "much longer than it was before, whatever it was"}\'',
        "erased_at = CURRENT_TIMESTAMP, action = 'other'",
    )
    for change in changes:
        with pytest.raises(exc.DatabaseError), db.transaction() as tx:
            tx.connection().execute(
                text(f"UPDATE audit_entry SET {change} WHERE id = :id"), {"id": line.id}
            )
    with pytest.raises(exc.DatabaseError), db.transaction() as tx:
        tx.connection().execute(text("DELETE FROM audit_entry WHERE id = :id"), {"id": line.id})
    with db.reading() as session:
        assert session.exec(select(AuditEntry).where(AuditEntry.id == line.id)).one() == line
