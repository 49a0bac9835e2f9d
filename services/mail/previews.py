"""How the product's mails read: each with the newest real facts there are, or with made-up ones.
What reminds of a moment is read as it was then: most of them would not be sent any more.

The links of an account (confirming an address, a new password) are shown with made-up facts alone:
whoever reads such a link could use it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from services import access, clock, outages, telling, urls
from services.audit import Actor
from services.config import settings
from services.errors import NotFound
from services.mail import examples, letters, render
from services.mail.repeating import LINKS
from services.mail.shared import FILES, Skipped
from services.mail.views import Preview, TemplateRow
from services.models import MailDelivery
from services.telling import CATEGORIES

MOST_TRIED: Final = 10
"""How many of the newest mails of a kind are tried, until one still makes sense."""
_MADE_UP: Final = "No mail of this kind could be written from what is stored now."
_PERSONAL: Final = "It brings a link for one person alone, so the facts here are made up."


def list_templates(db: Session, *, actor: Actor) -> tuple[TemplateRow, ...]:
    """All mails that the product sends, by what they are about.

    Raises:
        SignInNeeded, NotAllowed
    """
    access.require_admin(actor)
    newest = select(MailDelivery.template, func.max(col(MailDelivery.created_at))).group_by(
        col(MailDelivery.template)
    )
    sent: dict[str, datetime] = dict(db.exec(newest).all())
    rows = [_row(name, sent.get(name)) for name in render.FACTS]
    return tuple(sorted(rows, key=lambda row: (row.category, row.name)))


def get_template(db: Session, *, actor: Actor, template: str) -> tuple[TemplateRow, Preview]:
    """One of them, written with the newest facts that there are.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: there is no such template.
    """
    access.require_admin(actor)
    if template not in render.FACTS:
        raise NotFound("mail")
    newest = (
        select(MailDelivery)
        .where(MailDelivery.template == template)
        .order_by(col(MailDelivery.created_at).desc(), col(MailDelivery.id).desc())
        .limit(MOST_TRIED)
    )
    rows = db.exec(newest).all()
    last = rows[0].created_at if rows else None
    if template not in LINKS:
        for row in rows:
            with clock.at(row.created_at):
                real = _real(db, row)
            if not real.why:
                return _row(template, last), real
    return _row(template, last), _example(template)


def of_mail(db: Session, row: MailDelivery) -> Preview:
    """A mail that was sent, as it would read now; `why` it can no longer be shown."""
    if row.template in LINKS:
        return Preview(why=_PERSONAL)
    return _real(db, row)


def _real(db: Session, row: MailDelivery) -> Preview:
    try:
        letter = render.composed(db, dict(row.data))
    except Skipped as why:
        return Preview(why=f"It would not be sent now: {why.reason}.")
    except Exception as error:  # its subject was deleted, or its template has changed since
        if outages.away(error):
            raise
        return Preview(why="It cannot be written any more: what it was about is gone.")
    way_out = letter.headers.get("List-Unsubscribe", "").strip("<>")
    text, html = (_without(way_out, form) for form in (letter.text, letter.html))
    return Preview(letter.subject, letter.preview, text, html, letter.language)


def _without(way_out: str, text: str) -> str:
    """Without the reader's own link: an admin who tries it would switch off their mails."""
    return text.replace(way_out, urls.unsubscribe("example")) if way_out else text


def _example(template: str) -> Preview:
    said = letters.render(template, letters.LANGUAGE, made_up(template))
    why = _PERSONAL if template in LINKS else _MADE_UP
    return Preview(
        said.subject, said.preview, said.text, said.html, said.language, example=True, why=why
    )


def made_up(template: str) -> dict[str, object]:
    """Facts for a template that belong to nobody."""
    kind = telling.KINDS.get(template)
    leaves = kind is not None and not kind.transactional
    facts: dict[str, object] = {
        "studio": settings().studio_name,
        "home": urls.absolute("/"),
        "unsubscribe": urls.unsubscribe("example") if leaves else "",
        "category": CATEGORIES[kind.category].title if kind else "",
    }
    facts |= {name: _absolute(value) for name, value in examples.of(template).items()}
    facts.pop(FILES, None)
    return facts


def _absolute(value: object) -> object:
    """Paths among the examples, as the addresses that the real facts hold."""
    return urls.absolute(value) if isinstance(value, str) and value.startswith("/") else value


def _row(name: str, sent_at: datetime | None) -> TemplateRow:
    kind = telling.KINDS.get(name)
    said = letters.render(name, letters.LANGUAGE, made_up(name))
    return TemplateRow(
        name=name,
        category=CATEGORIES[kind.category].title if kind else "Accounts and reports",
        always=kind is None or kind.transactional,
        subject=said.subject,
        sent_at=sent_at,
    )
