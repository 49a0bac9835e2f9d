"""Every setting of the product: typed, read from the environment (and `.env`), checked at start.

A wrong or missing setting raises `ConfigError`, whose text is one sentence for the operator. Those
of the services outside are in `vendor_settings`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from services import settings_checks
from services.setting_types import (
    Database,
    Dsn,
    Folder,
    Host,
    Networks,
    Percent,
    Redis,
    Token,
    Zone,
    origin_of,
)
from services.vendor_settings import (
    DISCORD_CONSENT,
    GOOGLE_CONSENT,
    PAYMENT_NAMES,
    SIMULATED_AGORA_APP,
    SIMULATED_AGORA_CUSTOMER,
    SIMULATED_DISCORD_CHANNEL,
    SIMULATED_DISCORD_CLIENT,
    SIMULATED_DISCORD_GUILD,
    SIMULATED_GOOGLE_CLIENT,
    SIMULATED_PAYPAL_CLIENT,
    SIMULATED_PAYPAL_WEBHOOK,
    SIMULATED_RESEND_KEY,
    SIMULATED_STRIPE_KEY,
    VendorSettings,
)

__all__ = [
    "DISCORD_CONSENT",
    "GOOGLE_CONSENT",
    "PAYMENT_NAMES",
    "SIMULATED_AGORA_APP",
    "SIMULATED_AGORA_CUSTOMER",
    "SIMULATED_DISCORD_CHANNEL",
    "SIMULATED_DISCORD_CLIENT",
    "SIMULATED_DISCORD_GUILD",
    "SIMULATED_GOOGLE_CLIENT",
    "SIMULATED_PAYPAL_CLIENT",
    "SIMULATED_PAYPAL_WEBHOOK",
    "SIMULATED_RESEND_KEY",
    "SIMULATED_STRIPE_KEY",
    "ConfigError",
    "Settings",
    "settings",
    "vendor_name",
]


class ConfigError(Exception):
    """A setting is missing or wrong; the text is one sentence that names it."""


class Settings(VendorSettings):
    """The settings, by their environment names. Durations carry their unit in the name."""

    host: Host = "127.0.0.1"
    database_url: Database = ""
    redis_url: Redis = ""
    trusted_proxies: Networks = ""
    web_workers: int = Field(default=1, ge=1, le=64)
    database_pool_size: int = Field(default=8, ge=1, le=100)
    live_updates_per_second: float = Field(default=4, gt=0, le=4)
    backup_dir: Folder = Path("backups")

    log_format: Literal["text", "json"] = "text"
    metrics_token: Token = ""
    sentry_dsn: Dsn = ""

    studio_name: str = Field(default="Mentorships", min_length=1, max_length=80)
    studio_timezone: Zone = "Europe/Berlin"
    studio_currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")

    seller_name: str = Field(default="", max_length=120)
    seller_address: str = Field(default="", max_length=400)
    seller_tax_id: str = Field(default="", max_length=40)
    tax_mode: Literal["none", "included", "added"] = "none"
    tax_rate_percent: Percent = "0"
    tax_label: str = Field(default="VAT", min_length=1, max_length=20)

    calendar_poll_minutes: int = Field(default=3, ge=1, le=60)
    calendar_fresh_seconds: int = Field(default=60, ge=0, le=3600)
    calendar_unknown_minutes: int = Field(default=60, ge=5, le=1440)

    seat_hold_minutes: int = Field(default=35, ge=31, le=1440)
    hold_unreachable_minutes: int = Field(default=15, ge=1, le=1440)
    open_checkouts_per_account: int = Field(default=3, ge=1, le=50)
    delayed_payments: bool = False
    delayed_payment_days: int = Field(default=7, ge=1, le=30)
    grace_hours: int = Field(default=72, ge=1, le=720)
    grace_warning_hours: int = Field(default=12, ge=1, le=168)
    session_reminder_hours: int = Field(default=24, ge=2, le=168)
    session_reminder_minutes: int = Field(default=60, ge=5, le=120)
    expiry_reminder_days: int = Field(default=7, ge=1, le=60)
    notification_days: int = Field(default=90, ge=7, le=730)
    onboarding_reminder_weeks: int = Field(default=4, ge=0, le=52)
    waitlist_offer_hours: int = Field(default=24, ge=1, le=168)
    waitlist_reminder_hours: int = Field(default=6, ge=1, le=167)
    waitlists_per_account: int = Field(default=10, ge=1, le=100)
    default_capacity: int = Field(default=10, ge=0, le=1000)
    session_minutes: int = Field(default=60, ge=15, le=480)
    buffer_minutes: int = Field(default=0, ge=0, le=60)
    notice_hours: int = Field(default=24, ge=0, le=720)
    horizon_days: int = Field(default=30, ge=1, le=365)
    slot_step_minutes: int = Field(default=30, ge=5, le=480)
    slot_hold_minutes: int = Field(default=5, ge=1, le=60)
    change_limit_hours: int = Field(default=24, ge=0, le=168)
    join_minutes: int = Field(default=15, ge=0, le=120)
    decide_hours: int = Field(default=72, ge=1, le=720)
    objection_days: int = Field(default=7, ge=1, le=90)
    pack_extension_days: int = Field(default=14, ge=1, le=90)
    refund_second_admin_above: int = Field(default=20_000, ge=0)
    mentor_share_percent: int = Field(default=70, ge=0, le=100)
    room_margin_minutes: int = Field(default=15, ge=0, le=120)
    recording_days: int = Field(default=30, ge=1, le=3650)
    recording_reminder_days: int = Field(default=7, ge=1, le=365)
    transfers_at_once: int = Field(default=1, ge=1, le=4)
    cost_prices: Literal["plan", "list"] = "list"
    cost_budget: int = Field(default=0, ge=0, le=1_000_000)
    feed_past_days: int = Field(default=90, ge=1, le=730)
    session_days: int = Field(default=30, ge=1, le=365)
    verify_link_hours: int = Field(default=24, ge=1, le=168)
    reset_link_minutes: int = Field(default=60, ge=5, le=1440)
    photo_max_bytes: int = Field(default=5_000_000, ge=10_000, le=50_000_000)
    webhook_max_bytes: int = Field(default=262_144, ge=1_024, le=5_000_000)
    rate_limits: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.public_url = origin_of(self.public_url or f"http://localhost:{self.port}")
        self.sandbox_port = self.sandbox_port or self.port + 1
        self.data_dir = self.data_dir.absolute()
        self.database_url = self.database_url or f"sqlite:///{self.data_dir / 'app.db'}"
        self.backup_dir = self.data_dir / self.backup_dir
        if self.web_workers > 1 and not self.redis_url:
            raise ValueError("WEB_WORKERS is more than 1, but REDIS_URL is missing")
        settings_checks.mail(self)
        settings_checks.stripe(self)
        settings_checks.paypal(self)
        settings_checks.google(self)
        settings_checks.discord(self)
        settings_checks.storage(self)
        settings_checks.agora(self)
        settings_checks.tax(self)
        settings_checks.waitlist(self)
        settings_checks.production(self)
        return self

    @property
    def cheap_password_hashes(self) -> bool:
        """In the tests people sign in by the hundred; 64 MiB for each would be much of the work."""
        return self.app_env == "test"

    @property
    def secure_cookies(self) -> bool:
        """Cookies are `Secure` exactly when people come by https."""
        return self.public_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        """Whether the product's database is SQLite."""
        return self.database_url.startswith("sqlite")


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        ConfigError: a setting is missing or wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    """Turn pydantic's first error into one sentence that names the setting, never its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    return (
        f"The setting {str(first['loc'][0]).upper()} is wrong: {message[0].lower()}{message[1:]}."
    )


def vendor_name(provider: str) -> str:
    """What people call an outside service: PayPal, Stripe, Google."""
    return PAYMENT_NAMES.get(provider, provider.capitalize())
