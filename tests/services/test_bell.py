"""What one was told in the app: counted, listed, marked as read, and forgotten in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services import clock, db, telling, topics
from services.audit import Actor
from services.errors import InvalidInput, NotFound, SignInNeeded
from services.models import Notification, TopicChange, User, UserStatus
from services.telling import Line, Said
from tests.services.rows import VISITOR, a_user, acting, counted_reading, saved
from tests.support.studio import BEGINNING, stored


@pytest.fixture
def nora(database: str) -> Iterator[User]:
    """Somebody who is told; the clock stands still."""
    with clock.at(BEGINNING):
        yield a_user()


def tell(user: User, *numbers: int) -> None:
    for number in numbers:
        with db.transaction() as tx:
            line = Line(f"Number {number}", "", "/dashboard")
            telling.tell(
                tx,
                user_id=user.id,
                kind="purchase",
                about="ord_1",
                occasion=str(number),
                line=line,
            )


def unread(actor: Actor) -> int:
    with db.reading() as session:
        return telling.count_unread(session, actor=actor)


def listed(actor: Actor, before: str | None = None, limit: int = 30) -> list[Said]:
    with db.reading() as session:
        return list(telling.list_said(session, actor=actor, before=before, limit=limit).rows)


def test_one_sees_ones_own_lines_newest_first_in_parts(nora: User) -> None:
    tell(nora, *range(5))
    tell(a_user("Olga Other"), 9)
    with db.reading() as session:
        first = telling.list_said(session, actor=acting(nora), limit=3)
        second = telling.list_said(session, actor=acting(nora), before=first.next, limit=3)
    assert [line.title for line in first.rows] == ["Number 4", "Number 3", "Number 2"]
    assert [line.title for line in second.rows] == ["Number 1", "Number 0"]
    assert second.next is None
    assert all(line.unread for line in first.rows)


def test_a_line_is_read_once_and_pages_are_told(nora: User) -> None:
    tell(nora, 1, 2)
    newest = listed(acting(nora))[0].public_id
    said = len(stored(TopicChange))
    for _ in range(2):
        with db.transaction() as tx:
            telling.mark_read(tx, actor=acting(nora), line=newest)
    assert unread(acting(nora)) == 1
    assert [row.topic for row in stored(TopicChange)[said:]] == [topics.bell(nora.id)]


def test_all_is_read_up_to_the_newest_that_one_saw(nora: User) -> None:
    tell(nora, 1, 2)
    seen = listed(acting(nora))[0].public_id
    tell(nora, 3)
    with db.transaction() as tx:
        telling.mark_all_read(tx, actor=acting(nora), until=seen)
    assert [line.title for line in listed(acting(nora)) if line.unread] == ["Number 3"]


def test_nobody_reads_or_marks_what_another_was_told(nora: User) -> None:
    tell(nora, 1)
    [line] = listed(acting(nora))
    olga = acting(a_user("Olga Other"))
    assert (listed(olga), unread(olga)) == ([], 0)
    for mark in (
        lambda tx: telling.mark_read(tx, actor=olga, line=line.public_id),
        lambda tx: telling.mark_all_read(tx, actor=olga, until=line.public_id),
    ):
        with pytest.raises(NotFound), db.transaction() as tx:
            mark(tx)
    with pytest.raises(InvalidInput):
        listed(olga, before=line.public_id)
    assert unread(acting(nora)) == 1


def test_a_visitor_has_no_bell(database: str) -> None:
    for ask in (unread, listed):
        with pytest.raises(SignInNeeded):
            ask(VISITOR)


def test_no_more_are_counted_than_anybody_reads(nora: User) -> None:
    for number in range(telling.MOST_COUNTED + 5):
        saved(
            Notification(
                user_id=nora.id, kind="purchase", unique_key=str(number), title=str(number)
            )
        )
    assert unread(acting(nora)) == telling.MOST_COUNTED


def test_the_list_is_read_by_as_many_queries_for_thirty_lines_as_for_one(nora: User) -> None:
    tell(nora, 1)
    with counted_reading() as (session, few):
        telling.list_said(session, actor=acting(nora))
    tell(nora, *range(2, 32))
    with counted_reading() as (session, many):
        assert len(telling.list_said(session, actor=acting(nora)).rows) == 30
    assert len(many) == len(few)


def test_lines_are_forgotten_after_their_days_read_or_not(nora: User) -> None:
    tell(nora, 1)
    with clock.at(BEGINNING + timedelta(days=89)):
        tell(nora, 2)
        assert telling.prune() == 0
    with clock.at(BEGINNING + timedelta(days=91)):
        assert telling.prune() == 1
        assert telling.prune() == 0
    assert [line.title for line in listed(acting(nora))] == ["Number 2"]


def test_what_an_erased_person_was_told_at_the_last_moment_is_forgotten_in_the_night(
    nora: User,
) -> None:
    ghost = a_user("Gina Ghost", status=UserStatus.ERASED, erased_at=clock.utc_now())
    for person in (nora, ghost):
        saved(Notification(user_id=person.id, kind="purchase", unique_key="1", title="A pack"))
    assert telling.prune() == 1
    assert [line.user_id for line in stored(Notification)] == [nora.id]
