"""The mails around sessions: who gets which, what it says, what goes along, and when it is too late
to send it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from icalendar import Calendar
from sqlmodel import col, select

from services import booking, clock, db, mail, models, sessions
from services.mail.render import FACTS
from services.mail.render import Letter as Mail
from services.models import MentoringSession, OutboxMessage, Pack, SessionStatus, User
from tests.services.meetings import DAY, HOUR, Together, at, session_of, together
from tests.services.rows import acting, an_admin
from tests.support.studio import BEGINNING, stored

START = at(2)
END = START + HOUR
S = SessionStatus
NORA, MINA, ADA = "nora.novak@example.com", "mina.mentor@example.com", "ada.admin@example.com"


@pytest.fixture
def pair(database: str) -> Iterator[Together]:
    """A pair on each database; the mentee reads in Kathmandu, the mentor in New York."""
    with clock.at(BEGINNING):
        found = together(title='Four "<b>big</b>" ones')
        with db.transaction() as tx:
            tx.get_one(User, found.mentee.id).time_zone = "Asia/Kathmandu"
            tx.get_one(User, found.mentor.user_id).time_zone = "America/New_York"
        yield found


def letters(template: str = "") -> dict[str, Mail]:
    """What the mails of a kind would say if they left now, by address; the others are left out."""
    found: dict[str, Mail] = {}
    for message in waiting(template):
        try:
            letter = mail.compose(message)
        except mail.Skipped:
            continue
        assert letter.to not in found, "one mail each"
        found[letter.to] = letter
    return found


def waiting(template: str = "") -> list[dict[str, Any]]:
    """What the outbox holds of a kind of mails, oldest first."""
    with db.reading() as reading:
        query = select(OutboxMessage).where(OutboxMessage.kind == "mail")
        rows = reading.exec(query.order_by(col(OutboxMessage.id))).all()
    return [row.data for row in rows if template in ("", row.data["template"])]


def events(letter: Mail) -> list[Any]:
    """The events of the files that go along."""
    return [
        event for each in letter.attachments for event in Calendar.from_ical(each.content).events
    ]


def test_sessions_booked_together_are_one_mail_each_with_a_file_for_each(pair: Together) -> None:
    booked = pair.book(START, at(3), at(4))
    found = letters("session_booked")
    assert set(found) == {NORA, MINA}
    nora, mina = found[NORA], found[MINA]
    assert nora.subject == "3 sessions with Mina Mentor, the first on Wednesday 4 March"
    assert "you booked 3 sessions with Mina Mentor:" in nora.text
    assert "Wednesday 4 March 2026, 17:45 to 18:45 (Asia/Kathmandu)" in nora.text
    assert "Nora Novak booked 3 sessions with you:" in mina.text
    assert "Wednesday 4 March 2026, 07:00 to 08:00 (America/New_York)" in mina.text
    assert "until 24 hours before" in nora.text
    for letter, address, other in ((nora, NORA, "Mina Mentor"), (mina, MINA, "Nora Novak")):
        assert [each.filename for each in letter.attachments] == [
            f"session-{number}.ics" for number in (1, 2, 3)
        ]
        assert {each.content_type for each in letter.attachments} == {
            "text/calendar; method=REQUEST; charset=utf-8"
        }
        listed = events(letter)
        assert [event.uid for event in listed] == [f"{each}@localhost" for each in booked]
        assert [event.start for event in listed] == [START, at(3), at(4)]
        first = listed[0]
        assert (first.summary, first.sequence) == (f"Session with {other}", 0)
        assert first.attendees == [f"mailto:{address}"]
        assert "studio@example.com" in first.organizer
        # Nobody's address goes to the other one.
        assert ({NORA, MINA} - {address}).pop() not in letter.attachments[0].content.decode()


def test_a_moved_session_keeps_its_event_and_tells_why(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.reschedule(
        actor=pair.owner, session=booked, sequence=0, starts_at=at(3), reason="A <b>late</b> train"
    )
    assert letters("session_booked") == {}, "the later mail tells what is true"
    found = letters("session_moved")
    assert set(found) == {NORA, MINA}
    nora = found[NORA]
    assert nora.subject == "Moved to Thursday 5 March: your session with Mina Mentor"
    assert "Mina Mentor moved your session. It now takes place:" in nora.text
    assert 'The reason: "A <b>late</b> train"' in nora.text
    assert "&lt;b&gt;late" in nora.html
    assert "<b>late" not in nora.html
    assert "4 March 2026 at 17:45 (Asia/Kathmandu)" in nora.text
    [event] = events(nora)
    assert (event.uid, event.sequence, event.start) == (f"{booked}@localhost", 1, at(3))
    assert found[MINA].text.startswith("Hello Mina Mentor,\n\nyou moved")
    with clock.at(at(3) + HOUR):
        assert letters("session_moved") == {}, "it is over"


@pytest.mark.parametrize("who", ["mentee", "late mentee", "mentor", "admin"])
def test_a_canceled_session_says_by_whom_and_what_becomes_of_the_credit(
    pair: Together, who: str
) -> None:
    [booked] = pair.book(START)
    with clock.at(START - HOUR if who == "late mentee" else BEGINNING):
        actor = {"mentor": pair.owner, "admin": acting(an_admin())}.get(who, pair.actor)
        reason = "" if "mentee" in who else "I am ill"
        booking.cancel(actor=actor, session=booked, sequence=0, reason=reason, late_ok=True)
    found = letters("session_canceled")
    assert set(found) == {NORA, MINA}
    nora, mina = found[NORA], found[MINA]
    by = {"mentor": ("Mina Mentor", "you"), "admin": ("the studio",) * 2}
    nora_reads, mina_reads = by.get(who, ("you", "Nora Novak"))
    for letter, reads, other in (
        (nora, nora_reads, "Mina Mentor"),
        (mina, mina_reads, "Nora Novak"),
    ):
        with_whom = "" if reads == other else f" with {other}"
        assert f"{reads} canceled your session{with_whom}, which" in letter.text
    if who == "late mentee":
        assert "counts as used" in nora.text
        assert "back in" not in nora.text
    else:
        assert "The session is back in your pack, which you can use until" in nora.text
        assert "back in Nora Novak's pack" in mina.text
    assert ("I am ill" in nora.text) is bool(reason)
    for letter in found.values():
        assert letter.attachments[0].content_type.startswith("text/calendar; method=CANCEL")
        [event] = events(letter)
        assert (event.uid, event.sequence) == (f"{booked}@localhost", 1)
        assert event["STATUS"] == "CANCELLED"


def test_a_proposal_goes_to_the_other_and_its_answer_comes_back(pair: Together) -> None:
    [booked] = pair.book(START)
    booking.propose(actor=pair.owner, session=booked, sequence=0, starts_at=at(5), reason="A train")
    found = letters("session_proposed")
    assert set(found) == {NORA}
    assert "Saturday 7 March 2026, 17:45 to 18:45 (Asia/Kathmandu)" in found[NORA].text
    with db.reading() as reading:
        view = sessions.get_session(reading, actor=pair.actor, session=booked)
    assert view.proposal is not None
    booking.answer(actor=pair.actor, proposal=view.proposal.public_id, accept=False)
    assert letters("session_proposed") == {}, "it has been answered"
    answered = letters("session_proposal_answered")
    assert set(answered) == {MINA}
    assert answered[MINA].subject == "Nora Novak declined the proposed time"
    assert "Nora Novak declined the other time that you proposed:" in answered[MINA].text
    booking.propose(actor=pair.actor, session=booked, sequence=0, starts_at=at(6))
    assert set(letters("session_proposed")) == {MINA}


def test_an_accepted_proposal_says_who_proposed_who_accepted_and_whose_reason_it_was(
    pair: Together,
) -> None:
    [booked] = pair.book(START)
    proposal = booking.propose(
        actor=pair.owner, session=booked, sequence=0, starts_at=at(5), reason="A train"
    )
    booking.answer(actor=pair.actor, proposal=proposal, accept=True)
    found = letters("session_moved")
    assert (
        "you accepted the time that Mina Mentor proposed for your session. It" in found[NORA].text
    )
    assert "Nora Novak accepted the time that you proposed for your session. It" in found[MINA].text
    for letter in found.values():
        assert 'The reason of the proposal: "A train"' in letter.text
    with db.reading() as reading:
        view = sessions.get_session(reading, actor=pair.actor, session=booked)
    told = {line.action: (line.by_name, line.reason) for line in view.history}
    assert told["proposal.made"] == ("Mina Mentor", "A train")
    assert told["session.moved"] == ("Nora Novak", "")


@pytest.mark.parametrize("accept", [True, False])
def test_what_an_admin_proposed_is_said_to_be_the_studios(pair: Together, accept: bool) -> None:
    [booked] = pair.book(START)
    admin = acting(an_admin())
    proposal = booking.propose(
        actor=admin, session=booked, sequence=0, starts_at=at(5), reason="She is ill"
    )
    asked = letters("session_proposed")[NORA]
    assert asked.subject.startswith("The studio proposes another time for your session with Mina")
    booking.answer(actor=pair.actor, proposal=proposal, accept=accept)
    if accept:
        found = letters("session_moved")
        assert set(found) == {NORA, MINA}
        assert "you accepted the time that the studio proposed for your session with Mina" in (
            found[NORA].text
        )
        assert "Nora Novak accepted the time that the studio proposed" in found[MINA].text
    else:
        found = letters("session_proposal_answered")
        assert set(found) == {MINA, ADA}
        assert "Nora Novak declined the other time that the studio proposed:" in found[MINA].text
        assert (
            "Nora Novak declined the other time that you proposed for the session with Mina Mentor:"
            in found[ADA].text
        )


def test_a_proposal_that_the_studio_declines_or_takes_back_names_the_studio(pair: Together) -> None:
    [booked] = pair.book(START)
    admin = acting(an_admin())
    wish = booking.propose(actor=pair.actor, session=booked, sequence=0, starts_at=at(5))
    booking.answer(actor=admin, proposal=wish, accept=False)
    found = letters("session_proposal_answered")
    assert set(found) == {NORA}
    assert found[NORA].subject == "The studio declined the proposed time"


def test_an_unresolved_session_asks_both_until_somebody_says(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(END):
        sessions.advance_due()
        found = letters("session_unresolved")
        assert set(found) == {NORA, MINA}
        assert "until 7 March 2026 at 18:45 (Asia/Kathmandu)" in found[NORA].text
        assert "goes back to Nora Novak's pack" in found[MINA].text
        sessions.decide(actor=pair.owner, session=booked, outcome=S.COMPLETED)
        assert letters("session_unresolved") == {}


@pytest.mark.parametrize(
    ("outcome", "nora_reads", "mina_reads"),
    [
        (S.COMPLETED, "You have 3 sessions left in this pack.", "It is noted as completed."),
        (S.MENTEE_NO_SHOW, "It is noted that you did not come.", "Nora Novak did not come."),
        (S.MENTOR_NO_SHOW, "The session is back in your pack", "It is noted that you did not come"),
        (S.CANCELED, "It is noted as canceled.", "The session is back in Nora Novak's pack."),
    ],
)
def test_an_outcome_tells_both_and_the_mentee_until_when_to_object(
    pair: Together, outcome: SessionStatus, nora_reads: str, mina_reads: str
) -> None:
    [booked] = pair.book(START)
    with clock.at(END):
        sessions.advance_due()
        sessions.decide(actor=pair.owner, session=booked, outcome=outcome, note="We agreed.")
    found = letters("session_outcome")
    assert set(found) == {NORA, MINA}
    assert nora_reads in found[NORA].text
    assert mina_reads in found[MINA].text
    assert 'Mina Mentor wrote: "We agreed."' in found[NORA].text
    used = outcome in {S.COMPLETED, S.MENTEE_NO_SHOW}
    assert ("object until 11 March 2026 at 18:45" in found[NORA].text) is used
    assert "object until" not in found[MINA].text
    corrected = S.CANCELED if used else S.COMPLETED
    with clock.at(END + DAY):
        sessions.decide(actor=acting(an_admin()), session=booked, outcome=corrected, note="Not so")
    assert set(letters("session_outcome")) == {NORA, MINA}, "only what is true now is told"


@pytest.mark.parametrize("uphold", [True, False])
def test_an_objection_goes_to_the_mentor_and_the_admins_and_its_answer_to_both(
    pair: Together, uphold: bool
) -> None:
    admin = an_admin()
    [booked] = pair.book(START)
    with clock.at(END):
        sessions.advance_due()
        sessions.decide(actor=pair.owner, session=booked, outcome=S.COMPLETED)
        sessions.object_to(actor=pair.actor, session=booked, text="It never began")
    assert set(letters("session_objection")) == {MINA}
    alert = letters("admin_alert")[ADA]
    assert f"/sessions/{booked}" in alert.text
    with clock.at(END + DAY), db.reading() as reading:
        view = sessions.get_session(reading, actor=pair.actor, session=booked)
    assert view.objection is not None
    with clock.at(END + DAY):
        sessions.settle_objection(
            actor=acting(admin),
            objection=view.objection.public_id,
            uphold=uphold,
            answer="We asked both.",
        )
    assert letters("session_objection") == {}
    found = letters("session_objection_settled")
    assert set(found) == {NORA, MINA}
    assert ("The objection is accepted." in found[NORA].text) is uphold
    assert ("stays noted as completed" in found[NORA].text) is not uphold
    assert '"We asked both."' in found[MINA].text
    assert len(letters("session_outcome")) == (0 if uphold else 2), "settled is told once"


def test_a_mentors_word_against_the_mentees_tells_that_an_admin_decides(pair: Together) -> None:
    [booked] = pair.book(START)
    with clock.at(END):
        sessions.advance_due()
        sessions.object_to(actor=pair.actor, session=booked, text="Nobody came")
        assert "say what happened until 7 March 2026" in letters("session_objection")[MINA].text
        sessions.decide(actor=pair.owner, session=booked, outcome=S.COMPLETED)
    assert letters("session_objection") == {}, "the mentor has answered"
    nora = letters("session_outcome")[NORA].text
    assert "You have objected: an admin of the studio decides." in nora
    assert "object until" not in nora


def test_a_testimonial_is_not_asked_for_once_it_is_written(pair: Together) -> None:
    with db.transaction() as tx:
        tx.get_one(Pack, pair.pack.id).total = 4
        tx.get_one(Pack, pair.pack.id).left = 1
    [booked] = pair.book(START)
    with db.transaction() as tx:
        tx.get_one(Pack, pair.pack.id).total = 2
    with clock.at(END):
        sessions.decide(actor=pair.owner, session=booked, outcome=S.COMPLETED)
    asked = letters("testimonial_asked")
    assert f"/testimonial/{pair.pack.public_id}" in asked[NORA].text
    with db.transaction() as tx:
        row = models.Testimonial(
            pack_id=pair.pack.id,
            mentee_id=pair.mentee.id,
            mentor_id=pair.mentor.id,
            body="Good.",
            status=models.TestimonialStatus.DECLINED,
            decline_reason="Too short",
        )
        tx.add(row)
    assert letters("testimonial_asked") == {}
    declined = {"template": "testimonial_declined", "user_id": pair.mentee.id}
    assert '"Too short"' in mail.compose(declined | {"testimonial_id": row.id}).text


def test_suspension_tells_the_mentor_and_the_mentees_and_coming_back_too(pair: Together) -> None:
    admin = acting(an_admin())
    pair.book(START)
    sessions.suspend_mentor(actor=admin, mentor=pair.mentor.slug, reason="A complaint")
    found = letters("mentor_suspended")
    assert found[NORA].subject == "Mina Mentor cannot hold sessions for now"
    assert "Your pack loses no time" in found[NORA].text
    assert found[MINA].subject == "You are suspended as a mentor"
    sessions.resume_mentor(actor=admin, mentor=pair.mentor.slug, reason="Settled")
    assert letters("mentor_suspended") == {}
    found = letters("mentor_resumed")
    assert f"/book/{pair.mentor.slug}" in found[NORA].text
    assert "/mentor/availability" in found[MINA].text
    assert not any("complaint" in mail.compose(data).text for data in sendable())


def test_every_mail_about_sessions_speaks_in_both_forms(pair: Together) -> None:
    [booked, other] = pair.book(START, at(6))
    booking.propose(actor=pair.owner, session=other, sequence=0, starts_at=at(7), reason="A train")
    booking.reschedule(actor=pair.actor, session=booked, sequence=0, starts_at=at(3))
    with clock.at(at(4)):
        sessions.advance_due()
        sessions.object_to(actor=pair.actor, session=booked, text="Nobody came")
        everything = [mail.compose(data) for data in sendable()]
    assert len(everything) == 6
    for letter in everything:
        assert "\n" not in letter.subject
        for part in (letter.subject, letter.text, letter.html):
            assert part.strip()
            assert not re.search(r"\bNone\b", part)
            assert "{" not in re.sub(r"<style.*?</style>", "", part, flags=re.DOTALL)
        assert "\n\n\n" not in letter.text
        link = re.findall(r"http\S+", letter.text)[-1]
        assert f'href="{link}"' in letter.html
    assert {name for name in FACTS if name.startswith("session_")} >= {
        data["template"] for data in waiting() if data["template"].startswith("session_")
    }


def sendable() -> list[dict[str, Any]]:
    """The mails that would leave now."""
    found: list[dict[str, Any]] = []
    for data in waiting():
        try:
            mail.compose(data)
        except mail.Skipped:
            continue
        found.append(data)
    return found


def test_what_is_told_commits_with_the_change_or_not_at_all(pair: Together) -> None:
    [booked] = pair.book(START)
    before = len(stored(OutboxMessage))
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        row = tx.get_one(MentoringSession, session_of(booked).id)
        booking.call_off(tx, actor=pair.owner, session=row, reason="I am ill")
        _ = 1 / 0
    assert len(stored(OutboxMessage)) == before
    assert session_of(booked).status is S.SCHEDULED
