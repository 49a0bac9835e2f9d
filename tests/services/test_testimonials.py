"""Testimonials: who may write one, and that nothing is shown which no admin has read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from services import clock, db, models, testimonials
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound, OutOfDate, SignInNeeded
from services.models import (
    AuditEntry,
    Mentor,
    MentoringSession,
    OutboxMessage,
    Pack,
    SessionStatus,
    User,
    UserStatus,
)
from services.testimonials import AdminView, OwnView
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    counted_reading,
    saved,
)

BODY = "Mina read every page of mine, twice, and told me what to throw away."


def ended(pack: Pack, *statuses: SessionStatus) -> None:
    """Sessions of a pack that are over, a week apart."""
    with db.reading() as session:
        mentor = session.get_one(Mentor, pack.mentor_id)
    for number, status in enumerate(statuses, start=1):
        starts_at = clock.utc_now() - timedelta(days=7 * number)
        saved(
            MentoringSession(
                pack_id=pack.id,
                mentee_id=pack.mentee_id,
                mentor_id=mentor.id,
                mentor_user_id=mentor.user_id,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=1),
                status=status,
                canceled_at=starts_at if status is SessionStatus.CANCELED else None,
            )
        )


def a_used_pack(mentee: User, mentor: Mentor, *, completed: int = 3) -> Pack:
    """A pack of four of which some sessions have taken place."""
    pack = a_pack(a_seat(mentee, mentor), left=4 - completed)
    ended(pack, *[SessionStatus.COMPLETED] * completed)
    return pack


def own(mentee: User, pack: Pack) -> OwnView:
    with db.reading() as session:
        return testimonials.get_own(session, actor=acting(mentee), pack=pack.public_id)


def waiting(admin: User) -> tuple[AdminView, ...]:
    with db.reading() as session:
        return testimonials.list_all(session, actor=acting(admin)).rows


def about(mentor: Mentor) -> list[str]:
    with db.reading() as session:
        found = testimonials.list_for_mentor(session, mentor_id=mentor.id)
    return [quote.body for quote in found]


def on_home() -> list[tuple[str, str]]:
    with db.reading() as session:
        return [(one.mentor_slug, one.body) for one in testimonials.list_for_home(session)]


def published(mentee: User, pack: Pack, admin: User, body: str = BODY) -> str:
    testimonials.write(actor=acting(mentee), pack=pack.public_id, body=body)
    (found,) = waiting(admin)
    testimonials.decide(actor=acting(admin), testimonial=found.public_id, publish=True)
    return found.public_id


def declined_mails() -> list[OutboxMessage]:
    with db.reading() as session:
        mails = session.exec(select(OutboxMessage).where(OutboxMessage.kind == "mail")).all()
    return [mail for mail in mails if mail.data["template"] == "testimonial_declined"]


def test_what_a_mentee_wrote_is_shown_with_a_shortened_name_once_an_admin_published_it(
    database: str,
) -> None:
    mia, mina, ada = a_user("Mia Anna Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=f"  {BODY}\r\n")
    assert about(mina) == []
    assert on_home() == []
    (found,) = waiting(ada)
    assert (found.body, found.author_name, found.shown_as) == (BODY, "Mia Anna Maler", "Mia M.")

    testimonials.decide(actor=acting(ada), testimonial=found.public_id, publish=True)
    with db.reading() as session:
        (quote,) = testimonials.list_for_mentor(session, mentor_id=mina.id)
    assert (quote.author, quote.mentor_name, quote.body) == ("Mia M.", "Mina Mentor", BODY)
    assert on_home() == [("mina-mentor", BODY)]
    assert waiting(ada) == ()


@pytest.mark.parametrize(
    ("statuses", "may"),
    [
        ((SessionStatus.COMPLETED,) * 2, False),
        ((SessionStatus.COMPLETED,) * 3, True),
        ((SessionStatus.COMPLETED,) * 4, True),
        ((SessionStatus.COMPLETED, SessionStatus.COMPLETED, SessionStatus.MENTEE_NO_SHOW), True),
        ((SessionStatus.MENTEE_NO_SHOW,) * 4, False),
        ((SessionStatus.COMPLETED, SessionStatus.COMPLETED, SessionStatus.CANCELED), False),
        ((SessionStatus.COMPLETED, SessionStatus.COMPLETED, SessionStatus.SCHEDULED), False),
    ],
)
def test_a_testimonial_can_be_written_once_all_sessions_but_one_have_taken_place(
    database: str, statuses: tuple[SessionStatus, ...], may: bool
) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    pack = a_pack(a_seat(mia, mina))
    ended(pack, *statuses)
    assert (own(mia, pack).why_not == "") is may
    if may:
        testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    else:
        with pytest.raises(Conflict, match="once all sessions"):
            testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x" * 49, "needs 50 characters"),
        (" " * 30 + "x" * 30 + "\n" * 30, "needs 50 characters"),
        ("x" * 1001, "longer than 1000"),
        ("x" * 60 + "\x00", "cannot be shown"),
    ],
)
def test_a_text_too_short_too_long_or_unreadable_is_refused(
    database: str, body: str, words: str
) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    pack = a_used_pack(mia, mina)
    with pytest.raises(InvalidInput, match=words) as refused:
        testimonials.write(actor=acting(mia), pack=pack.public_id, body=body)
    assert refused.value.field == "body"
    assert own(mia, pack).status is None


@pytest.mark.parametrize("length", [50, 1000])
def test_the_shortest_and_the_longest_text_are_taken_whole(database: str, length: int) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body="é" * length)
    assert own(mia, pack).body == "é" * length


def test_a_text_that_waits_can_be_changed_and_stays_one(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    for body in (BODY, BODY + " Twice."):
        testimonials.write(actor=acting(mia), pack=pack.public_id, body=body)
    (found,) = waiting(ada)
    assert found.body == BODY + " Twice."


def test_two_tabs_that_send_at_once_leave_one_testimonial(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    bodies = [f"{BODY} From tab {number}." for number in range(4)]

    def sends(body: str) -> None:
        testimonials.write(actor=acting(mia), pack=pack.public_id, body=body)

    with ThreadPoolExecutor(len(bodies)) as tabs:
        list(tabs.map(sends, bodies))  # raises what a tab was told
    (found,) = waiting(ada)
    assert found.body in bodies


def test_of_two_admins_who_decide_at_once_one_decides(database: str) -> None:
    mia, mina = a_user("Mia Maler"), a_mentor()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    admins = [an_admin("Ada Admin"), an_admin("Olaf Admin")]
    (found,) = waiting(admins[0])
    refused: list[Exception] = []

    def publishes(admin: User) -> None:
        try:
            testimonials.decide(actor=acting(admin), testimonial=found.public_id, publish=True)
        except Conflict as error:
            refused.append(error)

    with ThreadPoolExecutor(len(admins)) as at_once:
        list(at_once.map(publishes, admins))
    assert len(refused) == 1
    assert about(mina) == [BODY]


def test_a_published_text_is_not_changed_by_its_author_any_more(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    published(mia, pack, ada)
    with pytest.raises(Conflict, match="published"):
        testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY + " No, better.")
    assert about(mina) == [BODY]


def test_a_declined_text_tells_the_reason_and_may_be_written_anew(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    (found,) = waiting(ada)
    testimonials.decide(
        actor=acting(ada),
        testimonial=found.public_id,
        publish=False,
        reason="It names a third person.",
    )
    seen = own(mia, pack)
    assert (seen.status, seen.decline_reason) == (
        models.TestimonialStatus.DECLINED,
        "It names a third person.",
    )
    assert [mail.data["user_id"] for mail in declined_mails()] == [mia.id]
    assert about(mina) == []

    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY + " Better.")
    seen = own(mia, pack)
    assert (seen.status, seen.decline_reason) == (models.TestimonialStatus.WAITING, "")


def test_a_published_text_can_be_taken_off_the_pages_with_a_reason(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    public_id = published(mia, a_used_pack(mia, mina), ada)
    testimonials.decide(
        actor=acting(ada), testimonial=public_id, publish=False, reason="Mia asked us to."
    )
    assert about(mina) == []
    assert len(declined_mails()) == 1


def test_the_second_of_two_admins_is_told_that_it_is_decided(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    public_id = published(mia, a_used_pack(mia, mina), ada)
    with pytest.raises(Conflict, match="published already"):
        testimonials.decide(
            actor=acting(an_admin("Olaf Admin")), testimonial=public_id, publish=True
        )


def test_a_text_that_changed_after_the_admin_read_it_is_not_published(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    (found,) = waiting(ada)
    with clock.at(clock.utc_now() + timedelta(seconds=5)):
        testimonials.write(actor=acting(mia), pack=pack.public_id, body="Something rude. " * 4)

    def publishes(read_at: datetime) -> None:
        testimonials.decide(
            actor=acting(ada), testimonial=found.public_id, publish=True, read_at=read_at
        )

    with pytest.raises(OutOfDate):
        publishes(found.updated_at)
    assert about(mina) == []
    publishes(waiting(ada)[0].updated_at)
    assert about(mina) == [("Something rude. " * 4).strip()]


def test_declining_needs_a_reason(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    (found,) = waiting(ada)
    with pytest.raises(InvalidInput) as refused:
        testimonials.decide(
            actor=acting(ada), testimonial=found.public_id, publish=False, reason=" "
        )
    assert refused.value.field == "reason"
    assert own(mia, pack).status is models.TestimonialStatus.WAITING


def test_nobody_writes_about_a_pack_of_somebody_else(database: str) -> None:
    mia, ben, mina, ada = a_user("Mia Maler"), a_user("Ben Bauer"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    for actor in (acting(ben), acting_mentor(mina), acting(ada)):
        with pytest.raises(NotFound):
            testimonials.write(actor=actor, pack=pack.public_id, body=BODY)
        with pytest.raises(NotFound), db.reading() as session:
            testimonials.get_own(session, actor=actor, pack=pack.public_id)
    with pytest.raises(SignInNeeded):
        testimonials.write(actor=VISITOR, pack=pack.public_id, body=BODY)
    with pytest.raises(NotFound):
        testimonials.write(actor=acting(mia), pack="pck_unknown", body=BODY)


def test_only_admins_decide_and_read_what_waits(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    pack = a_used_pack(mia, mina)
    testimonials.write(actor=acting(mia), pack=pack.public_id, body=BODY)
    (found,) = waiting(ada)
    for actor in (acting(mia), acting_mentor(mina)):
        with pytest.raises(NotAllowed):
            testimonials.decide(actor=actor, testimonial=found.public_id, publish=True)
        with pytest.raises(NotAllowed), db.reading() as session:
            testimonials.list_all(session, actor=actor)
    with pytest.raises(NotFound):
        testimonials.decide(actor=acting(ada), testimonial="tes_unknown", publish=True)


def test_home_shows_the_newest_of_each_listed_mentor_and_of_nobody_else(database: str) -> None:
    mia, ben, ada = a_user("Mia Maler"), a_user("Ben Bauer"), an_admin()
    mina, otto = a_mentor(), a_mentor("Otto Oster")
    hidden, gone = a_mentor("Hida Holm", listed=False), a_mentor("Gus Gone")
    for number, (mentee, mentor) in enumerate(
        [(mia, mina), (ben, mina), (mia, otto), (mia, hidden), (mia, gone)]
    ):
        with clock.at(clock.utc_now() + timedelta(minutes=number)):
            published(mentee, a_used_pack(mentee, mentor), ada, body=f"{BODY} Number {number}.")
    with db.transaction() as session:
        session.get_one(User, gone.user_id).status = UserStatus.SUSPENDED
    assert on_home() == [
        ("otto-oster", f"{BODY} Number 2."),
        ("mina-mentor", f"{BODY} Number 1."),
    ]
    assert about(mina) == [f"{BODY} Number 1.", f"{BODY} Number 0."]
    assert about(gone) == []


def test_the_admins_list_goes_on_and_finds_by_either_name(database: str) -> None:
    ada, mina = an_admin(), a_mentor()
    for number in range(3):
        mentee = a_user(f"Person Number{number}")
        pack = a_used_pack(mentee, mina)
        testimonials.write(actor=acting(mentee), pack=pack.public_id, body=BODY)
    with counted_reading() as (session, statements):
        first = testimonials.list_all(session, actor=acting(ada), limit=2)
        assert len(statements) == 2
        second = testimonials.list_all(session, actor=acting(ada), limit=2, before=first.next)
        found = testimonials.list_all(session, actor=acting(ada), query="number1")
        by_mentor = testimonials.list_all(session, actor=acting(ada), query="Mina")
    names = [row.author_name for row in (*first.rows, *second.rows)]
    assert names == ["Person Number2", "Person Number1", "Person Number0"]
    assert (first.total, second.next) == (3, None)
    assert [row.author_name for row in found.rows] == ["Person Number1"]
    assert by_mentor.total == 3


def test_what_was_written_and_decided_is_on_record_without_the_words(database: str) -> None:
    mia, mina, ada = a_user("Mia Maler"), a_mentor(), an_admin()
    published(mia, a_used_pack(mia, mina), ada)
    with db.reading() as session:
        lines = session.exec(select(AuditEntry)).all()
        assert session.exec(select(models.Testimonial)).one().decided_by == ada.id
    assert [line.action for line in lines] == ["testimonial.written", "testimonial.published"]
    assert BODY not in str([line.after for line in lines])
