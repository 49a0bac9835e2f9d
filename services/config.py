"""Every setting of the product: typed, read from the environment (and `.env`), checked at start.

A wrong or missing setting raises `ConfigError`, whose text is one sentence for the operator.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services import generated_key, settings_checks
from services.setting_types import (
    Database,
    Dsn,
    File,
    Folder,
    Host,
    HostNames,
    Key,
    Networks,
    Origin,
    Percent,
    Redis,
    ResendKey,
    Sender,
    StripeKey,
    Token,
    Url,
    WebhookSecret,
    Zone,
    origin_of,
)

PAYMENT_NAMES = {"stripe": "Stripe", "paypal": "PayPal"}
"""What people call the payment providers, in the order in which they are offered."""
GOOGLE_CONSENT = "https://accounts.google.com/o/oauth2/v2/auth"
SIMULATED_GOOGLE_CLIENT = "simulator.apps.googleusercontent.com"
SIMULATED_STRIPE_KEY = "sk_test_simulator"
SIMULATED_PAYPAL_CLIENT = "paypal-simulator"
SIMULATED_PAYPAL_WEBHOOK = "WH-SIMULATOR"
SIMULATED_RESEND_KEY = "re_simulator"


class ConfigError(Exception):
    """A setting is missing or wrong; the text is one sentence that names it."""


class Settings(BaseSettings):
    """The settings, by their environment names. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", ".env"), extra="ignore", env_ignore_empty=True
    )

    app_env: Literal["local", "test", "production"] = "local"
    host: Host = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    sandbox_port: int = Field(default=0, ge=0, le=65535)
    public_url: Origin = ""
    secret_key: Key = ""
    data_dir: Folder = Path(".data")
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

    stripe_secret_key: StripeKey = ""
    stripe_webhook_secret: WebhookSecret = ""
    stripe_api_base: Url = ""
    stripe_timeout_seconds: float = Field(default=10, gt=0, le=80)

    paypal_client_id: str = ""
    paypal_client_secret: str = ""
    paypal_webhook_id: str = ""
    paypal_api_base: Url = ""
    paypal_timeout_seconds: float = Field(default=10, gt=0, le=80)
    paypal_cert_hosts: HostNames = ""
    paypal_trust_root: File = ""

    mail_provider: Literal["resend", "smtp"] = "resend"
    mail_from: Sender = "Mentorships <studio@example.com>"
    resend_api_key: ResendKey = ""
    resend_api_base: Url = ""
    smtp_host: Host = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"

    google_client_id: str = ""
    google_client_secret: str = ""
    google_api_base: Url = ""
    google_oauth_base: Url = ""
    google_timeout_seconds: float = Field(default=10, gt=0, le=60)
    calendar_poll_minutes: int = Field(default=3, ge=1, le=60)
    calendar_fresh_seconds: int = Field(default=60, ge=0, le=3600)
    calendar_unknown_minutes: int = Field(default=60, ge=5, le=1440)

    seat_hold_minutes: int = Field(default=35, ge=31, le=1440)
    hold_unreachable_minutes: int = Field(default=15, ge=1, le=1440)
    open_checkouts_per_account: int = Field(default=3, ge=1, le=50)
    delayed_payments: bool = False
    delayed_payment_days: int = Field(default=7, ge=1, le=30)
    grace_hours: int = Field(default=72, ge=1, le=720)
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
        settings_checks.tax(self)
        settings_checks.production(self)
        return self

    @property
    def sandbox_address(self) -> str:
        """Where the local simulators listen; loopback only."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def simulated(self) -> dict[str, bool]:
        """Which outside services are played by the local simulators."""
        production = self.app_env == "production"
        return {
            "Stripe": not self.stripe_secret_key and not (production and self.paypal_client_id),
            # In production one payment provider is enough.
            "PayPal": not self.paypal_client_id and not production,
            "Resend": self.mail_provider == "resend" and not self.resend_api_key,
            # In production a studio may well do without: then nobody is offered to connect.
            "Google": not self.google_client_id and not production,
        }

    @property
    def cheap_password_hashes(self) -> bool:
        """In the tests people sign in by the hundred; 64 MiB for each would be much of the work."""
        return self.app_env == "test"

    @property
    def simulators_on(self) -> bool:
        """Whether at least one outside service is simulated."""
        return any(self.simulated.values())

    @property
    def secure_cookies(self) -> bool:
        """Cookies are `Secure` exactly when people come by https."""
        return self.public_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        """Whether the product's database is SQLite."""
        return self.database_url.startswith("sqlite")

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Origins whose unsafe requests and websockets are accepted."""
        origins = {self.public_url}
        if self.app_env != "production":
            port = urlsplit(self.public_url).port or self.port
            origins |= {origin_of(f"http://{host}:{port}") for host in ("localhost", "127.0.0.1")}
        return frozenset(origins)

    @property
    def signing_key(self) -> str:
        """The key behind signed cookies; generated once into DATA_DIR when SECRET_KEY is empty."""
        return self.secret_key or generated_key.of(self.data_dir)

    @property
    def effective_stripe_key(self) -> str:
        """The key sent to Stripe, or to the simulator."""
        return self.stripe_secret_key or SIMULATED_STRIPE_KEY

    @property
    def effective_stripe_webhook_secret(self) -> str:
        """The secret that signs Stripe's webhooks, or the simulator's own."""
        return self.stripe_webhook_secret or self._derived_secret("stripe webhook")

    @property
    def payment_providers(self) -> dict[str, str]:
        """The payment providers that are offered, with the names that people know."""
        keys = {"stripe": self.stripe_secret_key, "paypal": self.paypal_client_id}
        return {
            provider: name
            for provider, name in PAYMENT_NAMES.items()
            if keys[provider] or self.simulated[name]
        }

    @property
    def effective_paypal_client_id(self) -> str:
        """The client that PayPal, or the simulator, knows us as."""
        return self.paypal_client_id or SIMULATED_PAYPAL_CLIENT

    @property
    def effective_paypal_client_secret(self) -> str:
        """The client's secret, or the simulator's own."""
        return self.paypal_client_secret or self._derived_secret("paypal client")

    @property
    def effective_paypal_webhook_id(self) -> str:
        """The id under which PayPal, or the simulator, signs what it sends us."""
        return self.paypal_webhook_id or SIMULATED_PAYPAL_WEBHOOK

    @cached_property
    def paypal_trust_roots(self) -> str:
        """Certificates (PEM) that may vouch for PayPal's webhooks: those of PAYPAL_TRUST_ROOT, else
        the simulator's own; "" for the public ones that this machine's Python trusts."""
        if self.paypal_trust_root:
            return Path(self.paypal_trust_root).read_text()
        return self.simulated_paypal_root if self.simulated["PayPal"] else ""

    @property
    def simulated_paypal_root(self) -> str:
        """The certificate (PEM) of the simulator's root."""
        return self._simulated_root()[1]

    @property
    def simulated_paypal_root_key(self) -> str:
        """The private key (PEM) of the simulator's root."""
        return self._simulated_root()[0]

    def _simulated_root(self) -> tuple[str, str]:
        from services import own_root  # the library takes a moment, and only webhooks need it

        return own_root.root(bytes.fromhex(self._derived_secret("paypal root")[len("whsec_") :]))

    @property
    def effective_resend_key(self) -> str:
        """The key sent to Resend, or to the simulator."""
        return self.resend_api_key or SIMULATED_RESEND_KEY

    @property
    def google_offered(self) -> bool:
        """Whether people can connect their Google calendar."""
        return bool(self.google_client_id) or self.simulated["Google"]

    @property
    def google_consent_url(self) -> str:
        """Where people are asked whether the studio may use their calendar."""
        played = f"{self.public_url}/sandbox/google/o/oauth2/v2/auth"
        return GOOGLE_CONSENT if self.google_client_id else played

    @property
    def google_redirect_url(self) -> str:
        """Where Google sends them back to; must be registered there, letter by letter."""
        return f"{self.public_url}/oauth/google/callback"

    @property
    def effective_google_client_id(self) -> str:
        """The client that Google, or the simulator, knows us as."""
        return self.google_client_id or SIMULATED_GOOGLE_CLIENT

    @property
    def effective_google_client_secret(self) -> str:
        """The client's secret, or the simulator's own."""
        return self.google_client_secret or self._derived_secret("google client")

    def _derived_secret(self, purpose: str) -> str:
        digest = hmac.new(self.signing_key.encode(), purpose.encode(), hashlib.sha256)
        return "whsec_" + digest.hexdigest()


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
