"""What the people of a session have answered about being recorded."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, select

from services.consent_text import TEXT_VERSION
from services.ids import UserId
from services.models import Consent, ConsentAnswer, MentoringSession


def answers(db: Session, session: MentoringSession) -> dict[UserId, Consent]:
    """The last answer of each who gave one."""
    rows = db.exec(select(Consent).where(Consent.session_id == session.id)).all()
    return {row.user_id: row for row in rows}


def all_granted(db: Session, session: MentoringSession, people: Collection[UserId]) -> bool:
    """Whether each of these people said yes to the text as it is now. No answer is no."""
    found = answers(db, session)
    return all(
        (row := found.get(person)) is not None
        and row.answer is ConsentAnswer.GRANTED
        and row.text_version == TEXT_VERSION
        for person in people
    )


def somebody_refuses(db: Session, session: MentoringSession, people: Collection[UserId]) -> bool:
    """Whether one of these people has no yes that stands, to whichever version of the text: a new
    version alone ends no recording that runs."""
    found = answers(db, session)
    return any(
        (row := found.get(person)) is None or row.answer is not ConsentAnswer.GRANTED
        for person in people
    )
