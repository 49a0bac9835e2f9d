"""The catalogue: what visitors find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services import catalogue, clock, db
from services.errors import NotFound
from services.models import (
    Mentor,
    MentorLanguage,
    MentorSkill,
    OfferStatus,
    SeatStatus,
    Testimonial,
    TestimonialStatus,
    User,
    UserStatus,
)
from services.money import Money
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_pack,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
    counted_reading,
    open_hours,
    saved,
)

pytestmark = pytest.mark.usefixtures("database")

EUR_120 = Money(12_000, "EUR")


def listed(**filters: Any) -> list[catalogue.MentorCard]:
    with db.reading() as session:
        return list(catalogue.list_mentors(session, **filters).rows)


def slugs(**filters: Any) -> list[str]:
    return [card.slug for card in listed(**filters)]


def with_words(mentor: Mentor, skills: list[str], languages: list[str]) -> None:
    for position, skill in enumerate(skills):
        saved(MentorSkill(mentor_id=mentor.id, name=skill, position=position))
    for code in languages:
        saved(MentorLanguage(mentor_id=mentor.id, code=code))


def test_card_counts_held_active_and_grace_seats_but_not_released_ones() -> None:
    mentor = a_mentor(capacity=5)
    for status in SeatStatus:
        a_seat(a_user(f"Person {status.value}"), mentor, status)

    card = listed()[0]

    assert (card.capacity, card.seats_free, card.full, card.closed) == (5, 2, False, False)


def test_full_and_closed_mentors_say_so_and_never_show_less_than_no_seat() -> None:
    full = a_mentor("Fay Full", capacity=1)
    a_seat(a_user("First"), full)
    a_seat(a_user("Second"), full)
    a_mentor("Cleo Closed", capacity=0)

    closed_card, full_card = listed()

    assert (full_card.full, full_card.closed, full_card.seats_free) == (True, False, 0)
    assert (closed_card.full, closed_card.closed, closed_card.seats_free) == (False, True, 0)
    assert slugs(with_seat=True) == []


def test_who_looks_for_a_seat_finds_only_mentors_where_one_can_be_bought() -> None:
    an_offer(a_mentor("Sara Sells"))
    away = a_mentor("Amy Away", suspended_at=clock.utc_now())
    an_offer(away)
    an_offer(a_mentor("Nils Nothing"), status=OfferStatus.RETIRED)

    assert slugs() == ["amy-away", "nils-nothing", "sara-sells"]
    assert slugs(with_seat=True) == ["sara-sells"]


def test_unlisted_and_suspended_mentors_are_not_in_the_catalogue() -> None:
    a_mentor("Una Unlisted", listed=False)
    suspended = a_mentor("Sue Suspended")
    with db.transaction() as session:
        user = session.get_one(User, suspended.user_id)
        user.status = UserStatus.SUSPENDED
        session.add(user)

    assert slugs() == []
    with db.reading() as session, pytest.raises(NotFound):
        catalogue.get_mentor(session, "una-unlisted", actor=VISITOR)
    with db.reading() as session, pytest.raises(NotFound):
        catalogue.get_mentor(session, "sue-suspended", actor=VISITOR)


def test_unlisted_mentor_sees_the_own_page_and_so_does_an_admin() -> None:
    mentor = a_mentor(listed=False)

    with db.reading() as session:
        own = catalogue.get_mentor(session, mentor.slug, actor=acting_mentor(mentor))
        for_admin = catalogue.get_mentor(session, mentor.slug, actor=acting(an_admin()))

    assert (own.is_own, own.listed, own.can_buy) == (True, False, False)
    assert (for_admin.is_own, for_admin.can_buy) == (False, False)


def test_search_looks_in_names_headlines_and_skills_and_every_word_must_fit() -> None:
    with_words(a_mentor("Zoe Quill", headline="Writing that is read"), ["Fiction"], ["en"])
    with_words(a_mentor("Adam Reyes", headline="Backend design"), ["Python"], ["de"])

    assert slugs(query="quill") == ["zoe-quill"]
    assert slugs(query="BACKEND") == ["adam-reyes"]
    assert slugs(query="pyth adam") == ["adam-reyes"]
    assert slugs(query="pyth quill") == []


@pytest.mark.parametrize("query", ["%", "_", "\\", "100%"])
def test_wildcards_in_a_search_are_ordinary_characters(query: str) -> None:
    a_mentor("Adam Reyes")
    assert slugs(query=query) == []


def test_filters_by_skill_ignore_capitals_and_combine_with_languages() -> None:
    with_words(a_mentor("Ann One"), ["Python", "SQL"], ["en", "de"])
    with_words(a_mentor("Bob Two"), ["python"], ["fr"])

    assert slugs(skill="PYTHON") == ["ann-one", "bob-two"]
    assert slugs(skill="python", language="fr") == ["bob-two"]
    with db.reading() as session:
        filters = catalogue.list_filters(session)
    assert [(c.label.lower(), c.mentors) for c in filters.skills] == [("python", 2), ("sql", 1)]
    assert {c.label: c.mentors for c in filters.languages} == {
        "English": 1,
        "French": 1,
        "German": 1,
    }


def test_price_from_is_the_lowest_on_sale_in_the_studios_currency() -> None:
    mentor = a_mentor()
    an_offer(mentor, 30_000)
    an_offer(mentor, 12_000)
    an_offer(mentor, 5_000, status=OfferStatus.RETIRED)
    an_offer(mentor, 100, currency="USD")
    a_mentor("Nina Nothing")

    assert [card.price_from for card in listed()] == [EUR_120, None]


def test_list_goes_on_after_the_last_slug_without_gaps_or_repeats() -> None:
    for number in range(7):
        a_mentor(f"Mentor {number}")
    seen: list[str] = []
    after: str | None = None
    while True:
        with db.reading() as session:
            part = catalogue.list_mentors(session, after=after, limit=3)
        seen += [card.slug for card in part.rows]
        after = part.next
        assert part.total == 7
        if after is None:
            break

    assert seen == [f"mentor-{number}" for number in range(7)]


def test_number_of_queries_does_not_grow_with_the_number_of_mentors() -> None:
    counts: list[int] = []
    for number in range(1, 9):
        mentor = a_mentor(f"Mentor {number}")
        with_words(mentor, ["Python", "Go"], ["en", "de"])
        an_offer(mentor)
        with counted_reading() as (session, statements):
            catalogue.list_mentors(session)
        counts.append(len(statements))

    assert set(counts) == {5 + 14}, "five of the list, the others for the next free times"


def test_mentor_page_shows_what_is_on_sale_and_the_viewers_own_seat() -> None:
    mentor = a_mentor(capacity=1)
    an_offer(mentor, 20_000, title="Eight", validity_days=None)
    an_offer(mentor, 12_000)
    an_offer(mentor, 1_000, status=OfferStatus.RETIRED)
    mentee = a_user()
    seat = a_seat(mentee, mentor, SeatStatus.GRACE)

    with db.reading() as session:
        page = catalogue.get_mentor(session, mentor.slug, actor=acting(mentee))
        for_visitor = catalogue.get_mentor(session, mentor.slug, actor=VISITOR)

    assert [(o.price.minor, o.validity_days) for o in page.offers] == [(12_000, 45), (20_000, None)]
    assert page.own_seat == catalogue.OwnSeat(SeatStatus.GRACE, seat.grace_ends_at)
    assert page.full
    assert page.can_buy, "a renewal takes no new place"
    assert for_visitor.own_seat is None
    assert not for_visitor.can_buy


def test_seats_free_on_the_card_follow_the_clock_of_nobody_but_the_rows() -> None:
    """A hold whose time is over still counts: only the provider's answer frees its seat."""
    mentor = a_mentor(capacity=1)
    a_seat(a_user(), mentor, SeatStatus.HELD)
    with clock.at(clock.utc_now() + timedelta(hours=2)):
        assert listed()[0].full


def test_card_and_page_say_when_the_next_session_can_be_booked() -> None:
    free, shut = a_mentor("Frida Free"), a_mentor("Sven Shut")
    open_hours(free, hours=(9, 11), days=[2])
    monday = datetime(2026, 3, 2, 8, tzinfo=UTC)
    wednesday = datetime(2026, 3, 4, 9, tzinfo=UTC)

    with clock.at(monday):
        cards = {card.slug: card.next_free for card in listed()}
        with db.reading() as session:
            pages = {
                slug: catalogue.get_mentor(session, slug, actor=VISITOR).next_free
                for slug in (free.slug, shut.slug)
            }

    assert cards == pages == {free.slug: wednesday, shut.slug: None}


def test_page_shows_published_testimonials_alone() -> None:
    mentor, mentee = a_mentor(), a_user("Mia Maler")
    seat = a_seat(mentee, mentor)
    for number, status in enumerate(TestimonialStatus):
        saved(
            Testimonial(
                pack_id=a_pack(seat, title=f"Pack {number}").id,
                mentee_id=mentee.id,
                mentor_id=mentor.id,
                body=f"This one is {status.value}.",
                status=status,
                decided_at=None if status is TestimonialStatus.WAITING else clock.utc_now(),
            )
        )

    with db.reading() as session:
        (quote,) = catalogue.get_mentor(session, mentor.slug, actor=VISITOR).quotes

    assert (quote.body, quote.author) == ("This one is published.", "Mia M.")
