"""The evidence about a disputed purchase as one zip: a summary, the invoices, the terms.

It is made when an admin asks for it and kept nowhere, so it says what is known at that moment.
"""

from __future__ import annotations

import io
from zipfile import ZIP_DEFLATED, ZipFile

from limits import parse
from sqlmodel import Session, select

from services import access, audit, clock, db, invoices, ratelimits
from services.audit import Actor
from services.disputes import facts
from services.disputes.facts import Evidence
from services.errors import NotFound
from services.models import Dispute, Document
from services.privacy import documents
from services.privacy.documents import Text
from services.providers.mail.base import Attachment
from services.ratelimits import Limit

EVIDENCE = Limit("evidence", parse("60/hour"))
ZIP = "application/zip"


def make_evidence(*, actor: Actor, dispute: str) -> Attachment:
    """The zip about a dispute (a public id). Takes about half a second of a processor, so never
    call it where others wait.

    Raises:
        SignInNeeded, NotAllowed, NotFound, TooManyAttempts
    """
    access.require_admin(actor)
    ratelimits.hit(EVIDENCE, str(actor.user_id))
    with db.reading() as session:
        row = session.exec(select(Dispute).where(Dispute.public_id == dispute)).one_or_none()
        if row is None:
            raise NotFound("dispute")
        evidence = facts.gather(session, row)
        content = _zipped(session, evidence)
    with db.transaction() as session:
        audit.record(session, actor=actor, action="dispute.evidence_made", thing=dispute)
    return Attachment(f"evidence-{dispute}.zip", ZIP, content)


def _zipped(session: Session, evidence: Evidence) -> bytes:
    from services.disputes import summary  # heavy, and most processes never make one

    terms = terms_of(evidence)
    enclosed = list(invoices.files_of_order(session, evidence.order.id))
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as bundle:
        for file in enclosed:
            bundle.writestr(f"invoices/{file.filename}", file.content)
        if terms is not None:
            bundle.writestr(f"terms-{terms.version}.txt", plain(terms))
        names = [file.filename for file in enclosed]
        pdf = summary.render(evidence, terms=terms, enclosed=names, made_at=clock.utc_now())
        bundle.writestr("summary.pdf", pdf)
    return held.getvalue()


def terms_of(evidence: Evidence) -> Text | None:
    """The terms that the buyer agreed to with the order; None for an order from before there were
    any, or when their words are not at hand any more."""
    version = evidence.order.terms_version
    if not version:
        return None
    try:
        return documents.get_text(Document.TERMS, version)
    except NotFound:
        return None


def plain(text: Text) -> str:
    """A text's words in lines."""
    parts = [f"{text.title}, version {text.version}"]
    for block in text.blocks:
        parts.append("\n".join(f"- {point}" for point in block.points) or block.text)
    return "\n\n".join(parts) + "\n"
