"""What waits for an admin: counted for the first page, and told in words."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from services import analytics, clock, db
from services.analytics import Attention
from services.models import Recording, RecordingStatus
from services.recordings import reading as recordings
from state.admin_overview import tasks_of
from tests.services.chores import chores
from tests.services.recording_rows import a_held_session, a_pair, a_recording
from tests.services.rows import acting, an_admin, saved
from tests.support.filled_recordings import an_orphan

pytestmark = pytest.mark.usefixtures("database")


def attention() -> Attention:
    with db.reading() as session:
        return analytics.get_overview(session, actor=acting(an_admin())).attention


def test_everything_about_money_that_waits_for_an_admin_is_counted_on_the_first_page() -> None:
    chores()
    now = attention()
    assert (now.refunds_waiting, now.refunds_troubled) == (1, 2)
    assert (now.open_disputes, now.disputes_due) == (3, 1)
    assert (now.unmatched, now.differing) == (1, 4)
    told = {task.href: task.title for task in reversed(tasks_of(now))}
    assert told == {
        "/admin/refunds": "2 refunds need your help",
        "/admin/disputes": "1 dispute wants evidence now",
        "/admin/unmatched": "1 movement of money fits nothing",
        "/admin/reconciliation": "4 things differ from the provider's",
    }
    assert [task.tone for task in tasks_of(now)] == ["bad"] * 2 + ["warning"] * 4


def test_nothing_is_told_when_nothing_waits() -> None:
    assert tasks_of(attention()) == []


def test_recordings_with_trouble_and_finds_in_the_stores_are_told_with_the_way_to_them() -> None:
    pack = a_pair()
    a_recording(a_held_session(pack), RecordingStatus.FAILED, trouble="A file was cut short.")
    a_recording(a_held_session(pack, days_ago=2), trouble="A store does not answer.")
    a_recording(a_held_session(pack, days_ago=3))
    gone = a_held_session(pack, days_ago=4)
    a_recording(gone, RecordingStatus.PURGED, trouble="A store does not answer.")
    saved(an_orphan())
    saved(an_orphan(settled_at=clock.utc_now()))
    told = {task.href: task.title for task in tasks_of(attention())}
    assert told == {
        "/admin/recordings?only=trouble": "2 recordings have trouble",
        "/admin/storage": "1 file fits no recording, or is missing",
    }


def test_recordings_with_trouble_are_found_by_the_index_that_holds_just_them() -> None:
    few = select(col(Recording.id)).where(recordings.troubled())
    with db.reading() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"
        text = str(few.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        connection = session.connection()
        if not sqlite:  # so few rows are read faster without any index
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' * sqlite}{text}").all()
    assert "ix_recording_troubled" in str(plan)
