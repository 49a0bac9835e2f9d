"""sessions: availability, booking, calendars, lifecycle, onboarding, testimonials

Revision: 0004, after 0003.

No two live sessions or holds of one person overlap: EXCLUDE on PostgreSQL, triggers on SQLite.
"""

import sqlalchemy as sa

from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "session_note",
    "session_join",
    "proposal",
    "occupied_time",
    "objection",
    "calendar_event",
    "testimonial",
    "mentoring_session",
    "busy_time",
    "weekly_hours",
    "time_off",
    "slot_hold",
    "offered_day",
    "date_override",
    "connected_calendar",
    "availability",
    "onboarding",
    "oauth_attempt",
    "calendar_feed",
    "calendar_connection",
)
TRIGGERS = {"occupied_time_overlap_insert", "occupied_time_overlap_update"}
OVERLAP = "o.person_id = NEW.person_id AND o.starts_at < NEW.ends_at AND o.ends_at > NEW.starts_at"


def _add_session_to_credits() -> None:
    """SQLite adds a column with its foreign key in place: copying an append-only table would be a
    risk for nothing."""
    name = "fk_credit_entry_session_id_mentoring_session"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE credit_entry ADD COLUMN session_id INTEGER "
            f"CONSTRAINT {name} REFERENCES mentoring_session (id)"
        )
        return
    op.add_column("credit_entry", sa.Column("session_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(name, "credit_entry", "mentoring_session", ["session_id"], ["id"])


def _refuse_overlaps() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "ALTER TABLE occupied_time ADD CONSTRAINT ex_occupied_time_overlap "
            "EXCLUDE USING gist (int8range(person_id, person_id, '[]') WITH &&, "
            "tstzrange(starts_at, ends_at) WITH &&)"
        )
        return
    for event, but in (("insert", ""), ("update", " AND o.id <> OLD.id")):
        op.execute(
            f"CREATE TRIGGER occupied_time_overlap_{event} BEFORE {event.upper()} ON occupied_time "  # noqa: S608  # our own words
            f"WHEN EXISTS (SELECT 1 FROM occupied_time o WHERE {OVERLAP}{but}) "
            "BEGIN SELECT RAISE(ABORT, 'ex_occupied_time_overlap'); END"
        )
    _dropped().difference_update(TRIGGERS)


def _dropped() -> set[str]:
    """On SQLite, env.py brings back the triggers that are gone, unless they are named here."""
    names: set[str] = context.config.attributes.setdefault("dropped_triggers", set())
    return names


def upgrade() -> None:
    op.create_table(
        "calendar_connection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "broken",
                "disconnected",
                name="connection_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("account", sa.String(length=254), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("refresh_token_encrypted", sa.String(length=2000), nullable=False),
        sa.Column("access_token_encrypted", sa.String(length=4000), nullable=False),
        sa.Column("access_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sessions_calendar", sa.String(length=300), nullable=False),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("broken_reason", sa.String(length=300), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'broken') = (broken_at IS NOT NULL)",
            name=op.f("ck_calendar_connection_broken_at_if_broken"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_calendar_connection_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_connection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_calendar_connection_public_id")),
    )
    op.create_index(
        op.f("ix_calendar_connection_user_id"), "calendar_connection", ["user_id"], unique=False
    )
    op.create_index(
        "uq_calendar_connection_user",
        "calendar_connection",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'disconnected'"),
        postgresql_where=sa.text("status <> 'disconnected'"),
    )

    op.create_table(
        "calendar_feed",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("secret_encrypted", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_calendar_feed_user_id_user")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_calendar_feed_secret_hash")),
    )
    op.create_table(
        "oauth_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vendor", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("verifier_encrypted", sa.String(length=400), nullable=False),
        sa.Column("return_to", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_oauth_attempt_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_attempt")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_oauth_attempt_state_hash")),
    )
    op.create_index(
        op.f("ix_oauth_attempt_expires_at"), "oauth_attempt", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_oauth_attempt_user_id"), "oauth_attempt", ["user_id"], unique=False)

    op.create_table(
        "onboarding",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("about", sa.String(length=2000), nullable=False),
        sa.Column("goals", sa.String(length=2000), nullable=False),
        sa.Column("preferences", sa.String(length=1000), nullable=False),
        sa.Column("zone_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calendar_skipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_onboarding_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_onboarding")),
    )
    op.create_table(
        "availability",
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("meeting_link", sa.String(length=500), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "buffer_minutes BETWEEN 0 AND 60", name=op.f("ck_availability_buffer_range")
        ),
        sa.CheckConstraint(
            "horizon_days BETWEEN 1 AND 365", name=op.f("ck_availability_horizon_range")
        ),
        sa.CheckConstraint(
            "notice_minutes BETWEEN 0 AND 43200", name=op.f("ck_availability_notice_range")
        ),
        sa.CheckConstraint(
            "session_minutes BETWEEN 15 AND 480", name=op.f("ck_availability_session_range")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_availability_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("mentor_id", name=op.f("pk_availability")),
    )
    op.create_table(
        "connected_calendar",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("external_id", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("busy", sa.Boolean(), nullable=False),
        sa.Column("sync_token", sa.String(length=500), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=True),
        sa.Column("channel_token_hash", sa.String(length=64), nullable=False),
        sa.Column("channel_resource", sa.String(length=200), nullable=False),
        sa.Column("channel_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["calendar_connection.id"],
            name=op.f("fk_connected_calendar_connection_id_calendar_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connected_calendar")),
        sa.UniqueConstraint("channel_id", name=op.f("uq_connected_calendar_channel_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_connected_calendar_public_id")),
    )
    op.create_index(
        "ix_connected_calendar_look_at", "connected_calendar", ["look_at"], unique=False
    )
    op.create_index(
        "uq_connected_calendar", "connected_calendar", ["connection_id", "external_id"], unique=True
    )

    op.create_table(
        "date_override",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        sa.Column("end_minute", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(start_minute IS NULL AND end_minute IS NULL) OR "
            "(start_minute IS NOT NULL AND end_minute IS NOT NULL "
            "AND start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440)",
            name=op.f("ck_date_override_minutes_range"),
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_date_override_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_date_override")),
    )
    op.create_index(
        "ix_date_override_mentor_id_day", "date_override", ["mentor_id", "day"], unique=False
    )

    op.create_table(
        "offered_day",
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("idle", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_offered_day_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("mentor_id", "day", name=op.f("pk_offered_day")),
    )
    op.create_table(
        "slot_hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "mentee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "held",
                "used",
                "lapsed",
                name="slot_hold_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_slot_hold_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["mentee_id"], ["user.id"], name=op.f("fk_slot_hold_mentee_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_slot_hold_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_hold")),
        sa.UniqueConstraint("public_id", name=op.f("uq_slot_hold_public_id")),
    )
    op.create_index(
        "ix_slot_hold_mentee_id_status", "slot_hold", ["mentee_id", "status"], unique=False
    )
    op.create_index(op.f("ix_slot_hold_mentor_id"), "slot_hold", ["mentor_id"], unique=False)
    op.create_index(
        "ix_slot_hold_status_held_until", "slot_hold", ["status", "held_until"], unique=False
    )

    op.create_table(
        "time_off",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(starts_at IS NOT NULL AND ends_at IS NOT NULL AND starts_at < ends_at "
            "AND first_day IS NULL AND last_day IS NULL) OR (starts_at IS NULL "
            "AND ends_at IS NULL AND first_day IS NOT NULL AND last_day IS NOT NULL "
            "AND first_day <= last_day)",
            name=op.f("ck_time_off_days_or_instants"),
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_time_off_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
        sa.UniqueConstraint("public_id", name=op.f("uq_time_off_public_id")),
    )
    op.create_index(op.f("ix_time_off_mentor_id"), "time_off", ["mentor_id"], unique=False)

    op.create_table(
        "weekly_hours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440",
            name=op.f("ck_weekly_hours_minutes_range"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_weekly_hours_weekday_range")),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_weekly_hours_mentor_id_mentor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_hours")),
    )
    op.create_index(
        "uq_weekly_hours_window",
        "weekly_hours",
        ["mentor_id", "weekday", "start_minute"],
        unique=True,
    )

    op.create_table(
        "busy_time",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "calendar_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_time_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["connected_calendar.id"],
            name=op.f("fk_busy_time_calendar_id_connected_calendar"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_busy_time_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_time")),
    )
    op.create_index(op.f("ix_busy_time_calendar_id"), "busy_time", ["calendar_id"], unique=False)
    op.create_index(
        "ix_busy_time_user_id_ends_at", "busy_time", ["user_id", "ends_at"], unique=False
    )

    op.create_table(
        "mentoring_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("pack_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mentee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mentor_user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "scheduled",
                "in progress",
                "unresolved",
                "completed",
                "canceled",
                "mentee no-show",
                "mentor no-show",
                name="session_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("goals", sa.String(length=2000), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("cancel_reason", sa.String(length=300), nullable=False),
        sa.Column(
            "canceled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("object_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'unresolved') = (decide_by IS NOT NULL)",
            name=op.f("ck_mentoring_session_decide_by_when_unresolved"),
        ),
        sa.CheckConstraint(
            "status <> 'canceled' OR canceled_at IS NOT NULL",
            name=op.f("ck_mentoring_session_canceled_at_when_canceled"),
        ),
        sa.CheckConstraint(
            "mentee_id <> mentor_user_id", name=op.f("ck_mentoring_session_two_people")
        ),
        sa.CheckConstraint(
            "starts_at < ends_at", name=op.f("ck_mentoring_session_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["canceled_by"], ["user.id"], name=op.f("fk_mentoring_session_canceled_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["mentee_id"], ["user.id"], name=op.f("fk_mentoring_session_mentee_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_mentoring_session_mentor_id_mentor")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_user_id"], ["user.id"], name=op.f("fk_mentoring_session_mentor_user_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["outcome_by"], ["user.id"], name=op.f("fk_mentoring_session_outcome_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["pack.id"], name=op.f("fk_mentoring_session_pack_id_pack")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_session")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mentoring_session_public_id")),
    )
    op.create_index(
        "ix_mentoring_session_mentee_id_starts_at",
        "mentoring_session",
        ["mentee_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_mentoring_session_mentor_id_starts_at",
        "mentoring_session",
        ["mentor_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_mentoring_session_mentor_user_id"),
        "mentoring_session",
        ["mentor_user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_mentoring_session_pack_id"), "mentoring_session", ["pack_id"], unique=False
    )
    op.create_index(
        "ix_mentoring_session_starts_at_id", "mentoring_session", ["starts_at", "id"], unique=False
    )
    op.create_index(
        "ix_mentoring_session_status_starts_at",
        "mentoring_session",
        ["status", "starts_at"],
        unique=False,
    )

    op.create_table(
        "testimonial",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("pack_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mentee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "mentor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("body", sa.String(length=1000), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "published",
                "declined",
                name="testimonial_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user.id"], name=op.f("fk_testimonial_decided_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["mentee_id"], ["user.id"], name=op.f("fk_testimonial_mentee_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["mentor_id"], ["mentor.id"], name=op.f("fk_testimonial_mentor_id_mentor")
        ),
        sa.ForeignKeyConstraint(["pack_id"], ["pack.id"], name=op.f("fk_testimonial_pack_id_pack")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testimonial")),
        sa.UniqueConstraint("pack_id", name=op.f("uq_testimonial_pack_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_testimonial_public_id")),
    )
    op.create_index(op.f("ix_testimonial_mentee_id"), "testimonial", ["mentee_id"], unique=False)
    op.create_index(
        "ix_testimonial_mentor_id_status", "testimonial", ["mentor_id", "status"], unique=False
    )
    op.create_index(
        "ix_testimonial_status_created_at", "testimonial", ["status", "created_at"], unique=False
    )

    op.create_table(
        "calendar_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "connection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("calendar", sa.String(length=300), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("invites", sa.Boolean(), nullable=False),
        sa.Column("written_sequence", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "deviation",
            sa.Enum(
                "deleted",
                "moved",
                name="event_deviation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("deviated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["calendar_connection.id"],
            name=op.f("fk_calendar_event_connection_id_calendar_connection"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_calendar_event_session_id_mentoring_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_event")),
        sa.UniqueConstraint("public_id", name=op.f("uq_calendar_event_public_id")),
    )
    op.create_index(
        "uq_calendar_event_external",
        "calendar_event",
        ["connection_id", "external_id"],
        unique=True,
    )
    op.create_index(
        "uq_calendar_event_session_connection",
        "calendar_event",
        ["session_id", "connection_id"],
        unique=True,
    )

    op.create_table(
        "objection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "scheduled",
                "in progress",
                "unresolved",
                "completed",
                "canceled",
                "mentee no-show",
                "mentor no-show",
                name="objection_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.String(length=1000), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "upheld",
                "denied",
                "withdrawn",
                name="objection_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column(
            "decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user.id"], name=op.f("fk_objection_decided_by_user")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_objection_session_id_mentoring_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_objection_public_id")),
        sa.UniqueConstraint("session_id", name=op.f("uq_objection_session_id")),
    )
    op.create_index(
        "ix_objection_status_created_at", "objection", ["status", "created_at"], unique=False
    )

    op.create_table(
        "occupied_time",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mentor_side", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(session_id IS NULL) <> (hold_id IS NULL)",
            name=op.f("ck_occupied_time_session_or_hold"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_occupied_time_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["slot_hold.id"], name=op.f("fk_occupied_time_hold_id_slot_hold")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["user.id"], name=op.f("fk_occupied_time_person_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_occupied_time_session_id_mentoring_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupied_time")),
    )
    op.create_index(
        "ix_occupied_time_person_id_starts_at",
        "occupied_time",
        ["person_id", "starts_at"],
        unique=False,
    )
    op.create_index("uq_occupied_time_hold", "occupied_time", ["hold_id", "person_id"], unique=True)
    op.create_index(
        "uq_occupied_time_session", "occupied_time", ["session_id", "person_id"], unique=True
    )

    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by_mentor", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "withdrawn",
                "lapsed",
                name="proposal_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_proposal_ends_after_start")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_proposal_by_id_user")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_proposal_session_id_mentoring_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("public_id", name=op.f("uq_proposal_public_id")),
    )
    op.create_index(op.f("ix_proposal_session_id"), "proposal", ["session_id"], unique=False)
    op.create_index(
        "ix_proposal_status_starts_at", "proposal", ["status", "starts_at"], unique=False
    )
    op.create_index(
        "uq_proposal_open",
        "proposal",
        ["session_id"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )

    op.create_table(
        "session_join",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_session_join_session_id_mentoring_session"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_session_join_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_join")),
    )
    op.create_index(
        op.f("ix_session_join_session_id"), "session_join", ["session_id"], unique=False
    )

    op.create_table(
        "session_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("body", sa.String(length=8000), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_session_note_author_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["mentoring_session.id"],
            name=op.f("fk_session_note_session_id_mentoring_session"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_note")),
    )
    op.create_index(op.f("ix_session_note_author_id"), "session_note", ["author_id"], unique=False)
    op.create_index(
        "uq_session_note", "session_note", ["session_id", "author_id", "shared"], unique=True
    )
    op.add_column("mentor", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    _add_session_to_credits()
    op.create_index(
        "uq_credit_entry_session_id_kind", "credit_entry", ["session_id", "kind"], unique=True
    )
    _refuse_overlaps()


def downgrade() -> None:
    _dropped().update(TRIGGERS)
    op.drop_index("uq_credit_entry_session_id_kind", "credit_entry")
    op.drop_column("credit_entry", "session_id")
    op.drop_column("mentor", "suspended_at")
    for table in TABLES:
        op.drop_table(table)
