"""Where one sees what was reminded of: the session's page, and the story of the order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services import clock, db, order_story, sessions
from services.audit import Actor
from services.reminders import sending
from services.reminders.sessions import BEGUN
from services.sessions import HistoryLine
from tests.services.meetings import DAY, Together, at, together
from tests.services.refunding import a_sale
from tests.services.rows import acting, an_admin
from tests.support.studio import BEGINNING, Studio

START = at(3)


def reminders(actor: Actor, session: str) -> list[HistoryLine]:
    """What the page's history says of reminders."""
    with db.reading() as reading:
        view = sessions.get_session(reading, actor=actor, session=session)
    assert [line.at for line in view.history] == sorted(line.at for line in view.history)
    return [line for line in view.history if line.action.startswith("reminder.")]


@pytest.fixture
def pair(database: str) -> Together:
    with clock.at(BEGINNING):
        return together()


def test_each_of_the_two_sees_their_own_reminders_and_an_admin_sees_both(pair: Together) -> None:
    with clock.at(BEGINNING):
        [booked] = pair.book(START)
        admin = acting(an_admin())
    with clock.at(START - DAY):
        sending.send_due()
        sent = HistoryLine(START - DAY, "", "reminder.sent", "", to_name="Nora Novak")
        assert reminders(pair.actor, booked) == [sent]
        assert [line.to_name for line in reminders(pair.owner, booked)] == ["Mina Mentor"]
        names = [line.to_name for line in reminders(admin, booked)]
    assert names == ["Nora Novak", "Mina Mentor"]


def test_a_suppressed_reminder_says_why(pair: Together) -> None:
    with clock.at(BEGINNING):
        [booked] = pair.book(START)
    with clock.at(START + timedelta(minutes=1)):
        sending.send_due()
        lines = reminders(pair.actor, booked)
    assert {(line.action, line.reason) for line in lines} == {("reminder.suppressed", BEGUN)}


def test_the_story_of_an_order_tells_its_reminders(studio: Studio) -> None:
    sale = a_sale(studio)
    studio.wait(days=39)
    sending.send_due()
    with db.reading() as session:
        story = order_story.get_story(session, actor=sale.admin, order=sale.order)
    found = {one.what: one for one in story.happenings if one.what.startswith("Reminder: ")}
    assert set(found) == {"Reminder: pack expiring"}
    shown = found["Reminder: pack expiring"]
    assert (shown.state, shown.thing[:4], shown.at) == ("sent", "pck_", clock.utc_now())
    assert shown.who
