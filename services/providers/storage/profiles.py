"""How the services that speak S3 differ, as far as it matters here. Facts of November 2026.

- Backblaze B2 refuses requests with `x-amz-checksum-*` (400, Unsupported header), keeps every
  version until each is deleted by its id, and knows an upload's parts only from listing them.
- Cloudflare R2 keeps no versions and wants parts of one size.
- Amazon S3 checks a SHA-256 of each part and keeps the one over all parts.
- What is stored at Wasabi is paid for 90 days at least, however early it is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from services.providers.storage.base import PartRules


@dataclass(frozen=True, slots=True)
class Profile:
    """What one service does its own way.

    `checksums`: it checks a SHA-256 that comes along, and keeps it. `versions`: whether it can list
    them, "ask" when only its answer tells. `by_host`: the bucket is part of the host's name.
    """

    checksums: bool = False
    versions: Literal["yes", "no", "ask"] = "ask"
    by_host: bool = False
    part_rules: PartRules = field(default_factory=PartRules)


PROFILES: Final[Mapping[str, Profile]] = {
    "b2": Profile(versions="yes"),
    "wasabi": Profile(versions="yes"),
    "r2": Profile(versions="no"),
    "aws": Profile(checksums=True, versions="yes", by_host=True),
    "s3": Profile(),
}
"""By the kind in STORAGE_<NAME>_KIND."""
