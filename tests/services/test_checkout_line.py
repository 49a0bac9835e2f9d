"""The line before a mentor's seats answers a rush by a read, and keeps nobody who may go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from services import db
from services.checkout import opening
from services.errors import NotAllowed, SeatsSoldOut
from services.models import Seat, SeatStatus, User
from tests.services.rows import a_mentor, a_seat, a_user, acting, an_offer
from tests.support.studio import stored

PATIENCE_SECONDS = 30


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database in use is asked inside the `with` block, by all threads."""
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _x: Any, _many: bool) -> None:
        asked.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield asked
    event.remove(db.engine(), "before_cursor_execute", note)


def locks(asked: list[str]) -> int:
    """How many transactions went to the lock."""
    return sum("BEGIN IMMEDIATE" in one or "FOR NO KEY UPDATE" in one for one in asked)


def test_a_buyer_of_a_sold_out_mentor_is_refused_without_a_lock(database: str) -> None:
    mentor = a_mentor(capacity=1)
    offer = an_offer(mentor)
    a_seat(a_user("Olga Owner"), mentor)
    buyer = a_user()
    with statements() as asked, pytest.raises(SeatsSoldOut, match="Mina Mentor"):
        opening.hold(actor=acting(buyer), user_id=buyer.id, offer=offer.public_id)
    assert locks(asked) == 0


def test_a_rush_behind_a_slow_buyer_is_answered_by_one_look(database: str) -> None:
    """The first one stands at the lock until everybody else is in line; then the seat is gone."""
    offer = an_offer(a_mentor(capacity=1))
    people = [a_user(f"Buyer {number}") for number in range(20)]
    at_the_lock, all_in_line = threading.Event(), threading.Event()
    outcome: list[str] = []

    def stand(_connection: object) -> None:
        at_the_lock.set()
        assert all_in_line.wait(PATIENCE_SECONDS)

    def hold(buyer: User) -> Callable[[], None]:
        def run() -> None:
            try:
                opening.hold(actor=acting(buyer), user_id=buyer.id, offer=offer.public_id)
                outcome.append("held")
            except SeatsSoldOut:
                outcome.append("sold out")

        return run

    event.listen(db.engine(), "commit", stand)
    threads = [threading.Thread(target=hold(buyer)) for buyer in people]
    threads[0].start()
    assert at_the_lock.wait(PATIENCE_SECONDS)
    with statements() as asked:
        for thread in threads[1:]:
            thread.start()
        threads[-1].join(0.5)
        assert outcome == []
        all_in_line.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)

    assert sorted(outcome) == ["held"] + ["sold out"] * 19
    assert len(stored(Seat)) == 1
    assert locks(asked) == 0
    assert len([one for one in asked if one.startswith("SELECT")]) < 19


def test_who_has_a_place_goes_on_although_nothing_is_left(database: str) -> None:
    mentor = a_mentor(capacity=1)
    offer = an_offer(mentor)
    owner = a_user()
    seat = a_seat(owner, mentor)
    for _ in range(2):  # the renewal, and the same click again
        opening.hold(actor=acting(owner), user_id=owner.id, offer=offer.public_id)
    assert [(row.id, row.status) for row in stored(Seat)] == [(seat.id, SeatStatus.ACTIVE)]


def test_who_holds_the_last_place_comes_back_to_the_same_order(database: str) -> None:
    offer = an_offer(a_mentor(capacity=1))
    buyer = a_user()
    turns = [
        opening.hold(actor=acting(buyer), user_id=buyer.id, offer=offer.public_id) for _ in range(2)
    ]
    assert turns[0].order_id == turns[1].order_id


def test_a_mentor_is_told_about_the_own_pack_not_about_the_seats(database: str) -> None:
    mentor = a_mentor(capacity=0)
    offer = an_offer(mentor)
    with db.reading() as session:
        owner = session.get_one(User, mentor.user_id)
    with pytest.raises(NotAllowed, match="own pack"):
        opening.hold(actor=acting(owner), user_id=owner.id, offer=offer.public_id)
