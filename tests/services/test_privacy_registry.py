"""Every column is classified, and what erasure and export do agrees with it."""

from __future__ import annotations

from typing import Any, cast

from sqlmodel import SQLModel

from services.privacy import erasure, owned
from services.privacy.registry import REGISTRY, SECRETS, Class, columns

BY_FUNCTIONS = {
    "user": "the account's own row",
    "mentor": "the mentor's own row",
    "audit_entry": "traces",
    "inbox_event": "traces",
    "outbox_message": "traces",
    "job_run": "traces",
}
LATER = {
    ("calendar_connection", "refresh_token_encrypted"): "emptied when the access was revoked",
    ("discord_grant", "discord_id"): "goes with its row, once Discord has taken the role",
}
PERSONAL = {Class.KEPT_BY_LAW, Class.ERASED, Class.DELETED_WITH_ROW}


def tables() -> dict[str, set[str]]:
    return {
        name: {column.name for column in table.columns}
        for name, table in SQLModel.metadata.tables.items()
    }


def name_of(table: type[SQLModel]) -> str:
    return str(cast(Any, table).__tablename__)


def test_every_column_of_every_table_is_classified_and_none_that_is_gone() -> None:
    assert {name: set(known) for name, known in REGISTRY.items()} == tables()


def test_every_table_with_rows_to_delete_is_deleted_from_whole() -> None:
    deleted = {name_of(table) for table, _ in erasure.DELETED}
    classified = {name for name in REGISTRY if columns(name, Class.DELETED_WITH_ROW)}
    assert deleted == classified
    for name in classified:
        assert set(REGISTRY[name].values()) == {Class.DELETED_WITH_ROW}, name


def test_every_column_to_erase_is_emptied_and_no_other_one() -> None:
    emptied = {(name_of(table), column) for table, _, found in erasure.EMPTIED for column in found}
    classified = {(name, column) for name in REGISTRY for column in columns(name, Class.ERASED)}
    by_functions = {place for place in classified if place[0] in BY_FUNCTIONS}
    assert emptied | by_functions | set(LATER) == classified


def test_everything_about_a_person_is_exported_or_left_out_for_a_reason() -> None:
    personal = {name for name, known in REGISTRY.items() if PERSONAL & set(known.values())}
    exported = {name_of(file.table) for file in owned.FILES}
    assert personal <= exported | set(owned.LEFT_OUT)
    assert not exported & set(owned.LEFT_OUT)


def test_secrets_are_columns_that_exist() -> None:
    for name, secrets in SECRETS.items():
        assert secrets <= set(REGISTRY[name]), name


def test_whatever_is_called_a_secret_or_a_hash_is_exported_to_nobody() -> None:
    telling = ("_hash", "_encrypted")
    for name, known in tables().items():
        for column in known:
            assert not column.endswith(telling) or column in SECRETS.get(name, ()), (name, column)
