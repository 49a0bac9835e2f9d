"""it runs itself: the waitlist, what people are told, Discord, and the jobs' own books

Revision: 0007, after 0006.

On SQLite a table whose rules change is written anew; env.py brings its triggers back.

The way back cannot say everything in the words of 0006: a message that was canceled is a dead
letter again, a place that was given back from an offer was given back by hand, and a place that is
on offer to somebody who waits is free.
"""

import secrets
import string
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LETTERS = string.ascii_letters + string.digits
AT_ONCE = 5_000

RELEASE_REASONS = (
    "checkout ended",
    "checkout canceled",
    "payment failed",
    "grace ended",
    "refunded",
    "dispute lost",
    "account erased",
    "by hand",
)
OFFER_REASONS = ("offer declined", "offer lapsed", "offer withdrawn")
OUTBOX = ("due", "sent", "failed", "dead")
CHANGED_CHECKS = {
    "seat": ("release_reason", "release_reason", RELEASE_REASONS, OFFER_REASONS),
    "outbox_message": ("outbox_status", "status", OUTBOX, ("canceled",)),
}
REMINDED = {"onboarding": "remind_at", "pack": "quiet_until", "mentoring_session": "reminded_of"}
UNREMINDED = {
    "pack": ("expires_at", "quiet_until IS NULL"),
    "mentoring_session": ("starts_at", "reminded_of IS NULL OR reminded_of <> starts_at"),
}
TABLES = (
    "worker",
    "pause",
    "schedule",
    "job_hour",
    "job_change",
    "discord_grant",
    "discord_role",
    "discord_link",
    "mail_suppression",
    "mail_delivery",
    "notification_preference",
    "notification",
    "reminder",
    "waitlist_entry",
)


def _int(name: str, *, default: int | None = None) -> sa.Column[Any]:
    kept = None if default is None else str(default)
    return sa.Column(name, sa.Integer(), nullable=False, server_default=kept)


def _text(
    name: str, length: int, *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=nullable, server_default=default)


def _bool(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


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


def _index(
    table: str, *columns: str, name: str = "", unique: bool = False, where: str = ""
) -> None:
    only: dict[str, Any] = {}
    if where:
        only = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    named = op.f(name or f"ix_{table}_{'_'.join(columns)}")
    op.create_index(named, table, list(columns), unique=unique, **only)


def _create_waitlist() -> None:
    _create(
        "waitlist_entry",
        _big("id"),
        _text("public_id", 40),
        _big("mentor_id"),
        _big("mentee_id"),
        _choice(
            "status",
            "waitlist_entry_status",
            "waiting",
            "offered",
            "taken",
            "declined",
            "lapsed",
            "left",
        ),
        _int("priority"),
        _at("joined_at"),
        _at("offered_at", nullable=True),
        _at("offer_ends_at", nullable=True),
        _big("seat_id", nullable=True),
        _at("ended_at", nullable=True),
        _text("reason", 200),
        refers={"mentor_id": "mentor", "mentee_id": "user", "seat_id": "seat"},
        checks={
            "offer_ends_at_when_offered": "(status = 'offered') = (offer_ends_at IS NOT NULL)",
            "seat_when_offered": "status <> 'offered' OR seat_id IS NOT NULL",
            "ended_at_when_ended": "(status IN ('waiting', 'offered')) = (ended_at IS NULL)",
            "priority_range": "priority IN (0, 1)",
        },
        unique=("public_id",),
    )
    _index(
        "waitlist_entry",
        "mentee_id",
        "mentor_id",
        name="uq_waitlist_entry_open",
        unique=True,
        where="status IN ('waiting', 'offered')",
    )
    line = ("mentor_id", "status", "priority", "joined_at", "id")
    _index("waitlist_entry", *line, name="ix_waitlist_entry_line")
    _index("waitlist_entry", "status", "offer_ends_at")
    _index("waitlist_entry", "seat_id")


def _create_telling() -> None:
    _create(
        "reminder",
        _big("id"),
        _text("kind", 40),
        _big("user_id"),
        _text("about", 60),
        _text("occasion", 60),
        _choice("outcome", "reminder_outcome", "sent", "suppressed"),
        _text("reason", 200),
        _at("due_at"),
        _at("at"),
        refers={"user_id": "user"},
    )
    each = ("kind", "about", "occasion", "user_id")
    _index("reminder", *each, name="uq_reminder", unique=True)
    _index("reminder", "about")
    _index("reminder", "at", "id")
    _index("reminder", "user_id")
    _create(
        "notification",
        _big("id"),
        _text("public_id", 40),
        _big("user_id"),
        _text("kind", 40),
        _text("about", 60),
        _text("unique_key", 200),
        _text("title", 200),
        _text("body", 500),
        _text("href", 200),
        _at("created_at"),
        _at("read_at", nullable=True),
        refers={"user_id": "user"},
        unique=("public_id",),
    )
    _index("notification", "user_id", "unique_key", name="uq_notification", unique=True)
    _index("notification", "user_id", "id")
    _index("notification", "created_at")
    _index("notification", "about")
    _index("notification", "user_id", name="ix_notification_unread", where="read_at IS NULL")
    _create(
        "notification_preference",
        _big("user_id"),
        _text("category", 40),
        _choice("channel", "notification_channel", "mail", "app", "discord"),
        _bool("enabled"),
        _at("updated_at"),
        refers={"user_id": "user"},
        key=("user_id", "category", "channel"),
    )
    _create(
        "mail_delivery",
        _big("id"),
        _text("public_id", 40),
        _text("unique_key", 200),
        _big("user_id", nullable=True),
        _text("template", 60),
        _text("about", 60),
        _json("data"),
        _text("recipient", 254),
        _text("subject", 300),
        _choice(
            "status",
            "mail_delivery_status",
            "sending",
            "sent",
            "delayed",
            "delivered",
            "bounced",
            "complained",
            "failed",
            "given up",
            "suppressed",
            "skipped",
        ),
        _text("vendor_id", 100),
        _text("reason", 300),
        _at("created_at"),
        _at("sent_at", nullable=True),
        _at("status_at"),
        refers={"user_id": "user"},
        unique=("public_id", "unique_key"),
    )
    for first in ("user_id", "status", "template"):
        _index("mail_delivery", first, "created_at")
    _index("mail_delivery", "created_at", "id")
    _index("mail_delivery", "vendor_id")
    _index("mail_delivery", "about")
    _create(
        "mail_suppression",
        _big("id"),
        _text("public_id", 40),
        _text("address", 254),
        _choice("reason", "mail_suppression_reason", "bounced", "complained", "by hand"),
        _text("note", 300),
        _at("created_at"),
        unique=("public_id", "address"),
    )
    _index("mail_suppression", "created_at")


def _create_discord() -> None:
    _create(
        "discord_link",
        _big("id"),
        _text("public_id", 40),
        _big("user_id"),
        _text("discord_id", 20),
        _text("username", 40),
        _text("dm_channel_id", 20),
        _at("dm_closed_at", nullable=True),
        _at("left_at", nullable=True),
        _at("linked_at"),
        refers={"user_id": "user"},
        unique=("public_id", "user_id", "discord_id"),
    )
    _create(
        "discord_role",
        _big("mentor_id"),
        _text("role_id", 20, nullable=True),
        _text("name", 100),
        _at("created_at"),
        refers={"mentor_id": "mentor"},
        unique=("role_id",),
        key=("mentor_id",),
    )
    _create(
        "discord_grant",
        _big("id"),
        _text("public_id", 40),
        _text("discord_id", 20),
        _big("user_id"),
        _big("mentor_id"),
        _bool("wanted"),
        _bool("has"),
        _int("sequence"),
        _at("wanted_at"),
        _at("done_at", nullable=True),
        _text("error", 300),
        refers={"user_id": "user", "mentor_id": "mentor"},
        unique=("public_id",),
    )
    _index("discord_grant", "discord_id", "mentor_id", name="uq_discord_grant", unique=True)
    _index("discord_grant", "wanted", "has")
    _index("discord_grant", "user_id")
    _index("discord_grant", "mentor_id")


def _create_jobs() -> None:
    _create(
        "job_change",
        _big("id"),
        _big("run_id"),
        _text("table_name", 60),
        _text("thing", 60),
        _choice("change", "row_change", "added", "changed", "removed"),
        _int("times"),
        refers={"run_id": "job_run"},
    )
    _index("job_change", "run_id")
    _create(
        "job_hour",
        _at("hour"),
        _text("kind", 60),
        _int("succeeded"),
        _int("failed"),
        _int("milliseconds"),
        key=("hour", "kind"),
    )
    _create(
        "schedule",
        _text("name", 60),
        _text("every", 60),
        _at("last_started_at", nullable=True),
        _at("last_ended_at", nullable=True),
        _text("last_error", 500),
        _at("next_at", nullable=True),
        _at("asked_at", nullable=True),
        key=("name",),
    )
    _create(
        "pause",
        _text("kind", 60),
        _text("reason", 200),
        _big("by_user_id", nullable=True),
        _at("until", nullable=True),
        _at("created_at"),
        refers={"by_user_id": "user"},
        key=("kind",),
    )
    _index("pause", "by_user_id")
    _create(
        "worker",
        _text("name", 120),
        _text("doing", 200),
        _at("started_at"),
        _at("beat_at"),
        _at("stopped_at", nullable=True),
        _at("alerted_at", nullable=True),
        checks={"alerted_when_silent": "stopped_at IS NULL OR alerted_at IS NULL"},
        key=("name",),
    )
    _index("worker", "beat_at")


def _widen_runs() -> None:
    op.add_column("job_run", _text("public_id", 40, nullable=True))
    op.add_column("job_run", _text("about", 60, default=""))
    op.add_column("job_run", _int("attempt", default=1))
    op.add_column("job_run", sa.Column("traceback", sa.Text(), nullable=False, server_default=""))
    op.add_column("job_run", _text("worker", 120, default=""))
    op.add_column("job_run", _text("trace", 40, default=""))
    _name_runs()
    with op.batch_alter_table("job_run", schema=None) as batch:
        batch.alter_column("public_id", existing_type=sa.String(length=40), nullable=False)
        batch.create_unique_constraint(op.f("uq_job_run_public_id"), ["public_id"])
    op.drop_index("ix_job_run_status_started_at", table_name="job_run")
    _index("job_run", "status", "started_at", "id", name="ix_job_run_status_started_at")
    _index("job_run", "kind", "started_at", "id", name="ix_job_run_kind_started_at")
    failed = "status = 'failed'"
    _index("job_run", "kind", "started_at", "id", name="ix_job_run_failed", where=failed)
    _index("job_run", "about")
    _index("job_run", "subject")


def _name_runs() -> None:
    """Give each run of before its public id."""
    db = op.get_bind()
    last = 0
    while ids := db.scalars(
        sa.text("SELECT id FROM job_run WHERE id > :last ORDER BY id LIMIT :many"),
        {"last": last, "many": AT_ONCE},
    ).all():
        named = [{"id": id, "name": f"run_{_random()}"} for id in ids]
        db.execute(sa.text("UPDATE job_run SET public_id = :name WHERE id = :id"), named)
        last = ids[-1]


def _random() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(22))


def _change_check(table: str, *, back: bool = False) -> None:
    check, column, before, more = CHANGED_CHECKS[table]
    values = before if back else before + more
    rule = f"{column} IN ({', '.join(repr(value) for value in values)})"
    with op.batch_alter_table(table, schema=None) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{check}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_{check}"), rule)


def _add_reminders() -> None:
    for table, column in REMINDED.items():
        op.add_column(table, _at(column, nullable=True))
    _index("onboarding", "remind_at")
    _index("pack", "quiet_until")
    for table, (column, where) in UNREMINDED.items():
        _index(table, "status", column, name=f"ix_{table}_unreminded", where=where)


def _drop_reminders() -> None:
    for table in UNREMINDED:
        op.drop_index(f"ix_{table}_unreminded", table_name=table)
    op.drop_index("ix_pack_quiet_until", table_name="pack")
    op.drop_index("ix_onboarding_remind_at", table_name="onboarding")
    for table, column in REMINDED.items():
        with op.batch_alter_table(table, schema=None) as batch:
            batch.drop_column(column)


def upgrade() -> None:
    op.add_column("seat", _at("warned_at", nullable=True))
    _add_reminders()
    for table in CHANGED_CHECKS:
        _change_check(table)
    _index("seat", "status", "grace_ends_at")
    _index("seat", "status", "held_until")
    _index("outbox_message", "created_at", "id")
    _index("outbox_message", "kind", "status", "due_at")
    _widen_runs()
    _create_waitlist()
    _create_telling()
    _create_discord()
    _create_jobs()


def downgrade() -> None:
    op.execute(
        "UPDATE seat SET status = 'released', released_at = held_until, held_until = NULL, "
        "release_reason = 'by hand' WHERE status = 'held' AND id IN "
        "(SELECT seat_id FROM waitlist_entry WHERE status = 'offered')"
    )
    op.execute("UPDATE seat SET release_reason = 'by hand' WHERE release_reason LIKE 'offer %'")
    op.execute("UPDATE outbox_message SET status = 'dead' WHERE status = 'canceled'")
    for table in TABLES:
        op.drop_table(table)
    for name in ("subject", "about", "failed", "kind_started_at", "status_started_at"):
        op.drop_index(f"ix_job_run_{name}", table_name="job_run")
    with op.batch_alter_table("job_run", schema=None) as batch:
        batch.drop_constraint(op.f("uq_job_run_public_id"), type_="unique")
        for name in ("trace", "worker", "traceback", "attempt", "about", "public_id"):
            batch.drop_column(name)
    _index("job_run", "status", "started_at")
    op.drop_index("ix_outbox_message_kind_status_due_at", table_name="outbox_message")
    op.drop_index("ix_outbox_message_created_at_id", table_name="outbox_message")
    op.drop_index("ix_seat_status_held_until", table_name="seat")
    op.drop_index("ix_seat_status_grace_ends_at", table_name="seat")
    for table in CHANGED_CHECKS:
        _change_check(table, back=True)
    _drop_reminders()
    with op.batch_alter_table("seat", schema=None) as batch:
        batch.drop_column("warned_at")
