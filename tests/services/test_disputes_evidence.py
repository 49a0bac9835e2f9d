"""The evidence about a dispute: what a bank is given, and who may make it."""

from __future__ import annotations

import io
from zipfile import ZipFile

import pytest
from sqlmodel import col, select

from services import db, disputes, sessions
from services.audit import Actor
from services.errors import NotAllowed, NotFound, SignInNeeded, TooManyAttempts
from services.models import AuditEntry, Document, Order, Payment, User
from services.privacy import documents, erasure
from tests.services.disputing import apply, lost, seen, the_dispute
from tests.services.invoicing import text_in
from tests.services.refunding import DAY, Sale, a_sale, euros
from tests.services.rows import acting_mentor
from tests.support.studio import BEGINNING, Studio, stored

SECRET = "Between the two of us: the quarrel with the landlord."
VISITOR = Actor("visitor")


def evidence(actor: Actor, dispute: str = "") -> dict[str, bytes]:
    """The files of the zip, by name."""
    file = disputes.make_evidence(actor=actor, dispute=dispute or the_dispute().public_id)
    assert file.content_type == "application/zip"
    with ZipFile(io.BytesIO(file.content)) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name) for name in bundle.namelist()}


def summary(files: dict[str, bytes]) -> str:
    return text_in(files["summary.pdf"])


def a_session_that_both_attended(sale: Sale) -> None:
    """Booked, entered by both, over; both wrote a note about it."""
    [session] = sale.book(BEGINNING + 3 * DAY)
    sale.studio.wait_until(BEGINNING + 3 * DAY)
    for actor in (sale.buyer, acting_mentor(sale.mentor)):
        sessions.join(actor=actor, session=session)
        sessions.save_note(actor=actor, session=session, shared=True, body=SECRET)
    sale.studio.wait(hours=2)
    sale.studio.sweep()
    sale.studio.send()


def test_the_summary_tells_the_whole_purchase_and_no_note(studio: Studio) -> None:
    sale = a_sale(studio)
    a_session_that_both_attended(sale)
    studio.dispute(sale.order)
    studio.deliver()
    files = evidence(sale.admin)
    assert sorted(files)[-2:] == ["summary.pdf", f"terms-{documents.current(Document.TERMS)}.txt"]
    [invoice] = [name for name in files if name.startswith("invoices/")]
    assert "Billed to Nora Novak" in text_in(files[invoice])

    told = summary(files)
    row = the_dispute()
    for words in (
        row.provider_id,
        sale.order,
        "Chargeback, open",
        "4 sessions by video with Mina Mentor",
        "Nora Novak",
        sale.mentee.email,
        f"Terms, version {documents.current(Document.TERMS)}",
        "with this order",
        "Payment of €120.00",
        "The buyer entered on 5 Mar 2026, 11:00:00 (Europe/Berlin).",
        "The mentor entered on 5 Mar 2026, 11:00:00 (Europe/Berlin).",
        "Completed",
        "-1: used by a session that was held",
        "Purchase (sent)",
        "Session booked (sent)",
        "What you buy",  # the terms themselves
        "page 2",
    ):
        assert words in told, words
    assert SECRET not in told
    assert "quarrel" not in str(files)


def test_making_it_is_audited_and_moves_nothing(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    before = (sale.credits(), the_dispute())
    evidence(sale.admin)
    assert (sale.credits(), the_dispute()) == before
    [line] = [one for one in stored(AuditEntry) if one.action == "dispute.evidence_made"]
    assert (line.thing, line.actor_id) == (the_dispute().public_id, sale.admin.user_id)


def test_nobody_but_an_admin_makes_it(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    dispute = the_dispute().public_id
    for actor, refusal in (
        (sale.buyer, NotAllowed),
        (acting_mentor(sale.mentor), NotAllowed),
        (VISITOR, SignInNeeded),
    ):
        with pytest.raises(refusal):
            disputes.make_evidence(actor=actor, dispute=dispute)
    with pytest.raises(NotFound):
        disputes.make_evidence(actor=sale.admin, dispute="dsp_nothing")
    assert "dispute.evidence_made" not in {one.action for one in stored(AuditEntry)}


def test_making_it_without_end_is_refused(studio: Studio) -> None:
    sale = a_sale(studio)
    with pytest.raises(TooManyAttempts):
        for _ in range(61):
            with pytest.raises(NotFound):
                disputes.make_evidence(actor=sale.admin, dispute="dsp_nothing")


def test_a_lost_dispute_encloses_its_credit_note(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(lost(sale))
    files = evidence(sale.admin)
    assert [name.split("-")[0] for name in sorted(files)] == [
        "invoices/credit",
        "invoices/invoice",
        "summary.pdf",
        "terms",
    ]


def test_a_dispute_of_money_that_never_became_a_pack_has_evidence_too(studio: Studio) -> None:
    sale = a_sale(studio)
    second = studio.another_page(sale.order, euros(12_000))
    studio.pay(sale.order, checkout=second)
    studio.deliver()
    [_, again] = stored(Payment)
    apply(seen(sale, payment_id=again.provider_id))
    assert the_dispute().pack_id is None
    told = summary(evidence(sale.admin))
    assert told.count("Payment of €120.00") == 2
    assert again.provider_id in told


def test_who_was_erased_since_is_named_by_the_documents_alone(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    apply(lost(sale))
    studio.send()
    with db.reading() as session:
        view = erasure.get_view(session, actor=sale.admin, user=sale.mentee.public_id)
    erasure.erase_by_admin(
        actor=sale.admin, user=sale.mentee.public_id, reason="They asked for it.", mark=view.mark
    )
    files = evidence(sale.admin)
    told = summary(files)
    assert "had their account erased since" in told
    assert "Nora" not in told
    [invoice] = [name for name in files if name.startswith("invoices/invoice")]
    assert "Nora Novak" in text_in(files[invoice])


def test_an_order_from_before_there_were_terms_says_so(studio: Studio) -> None:
    sale = a_sale(studio)
    apply(seen(sale))
    with db.transaction() as session:
        session.exec(select(Order)).one().terms_version = None
    files = evidence(sale.admin)
    assert not [name for name in files if name.startswith("terms")]
    assert "older than the record" in summary(files)


def test_names_in_any_script_and_the_longest_texts_fit(studio: Studio) -> None:
    sale = a_sale(studio, name="नोरा नोवाक")
    apply(seen(sale, reason="x" * 300))
    with db.transaction() as session:
        row = session.exec(select(User).where(col(User.id) == sale.mentee.id)).one()
        row.name = "नोरा " * 15
        session.exec(select(Order)).one().title = "W" * 80
    told = summary(evidence(sale.admin))
    assert "W" * 30 in told.replace(" ", "")
