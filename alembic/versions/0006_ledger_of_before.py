"""the ledger of before: what was sold, held, refunded and left to expire until now is posted

Revision: 0006, after 0005. Each posting has the instant at which it happened. Providers' fees from
before are not known here: reconciliation asks for them.

Sessions settle the lowest open share of their pack; what expires or is given back is the highest.
Of what a session was paid, the mentor has a share of their own or, without one, the setting
`mentor_share_percent` (env.py hands it in). Down leaves the ledger as it is, and up posts nothing
where there is one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from alembic import context, op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHUNK = 1_000
USED = ("completed", "mentee no-show")
KEYS = {
    "session": "session",
    "session undone": "session_undone",
    "breakage": "breakage",
    "refund": "given_back",
}
# The smallest steps in which money goes back, in minor units, where they are not one.
STEPS = {
    "stripe": dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10),
    "paypal": dict.fromkeys(("HUF", "TWD"), 100),
}


def _instant(name: str) -> sa.ColumnClause[Any]:
    return sa.column(name, sa.DateTime(timezone=True))


def _table(name: str, names: str, instants: str = "") -> sa.TableClause:
    """What of a table is read or written here."""
    plain = (sa.column(one) for one in names.split())
    return sa.table(name, *plain, *(_instant(one) for one in instants.split()))


ORDER = _table("order", "id mentor_id provider amount_minor currency")
PAYMENT = _table(
    "payment",
    "id public_id order_id provider amount_minor currency status",
    "created_at completed_at",
)
REFUND = _table(
    "refund",
    "id public_id order_id payment_id provider amount_minor currency status source attempt",
    "created_at settled_at",
)
PACK = _table("pack", "id public_id order_id mentor_id total")
MENTOR = _table("mentor", "id share_percent")
CREDIT = _table("credit_entry", "id pack_id kind amount session_id", "created_at")
SESSION = _table("mentoring_session", "id pack_id status late")
SHARE = _table(
    "pack_share",
    "pack_id number amount_minor tax_minor state turn session_id refund_id",
    "settled_at",
)
POSTING = _table(
    "posting",
    "key leg kind debit credit amount_minor currency provider order_id mentor_id pack_id "
    "session_id payment_id refund_id dispute_id",
    "at created_at",
)
CHANGE = _table("report_change", "kind")


class Leg(NamedTuple):
    """An amount from one account to another."""

    debit: str
    credit: str
    minor: int


@dataclass
class Book:
    """The postings that are to be written."""

    now: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)

    def post(self, key: str, kind: str, legs: Sequence[Leg], at: datetime, **about: Any) -> None:
        """Note one happening; a leg of nothing is left out, the others keep their numbers."""
        nothing = dict.fromkeys(
            ("mentor_id", "pack_id", "session_id", "payment_id", "refund_id", "dispute_id")
        )
        for number, leg in enumerate(legs, start=1):
            if leg.minor:
                self.rows.append(
                    nothing
                    | about
                    | {
                        "key": key,
                        "leg": number,
                        "kind": kind,
                        "debit": leg.debit,
                        "credit": leg.credit,
                        "amount_minor": leg.minor,
                        "at": at,
                        "created_at": self.now,
                    }
                )

    def write(self) -> None:
        """Write what was noted, and begin anew."""
        if self.rows:
            op.get_bind().execute(sa.insert(POSTING), self.rows)
        self.rows = []


@dataclass
class Share:
    """What one session of a pack was paid."""

    number: int
    minor: int
    state: str = "open"
    turn: int = 0
    session_id: int | None = None
    settled_at: datetime | None = None


@dataclass
class Sold:
    """A bought pack, with what its credit entries tell, one after the other."""

    book: Book
    pack: Any
    shares: list[Share]
    used_in_the_end: dict[int, bool]
    """Whether each session that was decided more than twice has used its credit now."""
    held: dict[int, Share] = field(default_factory=dict)
    told: set[tuple[int, str]] = field(default_factory=set)

    def tell(self, entry: Any) -> None:
        """Apply the next credit entry of this pack."""
        apply = {
            "consume": self._consume,
            "return": self._give_back,
            "expire": self._expire,
            "refund": self._refund,
        }.get(entry.kind)
        if apply is not None:
            apply(entry)

    def _consume(self, entry: Any) -> None:
        """A session was held: the lowest open share is earned, the mentor has a part of it."""
        session = self._session_of(entry)
        share = next((one for one in self.shares if one.state == "open"), None)
        if share is None:
            return
        if session is not None:
            self.held[session] = share
        share.state, share.session_id, share.settled_at = "earned", session, entry.created_at
        self._post("session", share, self._earned(share), entry.created_at)

    def _give_back(self, entry: Any) -> None:
        """A session was not held after all: its share is open again. A credit that was only
        reserved was nobody's income yet."""
        session = self._session_of(entry)
        share = None if session is None else self.held.pop(session, None)
        if share is None:
            return
        legs = [Leg(leg.credit, leg.debit, leg.minor) for leg in self._earned(share)]
        self._post("session undone", share, legs, entry.created_at)
        share.state, share.session_id, share.settled_at = "open", None, None
        share.turn += 1

    def _expire(self, entry: Any) -> None:
        """Nobody used the credits in time: the studio has earned them, the mentor has no part."""
        self._close(entry, "expired", "breakage")

    def _refund(self, entry: Any) -> None:
        """The money of these credits went back; refunds from before are taken from `earned`."""
        self._close(entry, "refunded", "refund")

    def _close(self, entry: Any, state: str, kind: str) -> None:
        closed = [one for one in reversed(self.shares) if one.state == "open"][: -entry.amount]
        for share in closed:
            share.state, share.settled_at = state, entry.created_at
            self._post(kind, share, [Leg("deferred", "earned", share.minor)], entry.created_at)

    def _session_of(self, entry: Any) -> int | None:
        """A credit that is turned around for the second time names no session: it is one that was
        told of in this way before, and stood the other way round since."""
        if entry.session_id is not None:
            self.told.add((entry.session_id, entry.kind))
            return entry.session_id
        use = entry.kind == "consume"
        found = [
            session
            for session, kind in self.told
            if kind == entry.kind and (session in self.held) != use
        ]
        return min(found, key=lambda one: (self.used_in_the_end.get(one) != use, one), default=None)

    def _earned(self, share: Share) -> list[Leg]:
        own = self.pack.share_percent
        percent = context.config.attributes["mentor_share_percent"] if own is None else own
        return [
            Leg("deferred", "earned", share.minor),
            Leg("mentor share", "mentor earnings", share.minor * percent // 100),
        ]

    def _post(self, kind: str, share: Share, legs: Sequence[Leg], at: datetime) -> None:
        pack, what = self.pack, KEYS[kind]
        self.book.post(
            f"{what}:{pack.public_id}:{share.number}:{share.turn}",
            kind,
            legs,
            at,
            currency=pack.currency,
            provider=pack.provider,
            order_id=pack.order_id,
            mentor_id=pack.mentor_id,
            pack_id=pack.id,
            session_id=share.session_id,
        )


def _split(pack: Any) -> list[Share]:
    """What was paid, over the sessions, by largest remainder; what is no whole step comes first."""
    step = STEPS[pack.provider].get(pack.currency, 1) if pack.provider else 1
    steps, odd = divmod(pack.amount_minor, step)
    each, more = divmod(steps, pack.total)
    parts = [each + 1] * more + [each] * (pack.total - more)
    if odd:
        parts.insert(0, parts.pop())
    minors = [part * step for part in parts]
    minors[0] += odd
    return [Share(number, minor) for number, minor in enumerate(minors, start=1)]


def _chunks(query: sa.Select[Any], key: sa.ColumnElement[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query in order of `key`, a thousand at a time."""
    bind, last = op.get_bind(), 0
    while rows := bind.execute(query.where(key > last).order_by(key).limit(CHUNK)).all():
        yield rows
        last = rows[-1].id


def _post_payments(book: Book) -> None:
    """The first payment that fits an order made its pack; another went back at once, and one of
    another amount is nobody's yet."""
    automatic = sa.select(REFUND.c.payment_id).where(REFUND.c.source == "automatic")
    query = (
        sa.select(
            PAYMENT,
            ORDER.c.amount_minor.label("price"),
            ORDER.c.currency.label("in_currency"),
            PACK.c.id.label("pack_id"),
            ORDER.c.mentor_id,
            PAYMENT.c.id.in_(automatic).label("back"),
        )
        .select_from(PAYMENT)
        .join(ORDER, ORDER.c.id == PAYMENT.c.order_id)
        .outerjoin(PACK, PACK.c.order_id == ORDER.c.id)
        .where(PAYMENT.c.status.in_(["completed", "refunded"]))
    )
    sold: set[int] = set()
    for rows in _chunks(query, PAYMENT.c.id):
        for row in rows:
            fits = (row.amount_minor, row.currency) == (row.price, row.in_currency)
            to = "unmatched"
            if fits and row.back:
                to = "refunds"
            elif fits and row.pack_id is not None and row.order_id not in sold:
                sold.add(row.order_id)
                to = "deferred"
            book.post(
                f"payment:{row.public_id}",
                "payment",
                [Leg("provider", to, row.amount_minor)],
                row.completed_at or row.created_at,
                currency=row.currency,
                provider=row.provider,
                order_id=row.order_id,
                mentor_id=row.mentor_id,
                payment_id=row.id,
            )
        book.write()


def _post_refunds(book: Book) -> None:
    """What went back: automatic refunds were owed since the payment, others are taken from what
    was earned, where the closing of their credits puts it."""
    query = (
        sa.select(REFUND, ORDER.c.mentor_id, PACK.c.id.label("pack_id"))
        .select_from(REFUND)
        .join(ORDER, ORDER.c.id == REFUND.c.order_id)
        .outerjoin(PACK, PACK.c.order_id == ORDER.c.id)
        .where(REFUND.c.status == "succeeded")
    )
    for rows in _chunks(query, REFUND.c.id):
        for row in rows:
            automatic = row.source == "automatic"
            about: dict[str, Any] = {
                "currency": row.currency,
                "provider": row.provider,
                "order_id": row.order_id,
                "mentor_id": row.mentor_id,
                "pack_id": None if automatic else row.pack_id,
                "payment_id": row.payment_id,
                "refund_id": row.id,
            }
            at, minor = row.settled_at or row.created_at, row.amount_minor
            if not automatic:
                owing = [Leg("earned", "refunds", minor)]
                book.post(f"refund:{row.public_id}", "refund", owing, at, **about)
            paid = [Leg("refunds", "provider", minor)]
            book.post(f"refund:{row.public_id}:{row.attempt}", "refund", paid, at, **about)
        book.write()


def _post_packs(book: Book) -> None:
    """Every bought pack's shares, and what became of them."""
    query = (
        sa.select(
            PACK, ORDER.c.provider, ORDER.c.amount_minor, ORDER.c.currency, MENTOR.c.share_percent
        )
        .select_from(PACK)
        .join(ORDER, ORDER.c.id == PACK.c.order_id)
        .join(MENTOR, MENTOR.c.id == PACK.c.mentor_id)
    )
    for rows in _chunks(query, PACK.c.id):
        ids = [row.id for row in rows]
        entries = _entries_of(ids)
        ends = _ends_of({one for one in ids if _has_unnamed(entries.get(one, ()))})
        shares: list[dict[str, Any]] = []
        for row in rows:
            sold = Sold(book, row, _split(row), ends)
            for entry in entries.get(row.id, ()):
                sold.tell(entry)
            shares += [_row_of(row.id, share) for share in sold.shares]
        op.get_bind().execute(sa.insert(SHARE), shares)
        book.write()


def _entries_of(packs: Sequence[int]) -> dict[int, list[Any]]:
    """The credit entries of each pack, in the order in which they were written."""
    found: dict[int, list[Any]] = {}
    query = sa.select(CREDIT).where(CREDIT.c.pack_id.in_(packs)).order_by(CREDIT.c.id)
    for entry in op.get_bind().execute(query):
        found.setdefault(entry.pack_id, []).append(entry)
    return found


def _has_unnamed(entries: Sequence[Any]) -> bool:
    return any(one.session_id is None and one.kind in {"consume", "return"} for one in entries)


def _ends_of(packs: set[int]) -> dict[int, bool]:
    if not packs:
        return {}
    used = SESSION.c.status.in_(USED) | SESSION.c.late
    query = sa.select(SESSION.c.id, used.label("used")).where(SESSION.c.pack_id.in_(packs))
    return {row.id: bool(row.used) for row in op.get_bind().execute(query)}


def _row_of(pack_id: int, share: Share) -> dict[str, Any]:
    return {
        "pack_id": pack_id,
        "number": share.number,
        "amount_minor": share.minor,
        "tax_minor": 0,
        "state": share.state,
        "turn": share.turn,
        "session_id": share.session_id,
        "refund_id": None,
        "settled_at": share.settled_at,
    }


def upgrade() -> None:
    bind = op.get_bind()
    for table in (POSTING, SHARE):
        if bind.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            return
    book = Book(datetime.now(UTC))
    _post_payments(book)
    _post_refunds(book)
    _post_packs(book)
    # 0005 has said that the reports are to be added up from the beginning: no marks are needed.
    bind.execute(sa.delete(CHANGE).where(CHANGE.c.kind == "revenue"))


def downgrade() -> None:
    """The ledger stays: 0005 takes the tables."""
