"""money: ledger, refunds by people, PayPal, disputes, invoices, discounts, what people agreed to

Revision: 0005, after 0004. What the orders from before mean in the ledger is posted by 0006.

On SQLite a table whose rules change is written anew: none of them has triggers at that moment.

The way back cannot say everything in the words of 0004. It tells PayPal's rows as Stripe's with a
mark before their ids, and orders with nothing to pay as one cent with a mark; the way up reads the
marks. What nobody has decided yet is canceled.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PROVIDERS = ("stripe", "paypal")
TAX_MODES = ("none", "included", "added")
ACCOUNTS = (
    "provider",
    "deferred",
    "earned",
    "refunds",
    "fees",
    "disputes",
    "tax",
    "mentor share",
    "mentor earnings",
    "unmatched",
    "by hand",
)
POSTING_KINDS = (
    "payment",
    "fee",
    "session",
    "session undone",
    "breakage",
    "breakage undone",
    "refund",
    "refund undone",
    "restored",
    "by hand",
    "dispute",
    "dispute won",
    "dispute lost",
    "unmatched",
)
SERIES = ("invoice", "credit note")
TABLES = (
    "posting",
    "pack_share",
    "invoice",
    "invoice_counter",
    "unmatched_money",
    "dispute",
    "reconciliation_run",
    "acceptance",
    "discount_redemption",
    "discount_code",
)
APPEND_ONLY = ("posting", "invoice")
ABOUT = {
    "order_id": "order",
    "mentor_id": "mentor",
    "pack_id": "pack",
    "session_id": "mentoring_session",
    "payment_id": "payment",
    "refund_id": "refund",
    "dispute_id": "dispute",
}
PAYPAL, FREE = "paypal:", "free:"
"""The marks before ids that went down and come up again."""
ROLL_UPS = ("daily_revenue", "monthly_revenue")
ROLLED_UP = (
    "earned_minor",
    "breakage_minor",
    "deferred_minor",
    "fees_minor",
    "disputed_minor",
    "share_minor",
)


def _in(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Rules(NamedTuple):
    """CHECKs of a table that change: those of before, and those from now on."""

    before: dict[str, str]
    after: dict[str, str]


RULES = {
    "order": Rules(
        before={
            "amount_positive": "amount_minor > 0",
            "order_provider": _in("provider", "stripe"),
        },
        after={
            "order_provider": _in("provider", *PROVIDERS),
            "order_tax_mode": _in("tax_mode", *TAX_MODES),
            "provider_unless_free": "(amount_minor = 0) = (provider IS NULL)",
            "discount_range": "discount_minor >= 0 AND discount_minor <= list_minor",
            "tax_range": "tax_minor >= 0 AND tax_minor <= amount_minor "
            "AND tax_rate_bp BETWEEN 0 AND 10000 "
            "AND (tax_mode <> 'none' OR (tax_minor = 0 AND tax_rate_bp = 0))",
            "amount_adds_up": "amount_minor = list_minor - discount_minor "
            "+ CASE WHEN tax_mode = 'added' THEN tax_minor ELSE 0 END",
        },
    ),
    "payment": Rules(
        before={
            "payment_provider": _in("provider", "stripe"),
            "refunded_range": "refunded_minor >= 0 AND refunded_minor <= amount_minor",
        },
        after={
            "payment_provider": _in("provider", *PROVIDERS),
            "refunded_range": "refunded_minor >= 0 AND disputed_minor >= 0 "
            "AND refunded_minor + disputed_minor <= amount_minor",
        },
    ),
    "refund": Rules(
        before={
            "refund_provider": _in("provider", "stripe"),
            "refund_reason": _in("reason", "no place", "paid twice"),
        },
        after={
            "refund_provider": _in("provider", *PROVIDERS),
            "refund_reason": _in(
                "reason",
                "no place",
                "paid twice",
                "by request",
                "at the provider",
                "goodwill",
                "mentor left",
            ),
            "refund_scope": _in("scope", "whole", "unused", "other"),
            "refund_remedy": _in(
                "remedy",
                "paid another way",
                "pack restored",
                "taken by the bank",
                "went back otherwise",
                "nothing more to do",
            ),
            "sessions_range": "sessions >= 0",
            "decided_before_sent": "decided_at IS NOT NULL OR status IN ('requested', 'canceled')",
            "two_people": "approved_by <> decided_by",
            "approved_twice_if_needed": "decided_at IS NULL OR NOT needs_second "
            "OR approved_by IS NOT NULL OR status IN ('denied', 'canceled')",
            "remedied_at_if_remedy": "(remedy IS NULL) = (remedied_at IS NULL)",
        },
    ),
    "pack": Rules(
        before={"reserved_range": 'reserved >= 0 AND reserved <= "left"'},
        after={"reserved_range": 'reserved >= 0 AND locked >= 0 AND reserved + locked <= "left"'},
    ),
    "seat": Rules(
        before={
            "release_reason": _in(
                "release_reason",
                "checkout ended",
                "checkout canceled",
                "payment failed",
                "grace ended",
                "refunded",
                "by hand",
            ),
        },
        after={
            "release_reason": _in(
                "release_reason",
                "checkout ended",
                "checkout canceled",
                "payment failed",
                "grace ended",
                "refunded",
                "dispute lost",
                "account erased",
                "by hand",
            ),
        },
    ),
}


def _int(name: str, *, nullable: bool = False, default: int | None = None) -> sa.Column[Any]:
    kept = None if default is None else str(default)
    return sa.Column(name, sa.Integer(), nullable=nullable, server_default=kept)


NAMES = re.compile(r"\b[a-z]{3}_[A-Za-z0-9]{22}\b")
"""A public id."""


def _text(
    name: str, length: int, *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length=length), nullable=nullable, server_default=default)


def _bool(name: str, *, default: bool | None = None) -> sa.Column[Any]:
    kept = {None: None, True: sa.true(), False: sa.false()}[default]
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=kept)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=nullable)


def _choice(
    name: str, check: str, *values: str, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    kind = sa.Enum(*values, name=check, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=nullable, server_default=default)


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


def _index(table: str, *columns: str, name: str = "") -> None:
    op.create_index(op.f(name or f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _unique(table: str, *columns: str, name: str = "", where: str = "") -> None:
    only: dict[str, Any] = {}
    if where:
        only = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    op.create_index(
        op.f(name or f"uq_{table}_{'_'.join(columns)}"), table, list(columns), unique=True, **only
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _dropped() -> set[str]:
    """On SQLite, env.py brings back the triggers that are gone, unless they are named here."""
    names: set[str] = context.config.attributes.setdefault("dropped_triggers", set())
    return names


def _rule(
    table: str,
    refers: dict[str, str] | None = None,
    drop: Sequence[str] = (),
    *,
    back: bool = False,
) -> None:
    """Give a table its new CHECKs and references, or those of before, without some columns."""
    before, after = RULES[table]
    gone, come = (after, before) if back else (before, after)
    with op.batch_alter_table(table, schema=None) as batch:
        for name in gone:
            batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        for name in drop:
            batch.drop_column(name)
        for name, target in (refers or {}).items():
            batch.add_column(_big(name, nullable=True))
            batch.create_foreign_key(op.f(f"fk_{table}_{name}_{target}"), target, [name], ["id"])
        if table == "order":
            batch.alter_column("provider", existing_type=sa.String(length=32), nullable=not back)
            if not back:
                batch.alter_column("list_minor", existing_type=sa.Integer(), nullable=False)
        for name, rule in come.items():
            batch.create_check_constraint(op.f(f"ck_{table}_{name}"), rule)


def _create_discounts() -> None:
    _create(
        "discount_code",
        _big("id"),
        _text("public_id", 40),
        _text("code", 40),
        _int("percent", nullable=True),
        _int("amount_minor", nullable=True),
        _text("currency", 3, nullable=True),
        _int("max_total", nullable=True),
        _int("max_per_person", nullable=True),
        _at("starts_at"),
        _at("ends_at", nullable=True),
        _big("mentor_id", nullable=True),
        _bool("active"),
        _big("created_by"),
        _at("created_at"),
        refers={"mentor_id": "mentor", "created_by": "user"},
        checks={
            "code_upper": "code = upper(code)",
            "percent_or_amount": "(percent IS NULL) <> (amount_minor IS NULL)",
            "currency_with_amount": "(amount_minor IS NULL) = (currency IS NULL)",
            "percent_range": "percent BETWEEN 1 AND 100",
            "amount_positive": "amount_minor > 0",
            "max_total_positive": "max_total >= 1",
            "max_per_person_positive": "max_per_person >= 1",
            "ends_after_start": "ends_at > starts_at",
        },
        unique=("public_id", "code"),
    )
    _index("discount_code", "mentor_id")
    _create(
        "discount_redemption",
        _big("id"),
        _big("code_id"),
        _big("order_id"),
        _big("user_id"),
        _at("at"),
        _at("released_at", nullable=True),
        refers={"code_id": "discount_code", "order_id": "order", "user_id": "user"},
        unique=("order_id",),
    )
    _index("discount_redemption", "code_id", "user_id")
    _index("discount_redemption", "user_id")


def _create_disputes() -> None:
    _create(
        "dispute",
        _big("id"),
        _text("public_id", 40),
        _choice("provider", "dispute_provider", *PROVIDERS),
        _text("provider_id", 255),
        _big("payment_id"),
        _big("order_id"),
        _big("pack_id", nullable=True),
        _bool("inquiry"),
        _choice("status", "dispute_status", "open", "won", "lost", "inquiry closed"),
        _int("amount_minor"),
        _text("currency", 3),
        _int("fee_minor"),
        _bool("withdrawn"),
        _text("reason", 100),
        _at("evidence_due_at", nullable=True),
        _at("opened_at"),
        _at("closed_at", nullable=True),
        _at("updated_at"),
        refers={"payment_id": "payment", "order_id": "order", "pack_id": "pack"},
        checks={
            "amount_positive": "amount_minor > 0",
            "fee_range": "fee_minor >= 0",
            "closed_at_unless_open": "(status = 'open') = (closed_at IS NULL)",
            "inquiry_closed_if_inquiry": "status <> 'inquiry closed' OR inquiry",
        },
        unique=("public_id",),
    )
    _unique("dispute", "provider", "provider_id")
    _index("dispute", "status", "evidence_due_at")
    for column in ("payment_id", "order_id", "pack_id", "opened_at"):
        _index("dispute", column)
    _create(
        "unmatched_money",
        _big("id"),
        _text("public_id", 40),
        _choice("provider", "unmatched_provider", *PROVIDERS),
        _choice("kind", "unmatched_kind", "payment", "refund", "dispute"),
        _text("provider_id", 255),
        _text("payment_provider_id", 255),
        _int("amount_minor"),
        _text("currency", 3),
        _at("seen_at"),
        _choice("status", "unmatched_status", "open", "settled"),
        _big("order_id", nullable=True),
        _text("note", 500),
        _big("settled_by", nullable=True),
        _at("settled_at", nullable=True),
        refers={"order_id": "order", "settled_by": "user"},
        checks={
            "amount_positive": "amount_minor > 0",
            "settled_at_when_settled": "(status = 'settled') = (settled_at IS NOT NULL)",
        },
        unique=("public_id",),
    )
    _unique("unmatched_money", "provider", "kind", "provider_id")
    _index("unmatched_money", "status", "seen_at")
    _index("unmatched_money", "order_id")
    _create(
        "reconciliation_run",
        _big("id"),
        _choice("provider", "reconciliation_provider", *PROVIDERS),
        _at("since"),
        _at("until"),
        _at("started_at"),
        _at("finished_at", nullable=True),
        _int("checked"),
        _int("repaired"),
        _int("differ"),
        _json("differences"),
        _text("error", 500),
        checks={"until_after_since": "since < until"},
    )
    _index("reconciliation_run", "provider", "started_at")


def _create_ledger() -> None:
    _create(
        "posting",
        _big("id"),
        _text("key", 120),
        _int("leg"),
        _choice("kind", "posting_kind", *POSTING_KINDS),
        _choice("debit", "posting_debit", *ACCOUNTS),
        _choice("credit", "posting_credit", *ACCOUNTS),
        _int("amount_minor"),
        _text("currency", 3),
        _choice("provider", "posting_provider", *PROVIDERS, nullable=True),
        *(_big(name, nullable=True) for name in ABOUT),
        _at("at"),
        _at("created_at"),
        refers=ABOUT,
        checks={
            "amount_positive": "amount_minor > 0",
            "two_accounts": "debit <> credit",
            "provider_named": "provider IS NOT NULL "
            "OR (debit <> 'provider' AND credit <> 'provider')",
            "mentor_named": "mentor_id IS NOT NULL "
            "OR (debit <> 'mentor earnings' AND credit <> 'mentor earnings')",
            "order_named": "order_id IS NOT NULL OR (debit NOT IN ('deferred', 'earned') "
            "AND credit NOT IN ('deferred', 'earned'))",
        },
    )
    _unique("posting", "key", "leg")
    _index("posting", "order_id")
    _index("posting", "at")
    _index("posting", "mentor_id", "at")
    _create(
        "pack_share",
        _big("id"),
        _big("pack_id"),
        _int("number"),
        _int("amount_minor"),
        _int("tax_minor"),
        _choice("state", "share_state", "open", "earned", "expired", "refunded", "disputed"),
        _int("turn"),
        _big("session_id", nullable=True),
        _big("refund_id", nullable=True),
        _at("settled_at", nullable=True),
        refers={"pack_id": "pack", "session_id": "mentoring_session", "refund_id": "refund"},
        checks={
            "number_positive": "number >= 1",
            "tax_range": "tax_minor >= 0 AND tax_minor <= amount_minor",
            "turn_range": "turn >= 0",
            "session_when_earned": "session_id IS NULL OR state = 'earned'",
            "refund_when_refunded": "refund_id IS NULL OR state = 'refunded'",
            "settled_at_unless_open": "(state = 'open') = (settled_at IS NULL)",
        },
        unique=("session_id",),
    )
    _unique("pack_share", "pack_id", "number")


def _create_invoices() -> None:
    _create(
        "invoice",
        _big("id"),
        _text("public_id", 40),
        _choice("series", "invoice_series", *SERIES),
        _int("year"),
        _int("number"),
        _text("label", 24),
        _big("buyer_id"),
        _big("order_id"),
        _big("payment_id", nullable=True),
        _big("refund_id", nullable=True),
        _big("dispute_id", nullable=True),
        _big("corrects_id", nullable=True),
        _at("issued_at"),
        _json("buyer"),
        _json("seller"),
        _json("lines"),
        _int("net_minor"),
        _int("tax_minor"),
        _int("total_minor"),
        _text("currency", 3),
        _int("tax_rate_bp"),
        _choice("tax_mode", "invoice_tax_mode", *TAX_MODES),
        refers={
            "buyer_id": "user",
            "order_id": "order",
            "payment_id": "payment",
            "refund_id": "refund",
            "dispute_id": "dispute",
            "corrects_id": "invoice",
        },
        checks={
            "number_positive": "number >= 1",
            "total_adds_up": "net_minor >= 0 AND tax_minor >= 0 "
            "AND total_minor = net_minor + tax_minor",
            "refund_credits": "refund_id IS NULL OR series = 'credit note'",
            "dispute_credits": "dispute_id IS NULL OR series = 'credit note'",
        },
        unique=("public_id", "label"),
    )
    _unique("invoice", "series", "year", "number")
    original = "series = 'invoice' AND corrects_id IS NULL"
    _unique("invoice", "order_id", name="uq_invoice_original", where=original)
    corrected = "corrects_id IS NOT NULL"
    _unique("invoice", "corrects_id", "series", name="uq_invoice_correction", where=corrected)
    _unique("invoice", "refund_id", name="uq_invoice_refund", where="refund_id IS NOT NULL")
    _unique("invoice", "dispute_id", name="uq_invoice_dispute", where="dispute_id IS NOT NULL")
    _index("invoice", "buyer_id")
    _index("invoice", "order_id")
    _index("invoice", "issued_at", "id")
    _create(
        "invoice_counter",
        _choice("series", "invoice_counter_series", *SERIES),
        _int("year"),
        _int("last"),
        checks={"last_range": '"last" >= 0'},
        key=("series", "year"),
    )


def _create_acceptance() -> None:
    _create(
        "acceptance",
        _big("id"),
        _big("user_id"),
        _choice("document", "acceptance_document", "terms", "privacy"),
        _text("version", 20),
        _at("at"),
        _big("order_id", nullable=True),
        refers={"user_id": "user", "order_id": "order"},
    )
    _index("acceptance", "order_id")
    _unique("acceptance", "user_id", "document", "version")


def _widen_orders() -> None:
    op.add_column("order", _int("list_minor", nullable=True))
    op.add_column("order", _int("discount_minor", default=0))
    op.add_column("order", _text("tax_mode", 32, default="none"))
    op.add_column("order", _int("tax_rate_bp", default=0))
    op.add_column("order", _int("tax_minor", default=0))
    op.add_column("order", _text("terms_version", 20, nullable=True))
    op.add_column("order", _at("capture_until", nullable=True))
    op.execute('UPDATE "order" SET list_minor = amount_minor')
    _rule("order", refers={"discount_code_id": "discount_code"})
    _index("order", "discount_code_id")
    op.execute(
        'UPDATE "order" SET provider = NULL, checkout_id = NULL, list_minor = 0, '  # noqa: S608
        f"amount_minor = 0 WHERE checkout_id = '{FREE}' || public_id"
    )
    _show("order", "checkout_id")


def _widen_payments() -> None:
    op.add_column("payment", _int("disputed_minor", default=0))
    op.add_column("payment", _int("fee_minor", nullable=True))
    _rule("payment")
    _show("payment", "provider_id")


def _widen_refunds() -> None:
    op.add_column("refund", _text("scope", 32, default="whole"))
    op.add_column("refund", _int("sessions", nullable=True))
    op.add_column("refund", _text("note", 500, default=""))
    op.add_column("refund", _bool("needs_second", default=False))
    op.add_column("refund", _at("decided_at", nullable=True))
    op.add_column("refund", _text("decision_note", 500, default=""))
    op.add_column("refund", _bool("owed", default=False))
    op.add_column("refund", _text("remedy", 32, nullable=True))
    op.add_column("refund", _at("remedied_at", nullable=True))
    op.add_column("refund", _text("remedy_note", 500, default=""))
    op.execute("UPDATE refund SET decided_at = created_at")
    people = ("requested_by", "decided_by", "approved_by", "remedied_by")
    _rule("refund", refers={"pack_id": "pack"} | dict.fromkeys(people, "user"))
    op.execute(
        "UPDATE refund SET owed = (source = 'automatic' AND status <> 'succeeded'), "
        "provider = (SELECT provider FROM payment WHERE payment.id = refund.payment_id)"
    )
    op.execute(
        "UPDATE refund SET scope = 'other', "
        "pack_id = (SELECT pack.id FROM pack WHERE pack.order_id = refund.order_id), "
        "reason = CASE source WHEN 'provider' THEN 'at the provider' ELSE 'by request' END "
        "WHERE source <> 'automatic'"
    )
    _index("refund", "pack_id")
    _index("refund", "status", "created_at")
    undecided = "status = 'requested' AND decided_at IS NULL"
    _unique("refund", "pack_id", name="uq_refund_undecided", where=undecided)


def _widen_the_rest() -> None:
    op.add_column("pack", _int("locked", default=0))
    op.add_column("pack", _at("paused_at", nullable=True))
    _rule("pack")
    _rule("seat")
    for name, length in (("billing_name", 120), ("billing_address", 500), ("tax_id", 40)):
        op.add_column("user", _text(name, length, nullable=True))
    _add_with_rule("user", _at("erased_at", nullable=True), "erased_at_when_erased")
    _add_with_rule("mentor", _int("share_percent", nullable=True), "share_range")
    _add_refund_to_credits()
    _unique("credit_entry", "refund_id", "kind")
    # Disputes had no handler until now.
    op.execute("UPDATE inbox_event SET status = 'received' WHERE status = 'waiting'")
    op.add_column("audit_entry", _at("erased_at", nullable=True))
    for table in ROLL_UPS:
        for name in ROLLED_UP:
            op.add_column(
                table, sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            )
    cash = sa.text("paid_minor <> 0 OR refunded_minor <> 0")
    op.create_index(
        op.f("ix_daily_revenue_day_cash"),
        "daily_revenue",
        ["day"],
        sqlite_where=cash,
        postgresql_where=cash,
    )


ADDED_RULES = {
    "erased_at_when_erased": "erased_at IS NULL OR status = 'erased'",
    "share_range": "share_percent BETWEEN 0 AND 100",
}


def _add_with_rule(table: str, column: sa.Column[Any], name: str) -> None:
    """SQLite takes a column with its CHECK in place: no need to write the table anew."""
    rule, named = ADDED_RULES[name], f"ck_{table}_{name}"
    if not _is_sqlite():
        op.add_column(table, column)
        op.create_check_constraint(op.f(named), table, rule)
        return
    kind = column.type.compile(op.get_bind().dialect)
    op.execute(
        f'ALTER TABLE "{table}" ADD COLUMN {column.name} {kind} CONSTRAINT {named} CHECK ({rule})'
    )


def _add_refund_to_credits() -> None:
    """On SQLite in place as well: copying an append-only table would be a risk for nothing."""
    name = "fk_credit_entry_refund_id_refund"
    if _is_sqlite():
        op.execute(
            "ALTER TABLE credit_entry ADD COLUMN refund_id INTEGER "
            f"CONSTRAINT {name} REFERENCES refund (id)"
        )
        return
    op.add_column("credit_entry", _big("refund_id", nullable=True))
    op.create_foreign_key(name, "credit_entry", "refund", ["refund_id"], ["id"])


def _show(table: str, column: str) -> None:
    """Tell PayPal's rows as such again, after they went down and up."""
    op.execute(
        f"UPDATE \"{table}\" SET provider = 'paypal', "  # noqa: S608  # our own words
        f"{column} = substr({column}, {len(PAYPAL) + 1}) WHERE {column} LIKE '{PAYPAL}%'"
    )


def _hide(table: str, column: str) -> None:
    op.execute(
        f"UPDATE \"{table}\" SET provider = 'stripe', {column} = '{PAYPAL}' || {column} "  # noqa: S608
        "WHERE provider = 'paypal'"
    )


# What guards history


def _guard_history() -> None:
    for table in APPEND_ONLY:
        if not _is_sqlite():
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _let_erasures_through() -> None:
    """The trail is only added to; an erasure may take words out of it, and put none in."""
    length = 'length(CAST({row}."{name}" AS text))'
    same = [f"NEW.{name} = OLD.{name}" for name in ("id", "actor", "action", "thing", "at")]
    same += ["NEW.actor_id IS OLD.actor_id"]
    same += [
        f"{length.format(row='NEW', name=name)} <= {length.format(row='OLD', name=name)}"
        for name in ("before", "after")
    ]
    other = f"NOT ({' AND '.join(['NEW.erased_at IS NOT NULL', *same])})"
    if _is_sqlite():
        op.execute("DROP TRIGGER audit_entry_no_update")
        op.execute(
            f"CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry WHEN {other} "
            "BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
        return
    other = other.replace("actor_id IS OLD", "actor_id IS NOT DISTINCT FROM OLD")
    op.execute("DROP TRIGGER audit_entry_append_only ON audit_entry")
    for event, when in (("update", f"WHEN ({other})"), ("delete", "")):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{event} BEFORE {event.upper()} ON audit_entry "
            f"FOR EACH ROW {when} EXECUTE FUNCTION refuse_change()"
        )


def _refuse_erasures() -> None:
    if _is_sqlite():
        op.execute("DROP TRIGGER audit_entry_no_update")
        op.execute(
            "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END"
        )
        return
    for event in ("update", "delete"):
        op.execute(f"DROP TRIGGER audit_entry_no_{event} ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


# What marks the days that the reports must add up again. It was payments and refunds, now postings.

COUNTED = (
    ("payment", "completed_at", "{row}.status IN ('completed', 'refunded')"),
    ("refund", "settled_at", "{row}.status = 'succeeded'"),
)
WEIGHT = ("amount_minor", "currency", "provider", "order_id")


class Mark(NamedTuple):
    """A trigger that marks the day of a row that counts."""

    name: str
    table: str
    event: str
    at: str
    when: str = "1 = 1"


POSTED = Mark("posting_report_insert", "posting", "INSERT", "NEW.at")


def _marks_before() -> list[Mark]:
    """The triggers of 0003 on payments and refunds."""
    found: list[Mark] = []
    for table, at, counts in COUNTED:
        new, old = counts.format(row="NEW"), counts.format(row="OLD")
        new, old = f"{new} AND NEW.{at} IS NOT NULL", f"{old} AND OLD.{at} IS NOT NULL"
        moved = " OR ".join(f"OLD.{column} <> NEW.{column}" for column in WEIGHT)
        moved += f" OR OLD.{at} <> NEW.{at}"
        gone = f"({old}) AND (NOT ({new}) OR {moved})"
        came = f"({new}) AND (NOT ({old}) OR {moved})"
        found += [
            Mark(f"{table}_report_insert", table, "INSERT", f"NEW.{at}", new),
            Mark(f"{table}_report_leave", table, "UPDATE", f"OLD.{at}", gone),
            Mark(f"{table}_report_come", table, "UPDATE", f"NEW.{at}", came),
            Mark(f"{table}_report_delete", table, "DELETE", f"OLD.{at}", old),
        ]
    return found


def _mark(marks: Sequence[Mark]) -> None:
    for name, table, event, at, when in marks:
        note = f"INSERT INTO report_change (kind, at) VALUES ('revenue', {at});"  # noqa: S608
        if _is_sqlite():
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {when} BEGIN {note} END"
            )
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {note} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW "
            f"WHEN ({when}) EXECUTE FUNCTION {name}()"
        )
    _dropped().difference_update(mark.name for mark in marks)


def _say_what_messages_are_about() -> None:
    """The first public id in a message's key, in pieces: a database has no such expression."""
    op.add_column("outbox_message", _text("about", 60, default=""))
    bind, last = op.get_bind(), 0
    piece = sa.text(
        "SELECT id, unique_key FROM outbox_message WHERE id > :last ORDER BY id LIMIT 5000"
    )
    while rows := bind.execute(piece, {"last": last}).all():
        last = rows[-1].id
        named = ((row.id, NAMES.search(row.unique_key)) for row in rows)
        told = [{"id": id_, "about": name[0]} for id_, name in named if name]
        if told:
            bind.execute(sa.text("UPDATE outbox_message SET about = :about WHERE id = :id"), told)
    _index("outbox_message", "about")
    op.add_column("inbox_event", _text("about", 60, default=""))
    _index("inbox_event", "object_id")
    _index("inbox_event", "about")


def _mark_no_more(marks: Sequence[Mark]) -> None:
    for mark in marks:
        if _is_sqlite():
            op.execute(f"DROP TRIGGER {mark.name}")
            continue
        op.execute(f"DROP TRIGGER {mark.name} ON {mark.table}")
        op.execute(f"DROP FUNCTION {mark.name}()")
    _dropped().update(mark.name for mark in marks)


def _add_up_anew() -> None:
    """Roll-ups are derived: they are computed again from what counts now."""
    for table in ROLL_UPS:
        op.execute(f"DELETE FROM {table}")  # noqa: S608  # our own words
    op.execute("DELETE FROM report_change WHERE kind = 'revenue'")
    op.execute(
        "UPDATE report_progress SET until = NULL, generation = generation + 1 "
        "WHERE kind = 'revenue'"
    )


def upgrade() -> None:
    _mark_no_more(_marks_before())
    _create_discounts()
    _widen_orders()
    _widen_payments()
    _widen_refunds()
    _widen_the_rest()
    _say_what_messages_are_about()
    _create_disputes()
    _create_ledger()
    _create_invoices()
    _create_acceptance()
    _guard_history()
    _let_erasures_through()
    _add_up_anew()
    _mark([POSTED])


def _tell_in_words_of_before() -> None:
    op.execute(
        "UPDATE \"order\" SET provider = 'stripe', amount_minor = 1, list_minor = 1, "  # noqa: S608
        "discount_minor = 0, tax_mode = 'none', tax_rate_bp = 0, tax_minor = 0, "
        f"checkout_id = '{FREE}' || public_id WHERE provider IS NULL"
    )
    _hide("order", "checkout_id")
    _hide("payment", "provider_id")
    op.execute("UPDATE refund SET provider = 'stripe' WHERE provider = 'paypal'")
    op.execute(
        "UPDATE refund SET status = 'canceled', settled_at = created_at "
        "WHERE status = 'requested' AND decided_at IS NULL"
    )
    op.execute(
        "UPDATE refund SET reason = 'paid twice' WHERE reason NOT IN ('no place', 'paid twice')"
    )
    op.execute("UPDATE seat SET release_reason = 'refunded' WHERE release_reason = 'dispute lost'")
    op.execute("UPDATE seat SET release_reason = 'by hand' WHERE release_reason = 'account erased'")


GONE = {
    "order": (
        "list_minor",
        "discount_minor",
        "discount_code_id",
        "tax_mode",
        "tax_rate_bp",
        "tax_minor",
        "terms_version",
        "capture_until",
    ),
    "payment": ("disputed_minor", "fee_minor"),
    "refund": (
        "pack_id",
        "scope",
        "sessions",
        "note",
        "requested_by",
        "needs_second",
        "decided_by",
        "decided_at",
        "decision_note",
        "approved_by",
        "owed",
        "remedy",
        "remedied_by",
        "remedied_at",
        "remedy_note",
    ),
    "pack": ("locked", "paused_at"),
    "seat": (),
}


def downgrade() -> None:
    _mark_no_more([POSTED])
    _refuse_erasures()
    _tell_in_words_of_before()
    for index, table in (
        ("ix_daily_revenue_day_cash", "daily_revenue"),
        ("ix_order_discount_code_id", "order"),
        ("ix_refund_pack_id", "refund"),
        ("ix_refund_status_created_at", "refund"),
        ("uq_refund_undecided", "refund"),
        ("uq_credit_entry_refund_id_kind", "credit_entry"),
        ("ix_outbox_message_about", "outbox_message"),
        ("ix_inbox_event_object_id", "inbox_event"),
        ("ix_inbox_event_about", "inbox_event"),
    ):
        op.drop_index(index, table)
    for table, columns in GONE.items():
        _rule(table, drop=columns, back=True)
    for table in TABLES:
        op.drop_table(table)
    for table, *columns in (
        ("audit_entry", "erased_at"),
        ("outbox_message", "about"),
        ("inbox_event", "about"),
        ("credit_entry", "refund_id"),
        ("mentor", "share_percent"),
        ("user", "erased_at", "tax_id", "billing_address", "billing_name"),
        *((table, *ROLLED_UP) for table in ROLL_UPS),
    ):
        for column in columns:
            op.drop_column(table, column)
    _add_up_anew()
    _mark(_marks_before())
