"""Every column of every table: what becomes of it when a person is erased.

A column that is not in here fails a test, and so does one that is gone: whoever adds a column
decides. What is emptied and deleted, `erasure` and `traces` do by rules of their own, which a test
holds against this list; `KEPT_BY_LAW` stays because books must add up, invoices must be shown for
years, and it must be possible to show who consented to a recording, who watched it and that it was
deleted. It says nothing of a person but through the account's row, which is empty by then. An
invoice alone says who the buyer was.
"""

from __future__ import annotations

from enum import StrEnum


class Class(StrEnum):
    """What a column is, and with that what erasure does to it."""

    KEPT_BY_LAW = "kept by law"
    ERASED = "erased"
    DELETED_WITH_ROW = "deleted with its row"
    NOT_PERSONAL = "not personal"


def _columns(
    *, kept: str = "", erased: str = "", deleted: str = "", plain: str = ""
) -> dict[str, Class]:
    by_class = {
        Class.KEPT_BY_LAW: kept,
        Class.ERASED: erased,
        Class.DELETED_WITH_ROW: deleted,
        Class.NOT_PERSONAL: plain,
    }
    return {name: which for which, names in by_class.items() for name in names.split()}


_USED = (
    "recordings recorded_seconds arrived_bytes byte_hours early_byte_hours downloaded_bytes "
    "delivered_bytes"
)
_PEOPLE = {
    "user": _columns(
        erased="email name time_zone locale password_hash is_admin email_verified_at billing_name "
        "billing_address tax_id",
        plain="id public_id status erased_at created_at",
    ),
    "sign_in": _columns(
        deleted="id public_id user_id token_hash user_agent address created_at seen_at expires_at "
        "revoked_at"
    ),
    "email_link": _columns(
        deleted="id user_id purpose token_hash created_at expires_at used_at",
    ),
    "onboarding": _columns(
        deleted="user_id about goals preferences zone_confirmed_at calendar_skipped_at done_at "
        "remind_at created_at"
    ),
    "acceptance": _columns(kept="id user_id document version at order_id"),
}
_CALENDARS = {
    "oauth_attempt": _columns(
        deleted="id vendor user_id state_hash verifier_encrypted return_to created_at expires_at "
        "used_at"
    ),
    "calendar_connection": _columns(
        erased="account refresh_token_encrypted access_token_encrypted access_expires_at "
        "sessions_calendar broken_reason",
        plain="id public_id user_id status scopes broken_at listed_at created_at",
    ),
    "connected_calendar": _columns(
        deleted="id public_id connection_id external_id name time_zone busy sync_token read_at "
        "look_at error channel_id channel_token_hash channel_resource channel_expires_at"
    ),
    "busy_time": _columns(deleted="id calendar_id user_id starts_at ends_at"),
    "calendar_event": _columns(
        erased="calendar",
        plain="id public_id session_id connection_id external_id attempt invites written_sequence "
        "written_at deviation deviated_at moved_to",
    ),
    "calendar_feed": _columns(deleted="user_id secret_hash secret_encrypted created_at"),
}
_MONEY = {
    "order": _columns(
        kept="id public_id mentee_id mentor_id offer_id seat_id title sessions list_minor "
        "discount_minor discount_code_id tax_mode tax_rate_bp tax_minor amount_minor currency "
        "validity_days status provider terms_version checkout_id created_at paid_at ended_at",
        erased="checkout_url",
        plain="checkout_attempt expires_at check_at handover_until capture_until bank_pending_at "
        "declined_at",
    ),
    "payment": _columns(
        kept="id public_id order_id provider provider_id amount_minor currency refunded_minor "
        "disputed_minor fee_minor status created_at completed_at"
    ),
    "refund": _columns(
        kept="id public_id order_id payment_id pack_id provider provider_id scope sessions "
        "amount_minor currency status source reason attempt requested_by needs_second decided_by "
        "decided_at approved_by created_at settled_at owed remedy remedied_by remedied_at",
        erased="note decision_note remedy_note",
    ),
    "dispute": _columns(
        kept="id public_id provider provider_id payment_id order_id pack_id inquiry status "
        "amount_minor currency fee_minor withdrawn reason evidence_due_at opened_at closed_at "
        "updated_at"
    ),
    "unmatched_money": _columns(
        kept="id public_id provider kind provider_id payment_provider_id amount_minor currency "
        "seen_at status order_id settled_by settled_at",
        erased="note",
    ),
    "invoice": _columns(
        kept="id public_id series year number label buyer_id order_id payment_id refund_id "
        "dispute_id corrects_id issued_at buyer seller lines net_minor tax_minor total_minor "
        "currency tax_rate_bp tax_mode"
    ),
    "posting": _columns(
        kept="id key leg kind debit credit amount_minor currency provider order_id mentor_id "
        "pack_id session_id payment_id refund_id dispute_id at created_at"
    ),
    "discount_redemption": _columns(kept="id code_id order_id user_id at released_at"),
    "discount_code": _columns(
        plain="id public_id code percent amount_minor currency max_total max_per_person starts_at "
        "ends_at mentor_id active created_by created_at"
    ),
    "invoice_counter": _columns(plain="series year last"),
    "reconciliation_run": _columns(
        plain="id provider since until started_at finished_at checked repaired differ differences "
        "error"
    ),
}
_PACKS = {
    "pack": _columns(
        kept="id public_id order_id mentee_id mentor_id seat_id title total left reserved locked "
        "status starts_at expires_at paused_at created_at",
        plain="quiet_until",
    ),
    "pack_share": _columns(
        kept="id pack_id number amount_minor tax_minor state turn session_id refund_id settled_at"
    ),
    "credit_entry": _columns(
        kept="id pack_id kind amount actor_id session_id refund_id created_at"
    ),
    "seat": _columns(
        kept="id public_id mentee_id mentor_id status created_at released_at release_reason",
        plain="held_until grace_ends_at warned_at",
    ),
    "seat_event": _columns(kept="id seat_id mentor_id status reason at"),
}
_SESSIONS = {
    "mentoring_session": _columns(
        kept="id public_id pack_id mentee_id mentor_id mentor_user_id starts_at ends_at status "
        "late canceled_by canceled_at outcome_at outcome_by created_at",
        erased="goals cancel_reason",
        plain="sequence decide_by object_until reminded_of",
    ),
    "session_join": _columns(kept="id session_id user_id joined_at left_at", plain="seen_at"),
    "session_note": _columns(deleted="id session_id author_id shared body updated_at"),
    "objection": _columns(
        kept="id public_id session_id outcome status decided_by decided_at created_at",
        erased="body answer",
    ),
    "proposal": _columns(
        erased="reason",
        plain="id public_id session_id by_id by_mentor sequence starts_at ends_at status "
        "created_at answered_at",
    ),
    "slot_hold": _columns(
        deleted="id public_id mentee_id mentor_id starts_at ends_at held_until status created_at"
    ),
    "occupied_time": _columns(
        deleted="id person_id session_id hold_id mentor_side starts_at ends_at"
    ),
    "testimonial": _columns(
        deleted="id public_id pack_id mentee_id mentor_id body status decided_by decided_at "
        "decline_reason created_at updated_at"
    ),
}
_RECORDINGS = {
    "consent": _columns(kept="id session_id user_id answer text_version answered_at"),
    "recording": _columns(
        kept="id public_id session_id number status began_at recording_at stopped_at ready_at "
        "seconds keep_until extended_by held_at held_by purge_asked_at purge_asked_by purged_at",
        erased="stop_reason trouble extend_reason hold_reason purge_reason",
        plain="channel uid mode resource_id sid source prefix seen started_at stop_asked_at "
        "absent_since look_at lease tries reminded_of",
    ),
    "recording_file": _columns(
        kept="id public_id recording_id name kind status bytes sha256 removed checked_at gone_at",
        plain="source source_key source_since store key upload parts copied began_at",
    ),
    "purge_certificate": _columns(
        kept="id public_id recording_id reason by_id files places versions bytes listed_at "
        "created_at"
    ),
    "recording_access": _columns(kept="id recording_id file_id user_id how at"),
    "orphan": _columns(
        erased="settled_how",
        plain="id public_id kind store key bytes recording_id found_at seen_at settled_at "
        "settled_by",
    ),
}
_MENTORS = {
    "mentor": _columns(
        erased="slug headline bio photo_key",
        plain="id public_id user_id capacity listed share_percent suspended_at created_at",
    ),
    "mentor_skill": _columns(deleted="mentor_id name position"),
    "mentor_language": _columns(deleted="mentor_id code"),
    "pack_offer": _columns(
        kept="id public_id mentor_id title sessions price_minor currency validity_days status "
        "created_at"
    ),
    "availability": _columns(
        deleted="mentor_id time_zone session_minutes buffer_minutes notice_minutes horizon_days "
        "meeting_link updated_at"
    ),
    "weekly_hours": _columns(deleted="id mentor_id weekday start_minute end_minute"),
    "date_override": _columns(deleted="id mentor_id day start_minute end_minute"),
    "time_off": _columns(
        deleted="id public_id mentor_id starts_at ends_at first_day last_day note created_at"
    ),
    "offered_day": _columns(deleted="mentor_id day idle at"),
    "capacity_event": _columns(plain="id mentor_id capacity at"),
}
_PLUMBING = {
    "audit_entry": _columns(
        erased="before after", plain="id actor actor_id action thing at erased_at"
    ),
    "inbox_event": _columns(
        erased="payload error",
        plain="id public_id provider event_id type object_id about status attempts received_at "
        "due_at handled_at",
    ),
    "outbox_message": _columns(
        erased="error",
        plain="id public_id kind unique_key about data status attempts created_at due_at sent_at",
    ),
    "job_run": _columns(
        erased="result error traceback",
        plain="id public_id kind subject about attempt status worker trace started_at ended_at",
    ),
    "job_change": _columns(plain="id run_id table_name thing change times"),
    "job_hour": _columns(plain="hour kind succeeded failed milliseconds"),
    "schedule": _columns(
        plain="name every last_started_at last_ended_at last_error next_at asked_at"
    ),
    "pause": _columns(plain="kind reason by_user_id until created_at"),
    "worker": _columns(plain="name doing started_at beat_at stopped_at alerted_at"),
    "topic_change": _columns(plain="id topic at"),
    "report_change": _columns(plain="id kind at"),
    "report_progress": _columns(plain="kind zone until generation"),
    "daily_revenue": _columns(
        plain="day currency offer_id provider mentor_id paid_minor refunded_minor earned_minor "
        "breakage_minor fees_minor disputed_minor deferred_minor share_minor payments refunds"
    ),
    "monthly_revenue": _columns(
        plain="month currency offer_id provider mentor_id paid_minor refunded_minor earned_minor "
        "breakage_minor fees_minor disputed_minor deferred_minor share_minor payments refunds"
    ),
    "daily_seats": _columns(
        plain="day mentor_id active grace held capacity active_seconds grace_seconds held_seconds "
        "capacity_seconds free_seconds over_seconds"
    ),
    "usage": _columns(plain="id key kind place amount mentor_id session_id at"),
    "daily_usage": _columns(plain=f"day place {_USED} stored_bytes"),
    "daily_mentor_usage": _columns(plain=f"day mentor_id place {_USED} stored_bytes"),
    "monthly_mentor_usage": _columns(plain=f"month mentor_id place {_USED}"),
    "price": _columns(
        plain="id preset component place micros currency free_per_day free_per_month "
        "valid_from note entered_by entered_at"
    ),
}
_TELLING = {
    "waitlist_entry": _columns(
        erased="reason",
        plain="id public_id mentor_id mentee_id status priority joined_at offered_at offer_ends_at "
        "seat_id ended_at",
    ),
    "reminder": _columns(deleted="id kind user_id about occasion outcome reason due_at at"),
    "notification": _columns(
        deleted="id public_id user_id kind about unique_key title body href created_at read_at"
    ),
    "notification_preference": _columns(deleted="user_id category channel enabled updated_at"),
    "mail_delivery": _columns(
        erased="recipient subject reason",
        plain="id public_id unique_key user_id template about data status vendor_id created_at "
        "sent_at status_at",
    ),
    "mail_suppression": _columns(deleted="id public_id address reason note created_at"),
    "discord_link": _columns(
        deleted="id public_id user_id discord_id username dm_channel_id dm_closed_at left_at "
        "linked_at"
    ),
    "discord_role": _columns(erased="name", plain="mentor_id role_id created_at"),
    "discord_grant": _columns(
        erased="discord_id error",
        plain="id public_id user_id mentor_id wanted has sequence wanted_at done_at",
    ),
}
REGISTRY: dict[str, dict[str, Class]] = {
    **_PEOPLE,
    **_CALENDARS,
    **_MONEY,
    **_PACKS,
    **_SESSIONS,
    **_RECORDINGS,
    **_MENTORS,
    **_TELLING,
    **_PLUMBING,
}
"""By table and column, with the names that the database has."""

SECRETS: dict[str, frozenset[str]] = {
    "user": frozenset({"password_hash"}),
    "sign_in": frozenset({"token_hash"}),
    "email_link": frozenset({"token_hash"}),
    "oauth_attempt": frozenset({"state_hash", "verifier_encrypted"}),
    "calendar_connection": frozenset({"refresh_token_encrypted", "access_token_encrypted"}),
    "connected_calendar": frozenset({"channel_token_hash", "sync_token"}),
    "calendar_feed": frozenset({"secret_hash", "secret_encrypted"}),
    "order": frozenset({"checkout_url"}),
}
"""What nobody is handed, not even the person: with it one could act as them."""


def columns(table: str, which: Class) -> tuple[str, ...]:
    """The columns of a table that are of this class."""
    return tuple(name for name, found in REGISTRY[table].items() if found is which)
