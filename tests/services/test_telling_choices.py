"""What people choose to be told, and what there is to choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from services import clock, db, mail, telling
from services.audit import Actor
from services.errors import InvalidInput, SignInNeeded
from services.mail import render
from services.models import (
    AuditEntry,
    Channel,
    DiscordLink,
    NotificationPreference,
    User,
    UserStatus,
)
from services.telling import CATEGORIES, KINDS, Audience, Category
from tests.services.rows import VISITOR, a_mentor, a_user, acting, acting_mentor, an_admin, saved
from tests.support.studio import BEGINNING, stored

TEMPLATES = Path(mail.__file__).parent / "templates"


@pytest.fixture
def nora(database: str) -> Iterator[User]:
    """Somebody who chooses; the clock stands still."""
    with clock.at(BEGINNING):
        yield a_user()


def choose(actor: Actor, category: str, channel: str, *, enabled: bool = False) -> None:
    with db.transaction() as tx:
        telling.choose(tx, actor=actor, category=category, channel=channel, enabled=enabled)


def shown(actor: Actor) -> dict[Category, dict[Channel, bool]]:
    with db.reading() as session:
        rows = telling.get_choices(session, actor=actor).rows
    return {row.category: dict(row.chosen) for row in rows}


def test_everything_is_on_until_somebody_chooses(nora: User) -> None:
    for chosen in shown(acting(nora)).values():
        assert set(chosen.values()) == {True}


def test_a_choice_is_kept_shown_and_written_down(nora: User) -> None:
    choose(acting(nora), "reminders", "mail")
    choose(acting(nora), "reminders", "mail")
    assert shown(acting(nora))[Category.REMINDERS] == {
        Channel.MAIL: False,
        Channel.APP: True,
        Channel.DISCORD: True,
    }
    [line] = [row for row in stored(AuditEntry) if row.action == "notifications.chosen"]
    assert (line.thing, line.before, line.after) == (
        nora.public_id,
        {"reminders by mail": True},
        {"reminders by mail": False},
    )
    choose(acting(nora), "reminders", "mail", enabled=True)
    assert shown(acting(nora))[Category.REMINDERS][Channel.MAIL]
    assert stored_choices() == 1


def stored_choices() -> int:
    with db.reading() as session:
        return len(session.exec(select(NotificationPreference)).all())


def test_each_sees_the_categories_that_concern_them(nora: User) -> None:
    mentor, admin = a_mentor(), an_admin()
    mentee_sees = shown(acting(nora))
    assert Category.MENTEES not in mentee_sees and Category.STUDIO not in mentee_sees
    assert Category.MENTEES in shown(acting_mentor(mentor))
    assert Category.STUDIO in shown(acting(admin))


@pytest.mark.parametrize(
    ("category", "channel"),
    [
        ("sessions", "mail"),
        ("orders", "discord"),
        ("mentees", "mail"),
        ("studio", "app"),
        ("nonsense", "mail"),
        ("reminders", "pigeon"),
        ("", ""),
    ],
)
def test_what_is_no_choice_is_refused(nora: User, category: str, channel: str) -> None:
    with pytest.raises(InvalidInput):
        choose(acting(nora), category, channel)
    assert stored_choices() == 0


def test_a_visitor_chooses_nothing(nora: User) -> None:
    with pytest.raises(SignInNeeded):
        choose(VISITOR, "reminders", "mail")
    with pytest.raises(SignInNeeded):
        shown(VISITOR)


def test_the_settings_know_whether_discord_is_linked(nora: User) -> None:
    with db.reading() as session:
        assert not telling.get_choices(session, actor=acting(nora)).discord
    saved(DiscordLink(user_id=nora.id, discord_id="100000000000000001"))
    with db.reading() as session:
        assert telling.get_choices(session, actor=acting(nora)).discord


def test_the_link_of_a_mail_ends_the_mails_of_its_category_and_no_others(nora: User) -> None:
    def ended(category: Category) -> bool:
        with db.transaction() as tx:
            return telling.unsubscribe(tx, user_id=nora.id, category=category)

    assert ended(Category.RENEWALS)
    assert not ended(Category.RENEWALS)
    assert not ended(Category.SESSIONS)
    chosen = shown(acting(nora))
    assert chosen[Category.RENEWALS] == {
        Channel.MAIL: False,
        Channel.APP: True,
        Channel.DISCORD: True,
    }
    assert chosen[Category.REMINDERS][Channel.MAIL]


def test_the_link_ends_mails_that_stand_in_for_messages_that_discord_does_not_take(
    nora: User,
) -> None:
    def come(category: Category = Category.RENEWALS) -> bool:
        with db.reading() as session:
            return telling.mails_come(session, user_id=nora.id, category=category)

    def left(category: Category = Category.RENEWALS) -> None:
        with db.transaction() as tx:
            telling.unsubscribe(tx, user_id=nora.id, category=category)

    link = saved(DiscordLink(user_id=nora.id, discord_id="100000000000000001"))
    left()
    assert not come()
    assert shown(acting(nora))[Category.RENEWALS][Channel.DISCORD]
    with db.transaction() as tx:
        tx.get_one(DiscordLink, link.id).dm_closed_at = clock.utc_now()
    assert come()
    left()
    left(Category.TESTIMONIALS)
    assert not come()
    assert not come(Category.TESTIMONIALS)
    assert not shown(acting(nora))[Category.RENEWALS][Channel.DISCORD]
    assert stored_choices() == 3


def test_the_link_of_an_erased_person_stores_nothing(nora: User) -> None:
    with db.transaction() as tx:
        person = tx.get_one(User, nora.id)
        person.status, person.erased_at = UserStatus.ERASED, clock.utc_now()
    with db.transaction() as tx:
        assert not telling.unsubscribe(tx, user_id=nora.id, category=Category.RENEWALS)
    assert stored_choices() == 0


def test_every_kind_has_a_template_and_facts() -> None:
    templates = {path.stem for path in TEMPLATES.glob("*.txt")}
    assert set(KINDS) <= templates
    assert set(KINDS) <= set(render.FACTS)


def test_every_category_has_a_kind_and_words_and_comes_in_the_app() -> None:
    assert {kind.category for kind in KINDS.values()} == set(Category) == set(CATEGORIES)
    for about in CATEGORIES.values():
        assert about.title and about.words.endswith(".")
        assert Channel.APP in about.channels
    assert {about.audience for about in CATEGORIES.values()} == set(Audience)
