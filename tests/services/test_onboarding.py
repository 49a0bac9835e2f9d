"""Onboarding: one next step at a time, and booking opens when the needed ones are done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from services import db, onboarding
from services.audit import Actor
from services.errors import InvalidInput, SignInNeeded
from services.ids import UserId
from services.models import AuditEntry, CalendarConnection, ConnectionStatus, User
from services.onboarding import OnboardingView, Standing, StepKind
from tests.services.rows import VISITOR, a_user, acting, counted_reading, saved


def seen(actor: Actor) -> OnboardingView:
    with db.reading() as session:
        return onboarding.get(session, actor=actor)


def stands(user: User) -> Standing:
    with db.reading() as session:
        return onboarding.standing(session, [user.id])[user.id]


def is_done(user_id: UserId) -> bool:
    with db.reading() as session:
        return onboarding.is_done(session, user_id)


def needed_steps(actor: Actor) -> list[Callable[[], None]]:
    return [
        lambda: onboarding.save_profile(actor=actor, name="Mia Maler", about="I write novels."),
        lambda: onboarding.confirm_zone(actor=actor, zone="Asia/Kolkata"),
        lambda: onboarding.save_goals(actor=actor, goals="Finish the second one."),
        lambda: onboarding.save_preferences(actor=actor, preferences="Say it plainly."),
    ]


def test_each_step_leads_to_the_next_and_the_last_needed_one_opens_booking(database: str) -> None:
    mia = a_user("Mia")
    asked: list[StepKind | None] = []
    for save in needed_steps(acting(mia)):
        asked.append(seen(acting(mia)).next)
        assert not is_done(mia.id)
        save()
    assert asked == [StepKind.PROFILE, StepKind.ZONE, StepKind.GOALS, StepKind.PREFERENCES]
    assert is_done(mia.id)
    view = seen(acting(mia))
    assert view.next is StepKind.CALENDAR
    assert (view.name, view.time_zone, view.about) == (
        "Mia Maler",
        "Asia/Kolkata",
        "I write novels.",
    )

    onboarding.skip_calendar(actor=acting(mia))
    assert seen(acting(mia)).next is None


def test_the_steps_can_be_done_in_any_order(database: str) -> None:
    mia = a_user("Mia")
    for save in reversed(needed_steps(acting(mia))):
        save()
    assert is_done(mia.id)


def test_a_connected_calendar_needs_no_skipping_and_a_disconnected_one_counts_no_more(
    database: str,
) -> None:
    mia = a_user("Mia")
    connection = saved(CalendarConnection(user_id=mia.id, account="mia@example.com"))
    (step,) = [one for one in seen(acting(mia)).steps if one.kind is StepKind.CALENDAR]
    assert (step.done, step.optional) == (True, True)
    with db.transaction() as session:
        row = session.get_one(CalendarConnection, connection.id)
        row.status = ConnectionStatus.DISCONNECTED
    assert not seen(acting(mia)).calendar_connected


def test_what_is_changed_later_does_not_close_booking_again(database: str) -> None:
    mia = a_user("Mia")
    for save in needed_steps(acting(mia)):
        save()
    done_at = seen(acting(mia)).done_at
    onboarding.save_goals(actor=acting(mia), goals="Another goal.")
    with pytest.raises(InvalidInput):
        onboarding.save_goals(actor=acting(mia), goals="   ")
    assert (seen(acting(mia)).done_at, seen(acting(mia)).goals) == (done_at, "Another goal.")


@pytest.mark.parametrize(
    ("save", "field"),
    [
        (lambda actor: onboarding.save_profile(actor=actor, name=" ", about="Me."), "name"),
        (lambda actor: onboarding.save_profile(actor=actor, name="Mia", about=" "), "about"),
        (lambda actor: onboarding.save_profile(actor=actor, name="M", about="x" * 2001), "about"),
        (lambda actor: onboarding.confirm_zone(actor=actor, zone="Mars/Olympus"), "time_zone"),
        (lambda actor: onboarding.confirm_zone(actor=actor, zone="../etc/passwd"), "time_zone"),
        (lambda actor: onboarding.save_goals(actor=actor, goals=""), "goals"),
        (lambda actor: onboarding.save_preferences(actor=actor, preferences=""), "preferences"),
    ],
)
def test_a_step_that_says_nothing_or_too_much_is_refused_and_nothing_is_stored(
    database: str, save: Callable[[Actor], None], field: str
) -> None:
    mia = a_user("Mia")
    with pytest.raises(InvalidInput) as refused:
        save(acting(mia))
    assert refused.value.field == field
    assert stands(mia) == Standing(0, 4, "profile")
    assert seen(acting(mia)).name == "Mia"


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "Europe/Kiev", "Asia/Kathmandu", "UTC"])
def test_a_zone_by_an_old_or_odd_name_is_taken_as_it_is(database: str, zone: str) -> None:
    mia = a_user("Mia")
    onboarding.confirm_zone(actor=acting(mia), zone=zone)
    assert seen(acting(mia)).time_zone == zone


def test_steps_saved_in_two_tabs_at_once_are_all_kept(database: str) -> None:
    mia = a_user("Mia")
    steps = needed_steps(acting(mia))
    with ThreadPoolExecutor(len(steps)) as tabs:
        list(tabs.map(lambda save: save(), steps))  # raises what a tab was told
    assert is_done(mia.id)
    assert stands(mia) == Standing(4, 4, "")


def test_where_many_people_stand_is_one_query(database: str) -> None:
    people = [a_user(f"Person {number}") for number in range(3)]
    needed_steps(acting(people[1]))[0]()
    with counted_reading() as (session, statements):
        found = onboarding.standing(session, [person.id for person in people])
        assert len(statements) == 1
    assert [found[person.id] for person in people] == [
        Standing(0, 4, "profile"),
        Standing(1, 4, "time zone"),
        Standing(0, 4, "profile"),
    ]


def test_only_somebody_who_is_signed_in_has_steps(database: str) -> None:
    for save in needed_steps(VISITOR):
        with pytest.raises(SignInNeeded):
            save()
    with pytest.raises(SignInNeeded):
        seen(VISITOR)


def test_the_record_names_the_step_and_not_what_was_told(database: str) -> None:
    mia = a_user("Mia")
    onboarding.save_goals(actor=acting(mia), goals="A secret wish.")
    with db.reading() as session:
        (line,) = session.exec(select(AuditEntry)).all()
    assert (line.action, line.after["step"]) == ("onboarding.saved", "goals")
    assert "secret" not in str(line.after)
