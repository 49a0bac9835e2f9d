"""The window on every job, in a browser: an admin sees what went wrong and puts it right."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services import db
from services.ids import new_public_id
from services.models import OutboxMessage, OutboxStatus
from tests.journeys.conftest import NewPerson
from tests.journeys.everyone import is_for_everyone
from tests.journeys.world import World

WORKER_SECONDS = 60


def dead_letter() -> str:
    """A message about a calendar that is not there any more; its public id."""
    message = OutboxMessage(
        kind="calendar_revoke",
        unique_key=f"calendar:revoke:{new_public_id('ccl')}",
        data={"connection_id": 0},
        status=OutboxStatus.DEAD,
        attempts=1,
        error="Unsendable: it was never there",
    )
    with db.transaction() as session:
        session.add(message)
    return message.public_id


def test_an_admin_sees_a_dead_letter_sends_it_again_reads_why_and_gives_it_up(
    world: World, person: NewPerson
) -> None:
    message = dead_letter()
    ada = person(world.admin()).is_signed_in()
    ada.open("/admin/jobs").reads("Jobs").is_told("Workers")
    ada.follows("Outbox").is_at("/admin/jobs/outbox").looks_up("Search messages", message)
    ada.follows("calendar_revoke").is_at(f"/admin/jobs/outbox/{message}")
    ada.is_told("it was never there")
    is_for_everyone(ada.page)

    ada.presses("Send it again").is_told("It will be sent again within a few minutes.")
    told = ada.page.get_by_text("is not there any more").first  # nobody reloads the page
    expect(told).to_be_visible(timeout=WORKER_SECONDS * 1000)
    ada.page.get_by_role("table", name="Its runs").get_by_role("link").first.click()
    ada.reads("outbox:calendar_revoke").is_told("The traceback")
    ada.follows("Its message").is_at(f"/admin/jobs/outbox/{message}")

    ada.presses("Cancel it").fills("Why it is not to be sent", "Nobody needs it.")
    ada.presses("Cancel the message").is_told("Canceled: it will not be sent.")
    ada.is_told("“Nobody needs it.”")


def test_an_admin_sees_what_a_webhook_would_do_before_it_is_handled_again(
    world: World, person: NewPerson
) -> None:
    event = world.failed_webhook()
    ada = person(world.admin()).is_signed_in()
    ada.open("/admin/inbox").looks_up("Search webhooks", event)
    ada.follows("checkout.session.completed").is_told("Why it was not handled")
    ada.presses("Show what it would do")
    again = ada.page.get_by_role("button", name="Handle it again", exact=True)
    expect(again).to_be_visible(timeout=WORKER_SECONDS * 1000)
    again.click()
    ada.is_told("It is handled again now.").is_told("Handled again")


def test_an_admin_pauses_a_kind_lets_it_go_on_and_runs_a_job_out_of_turn(
    world: World, person: NewPerson
) -> None:
    ada = person(world.admin()).is_signed_in().open("/admin/jobs").reads("By the clock")
    ada.presses("Pause a kind")
    ada.page.get_by_label("What is to stand still").select_option("erase_files")
    ada.fills("Why", "The store is moved").presses("Pause it").is_told("Paused: erase_files.")
    ada.is_told("The store is moved")
    is_for_everyone(ada.page)
    ada.page.get_by_role("button", name=re.compile("Let it go on.*erase_files")).click()
    ada.is_told("It goes on: erase_files.")

    job = ada.row("prune").first
    job.get_by_role("button", name="Run now").click()
    ada.is_told("A worker begins within moments.")
    expect(job.get_by_role("button", name="Run now")).to_be_visible(timeout=WORKER_SECONDS * 1000)
    ada.follows("Runs").is_at("/admin/jobs/runs").reads("Runs")
    ada.page.get_by_label("Kind").select_option("prune")
    ada.presses("Search")
    expect(ada.page).to_have_url(re.compile(r"kind=prune"))
    expect(ada.page.get_by_role("link", name="prune").first).to_be_visible()
