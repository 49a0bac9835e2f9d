"""What mentors and admins may change in the catalogue, and within which bounds."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from services import catalogue, db
from services.audit import Actor
from services.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    OfferRetired,
    SignInNeeded,
)
from services.models import (
    AuditEntry,
    Mentor,
    UserStatus,
)
from services.money import Money
from tests.services.rows import (
    VISITOR,
    a_mentor,
    a_seat,
    a_user,
    acting,
    acting_mentor,
    an_admin,
    an_offer,
)

pytestmark = pytest.mark.usefixtures("database")

EUR_120 = Money(12_000, "EUR")


def listed(**filters: Any) -> list[catalogue.MentorCard]:
    with db.reading() as session:
        return list(catalogue.list_mentors(session, **filters).rows)


def slugs(**filters: Any) -> list[str]:
    return [card.slug for card in listed(**filters)]


def profile(slug: str, actor: Actor) -> catalogue.MentorProfile:
    with db.reading() as session:
        return catalogue.get_profile(session, slug, actor=actor)


def change(actor: Actor, slug: str, **fields: Any) -> None:
    wanted: dict[str, Any] = {
        "headline": "Backend design",
        "bio": "",
        "skills": [],
        "languages": [],
        "capacity": 10,
    }
    with db.transaction() as session:
        catalogue.update_profile(session, actor=actor, slug=slug, **(wanted | fields))


def put_on_sale(actor: Actor, slug: str, **fields: Any) -> catalogue.OfferCard:
    wanted: dict[str, Any] = {
        "title": "Four sessions",
        "sessions": 4,
        "price": EUR_120,
        "validity_days": 45,
    }
    with db.transaction() as session:
        return catalogue.create_offer(session, actor=actor, slug=slug, **(wanted | fields))


def test_profile_is_changed_with_one_audit_line_that_holds_only_what_changed() -> None:
    mentor = a_mentor(headline="Old", capacity=3)
    actor = acting_mentor(mentor)

    change(
        actor,
        mentor.slug,
        headline="  New \n words ",
        bio="One\r\n\r\nTwo  ",
        skills=["Python", " ", "python", "SQL"],
        languages=["EN", " german ", "de"],
        capacity=3,
    )

    after = profile(mentor.slug, actor)
    assert (after.headline, after.bio) == ("New words", "One\n\nTwo")
    assert (after.skills, after.languages) == (("Python", "SQL"), ("de", "en"))
    with db.reading() as session:
        line = session.exec(select(AuditEntry)).one()
    assert line.before == {"headline": "Old", "bio": "", "skills": [], "languages": []}
    assert set(line.after) == set(line.before)
    assert line.actor_id == actor.user_id


def test_saving_an_unchanged_profile_writes_nothing() -> None:
    mentor = a_mentor(headline="Backend design")
    change(acting_mentor(mentor), mentor.slug)

    with db.reading() as session:
        assert session.exec(select(AuditEntry)).all() == []


def test_skills_can_be_reordered_and_renamed_to_other_capitals() -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    change(actor, mentor.slug, skills=["python", "SQL"])
    change(actor, mentor.slug, skills=["SQL", "Python"])

    assert profile(mentor.slug, actor).skills == ("SQL", "Python")


def test_lower_capacity_evicts_nobody_and_says_by_how_many_it_is_over() -> None:
    mentor = a_mentor(capacity=3)
    for number in range(3):
        a_seat(a_user(f"Person {number}"), mentor)
    actor = acting_mentor(mentor)

    change(actor, mentor.slug, capacity=1)

    after = profile(mentor.slug, actor)
    assert (after.capacity, after.seats_taken, after.over_by) == (1, 3, 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("headline", "x" * 121),
        ("headline", "hidden\x00"),
        ("headline", "\u202ebackwards"),
        ("bio", "x" * 4_001),
        ("skills", ["x" * 41]),
        ("skills", [f"skill {n}" for n in range(13)]),
        ("languages", ["xx"]),
        ("languages", ["Klingon"]),
        ("capacity", -1),
        ("capacity", 1_001),
        ("capacity", "many"),
        ("capacity", "1e3"),
        ("capacity", ""),
        ("name", "  "),
    ],
)
def test_profile_out_of_bounds_is_refused_with_its_field(field: str, value: Any) -> None:
    mentor = a_mentor()
    with pytest.raises(InvalidInput) as refused:
        change(acting_mentor(mentor), mentor.slug, **{field: value})
    assert refused.value.field == field


def test_nobody_edits_another_mentor_but_an_admin() -> None:
    mentor, other = a_mentor("Mina Mine"), a_mentor("Olga Other")
    offer = an_offer(other)
    actor = acting_mentor(mentor)

    for attempt in (
        lambda: change(actor, other.slug),
        lambda: put_on_sale(actor, other.slug),
        lambda: profile(other.slug, actor),
        lambda: retire(actor, offer.public_id),
        lambda: change(VISITOR, other.slug),
    ):
        with pytest.raises(NotFound):
            attempt()
    change(acting(an_admin()), other.slug, headline="By an admin", name="Olga Renamed")

    assert profile(other.slug, acting_mentor(other)).name == "Olga Renamed"


def test_an_admin_sets_a_mentors_share_and_takes_it_back_to_the_studios() -> None:
    mentor, ada = a_mentor(), acting(an_admin())

    for typed, stored in (("65 %", 65), ("0", 0), ("", None)):
        change(ada, mentor.slug, share=typed)
        assert profile(mentor.slug, ada).share_percent == stored
    change(ada, mentor.slug, share=100)
    change(acting_mentor(mentor), mentor.slug, headline="The mentor changes something else")

    assert profile(mentor.slug, ada).share_percent == 100
    with db.reading() as session:
        told = select(AuditEntry).where(AuditEntry.action == "mentor.changed")
        lines = session.exec(told.order_by(col(AuditEntry.id))).all()
    shares = [line.after["share_percent"] for line in lines if "share_percent" in line.after]
    assert shares == [65, 0, None, 100]
    assert [line.before["share_percent"] for line in lines[:4]] == [None, 65, 0, None]


@pytest.mark.parametrize("typed", ["-1", "101", "half", "12.5", "1e2"])
def test_a_share_that_is_no_percentage_is_refused_with_its_field(typed: str) -> None:
    mentor = a_mentor()
    with pytest.raises(InvalidInput) as refused:
        change(acting(an_admin()), mentor.slug, share=typed)
    assert refused.value.field == "share"


@pytest.mark.parametrize("typed", ["", "100"])
def test_mentors_cannot_set_their_own_share(typed: str) -> None:
    mentor = a_mentor(share_percent=50)
    with pytest.raises(NotAllowed):
        change(acting_mentor(mentor), mentor.slug, share=typed)
    assert profile(mentor.slug, acting_mentor(mentor)).share_percent == 50


def retire(actor: Actor, offer: str) -> None:
    with db.transaction() as session:
        catalogue.retire_offer(session, actor=actor, offer=offer)


def test_changed_price_is_a_new_offer_and_the_old_one_is_retired_unchanged() -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    old = put_on_sale(actor, mentor.slug)

    with db.transaction() as session:
        new = catalogue.replace_offer(
            session,
            actor=actor,
            offer=old.public_id,
            title="Four sessions",
            sessions=4,
            price=Money(15_000, "EUR"),
            validity_days=None,
        )

    shown = profile(mentor.slug, actor).offers
    assert [(o.public_id, o.price.minor, o.active) for o in shown] == [
        (new.public_id, 15_000, True),
        (old.public_id, 12_000, False),
    ]
    assert shown[0].validity_days is None


def test_retiring_twice_changes_and_records_once() -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    offer = put_on_sale(actor, mentor.slug)
    retire(actor, offer.public_id)
    retire(actor, offer.public_id)

    with db.reading() as session:
        actions = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))).all()
    assert actions == ["offer.created", "offer.retired"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"sessions": 0}, "sessions"),
        ({"sessions": 101}, "sessions"),
        ({"validity_days": 0}, "validity_days"),
        ({"validity_days": 366}, "validity_days"),
        ({"price": Money(49, "EUR")}, "price"),
        ({"price": Money(100_000_000, "EUR")}, "price"),
        ({"price": Money(12_000, "USD")}, "price"),
    ],
)
def test_offer_out_of_bounds_is_refused_with_its_field(fields: dict[str, Any], field: str) -> None:
    mentor = a_mentor()
    with pytest.raises(InvalidInput) as refused:
        put_on_sale(acting_mentor(mentor), mentor.slug, **fields)
    assert refused.value.field == field


def test_number_of_packs_on_sale_is_bounded_and_retiring_makes_room() -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    offers = [put_on_sale(actor, mentor.slug, title=f"Pack {n}") for n in range(12)]
    with pytest.raises(Conflict):
        put_on_sale(actor, mentor.slug)
    retire(actor, offers[0].public_id)

    assert put_on_sale(actor, mentor.slug).active


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Zoë Müller-Łukasz", "zoe-muller-lukasz"),
        ("Ирина Щукина", "irina-shchukina"),
        ("Straße Øst", "strasse-ost"),
        ("山田太郎", "mentor"),
        ("  --  ", "mentor"),
    ],
)
def test_slug_is_made_from_the_name_in_plain_letters(name: str, slug: str) -> None:
    user, admin = a_user(name, email="somebody@example.com"), acting(an_admin())
    with db.transaction() as session:
        assert catalogue.make_mentor(session, actor=admin, user=user.public_id) == slug


def test_namesakes_get_slugs_of_their_own() -> None:
    admin = acting(an_admin())
    made: list[str] = []
    for number in range(3):
        user = a_user("Nora Novak", email=f"nora{number}@example.com")
        with db.transaction() as session:
            made.append(catalogue.make_mentor(session, actor=admin, user=user.public_id))

    assert made == ["nora-novak", "nora-novak-2", "nora-novak-3"]


def test_only_admins_make_mentors_and_a_new_one_is_not_listed() -> None:
    user, admin = a_user(), acting(an_admin())
    with db.transaction() as session, pytest.raises(NotAllowed):
        catalogue.make_mentor(session, actor=acting(user), user=user.public_id)
    with db.transaction() as session, pytest.raises(SignInNeeded):
        catalogue.make_mentor(session, actor=VISITOR, user=user.public_id)
    with db.transaction() as session:
        slug = catalogue.make_mentor(session, actor=admin, user=user.public_id)
    with db.transaction() as session, pytest.raises(Conflict):
        catalogue.make_mentor(session, actor=admin, user=user.public_id)

    assert not profile(slug, acting_mentor_of(slug)).listed


def acting_mentor_of(slug: str) -> Actor:
    with db.reading() as session:
        return acting_mentor(session.exec(select(Mentor).where(Mentor.slug == slug)).one())


def test_suspended_account_does_not_become_a_mentor() -> None:
    user, admin = a_user(status=UserStatus.SUSPENDED), acting(an_admin())
    with db.transaction() as session, pytest.raises(Conflict):
        catalogue.make_mentor(session, actor=admin, user=user.public_id)


def test_mentors_do_not_list_themselves_and_listing_needs_a_headline() -> None:
    mentor = a_mentor(listed=False, headline="")
    admin, own = acting(an_admin()), acting_mentor(mentor)
    with db.transaction() as session, pytest.raises(NotAllowed):
        catalogue.set_listed(session, actor=own, slug=mentor.slug, listed=True)
    with db.transaction() as session, pytest.raises(Conflict):
        catalogue.set_listed(session, actor=admin, slug=mentor.slug, listed=True)
    change(admin, mentor.slug, headline="Now there is one")
    with db.transaction() as session:
        catalogue.set_listed(session, actor=admin, slug=mentor.slug, listed=True)

    assert slugs() == [mentor.slug]


def test_a_pack_that_was_replaced_meanwhile_is_not_replaced_again() -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    old = put_on_sale(actor, mentor.slug)
    terms: dict[str, Any] = {"title": "Four sessions", "sessions": 4, "validity_days": 45}
    new_price = Money(20_000, "EUR")

    def replace() -> None:
        with db.transaction() as session:
            catalogue.replace_offer(
                session, actor=actor, offer=old.public_id, price=new_price, **terms
            )

    replace()
    with pytest.raises(OfferRetired):
        replace()
    with db.reading() as session:
        assert len(catalogue.list_offers(session, mentor.slug, actor=actor)) == 2
