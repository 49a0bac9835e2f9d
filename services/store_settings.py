"""The stores of files that the operator set up: STORAGE_<NAME>_KIND and what belongs to it, for as
many names as there are stores.

The sentences name the setting, never its value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dotenv import dotenv_values

FOLDER: Final = "local"
"""The kind that is a folder on this machine."""
LOCAL: Final = "local"
"""The store that is always there: the folder `recordings` in DATA_DIR. It is not among the files
that are backed up: what was deleted after 30 days would live on there."""
RECORDER: Final = "recorder"
"""Where the local recorder leaves its files, when RECORDING_SOURCE names no other store."""

KINDS: Final = (FOLDER, "b2", "wasabi", "r2", "aws", "s3")
_PARTS: Final = ("KIND", "ENDPOINT", "REGION", "BUCKET", "KEY_ID", "SECRET")
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    FOLDER: ("BUCKET",),
    "b2": ("REGION", "BUCKET", "KEY_ID", "SECRET"),
    "wasabi": ("REGION", "BUCKET", "KEY_ID", "SECRET"),
    "r2": ("ENDPOINT", "BUCKET", "KEY_ID", "SECRET"),
    "aws": ("REGION", "BUCKET", "KEY_ID", "SECRET"),
    "s3": ("ENDPOINT", "BUCKET", "KEY_ID", "SECRET"),
}
_ENDPOINTS: Final = {
    "b2": "https://s3.{region}.backblazeb2.com",
    "wasabi": "https://s3.{region}.wasabisys.com",
    "aws": "https://s3.{region}.amazonaws.com",
}
_USUAL_REGIONS: Final = {"r2": "auto", "s3": "us-east-1"}
_SETTING: Final = re.compile(rf"STORAGE_([A-Z0-9_]+?)_({'|'.join(_PARTS)})")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ORIGIN: Final = re.compile(r"https?://[^/?#@\s]+/*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One store. Of a folder, `bucket` is its path and the rest is empty."""

    name: str
    kind: str
    bucket: str
    endpoint: str = ""
    region: str = ""
    key_id: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder on this machine, which nobody else can write to or read from."""
        return self.kind == FOLDER


def given(env_file: str) -> dict[str, str]:
    """The settings of stores in the file of settings and in the environment, which goes first; an
    empty one is not set."""
    of_file = dotenv_values(env_file) if env_file and Path(env_file).is_file() else {}
    found: dict[str, str] = {}
    for name, value in (*of_file.items(), *os.environ.items()):
        if name.upper().startswith("STORAGE_") and value:
            found[name.upper()] = value
    return found


def parse(values: Mapping[str, str], *, data_dir: Path) -> dict[str, StoreSettings]:
    """All stores by name, the two that are always there first.

    Raises:
        ValueError: one sentence that names the setting.
    """
    stores = {
        LOCAL: StoreSettings(LOCAL, FOLDER, str(data_dir / "recordings")),
        RECORDER: StoreSettings(RECORDER, FOLDER, str(data_dir / "recorder")),
    }
    parts: dict[str, dict[str, str]] = {}
    for setting, value in sorted(values.items()):
        if match := _SETTING.fullmatch(setting):
            parts.setdefault(match[1], {})[match[2]] = value
    for name, its in parts.items():
        if name.lower() in stores:
            raise ValueError(
                f"STORAGE_{name}_{next(iter(its))} is set, but the store {name.lower()} is built "
                "in: give yours another name"
            )
        stores[name.lower()] = _store(name, its, data_dir)
    _no_misspelt(values, parts)
    return stores


def _store(name: str, its: Mapping[str, str], data_dir: Path) -> StoreSettings:
    if not _NAME.fullmatch(name.lower()):
        raise ValueError(
            f"STORAGE_{name}_{next(iter(its))} names a store that must begin with a letter"
        )
    kind = its.get("KIND", "").lower()
    if not kind:
        raise ValueError(f"STORAGE_{name}_{next(iter(its))} is set, but STORAGE_{name}_KIND is not")
    if kind not in KINDS:
        raise ValueError(f"STORAGE_{name}_KIND must be one of {', '.join(KINDS)}")
    for part in _NEEDED[kind]:
        if not its.get(part):
            raise ValueError(f"STORAGE_{name}_{part} is missing: a store of kind {kind} needs it")
    if kind == FOLDER:
        return _folder(name, its, data_dir)
    region = its.get("REGION", "") or _USUAL_REGIONS.get(kind, "")
    return StoreSettings(
        name=name.lower(),
        kind=kind,
        bucket=its["BUCKET"],
        endpoint=_endpoint(name, kind, its.get("ENDPOINT", ""), region),
        region=region,
        key_id=its["KEY_ID"],
        secret=its["SECRET"],
    )


def _folder(name: str, its: Mapping[str, str], data_dir: Path) -> StoreSettings:
    for part in _PARTS:
        if part not in ("KIND", "BUCKET") and its.get(part):
            raise ValueError(f"STORAGE_{name}_{part} is set, but a folder has none")
    folder = data_dir / its["BUCKET"]
    if folder.is_file():
        raise ValueError(f"STORAGE_{name}_BUCKET names a file, and a folder is needed")
    return StoreSettings(name.lower(), FOLDER, str(folder))


def _endpoint(name: str, kind: str, endpoint: str, region: str) -> str:
    """Where the store is asked: as browsers write an origin."""
    from services.settings_checks import LOOPBACK_HOSTS

    if not re.fullmatch(r"[a-z0-9-]+", region):
        raise ValueError(f"STORAGE_{name}_REGION must look like eu-central-003")
    if not endpoint:
        return _ENDPOINTS[kind].format(region=region)
    if not _ORIGIN.fullmatch(endpoint):
        raise ValueError(
            f"STORAGE_{name}_ENDPOINT must look like https://s3.example.com, without a path"
        )
    address = urlsplit(endpoint)
    # A store of one's own may stand in a network of one's own.
    if kind != "s3" and address.scheme != "https" and address.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            f"STORAGE_{name}_ENDPOINT must begin with https://, since STORAGE_{name}_SECRET "
            "opens what is there"
        )
    return endpoint.rstrip("/").lower()


def _no_misspelt(values: Mapping[str, str], known: Mapping[str, object]) -> None:
    """STORAGE_B2_KEY beside STORAGE_B2_KIND was meant to be something."""
    for setting in sorted(values):
        for name in known:
            if setting.startswith(f"STORAGE_{name}_") and not _SETTING.fullmatch(setting):
                raise ValueError(
                    f"{setting} is not a setting of a store: they end in {', '.join(_PARTS)}"
                )
