"""Taking one's data along: all of it, of nobody else, for its owner alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest

from services import (
    administration,
    booking,
    clock,
    db,
    notifications,
    ratelimits,
    refunds,
    sessions,
    telling,
    unmatched,
)
from services.audit import Actor
from services.errors import NotAllowed, SignInNeeded, TooManyAttempts
from services.models import (
    AuditEntry,
    Mentor,
    Provider,
    RefundScope,
    SessionStatus,
    SignIn,
    UnmatchedKind,
    UnmatchedMoney,
)
from services.money import Money
from services.privacy import export
from services.privacy.told import ROWS
from services.signin import VISITOR
from services.telling import Line
from tests.services.lives import EMAIL, NAME, Life, a_life, as_buyer, as_mentee, as_mentor
from tests.services.mailing import told
from tests.services.meetings import at, together
from tests.services.refunding import a_sale
from tests.services.rows import a_user, acting, an_admin
from tests.support.studio import Studio, stored


@pytest.fixture
def life(studio: Studio) -> Life:
    """Somebody who has signed up."""
    ratelimits.forget_all()
    return a_life(studio)


def key_of(actor: Actor) -> str:
    with db.reading() as session:
        return export.make_link(session, actor=actor).path.partition("key=")[2]


def files_of(actor: Actor) -> dict[str, bytes]:
    with export.make(actor=actor, key=key_of(actor)) as file, ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def lists_of(files: dict[str, bytes]) -> dict[str, list[dict[str, Any]]]:
    return {
        name.removesuffix(".json"): json.loads(content)
        for name, content in files.items()
        if name.endswith(".json")
    }


def test_a_mentee_gets_everything_but_secrets_with_names_that_can_be_followed(life: Life) -> None:
    as_mentee(life)

    files = files_of(life.actor)
    lists = lists_of(files)

    [account] = lists["account"]
    assert (account["email"], account["name"]) == (EMAIL, NAME)
    [order] = lists["orders"]
    assert order["public_id"] == life.order
    assert (order["mentee"], order["mentor"]) == ("you", life.mentor.slug)
    assert lists["payments"][0]["order"] == life.order
    assert len(lists["sessions"]) == 5
    assert {row["pack"] for row in lists["sessions"]} == {lists["packs"][0]["public_id"]}
    assert lists["refunds"][0]["decision_note"] == "Zarquon is rich"
    assert [row["label"] for row in lists["invoices"]] == ["2026-000001"]
    [document] = [name for name in files if name.startswith("invoices/")]
    assert "2026-000001" in document
    assert files[document].startswith(b"%PDF")
    assert "content" in lists["provider_messages"][0]
    told = files["README.txt"].decode()
    assert all(name in told for name in files if name != "README.txt")
    what_the_mentor_wrote_for_themselves_is_in_it(lists["notes"])
    nothing_opens_a_door(life, files)


def what_the_mentor_wrote_for_themselves_is_in_it(notes: list[dict[str, Any]]) -> None:
    """It is about the mentee."""
    assert len(notes) == 4
    assert [row["author"] for row in notes].count("somebody else") == 2
    assert [row["shared"] for row in notes].count(False) == 2


def nothing_opens_a_door(life: Life, files: dict[str, bytes]) -> None:
    """No secret with which somebody could act as the person."""
    everything = b"".join(files.values()).decode("utf-8", "replace")
    assert life.user.password_hash not in everything
    assert life.secret not in everything
    for ending in ("_hash", "_encrypted", "checkout_url"):
        assert ending not in everything


def test_a_mentor_gets_no_private_data_of_mentees(life: Life) -> None:
    slug = as_mentor(life)
    pair = together(mentor_of(life), "Nora Novak")
    [booked] = booking.book_for(
        actor=life.actor,
        mentor=slug,
        mentee=pair.mentee.public_id,
        starts=[at(2)],
        reason="As agreed",
    )
    sessions.set_goals(actor=pair.actor, session=booked, text="Goals that Nora wrote")
    for actor in (pair.actor, life.actor):
        body = f"A note for oneself of {'Nora' if actor is pair.actor else 'the mentor'}"
        sessions.save_note(actor=actor, session=booked, shared=False, body=body)
    with db.transaction() as tx:
        page = f"/mentor/mentees/{pair.mentee.public_id}"
        telling.note(
            tx,
            user_id=life.user.id,
            kind="new_mentee",
            about=pair.pack.public_id,
            line=Line("Nora Novak is your new mentee", "", page),
        )
    life.studio.wait_until(at(2, 14))
    sessions.advance_due()
    sessions.decide(
        actor=life.actor, session=booked, outcome=SessionStatus.COMPLETED, note="All went well"
    )
    life.studio.send()
    while told(life.studio):  # what became of the mails, in pieces
        pass

    files = files_of(life.actor)

    everything = b"".join(files.values()).decode("utf-8", "replace")
    assert "Nora" not in everything
    assert pair.mentee.email not in everything
    assert pair.mentee.public_id not in everything
    lists = lists_of(files)
    assert lists["provider_messages"][0]["content"]["data"]["email_id"]
    assert lists["sessions"][0]["mentee"] == "somebody else"
    assert [row["body"] for row in lists["notes"]] == ["A note for oneself of the mentor"]
    assert lists["mentor"][0]["slug"] == slug
    assert files["photo.webp"][8:12] == b"WEBP"


def test_an_admins_copy_names_nobody_whom_alerts_were_about(life: Life) -> None:
    as_buyer(life)
    with db.transaction() as tx:
        notifications.alert_admins(tx, alert="dispute_due", thing=life.order)
    life.studio.send()

    files = files_of(life.boss)

    lists = lists_of(files)
    assert [row["kind"] for row in lists["notifications"]] == ["admin_alert"]
    assert [row["template"] for row in lists["mails"]] == ["admin_alert"]
    assert NAME.lower() not in b"".join(files.values()).decode("utf-8", "replace").lower()


def mentor_of(life: Life) -> Mentor:
    return next(row for row in stored(Mentor) if row.user_id == life.actor.user_id)


def test_the_link_is_for_its_owner_and_for_minutes(life: Life) -> None:
    key = key_of(life.actor)
    with pytest.raises(NotAllowed):
        export.make(actor=acting(a_user("Sam Stranger")), key=key)
    with pytest.raises(SignInNeeded):
        export.make(actor=VISITOR, key=key)
    with pytest.raises(NotAllowed):
        export.make(actor=life.actor, key=key[:-3] + ("abd" if key.endswith("abc") else "abc"))
    with clock.at(clock.utc_now() + export.LINK_LIVES), pytest.raises(NotAllowed):
        export.make(actor=life.actor, key=key)
    with clock.at(clock.utc_now() + export.LINK_LIVES - timedelta(seconds=1)):
        export.make(actor=life.actor, key=key).close()


def test_an_admin_takes_a_copy_for_somebody_who_cannot_sign_in(life: Life) -> None:
    user = life.user.public_id
    with db.transaction() as tx:
        administration.suspend_user(tx, actor=life.boss, user=user, reason="Too loud")
    stranger = acting(a_user("Sam Stranger"))
    with db.reading() as session:
        key = export.make_link(session, actor=life.boss, user=user).path.partition("key=")[2]
        with pytest.raises(NotAllowed):
            export.make_link(session, actor=stranger, user=user)
    with pytest.raises(NotAllowed):
        export.make(actor=stranger, key=key)
    with export.make(actor=life.boss, key=key) as file, ZipFile(file) as bundle:
        [account] = json.loads(bundle.read("account.json"))
    assert account["email"] == EMAIL
    [line] = [row for row in stored(AuditEntry) if row.action == "user.exported"]
    assert (line.thing, line.actor_id) == (user, life.admin.id)


def test_what_admins_note_for_themselves_about_money_is_not_in_it(studio: Studio) -> None:
    ratelimits.forget_all()
    sale = a_sale(studio, price=60_000)
    asked: dict[str, Any] = {"scope": RefundScope.OTHER, "amount": Money(30_000, "EUR")}
    refund = refunds.start(actor=sale.admin, order=sale.order, note="Sorry.", **asked)
    second = acting(an_admin("Bela Boss"))
    refunds.approve_second(actor=second, refund=refund, approve=False, note="Zarquon is a fraud")
    with db.transaction() as tx:
        unmatched.add(
            tx,
            provider=Provider.STRIPE,
            kind=UnmatchedKind.PAYMENT,
            provider_id="pi_of_nobody",
            payment_provider_id="pi_of_nobody",
            amount=Money(500, "EUR"),
            seen_at=clock.utc_now(),
        )
    [money] = stored(UnmatchedMoney)
    found = "Aunt of Zarquon"
    unmatched.settle(actor=second, unmatched=money.public_id, note=found, order=sale.order)

    files = files_of(sale.buyer)

    assert "refunds.json" in files
    assert "other_payments.json" in files
    assert "Zarquon" not in b"".join(files.values()).decode("utf-8", "replace")


def test_it_is_made_ten_times_an_hour_at_most(life: Life) -> None:
    key = key_of(life.actor)
    export.make(actor=life.actor, key=key).close()
    for _ in range(9):
        ratelimits.hit(export.EXPORTS, life.user.public_id)
    with pytest.raises(TooManyAttempts):
        export.make(actor=life.actor, key=key)
    assert [row.action for row in stored(AuditEntry)].count("user.exported") == 1


def test_a_long_life_is_written_in_pieces(life: Life) -> None:
    """More rows than one piece holds: none is lost, and none comes twice."""
    now, many = clock.utc_now(), ROWS + 1
    with db.transaction() as tx:
        tx.add_all(
            SignIn(user_id=life.user.id, token_hash=f"{number:064}", created_at=now, expires_at=now)
            for number in range(many)
        )
    rows = lists_of(files_of(life.actor))["sign_ins"]
    assert len({row["public_id"] for row in rows}) == len(rows) == many + 1
