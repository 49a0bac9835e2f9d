"""The mails of a studio, as samples for the routes of their pages that hold an id."""

from __future__ import annotations

from sqlmodel import col, select

from services import db
from services.models import MailDelivery, MailStatus


def addresses() -> dict[str, str]:
    """One mail, if there is one that came back that one; and one template."""
    with db.reading() as session:
        newest = select(MailDelivery.public_id).order_by(col(MailDelivery.id).desc()).limit(1)
        returned = newest.where(MailDelivery.status == MailStatus.BOUNCED)
        found = session.exec(returned).first() or session.exec(newest).first()
    return {
        "/admin/mails/[mail]": f"/admin/mails/{found or 'mai_none'}",
        "/admin/mails/templates/[template]": "/admin/mails/templates/purchase",
    }
