"""Waitlists and the rest: paid sessions without a place, what admins do, suspension, erasure."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services import (
    administration,
    catalogue,
    clock,
    db,
    locking,
    mentee_home,
    mentor_home,
    packs,
    refunds,
    seats,
    waitlist,
)
from services import sessions as meetings
from services.audit import SYSTEM
from services.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.mentee_home import NextStepKind
from services.models import (
    AuditEntry,
    Mentor,
    Notification,
    Pack,
    PackStatus,
    ReleaseReason,
    Seat,
    SeatStatus,
    User,
)
from services.privacy import erasure
from services.reminders import expiry, sending
from tests.services.reminding import SENT, noted
from tests.services.rows import a_pack, a_seat, a_user, acting, acting_mentor
from tests.services.waiting import S, Waiting, told, waiting
from tests.support.studio import Studio, stored


def lost(studio: Studio, line: Waiting, name: str, *, days: int = 3) -> Pack:
    """A pack of somebody whose place was given to others, with two sessions left."""
    actor = line.actor(name)
    assert actor.user_id
    seat = a_seat(line.people[name], line.mentor, SeatStatus.RELEASED)
    ends = clock.utc_now() + timedelta(days=days)
    return a_pack(seat, left=2, expires_at=ends)


def first(line: Waiting, name: str, pack: Pack) -> None:
    actor = line.actor(name)
    with db.transaction() as session:
        waitlist.join_first(session, actor=actor, pack=pack.public_id)


def pack_now(pack: Pack) -> Pack:
    with db.reading() as session:
        return session.get_one(Pack, pack.id)


# Rule 8


def test_whoever_lost_the_place_chooses_between_a_refund_and_the_head_of_the_line(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    pack = lost(studio, line, "Rita")
    actor = line.actor("Rita")
    with db.reading() as session:
        home = mentee_home.get_home(session, actor=actor)
    [choice] = home.choices
    assert (choice.pack, choice.left) == (pack.public_id, 2)
    assert home.next_step.kind is NextStepKind.CHOOSE_PLACE
    first(line, "Rita", pack)
    assert (line.position("Rita"), line.position("Anna")) == (1, 2)
    with db.reading() as session:
        assert mentee_home.get_home(session, actor=actor).choices == ()


def test_the_head_of_the_line_has_the_next_place_without_buying_anything(studio: Studio) -> None:
    line = waiting("Anna")
    pack = lost(studio, line, "Rita")
    first(line, "Rita", pack)
    line.frees()
    assert line.now() == {"Anna": S.WAITING, "Rita": S.TAKEN}
    [seat] = [each for each in stored(Seat) if each.status is SeatStatus.ACTIVE]
    now = pack_now(pack)
    assert now.seat_id == seat.id == line.entry("Rita").seat_id
    assert now.expires_at == clock.utc_now() + timedelta(days=14)
    assert told("waitlist_place_back") == [line.people["Rita"].id]
    assert told("waitlist_offer") == []


def test_a_pack_does_not_end_while_its_owner_waits_for_the_place(studio: Studio) -> None:
    line = waiting()
    pack = lost(studio, line, "Rita", days=3)
    first(line, "Rita", pack)
    studio.wait(days=5)
    studio.sweep()
    assert pack_now(pack).status is PackStatus.ACTIVE
    line.frees()
    assert line.entry("Rita").status is S.TAKEN
    studio.sweep()
    assert (pack_now(pack).status, pack_now(pack).left) == (PackStatus.ACTIVE, 2)


def test_whoever_stops_waiting_has_time_to_ask_for_a_refund(studio: Studio) -> None:
    line = waiting()
    pack = lost(studio, line, "Rita", days=3)
    first(line, "Rita", pack)
    studio.wait(days=5)
    line.does(waitlist.leave, "Rita")
    studio.sweep()
    now = pack_now(pack)
    assert now.status is PackStatus.ACTIVE
    assert now.expires_at is not None
    assert now.expires_at >= clock.utc_now() + timedelta(days=14)


def test_a_free_place_is_theirs_at_once(studio: Studio) -> None:
    line = waiting()
    line.frees()
    pack = lost(studio, line, "Rita")
    first(line, "Rita", pack)
    assert line.entry("Rita").status is S.TAKEN
    with pytest.raises(Conflict, match="You have a place"):
        first(line, "Rita", pack)


def test_a_pack_that_comes_to_life_without_a_place_tells_its_owner_once_a_day(
    studio: Studio,
) -> None:
    line = waiting()
    pack = lost(studio, line, "Rita")
    for _ in range(2):
        with db.transaction() as session:
            row = session.get_one(Pack, pack.id)
            least = packs.extended_from_now()
            assert not packs.extend(session, actor=SYSTEM, pack=row, at_least=least, reason="test")
    assert told("place_resold") == [line.people["Rita"].id]


def test_a_waiting_person_who_has_a_seat_again_waits_no_longer(studio: Studio) -> None:
    """A place was free that nobody could be offered, because the mentor was not listed."""
    line = waiting("Anna")
    seat = a_seat(line.people["Anna"], line.mentor, SeatStatus.RELEASED)
    pack = a_pack(seat, left=1)
    with db.transaction() as session:
        catalogue.set_listed(session, actor=line.admin, slug=line.mentor.slug, listed=False)
    line.frees()
    assert line.entry("Anna").status is S.TAKEN
    assert pack_now(pack).seat_id == line.entry("Anna").seat_id


def test_whoever_waits_at_the_head_may_still_have_the_refund(studio: Studio) -> None:
    line = waiting()
    rita = line.actor("Rita")
    line.frees()
    order = line.buys("Rita").order
    studio.pay(order)
    studio.deliver()
    with db.transaction() as session:
        seat = session.get_one(Seat, studio.seat(order).id)
        seats.release(session, actor=SYSTEM, seat=seat, reason=ReleaseReason.GRACE_ENDED)
    a_seat(a_user("Omar Other"), line.mentor)
    [pack] = stored(Pack)
    first(line, "Rita", pack)
    studio.wait(days=60)
    with db.reading() as session:
        assert refunds.quote(session, actor=rita, order=order).why_not == ""
    line.does(waitlist.leave, "Rita")
    studio.wait(days=15)
    with db.reading() as session:
        assert "This pack is over" in refunds.quote(session, actor=rita, order=order).why_not


def test_whoever_asks_for_the_refund_is_passed_over_until_it_is_decided(studio: Studio) -> None:
    line = waiting("Anna", capacity=2)
    pack = lost(studio, line, "Rita")
    first(line, "Rita", pack)
    with db.transaction() as session:
        packs.pause(session, actor=SYSTEM, pack=session.get_one(Pack, pack.id))
    line.frees()
    assert line.now() == {"Anna": S.OFFERED, "Rita": S.WAITING}
    line.frees(1)
    assert line.entry("Rita").status is S.WAITING
    with db.reading() as session:
        mentor = session.get_one(Mentor, line.mentor.id)
        assert seats.has_place(session, mentor), "it is sold meanwhile"
        [_, rita] = waitlist.get_line(session, actor=line.admin, mentor=mentor.slug).places
    assert (rita.passed_over, rita.is_first) == (True, True)
    with db.transaction() as session:  # the request was denied
        row = session.get_one(Pack, pack.id)
        packs.resume(session, actor=SYSTEM, pack=row)
        packs.follow_credits(session, actor=SYSTEM, pack=row)
    assert line.entry("Rita").status is S.TAKEN


def test_whoever_has_the_money_back_stands_first_no_longer(studio: Studio) -> None:
    line = waiting("Anna")
    pack = lost(studio, line, "Rita")
    first(line, "Rita", pack)
    for refunded, position in ((1, 1), (1, 2)):
        with db.transaction() as session:
            row = session.get_one(Pack, pack.id)
            packs.close_credits(session, actor=SYSTEM, pack=row, refund_id=None, credits=refunded)
        assert line.position("Rita") == position
    [own] = line.own("Rita")
    assert (own.is_first, own.reason) == (False, "")
    line.frees()
    assert line.now() == {"Anna": S.OFFERED, "Rita": S.WAITING}


def test_whoever_an_admin_has_put_first_stays_first_when_sessions_are_refunded(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    pack = lost(studio, line, "Rita")
    line.joins("Rita")
    line.decides(waitlist.put_first, "Rita", reason="A promise")
    with db.transaction() as session:
        row = session.get_one(Pack, pack.id)
        packs.close_credits(session, actor=SYSTEM, pack=row, refund_id=None, credits=2)
    assert line.position("Rita") == 1


def test_a_pack_that_does_not_end_is_not_reminded_of_its_end(studio: Studio) -> None:
    line = waiting()
    pack = lost(studio, line, "Rita", days=3)
    first(line, "Rita", pack)
    sending.send_due()
    assert noted(expiry.KIND) == []
    line.does(waitlist.leave, "Rita")
    studio.wait(days=8)
    sending.send_due()
    assert noted(expiry.KIND) == [(expiry.KIND, line.people["Rita"].id, SENT)]


def test_somebody_elses_pack_is_not_mine_to_wait_with(studio: Studio) -> None:
    line = waiting()
    pack = lost(studio, line, "Rita")
    for actor in (line.actor("Otto"), line.admin):
        with pytest.raises(NotFound), db.transaction() as session:
            waitlist.join_first(session, actor=actor, pack=pack.public_id)


# What admins do


def test_an_admin_puts_somebody_first_and_takes_it_back(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.decides(waitlist.put_first, "Ben", reason="  A promise  by mail ")
    [seen] = line.own("Ben")
    assert (seen.position, seen.is_first, seen.reason) == (1, True, "A promise by mail")
    line.decides(waitlist.put_back, "Ben")
    assert (line.position("Anna"), line.position("Ben")) == (1, 2)
    actions = [each.action for each in stored(AuditEntry) if each.thing.startswith("wai_")]
    assert actions[-2:] == ["waitlist.put_first", "waitlist.put_back"]


def test_the_head_of_the_line_by_right_is_not_put_back(studio: Studio) -> None:
    line = waiting("Anna")
    first(line, "Rita", lost(studio, line, "Rita"))
    with pytest.raises(Conflict, match="paid sessions"):
        line.decides(waitlist.put_back, "Rita")


def test_somebody_is_taken_off_the_list_with_a_reason_that_they_read(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    line.decides(waitlist.remove, "Anna", reason="A second account of theirs")
    assert line.now() == {"Anna": S.LEFT, "Ben": S.OFFERED}
    [seen] = line.own("Anna")
    assert seen.reason == "A second account of theirs"
    assert told("waitlist_removed") == [line.people["Anna"].id]
    [gone] = [each for each in stored(Seat) if each.mentee_id == line.people["Anna"].id]
    assert gone.release_reason is ReleaseReason.OFFER_WITHDRAWN
    studio.send()
    assert len(studio.mails(line.people["Anna"].email)) == 1


def test_what_admins_do_is_bounded_and_theirs_alone(studio: Studio) -> None:
    line = waiting("Anna")
    for reason in ("", " x ", "x" * 201, "a\u202eb"):
        for work in (waitlist.put_first, waitlist.remove):
            with pytest.raises(InvalidInput):
                line.decides(work, "Anna", reason=reason)
    for work, more in (
        (waitlist.put_first, {"reason": "because"}),
        (waitlist.remove, {"reason": "because"}),
        (waitlist.put_back, {}),
    ):
        with pytest.raises(NotAllowed):
            line.does(work, "Anna", **more)
    with pytest.raises(NotAllowed), db.transaction() as session:
        waitlist.offer_now(session, actor=acting_mentor(line.mentor), mentor=line.mentor.slug)
    assert line.entry("Anna").status is S.WAITING


def test_an_ended_place_is_not_decided_about_again(studio: Studio) -> None:
    line = waiting("Anna")
    line.does(waitlist.leave, "Anna")
    for work in (waitlist.put_first, waitlist.remove):
        with pytest.raises(Conflict):
            line.decides(work, "Anna", reason="because")


def test_offering_now_says_why_nothing_is_offered(studio: Studio) -> None:
    line = waiting("Anna")

    def offer_now() -> int:
        with db.transaction() as session:
            return waitlist.offer_now(session, actor=line.admin, mentor=line.mentor.slug)

    with pytest.raises(Conflict, match="no place is free"):
        offer_now()
    with db.transaction() as session:
        catalogue.set_listed(session, actor=line.admin, slug=line.mentor.slug, listed=False)
    line.frees()
    with pytest.raises(Conflict, match="not listed"):
        offer_now()


# Who is suspended, and who leaves


def test_a_suspended_mentor_offers_nothing_and_takes_offers_back(studio: Studio) -> None:
    line = waiting("Anna", "Ben", capacity=2)
    line.frees()
    slug = line.mentor.slug
    meetings.suspend_mentor(actor=line.admin, mentor=slug, reason="A complaint")
    assert line.entry("Anna").status is S.WAITING
    line.frees(1)
    assert line.now() == {"Anna": S.WAITING, "Ben": S.WAITING}
    assert line.taken() == 0
    studio.wait(days=2)
    meetings.resume_mentor(actor=line.admin, mentor=slug, reason="Settled")
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.OFFERED}


def test_a_suspended_person_is_passed_over_and_keeps_the_place(studio: Studio) -> None:
    line = waiting("Anna", "Ben", "Cleo")
    line.frees()
    public_id = line.people["Anna"].public_id
    with db.transaction() as session:
        administration.suspend_user(session, actor=line.admin, user=public_id, reason="A fight")
    assert line.now() == {"Anna": S.WAITING, "Ben": S.OFFERED, "Cleo": S.WAITING}
    with db.transaction() as session:
        administration.reactivate_user(session, actor=line.admin, user=public_id)
    line.does(waitlist.decline, "Ben")
    assert line.now() == {"Anna": S.OFFERED, "Ben": S.DECLINED, "Cleo": S.WAITING}


def test_an_offer_made_while_an_account_is_being_suspended_is_taken_back(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    public_id, now = line.people["Anna"].public_id, clock.utc_now()

    def suspend() -> None:
        with clock.at(now), db.transaction() as session:
            administration.suspend_user(session, actor=line.admin, user=public_id, reason="Spam")

    with ThreadPoolExecutor(1) as other:
        with db.transaction() as session:
            locking.lock(session, mentors=[line.mentor.id])
            seat = session.get_one(Seat, line.owners[0].id)
            seats.release(session, actor=SYSTEM, seat=seat, reason=ReleaseReason.GRACE_ENDED)
            suspended = other.submit(suspend)
            time.sleep(0.5)  # on PostgreSQL it has read the line by now
        suspended.result()
    assert line.now() == {"Anna": S.WAITING, "Ben": S.OFFERED}
    assert line.taken() == 1


def test_an_account_that_is_open_again_has_the_place_that_was_kept_from_it(
    studio: Studio,
) -> None:
    line = waiting("Anna")
    public_id = line.people["Anna"].public_id
    with db.transaction() as session:
        administration.suspend_user(session, actor=line.admin, user=public_id, reason="A fight")
    line.frees()
    assert line.entry("Anna").status is S.WAITING
    with db.transaction() as session:
        administration.reactivate_user(session, actor=line.admin, user=public_id)
    assert line.entry("Anna").status is S.OFFERED


def test_an_erased_person_waits_no_longer_and_the_place_goes_on(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.decides(waitlist.put_first, "Anna", reason="She is moving to Lisbon")
    line.frees()
    erased(line, line.people["Anna"].public_id)
    entry = line.entry("Anna")
    assert (entry.status, entry.reason) == (S.LEFT, "")
    assert line.now() == {"Anna": S.LEFT, "Ben": S.OFFERED}
    assert line.taken() == 1


def test_the_line_before_an_erased_mentor_ends_with_a_word_to_each(studio: Studio) -> None:
    line = waiting("Anna", "Ben", capacity=0)
    with db.reading() as session:
        owner = session.get_one(User, line.mentor.user_id)
    erased(line, owner.public_id)
    assert line.now() == {"Anna": S.LEFT, "Ben": S.LEFT}
    assert sorted(told("waitlist_ended")) == sorted(one.id for one in line.people.values())
    titles = [each.title for each in stored(Notification) if each.kind == "waitlist_ended"]
    assert len(titles) == 2
    assert all("Mina" not in title for title in titles)
    studio.send()
    assert len(studio.mails(line.people["Anna"].email)) == 1


def erased(line: Waiting, user: str) -> None:
    with db.reading() as session:
        mark = erasure.get_view(session, actor=line.admin, user=user).mark
    erasure.erase_by_admin(actor=line.admin, user=user, reason="they asked for it", mark=mark)


# Seats given back by hand


def test_a_place_on_offer_is_not_given_back_by_hand(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    with db.reading() as session:
        seat = session.get_one(Seat, line.entry("Anna").seat_id)
    with pytest.raises(Conflict, match="waitlist"):
        seats.release_by_hand(actor=line.admin, seat=seat.public_id, reason="moved away")


def test_whoever_loses_a_seat_by_hand_reads_why(studio: Studio) -> None:
    line = waiting()
    line.frees()
    assert told("seat_released_by_hand") == [line.owners[0].mentee_id]
    [note] = [each for each in stored(Notification) if each.kind == "seat_released_by_hand"]
    assert "moved away" in note.body


def test_a_mentor_sees_how_many_wait(studio: Studio) -> None:
    line = waiting("Anna", "Ben")
    line.frees()
    with db.reading() as session:
        home = mentor_home.get_home(session, actor=acting_mentor(line.mentor))
    assert home.waiting == 1


def test_the_dashboard_asks_to_take_the_place_first(studio: Studio) -> None:
    line = waiting("Anna")
    line.frees()
    with db.reading() as session:
        home = mentee_home.get_home(session, actor=acting(line.people["Anna"]))
    assert home.next_step.kind is NextStepKind.TAKE_PLACE
    assert home.next_step.until == clock.utc_now() + timedelta(hours=24)
