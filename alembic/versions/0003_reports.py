"""reports: the history of capacity, daily roll-ups, and the marks that keep them true

Revision: 0003, after 0002.

The history of capacity begins with what the audit trail tells: every change of a mentor's capacity
left an entry with the number before and after. A mentor without such an entry has always had the
capacity of today, from the day the mentor was made.
"""

import json
from typing import Any

import sqlalchemy as sa

from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS = ("revenue", "seats")

# (table, kind, the column that says on which day the row counts, what makes it count)
MARKED = (
    ("payment", "revenue", "completed_at", "{row}.status IN ('completed', 'refunded')"),
    ("refund", "revenue", "settled_at", "{row}.status = 'succeeded'"),
    ("seat_event", "seats", "at", None),
    ("capacity_event", "seats", "at", None),
)
# What a payment or a refund adds to its day depends on these besides.
WEIGHT = ("amount_minor", "currency", "provider", "order_id")


def _big_id(name: str, **more: Any) -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, **more)


def _kind(name: str) -> sa.Column[Any]:
    choice = sa.Enum(*KINDS, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column("kind", choice, nullable=False)


def _triggers() -> list[tuple[str, str, str, str, str, str]]:
    """(name, table, event, kind, column, condition), for both databases' spelling of it."""
    found: list[tuple[str, str, str, str, str, str]] = []
    for table, kind, at, counts in MARKED:
        new, old = (counts or "1 = 1").format(row="NEW"), (counts or "1 = 1").format(row="OLD")
        new, old = f"{new} AND NEW.{at} IS NOT NULL", f"{old} AND OLD.{at} IS NOT NULL"
        found.append((f"{table}_report_insert", table, "INSERT", kind, f"NEW.{at}", new))
        if counts is None:
            continue  # history: never updated
        moved = " OR ".join(f"OLD.{column} <> NEW.{column}" for column in WEIGHT)
        moved += f" OR OLD.{at} <> NEW.{at}"
        left, came = f"({old})", f"({new})"
        gone = f"{left} AND (NOT {came} OR {moved})"
        new_here = f"{came} AND (NOT {left} OR {moved})"
        found.append((f"{table}_report_leave", table, "UPDATE", kind, f"OLD.{at}", gone))
        found.append((f"{table}_report_come", table, "UPDATE", kind, f"NEW.{at}", new_here))
        found.append((f"{table}_report_delete", table, "DELETE", kind, f"OLD.{at}", old))
    return found


def _mark_changes() -> None:
    """Whoever writes what counts on a day leaves a mark, in the same transaction."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table, event, kind, at, condition in _triggers():
        mark = f"INSERT INTO report_change (kind, at) VALUES ('{kind}', {at});"
        if sqlite:
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {condition} BEGIN {mark} END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {mark} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION {name}()"
        )
    _dropped().difference_update(name for name, *_ in _triggers())


def _mark_no_changes() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table, *_ in _triggers():
        op.execute(f"DROP TRIGGER {name}" if sqlite else f"DROP TRIGGER {name} ON {table}")
        if not sqlite:
            op.execute(f"DROP FUNCTION {name}()")
    _dropped().update(name for name, *_ in _triggers())


def _dropped() -> set[str]:
    """On SQLite, env.py brings back the triggers that are gone, unless they are named here."""
    names: set[str] = context.config.attributes.setdefault("dropped_triggers", set())
    return names


def _guard_history() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER capacity_event_no_{event} BEFORE {event.upper()} "
                "ON capacity_event "
                "BEGIN SELECT RAISE(ABORT, 'capacity_event is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER capacity_event_append_only BEFORE UPDATE OR DELETE ON capacity_event "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _remember_capacity() -> None:
    """Fill the history from the audit trail."""
    instant = sa.DateTime(timezone=True)
    bind = op.get_bind()
    mentors = bind.execute(
        sa.text("SELECT id, public_id, capacity, created_at FROM mentor").columns(
            created_at=instant
        )
    ).all()
    told = bind.execute(
        sa.text(
            'SELECT thing, "before", "after", at FROM audit_entry '
            "WHERE action = 'mentor.changed' ORDER BY at, id"
        ).columns(before=sa.JSON(), after=sa.JSON(), at=instant)
    ).all()
    changes: dict[str, list[tuple[int, int, Any]]] = {}
    for thing, before, after, at in told:
        earlier, later = _loaded(before).get("capacity"), _loaded(after).get("capacity")
        if isinstance(earlier, int) and isinstance(later, int):
            changes.setdefault(thing, []).append((earlier, later, at))
    rows: list[dict[str, Any]] = []
    for mentor_id, public_id, capacity, created_at in mentors:
        own = changes.get(public_id, [])
        first = own[0][0] if own else capacity
        rows.append({"mentor_id": mentor_id, "capacity": first, "at": created_at})
        rows += [{"mentor_id": mentor_id, "capacity": to, "at": at} for _, to, at in own]
    table = sa.table(
        "capacity_event",
        sa.column("mentor_id", sa.BigInteger()),
        sa.column("capacity", sa.Integer()),
        sa.column("at", instant),
    )
    if rows:
        op.bulk_insert(table, rows)


def _loaded(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value or {}


def _create_revenue(table: str, span: str) -> None:
    op.create_table(
        table,
        sa.Column(span, sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        _big_id("offer_id"),
        sa.Column("provider", sa.String(length=32), nullable=False),
        _big_id("mentor_id"),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["pack_offer.id"], name=op.f(f"fk_{table}_offer_id_pack_offer")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f(f"fk_{table}_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint(span, "currency", "offer_id", "provider", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.create_table(
        "capacity_event",
        _big_id("id"),
        _big_id("mentor_id"),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_capacity_event_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_event")),
    )
    op.create_table(
        "report_change",
        _big_id("id"),
        _kind("report_change_kind"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_change")),
    )
    progress = op.create_table(
        "report_progress",
        _kind("report_progress_kind"),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_report_progress")),
    )
    op.bulk_insert(
        progress, [{"kind": kind, "zone": "", "until": None, "generation": 0} for kind in KINDS]
    )
    _create_revenue("daily_revenue", "day")
    _create_revenue("monthly_revenue", "month")
    op.create_table(
        "daily_seats",
        sa.Column("day", sa.Date(), nullable=False),
        _big_id("mentor_id"),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("active", "grace", "held", "capacity")
        ),
        *(
            sa.Column(f"{name}_seconds", sa.BigInteger(), nullable=False)
            for name in ("active", "grace", "held", "capacity", "free", "over")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_daily_seats_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("day", "mentor_id", name=op.f("pk_daily_seats")),
    )
    op.create_index("ix_capacity_event_mentor_id_at", "capacity_event", ["mentor_id", "at"])
    op.create_index("ix_capacity_event_at", "capacity_event", ["at"])
    op.create_index("ix_report_change_kind_at", "report_change", ["kind", "at"])
    op.create_index("ix_payment_completed_at", "payment", ["completed_at"])
    op.create_index("ix_refund_settled_at", "refund", ["settled_at"])
    op.create_index("ix_seat_event_at", "seat_event", ["at"])
    _remember_capacity()
    _guard_history()
    _mark_changes()


def downgrade() -> None:
    _mark_no_changes()
    op.drop_index("ix_seat_event_at", "seat_event")
    op.drop_index("ix_refund_settled_at", "refund")
    op.drop_index("ix_payment_completed_at", "payment")
    for table in (
        "daily_seats",
        "monthly_revenue",
        "daily_revenue",
        "report_progress",
        "report_change",
        "capacity_event",
    ):
        op.drop_table(table)
