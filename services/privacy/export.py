"""Everything about a person as one zip: a list per kind of thing, invoices as PDF, the photo.

It is made when it is asked for and kept nowhere. Rows are read in pieces and the file lies on disk
once it is large, so that its size costs no memory. Other people stay outside: they are "somebody
else", but for mentors, whose pages are public.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

from itsdangerous import BadData, URLSafeSerializer
from limits import parse
from sqlalchemy import Column, inspect
from sqlmodel import Session, SQLModel, select

from services import access, audit, clock, db, invoices, photos, ratelimits
from services.audit import Actor
from services.config import settings
from services.errors import NotAllowed, NotFound
from services.ids import UserId
from services.models import Mentor, User, UserStatus
from services.privacy import told
from services.privacy.owned import FILES
from services.privacy.registry import SECRETS
from services.privacy.which import File, Person, person_of
from services.ratelimits import Limit

PATH = "/files/my-data.zip"
LINK_LIVES = timedelta(minutes=15)
EXPORTS = Limit("my-data", parse("10/hour"))
IN_MEMORY_BYTES = 4_000_000
_LABELS = {"mentor": "slug", "discount_code": "code"}
"""By what the rows of a table are named, where not by their public id."""
_TOO_OLD = "This link is too old, or not yours. Make a new one in your settings, under My data."


@dataclass(frozen=True, slots=True)
class Link:
    """Where one's copy can be fetched, and until when."""

    path: str
    until: datetime


def make_link(db: Session, *, actor: Actor, user: str = "") -> Link:
    """A link to one's own copy; for an admin, to anybody's (a public id), who cannot sign in and
    asks for it. It works for whoever made it, and not for long.

    Raises:
        SignInNeeded, NotAllowed
        NotFound: no such account, or it is erased.
    """
    reader = db.get_one(User, access.require_user(actor))
    owner = _named(db, actor, user) if user else reader
    until = clock.utc_now() + LINK_LIVES
    key = _signer().dumps([reader.public_id, owner.public_id, int(until.timestamp())])
    return Link(f"{PATH}?key={key}", until)


def _named(db: Session, actor: Actor, user: str) -> User:
    access.require_admin(actor)
    found = select(User).where(User.public_id == user, User.status != UserStatus.ERASED)
    owner = db.exec(found).one_or_none()
    if owner is None:
        raise NotFound("user")
    return owner


def make(*, actor: Actor, key: str) -> IO[bytes]:
    """The zip behind a link, at its beginning; the caller closes it.

    Raises:
        SignInNeeded, TooManyAttempts
        NotAllowed: the link is too old, changed, or somebody else's.
        NotFound: the account is erased by now.
    """
    user_id = access.require_user(actor)
    with db.reading() as session:
        reader = session.get_one(User, user_id)
        owner = _checked(key, reader)
        user = reader if owner == reader.public_id else _named(session, actor, owner)
    ratelimits.hit(EXPORTS, reader.public_id)
    with db.transaction() as session:
        audit.record(session, actor=actor, action="user.exported", thing=user.public_id)
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # the caller closes it
    try:
        with db.reading() as session, ZipFile(file, "w", ZIP_DEFLATED) as bundle:
            _write(session, bundle, person_of(session, user))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast("IO[bytes]", file)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().signing_key, salt="my data")


def _checked(key: str, reader: User) -> str:
    """The public id of whose data it is."""
    try:
        made_by, owner, until = cast("tuple[str, str, int]", _signer().loads(key[:500]))
    except (BadData, TypeError, ValueError):
        raise NotAllowed(_TOO_OLD) from None
    if made_by != reader.public_id or until <= clock.utc_now().timestamp():
        raise NotAllowed(_TOO_OLD)
    return owner


def _write(db: Session, bundle: ZipFile, person: Person) -> None:
    written: list[tuple[str, str]] = []

    def write(name: str, about: str, rows: Iterator[dict[str, Any]]) -> None:
        if _write_rows(bundle, f"{name}.json", rows):
            written.append((f"{name}.json", about))

    for file in FILES:
        write(file.name, file.about, _rows(db, file, person))
    write("recording_accesses", "Who watched your recordings.", told.accesses(db, person))
    write("provider_messages", "What outside services told us of you.", told.events(db, person))
    write("record", "What was done to these things, and what you did.", told.record(db, person))
    for document in invoices.files_of(db, person.user_id):
        bundle.writestr(f"invoices/{document.filename}", document.content)
        written.append((f"invoices/{document.filename}", "A document of a purchase."))
    photo = _photo(db, person)
    if photo:
        bundle.writestr("photo.webp", photo)
        written.append(("photo.webp", "Your photo as a mentor."))
    bundle.writestr("README.txt", _readme(written))


def _write_rows(bundle: ZipFile, name: str, rows: Iterator[dict[str, Any]]) -> bool:
    """Write a list, row by row; False, and no file, when there is none."""
    first = next(rows, None)
    if first is None:
        return False
    with bundle.open(name, "w") as file:
        file.write(b"[\n" + _json(first))
        for row in rows:
            file.write(b",\n" + _json(row))
        file.write(b"\n]\n")
    return True


def _json(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, indent=1, default=_plain).encode()


def _plain(value: object) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Enum():
            return value.value
        case _:
            return str(value)


def _rows(db: Session, file: File, person: Person) -> Iterator[dict[str, Any]]:
    own = _columns(file.table)
    order = [own[key.name] for key in cast("Any", file.table).__table__.primary_key]
    found = select(file.table).where(file.which(person)).order_by(*order)
    for part in db.exec(found.execution_options(yield_per=told.ROWS)).partitions():
        names = {name: _names(db, column, part, name) for name, column in own.items()}
        for row in part:
            hidden = file.hides(row, person)
            yield {
                _key(name, column): _value(getattr(row, name), column, names[name], person.user_id)
                for name, column in own.items()
                if _is_told(cast("Any", file.table).__tablename__, name, column, hidden)
            }


def _columns(table: type[SQLModel]) -> dict[str, Column[Any]]:
    """By the names that Python knows them by."""
    return {each.key: each.columns[0] for each in inspect(table).column_attrs}  # pyright: ignore[reportReturnType]


def _is_told(table: str, name: str, column: Column[Any], hidden: frozenset[str]) -> bool:
    if name in hidden or column.name in SECRETS.get(table, frozenset()):
        return False
    return not (column.primary_key and not column.foreign_keys and name == "id")


def _key(name: str, column: Column[Any]) -> str:
    return name.removesuffix("_id") if column.foreign_keys else name


def _target(column: Column[Any]) -> str:
    """The table that a column names a row of; empty when it names none."""
    return next((each.column.table.name for each in column.foreign_keys), "")


def _names(db: Session, column: Column[Any], rows: Iterable[SQLModel], name: str) -> dict[int, str]:
    """What the rows that a column names are called; one query for a piece of rows."""
    target = _target(column)
    if not target or target == "user":
        return {}
    wanted = {found for row in rows if (found := getattr(row, name)) is not None}
    table = SQLModel.metadata.tables[target]
    label = table.c[_LABELS.get(target, "public_id")]
    asked = select(table.c.id, label).where(table.c.id.in_(wanted))
    return {int(id_): str(called) for id_, called in db.connection().execute(asked).all()}


def _value(value: Any, column: Column[Any], names: dict[int, str], user_id: UserId) -> Any:
    target = _target(column)
    if value is None or not target:
        return value
    if target == "user":
        return "you" if value == user_id else told.OTHER
    return names.get(value, "")


def _photo(db: Session, person: Person) -> bytes | None:
    mentor = db.get(Mentor, person.mentor_id) if person.mentor_id else None
    if mentor is None or not mentor.photo_key:
        return None
    with suppress(NotFound):
        return photos.read(photos.url(mentor.photo_key).rpartition("/")[2])
    return None


def _readme(written: list[tuple[str, str]]) -> str:
    made = clock.utc_now().isoformat(timespec="seconds")
    width = max(len(name) for name, _ in written)
    listed = "\n".join(f"{name:<{width}}  {about}" for name, about in written)
    return _README.format(studio=settings().studio_name, made=made, listed=listed)


_README = """\
Your data at {studio}, as of {made}.

{listed}

Lists without anything in them are left out. Times are in UTC. Amounts ending in _minor are in the
smallest unit of their currency: 12000 with EUR is 120.00 euros. What looks like ord_ and letters is
the name of one thing in all lists.

Other people are "somebody else", but for mentors, who are named by the address of their page.
Notes are in here if you wrote them, and if somebody wrote them about a session that you had as a
mentee: also those that a mentor wrote for themselves, because they are about you.

Recordings themselves are too large for this file: download them from their pages while they are
kept.

Left out are only secrets with which somebody could act as you, such as the hash of your password.
"""
