"""This machine: the settings, the folder, the key, the queue and its workers."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from mentorships import frontend, launch
from mentorships.doctor.findings import Finding, right, skipped, wrong
from services import clock, outages
from services.config import settings
from services.settings_checks import LOOPBACK_HOSTS

LEAST_FREE_BYTES = 500_000_000
SILENT_SECONDS = 60
_MB = 1_000_000


def settings_read() -> Iterator[Finding]:
    """They were read before any check: what they come to."""
    chosen = settings()
    played = [name for name, simulated in chosen.simulated.items() if simulated]
    simulators = f"simulators of {' and '.join(played)}" if played else "real services"
    yield right("settings", f"{chosen.app_env}, {chosen.public_url}, {simulators}")
    if chosen.app_env == "production" and not chosen.seller_address:
        yield wrong(
            "invoices",
            "they do not say where the seller is, as the law asks in most places",
            "Set SELLER_ADDRESS, and SELLER_NAME and SELLER_TAX_ID where they apply.",
        )
    local = datetime.now(ZoneInfo(chosen.studio_timezone))
    yield right("time zone", f"{chosen.studio_timezone}, where it is {local:%H:%M on %d %B %Y}")


def pages_built() -> Iterator[Finding]:
    """The pages show this version, and the settings as they are now."""
    if frontend.is_current():
        yield right("pages", "built from these sources and settings")
    else:
        yield wrong(
            "pages",
            f"the build in {launch.pages_dir()} is missing, or is of other sources or settings",
            "Run `make build`, with the settings that the studio runs with.",
        )


def data_folder() -> Iterator[Finding]:
    """It can be written, and has room."""
    folder = settings().data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield wrong(
            "data folder",
            f"{folder} cannot be written ({error.strerror})",
            "Give this user the folder, or choose another with DATA_DIR.",
        )
        return
    seen = f"{folder} can be written, {free / _MB:,.0f} MB free"
    if free < LEAST_FREE_BYTES:
        yield wrong("data folder", seen, "Make room: databases and backups need it.")
    else:
        yield right("data folder", seen)


def secret_key() -> Iterator[Finding]:
    """Only its owner can read it."""
    if settings().secret_key:
        yield right("secret key", "comes from SECRET_KEY")
        return
    path = settings().data_dir / "secret_key"
    if not path.exists():
        yield skipped("secret key", "is made at the first start")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield wrong("secret key", f"others can read {path} (mode {mode:o})", f"chmod 600 {path}")
    else:
        yield right("secret key", f"{path}, mode {mode:o}")


def queue_answers() -> Iterator[Finding]:
    """The job queue's storage, and the workers' heartbeats."""
    try:
        from jobs import queue  # opens the storage

        queue.ping()
        alive = queue.workers()
    except Exception as error:  # each storage has errors of its own
        advice = "Start the service behind REDIS_URL or DATABASE_URL; it is needed for every job."
        yield wrong("queue", f"does not answer ({outages.reason(error)})", advice)
        return
    yield right("queue", f"answers ({type(queue.huey.storage).__name__.removesuffix('Storage')})")
    start = "Start the line `worker` of the Procfile; mails and payments wait until then."
    fresh = [name for name, age in alive.items() if age < SILENT_SECONDS]
    if fresh:
        yield right(
            "worker", f"{len(fresh)} alive, the last heartbeat {min(alive.values()):.0f} s ago"
        )
    elif alive:
        yield wrong("worker", f"silent for {min(alive.values()):.0f} seconds", start)
    else:
        yield wrong("worker", "none is running", start)


def redis_answers() -> Iterator[Finding]:
    """Redis holds the queue, the rate limits and the state of open pages."""
    url = settings().redis_url
    if not url:
        yield skipped("redis", "not used (one web process on one machine needs none)")
        return
    from redis import Redis, RedisError

    try:
        client = Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3)
        told: dict[str, object] = dict(client.info())  # type: ignore[call-overload]  # not async
    except (RedisError, OSError) as error:
        yield wrong(
            "redis", f"does not answer ({outages.reason(error)})", "Start it, or check REDIS_URL."
        )
        return
    version = told.get("valkey_version") or told.get("redis_version")
    policy = str(told.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        yield wrong(
            "redis",
            f"version {version} throws data away when full ({policy})",
            "Set maxmemory-policy to noeviction: jobs would be lost.",
        )
    else:
        yield right("redis", f"version {version}, {told.get('used_memory_human')} used")


def proxies() -> Iterator[Finding]:
    """Behind a proxy, visitors must not all count as one in the rate limits."""
    chosen = settings()
    if chosen.trusted_proxies:
        yield right("proxies", f"believed: {chosen.trusted_proxies}")
    elif chosen.public_url.startswith("https://") and chosen.host in LOOPBACK_HOSTS:
        yield wrong(
            "proxies",
            "TRUSTED_PROXIES is empty, but something else speaks https for us",
            "Name the proxy's address (127.0.0.1 when it runs here), or all visitors count as one.",
        )
    else:
        yield skipped("proxies", "none is trusted; visitors come directly")


def watching() -> Iterator[Finding]:
    """Metrics and failure reports are off until someone wants them."""
    chosen = settings()
    if chosen.metrics_token:
        yield right("metrics", "/metrics answers who sends METRICS_TOKEN")
    else:
        nobody = "nobody" if chosen.app_env == "production" else "programs on this machine only"
        yield skipped("metrics", f"/metrics answers {nobody} (no METRICS_TOKEN)")
    if chosen.sentry_dsn:
        yield right("sentry", "failures are reported")
    else:
        yield skipped("sentry", "off (no SENTRY_DSN)")
    backups = sorted(chosen.backup_dir.glob("mentorships-*.tar.gz"))
    if backups:
        age = clock.utc_now().timestamp() - backups[-1].stat().st_mtime
        yield right("backups", f"the last one in {chosen.backup_dir} is {age / 3600:.0f} hours old")
    elif chosen.app_env == "production":
        yield wrong(
            "backups",
            f"there is none in {chosen.backup_dir}",
            "Run `python -m mentorships.cli backup` every day (docs/operations.md).",
        )
    else:
        yield skipped("backups", f"none in {chosen.backup_dir} yet")
