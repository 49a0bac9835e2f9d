"""The prices that come with the product: the plan's, and the providers' lists with their day.

Storage is for a GB (10^9 bytes) that is kept for 30 days. An admin's own prices stand above these.
"""

from __future__ import annotations

from datetime import date

from services.costs.pricing import GB, LEAST_DAYS, Terms
from services.models.costs import Component

CURRENCY = "USD"
"""All of these providers charge in it; another currency's prices are never mixed in."""
PLAN, LIST = "plan", "list"
NAMES = {PLAN: "The plan's prices", LIST: "List prices"}
ALWAYS = date(2000, 1, 1)
LOOKED_UP = date(2026, 11, 21)
_FREE_MONTHLY_SECONDS = 10_000 * 60
_TB = 1_000 * GB


def _plan(component: Component, micros: int, **free: int) -> Terms:
    return Terms(component, "", micros, ALWAYS, note="The plan", **free)


def _listed(component: Component, place: str, micros: int, note: str, **free: int) -> Terms:
    said = f"{note}, looked up on {LOOKED_UP.day} {LOOKED_UP:%B %Y}"
    return Terms(component, place, micros, ALWAYS, note=said, **free)


PRESETS: dict[str, tuple[Terms, ...]] = {
    PLAN: (
        _plan(Component.RECORDING, 990),
        _plan(Component.STORAGE, 5_000),
        _plan(Component.DOWNLOAD, 10_000, free_per_day=10 * GB),
        _plan(Component.CDN, 90_000, free_per_month=10 * _TB),
    ),
    LIST: (
        _listed(
            Component.RECORDING,
            "",
            13_490,
            "Agora, Full HD: two cameras of 1280×720 together, a shared screen may be dearer; the "
            "first 10,000 minutes of a month free",
            free_per_month=_FREE_MONTHLY_SECONDS,
        ),
        _listed(
            Component.STORAGE, "b2", 6_000, "Backblaze B2, 10 GB free", free_per_day=10 * GB * 24
        ),
        _listed(
            Component.DOWNLOAD,
            "b2",
            10_000,
            "Backblaze B2, free up to three times what is stored",
            free_times_stored=3,
        ),
        _listed(
            Component.STORAGE,
            "wasabi",
            7_990,
            "Wasabi, every file for 90 days, and 1 TB at least",
            minimum_days=LEAST_DAYS,
            least_per_day=_TB * 24,
        ),
        _listed(
            Component.DOWNLOAD,
            "wasabi",
            0,
            "Wasabi, free up to what is stored, which is not to be exceeded",
        ),
        _listed(Component.STORAGE, "r2", 15_000, "Cloudflare R2, requests not counted"),
        _listed(Component.DOWNLOAD, "r2", 0, "Cloudflare R2"),
        _listed(Component.STORAGE, "local", 0, "Your own disk"),
        _listed(Component.DOWNLOAD, "local", 0, "Your own line"),
        _listed(Component.CDN, "", 0, "Cloudflare, from its partners and for cached files"),
    ),
}
COMPARED = {"b2": "Backblaze B2", "wasabi": "Wasabi", "r2": "Cloudflare R2", "local": "Own disk"}
"""The kinds of stores whose prices are known, by what people call them."""
KINDS = COMPARED | {"local": "Folder of your own", "aws": "AWS S3", "s3": "S3-compatible"}
"""Every kind of store, the same way."""
