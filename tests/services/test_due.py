"""What is due now: all of it, each by itself, whatever one of them does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlmodel import Session, col, select

from services import db, due
from services.errors import DatabaseUnavailable
from services.ids import UserId
from services.models import User
from tests.services.rows import a_user


def _waiting(db: Session, *, limit: int) -> Sequence[UserId]:
    """The people whose locale is still to be set."""
    found = select(col(User.id)).where(col(User.locale) == "xx").order_by(col(User.id))
    return db.exec(found.limit(limit)).all()


def _settle(db: Session, user_id: UserId) -> bool:
    user = db.get_one(User, user_id)
    if user.name.startswith("Stuck"):
        raise ValueError(user.name)
    user.locale = "en"
    return True


def _people(*names: str) -> None:
    for number, name in enumerate(names):
        a_user(name, email=f"{number}@example.com", locale="xx")


def _still_waiting() -> list[str]:
    with db.reading() as session:
        found = select(User.name).where(User.locale == "xx").order_by(col(User.id))
        return list(session.exec(found).all())


@pytest.mark.usefixtures("database")
def test_everything_that_is_due_is_settled_in_one_run_however_small_the_pages() -> None:
    _people(*(f"Person {number}" for number in range(7)))
    assert due.run(_waiting, _settle, what="locale", limit=2) == 7
    assert due.run(_waiting, _settle, what="locale", limit=2) == 0


@pytest.mark.usefixtures("database")
def test_those_that_fail_keep_nobody_waiting_even_when_they_stand_first() -> None:
    _people("Stuck 1", "Stuck 2", "Stuck 3", "Ada", "Stuck 4", "Bea")
    assert due.run(_waiting, _settle, what="locale", limit=2) == 2
    assert _still_waiting() == ["Stuck 1", "Stuck 2", "Stuck 3", "Stuck 4"]


@pytest.mark.usefixtures("database")
def test_a_step_that_changes_nothing_is_asked_once_in_a_run() -> None:
    _people("Ada", "Bea", "Cleo")
    asked: list[UserId] = []

    def leave(_db: Session, user_id: UserId) -> bool:
        asked.append(user_id)
        return False

    assert due.run(_waiting, leave, what="locale", limit=1) == 0
    assert len(asked) == len(set(asked)) == 3


@pytest.mark.usefixtures("database")
def test_a_database_that_is_away_ends_the_run() -> None:
    _people("Ada", "Bea")
    asked: list[UserId] = []

    def away(_db: Session, user_id: UserId) -> bool:
        asked.append(user_id)
        raise DatabaseUnavailable("gone")

    with pytest.raises(DatabaseUnavailable):
        due.run(_waiting, away, what="locale")
    assert len(asked) == 1


@pytest.mark.usefixtures("database")
def test_what_a_failed_step_wrote_is_gone() -> None:
    _people("Ada")

    def half(db: Session, user_id: UserId) -> bool:
        db.get_one(User, user_id).locale = "de"
        db.flush()
        raise ValueError("half way")

    assert due.run(_waiting, half, what="locale") == 0
    assert _still_waiting() == ["Ada"]
