"""sessions are recorded: consent, recordings and their files, what they use, and its prices

Revision: 0008, after 0007.

On SQLite a table whose rules change is written anew; env.py brings its triggers back.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = ("revenue", "seats")
MORE_KINDS = ("costs",)
USED = (
    "recorded_seconds",
    "arrived_bytes",
    "stored_bytes",
    "byte_hours",
    "early_byte_hours",
    "downloaded_bytes",
    "delivered_bytes",
)
STATUSES = ("starting", "recording", "stopping", "transferring", "ready", "failed", "purged")
RUNNING = "status IN ('starting', 'recording', 'stopping')"
ONCE_WRITTEN = ("purge_certificate", "recording_access")
TABLES = (
    *("price", "monthly_mentor_usage", "daily_mentor_usage", "daily_usage", "usage"),
    *("orphan", "recording_access", "purge_certificate", "recording_file", "recording", "consent"),
)
TRIGGERS = (
    *("usage_report_insert", "usage_no_update", "usage_no_delete"),
    *(f"{table}_no_{event}" for table in ONCE_WRITTEN for event in ("update", "delete")),
)


def _int(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str, length: int | None) -> sa.Column[Any]:
    kind = sa.Text() if length is None else sa.String(length=length)
    return sa.Column(name, kind, nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=nullable)


def _choice(name: str, check: str, *values: str) -> sa.Column[Any]:
    kind = sa.Enum(*values, name=check, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def _create(
    table: str,
    *columns: sa.Column[Any],
    refers: dict[str, str] | None = None,
    checks: dict[str, str] | None = None,
    unique: Sequence[str] = (),
    key: Sequence[str] = ("id",),
) -> None:
    """A table with its constraints, named as all are."""
    op.create_table(
        table,
        *columns,
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
            )
            for column, target in (refers or {}).items()
        ),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))
            for name, rule in (checks or {}).items()
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        *(sa.UniqueConstraint(name, name=op.f(f"uq_{table}_{name}")) for name in unique),
    )


def _create_costs() -> None:
    kinds = ("recorded", "stored", "moved", "gone", "early", "downloaded", "delivered")
    _create(
        "usage",
        _big("id"),
        _text("key", 120),
        _choice("kind", "usage_kind", *kinds),
        _text("place", 40),
        _whole("amount"),
        _big("mentor_id"),
        _big("session_id"),
        _at("at"),
        refers={"mentor_id": "mentor", "session_id": "mentoring_session"},
        checks={"amount_not_negative": "amount >= 0"},
        unique=("key",),
    )
    op.create_index("ix_usage_at", "usage", ["at"])
    op.create_index("ix_usage_session_id", "usage", ["session_id"])
    used = lambda *names: (_int("recordings"), *(_whole(name) for name in names))  # noqa: E731
    _create("daily_usage", _day("day"), _text("place", 40), *used(*USED), key=("day", "place"))
    owner = {"mentor_id": "mentor"}
    for table, span, names in (
        ("daily_mentor_usage", "day", USED),
        ("monthly_mentor_usage", "month", [name for name in USED if name != "stored_bytes"]),
    ):
        columns = (_day(span), _big("mentor_id"), _text("place", 40), *used(*names))
        _create(table, *columns, refers=owner, key=(span, "mentor_id", "place"))
    _create(
        "price",
        _big("id"),
        _text("preset", 20),
        _choice("component", "price_component", "recording", "storage", "download", "cdn"),
        _text("place", 40),
        _whole("micros"),
        _text("currency", 3),
        _whole("free_per_day"),
        _whole("free_per_month"),
        _day("valid_from"),
        _text("note", 200),
        _big("entered_by"),
        _at("entered_at"),
        refers={"entered_by": "user"},
        checks={
            "micros_not_negative": "micros >= 0",
            "terms_not_negative": "free_per_day >= 0 AND free_per_month >= 0",
        },
    )
    op.create_index("ix_price_entered_by", "price", ["entered_by"])
    line = ["preset", "component", "place", "valid_from"]
    op.create_index("uq_price", "price", line, unique=True)


def _create_consent() -> None:
    _create(
        "consent",
        _big("id"),
        _big("session_id"),
        _big("user_id"),
        _choice("answer", "consent_answer", "granted", "declined", "withdrawn"),
        _text("text_version", 20),
        _at("answered_at"),
        refers={"session_id": "mentoring_session", "user_id": "user"},
    )
    op.create_index("uq_consent", "consent", ["session_id", "user_id"], unique=True)
    op.create_index("ix_consent_user_id", "consent", ["user_id"])


def _create_recordings() -> None:
    _create(
        "recording",
        _big("id"),
        _text("public_id", 40),
        _big("session_id"),
        _int("number"),
        _choice("status", "recording_status", *STATUSES),
        _text("channel", 64),
        _whole("uid"),
        _text("mode", 20),
        _text("resource_id", None),
        _text("sid", 255),
        _text("source", 40),
        _text("prefix", 128),
        _json("seen"),
        _at("began_at"),
        *(_at(name, nullable=True) for name in ("started_at", "recording_at", "stop_asked_at")),
        _text("stop_reason", 300),
        *(_at(name, nullable=True) for name in ("stopped_at", "absent_since", "ready_at")),
        _int("seconds"),
        _at("look_at", nullable=True),
        _text("lease", 40),
        _int("tries"),
        _text("trouble", 300),
        *(_at(name, nullable=True) for name in ("keep_until", "reminded_of")),
        _big("extended_by", nullable=True),
        _text("extend_reason", 300),
        _at("held_at", nullable=True),
        _big("held_by", nullable=True),
        _text("hold_reason", 300),
        _at("purge_asked_at", nullable=True),
        _text("purge_reason", 300),
        _big("purge_asked_by", nullable=True),
        _at("purged_at", nullable=True),
        refers={
            "session_id": "mentoring_session",
            **dict.fromkeys(("extended_by", "held_by", "purge_asked_by"), "user"),
        },
        checks={
            "seconds_not_negative": "seconds >= 0",
            "number_from_one": "number >= 1",
            "purged_when_purged": "(status = 'purged') = (purged_at IS NOT NULL)",
            "kept_until_when_ended": "status NOT IN ('ready', 'failed', 'purged') "
            "OR keep_until IS NOT NULL",
            "hold_reason_when_held": "held_at IS NULL OR hold_reason <> ''",
        },
        unique=("public_id",),
    )
    op.create_index("uq_recording_number", "recording", ["session_id", "number"], unique=True)
    _index("uq_recording_running", "recording", "session_id", where=RUNNING, unique=True)
    _index("ix_recording_look_at", "recording", "look_at", where="look_at IS NOT NULL")
    kept = "keep_until IS NOT NULL AND purged_at IS NULL"
    ends = ("keep_until", "seconds", "held_at")
    _index("ix_recording_keep_until", "recording", *ends, where=kept)
    for name, few in (
        ("ix_recording_troubled", "trouble <> '' AND purged_at IS NULL"),
        ("ix_recording_held", "held_at IS NOT NULL"),
        ("ix_recording_going", "purge_asked_at IS NOT NULL AND purged_at IS NULL"),
    ):
        _index(name, "recording", "began_at", "id", where=few)
    op.create_index("ix_recording_status_began_at", "recording", ["status", "began_at"])
    op.create_index("ix_recording_began_at_id", "recording", ["began_at", "id"])
    op.create_index("ix_recording_sid", "recording", ["sid"])
    op.create_index("ix_recording_prefix", "recording", ["prefix"])
    _index("ix_recording_source", "recording", "source", "keep_until", where="purged_at IS NULL")


def _create_files() -> None:
    _create(
        "recording_file",
        _big("id"),
        _text("public_id", 40),
        _big("recording_id"),
        _text("name", 240),
        _choice("kind", "file_kind", "video", "playlist", "segment", "other"),
        _choice("status", "file_status", "waiting", "checked", "gone"),
        _text("source", 40),
        _text("source_key", 1024),
        _at("source_since", nullable=True),
        _text("store", 40),
        _text("key", 1024),
        _whole("bytes"),
        _text("sha256", 64),
        _text("upload", 1024),
        _json("parts"),
        _whole("copied"),
        _int("removed"),
        *(_at(name, nullable=True) for name in ("began_at", "checked_at", "gone_at")),
        refers={"recording_id": "recording"},
        checks={
            "not_negative": "bytes >= 0 AND copied >= 0 AND removed >= 0",
            "sha256_when_checked": "status = 'waiting' OR length(sha256) = 64 "
            "OR checked_at IS NULL",
            "checked_is_whole": "status <> 'checked' OR (checked_at IS NOT NULL AND bytes > 0)",
            "gone_at_when_gone": "(status = 'gone') = (gone_at IS NOT NULL)",
        },
        unique=("public_id",),
    )
    for name, columns in (
        ("uq_recording_file_name", ["recording_id", "name"]),
        ("ix_recording_file_store_key", ["store", "key"]),
        ("ix_recording_file_source_source_key", ["source", "source_key"]),
    ):
        op.create_index(name, "recording_file", columns, unique=name.startswith("uq"))
    for name, columns, status in (
        (
            "ix_recording_file_checked",
            ("store", "id", "recording_id", "bytes", "checked_at"),
            "checked",
        ),
        ("ix_recording_file_arriving", ("store",), "waiting"),
        ("ix_recording_file_leaving", ("source", "id"), "waiting"),
    ):
        _index(name, "recording_file", *columns, where=f"status = '{status}'")


def _create_proofs() -> None:
    """What is written once about a recording: its purge, and who watched it."""
    _create(
        "purge_certificate",
        _big("id"),
        _text("public_id", 40),
        _big("recording_id"),
        _text("reason", 300),
        _big("by_id", nullable=True),
        _json("files"),
        _json("places"),
        _int("versions"),
        _whole("bytes"),
        _at("listed_at"),
        _at("created_at"),
        refers={"recording_id": "recording", "by_id": "user"},
        unique=("public_id", "recording_id"),
    )
    _create(
        "recording_access",
        _big("id"),
        _big("recording_id"),
        _big("file_id"),
        _big("user_id"),
        _choice("how", "recording_access_how", "watched", "downloaded"),
        _at("at"),
        refers={"recording_id": "recording", "file_id": "recording_file", "user_id": "user"},
    )
    op.create_index(
        "ix_recording_access_recording_id_at", "recording_access", ["recording_id", "at"]
    )
    op.create_index("ix_recording_access_user_id", "recording_access", ["user_id"])
    for table in ONCE_WRITTEN:
        _refuse_changes(table)


def _create_orphans() -> None:
    _create(
        "orphan",
        _big("id"),
        _text("public_id", 40),
        _choice("kind", "orphan_kind", "file without row", "row without file"),
        _text("store", 40),
        _text("key", 1024),
        _whole("bytes"),
        _big("recording_id", nullable=True),
        _at("found_at"),
        _at("seen_at"),
        _at("settled_at", nullable=True),
        _big("settled_by", nullable=True),
        _text("settled_how", 200),
        refers={"recording_id": "recording", "settled_by": "user"},
        checks={"bytes_not_negative": "bytes >= 0"},
        unique=("public_id",),
    )
    op.create_index("ix_orphan_recording_id", "orphan", ["recording_id"])
    op.create_index("ix_orphan_settled_at_found_at", "orphan", ["settled_at", "found_at"])
    _index("uq_orphan_open", "orphan", "store", "key", where="settled_at IS NULL", unique=True)


def _index(name: str, table: str, *columns: str, where: str, unique: bool = False) -> None:
    """An index of some of the rows, on both databases."""
    rows = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _see_who_is_there() -> None:
    """An open room says again and again that its person is there."""
    op.add_column("session_join", _at("seen_at", nullable=True))
    there = "left_at IS NULL AND seen_at IS NOT NULL"
    _index("ix_session_join_in_the_room", "session_join", "seen_at", where=there)


def _forget_who_is_there() -> None:
    op.drop_index("ix_session_join_in_the_room", "session_join")
    with op.batch_alter_table("session_join", schema=None) as batch:
        batch.drop_column("seen_at")


def _guard_usage() -> None:
    """Usage is written once, and whoever writes it leaves a mark in the same transaction."""
    mark = "INSERT INTO report_change (kind, at) VALUES ('costs', NEW.at);"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER usage_report_insert AFTER INSERT ON usage BEGIN {mark} END")
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER usage_no_{event} BEFORE {event.upper()} ON usage "
                "BEGIN SELECT RAISE(ABORT, 'usage is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION usage_report_insert() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {mark} RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER usage_report_insert AFTER INSERT ON usage FOR EACH ROW "
        "EXECUTE FUNCTION usage_report_insert()"
    )
    op.execute(
        "CREATE TRIGGER usage_append_only BEFORE UPDATE OR DELETE ON usage "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _dropped() -> set[str]:
    """On SQLite, env.py brings back the triggers that are gone, unless they are named here."""
    names: set[str] = context.config.attributes.setdefault("dropped_triggers", set())
    return names


def _know_costs() -> None:
    """The roll-ups' own tables know of costs."""
    _allow_kinds(*KINDS, *MORE_KINDS)
    op.execute(
        "INSERT INTO report_progress (kind, zone, until, generation) VALUES ('costs', '', NULL, 0)"
    )


def _forget_costs() -> None:
    op.execute("DELETE FROM report_change WHERE kind = 'costs'")
    op.execute("DELETE FROM report_progress WHERE kind = 'costs'")
    _allow_kinds(*KINDS)


def _allow_kinds(*kinds: str) -> None:
    """Other tables' triggers write into report_change: while SQLite writes it anew, it is not to
    look whether they still find it."""
    rule = f"kind IN ({', '.join(repr(kind) for kind in kinds)})"
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("PRAGMA legacy_alter_table = ON")
    for table in ("report_change", "report_progress"):
        name = op.f(f"ck_{table}_{table}_kind")
        with op.batch_alter_table(table, schema=None) as batch:
            batch.drop_constraint(name, type_="check")
            batch.create_check_constraint(name, rule)
    if sqlite:
        op.execute("PRAGMA legacy_alter_table = OFF")


def upgrade() -> None:
    _know_costs()
    _create_costs()
    _guard_usage()
    _see_who_is_there()
    _create_consent()
    _create_recordings()
    _create_files()
    _create_proofs()
    _create_orphans()
    _dropped().difference_update(TRIGGERS)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        _dropped().update(TRIGGERS)
    for table in TABLES:
        op.drop_table(table)
    if not sqlite:
        op.execute("DROP FUNCTION usage_report_insert()")
    _forget_costs()
    _forget_who_is_there()
