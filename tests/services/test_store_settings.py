"""The settings of stores: any number of them, each checked at start in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.config import ConfigError, Settings, settings
from services.store_settings import StoreSettings
from tests.support.servers import environment_of

HIDDEN = "hunter2"
KEY = {"BUCKET": "studio", "KEY_ID": "id", "SECRET": HIDDEN}
B2 = {"KIND": "b2", "REGION": "eu-central-003", **KEY}


def _named(name: str, parts: dict[str, str]) -> dict[str, str]:
    return {f"STORAGE_{name}_{part}": value for part, value in parts.items()}


def _read(values: dict[str, str]) -> Settings:
    with environment_of(values):
        chosen = settings()
        assert chosen.stores
        return chosen


def test_nothing_set_means_two_folders_below_the_data() -> None:
    chosen = _read({})
    assert (chosen.storage_default, chosen.recording_source) == ("local", "recorder")
    assert {name: store.bucket for name, store in chosen.stores.items()} == {
        "local": str(chosen.data_dir / "recordings"),
        "recorder": str(chosen.data_dir / "recorder"),
    }
    assert all(store.is_folder for store in chosen.stores.values())


@pytest.mark.parametrize(
    ("parts", "endpoint", "region"),
    [
        (B2, "https://s3.eu-central-003.backblazeb2.com", "eu-central-003"),
        ({**B2, "KIND": "wasabi"}, "https://s3.eu-central-003.wasabisys.com", "eu-central-003"),
        ({**B2, "KIND": "AWS"}, "https://s3.eu-central-003.amazonaws.com", "eu-central-003"),
        ({**KEY, "KIND": "r2", "ENDPOINT": "https://ab.example/"}, "https://ab.example", "auto"),
        ({**KEY, "KIND": "s3", "ENDPOINT": "http://minio:9000"}, "http://minio:9000", "us-east-1"),
        ({**B2, "ENDPOINT": "http://127.0.0.1:1"}, "http://127.0.0.1:1", "eu-central-003"),
    ],
)  # fmt: skip
def test_each_kind_knows_its_address(parts: dict[str, str], endpoint: str, region: str) -> None:
    store = _read(_named("MY_FILES", parts)).stores["my_files"]
    kind = parts["KIND"].lower()
    assert store == StoreSettings("my_files", kind, "studio", endpoint, region, "id", HIDDEN)
    assert HIDDEN not in repr(store)


def test_several_stores_stand_beside_each_other_and_one_is_the_default() -> None:
    values = _named("OLD", B2) | _named("OLD_2", B2) | {"STORAGE_DEFAULT": "OLD_2"}
    chosen = _read(values)
    assert set(chosen.stores) == {"local", "recorder", "old", "old_2"}
    assert (chosen.storage_default, chosen.recording_source) == ("old_2", "recorder")


def test_a_folder_lies_in_the_data_folder_or_where_it_says(tmp_path: Path) -> None:
    near = _read(_named("NEAR", {"KIND": "local", "BUCKET": "archive"}))
    assert near.stores["near"].bucket == str(near.data_dir / "archive")
    far = _read(_named("FAR", {"KIND": "local", "BUCKET": str(tmp_path / "far")}))
    assert far.stores["far"].bucket == str(tmp_path / "far")


def test_the_file_of_settings_names_stores_too_and_the_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{name}={value}" for name, value in _named("B2", B2).items()]
    (tmp_path / "env").write_text("\n".join([*lines, "STORAGE_DEFAULT=b2"]))
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / "env"))
    chosen = _read({"STORAGE_B2_BUCKET": "another"})
    assert chosen.storage_default == "b2"
    assert (chosen.stores["b2"].bucket, chosen.stores["b2"].secret) == ("another", HIDDEN)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"STORAGE_B2_BUCKET": "x"}, "STORAGE_B2_BUCKET is set, but STORAGE_B2_KIND is not"),
        (_named("B2", {**B2, "KIND": "ftp"}), "STORAGE_B2_KIND must be one of local, b2, wasabi"),
        (_named("B2", {**B2, "REGION": ""}), "STORAGE_B2_REGION is missing"),
        (_named("B2", {**B2, "BUCKET": ""}), "STORAGE_B2_BUCKET is missing"),
        (_named("B2", {**B2, "KEY_ID": ""}), "STORAGE_B2_KEY_ID is missing"),
        (_named("B2", {**B2, "SECRET": ""}), "STORAGE_B2_SECRET is missing"),
        (_named("B2", {**B2, "REGION": "a.b/c"}), "STORAGE_B2_REGION must look like"),
        (_named("R2", {**KEY, "KIND": "r2"}), "STORAGE_R2_ENDPOINT is missing"),
        (_named("B2", {**B2, "ENDPOINT": "s3.x.com"}), "STORAGE_B2_ENDPOINT must look like"),
        (_named("B2", {**B2, "ENDPOINT": "https://s3.x.com/b"}), "STORAGE_B2_ENDPOINT must look"),
        (_named("B2", {**B2, "ENDPOINT": "http://s3.x.com"}), "STORAGE_B2_ENDPOINT must begin"),
        (_named("B2", B2) | {"STORAGE_B2_KEY": HIDDEN}, "STORAGE_B2_KEY is not a setting"),
        (_named("2", B2), "must begin with a letter"),
        (_named("LOCAL", B2), "the store local is built in"),
        (_named("RECORDER", {"KIND": "local", "BUCKET": "x"}), "the store recorder is built in"),
        (_named("X", {"KIND": "local"}), "STORAGE_X_BUCKET is missing"),
        (_named("X", {"KIND": "local", "BUCKET": __file__}), "STORAGE_X_BUCKET names a file"),
        (_named("X", {"KIND": "local", "BUCKET": "x", "REGION": "y"}), "STORAGE_X_REGION is set"),
        ({"STORAGE_DEFAULT": "b2"}, "STORAGE_DEFAULT names a store whose STORAGE_<NAME>_KIND"),
        ({"RECORDING_SOURCE": "b2"}, "RECORDING_SOURCE names a store whose"),
        ({"FILES_CDN_BASE": "https://cdn.example.com"}, "STORAGE_DEFAULT is a folder"),
        (
            _named("B2", B2) | {"STORAGE_DEFAULT": "b2", "FILES_CDN_BASE": "http://cdn.example.com"},
            "FILES_CDN_BASE must begin with https://",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence_without_a_secret(
    values: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        _read(values)
    said = str(refused.value)
    assert words in said
    assert said.endswith(".") and "\n" not in said
    assert HIDDEN not in said


def test_other_programs_settings_of_storage_are_none_of_ours() -> None:
    chosen = _read({"STORAGE_ACCOUNT": "x", "STORAGE_CLASS": "cold"})
    assert set(chosen.stores) == {"local", "recorder"}
