"""Every setting of the product: typed, read from the environment (and `.env`), checked at start.

A wrong or missing setting raises `ConfigError`, whose text is one sentence for the operator.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
STRIPE_API = "https://api.stripe.com"
RESEND_API = "https://api.resend.com"
SIMULATED_STRIPE_KEY = "sk_test_simulator"
SIMULATED_RESEND_KEY = "re_simulator"


class ConfigError(Exception):
    """A setting is missing or wrong; the text is one sentence that names it."""


class Settings(BaseSettings):
    """The settings, by their environment names. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", ".env"), extra="ignore", env_ignore_empty=True
    )

    app_env: Literal["local", "test", "production"] = "local"
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    sandbox_port: int = Field(default=0, ge=0, le=65535)
    public_url: str = ""
    secret_key: str = ""
    data_dir: Path = Path(".data")
    database_url: str = ""
    redis_url: str = ""
    trusted_proxies: str = ""

    studio_name: str = Field(default="Mentorships", min_length=1, max_length=80)
    studio_timezone: str = "Europe/Berlin"
    studio_currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")

    stripe_secret_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_base: str = ""
    stripe_timeout_seconds: float = Field(default=10, gt=0, le=80)

    mail_provider: Literal["resend", "smtp"] = "resend"
    mail_from: str = "Mentorships <studio@example.com>"
    resend_api_key: str = ""
    resend_api_base: str = ""
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"

    seat_hold_minutes: int = Field(default=35, ge=31, le=1440)
    hold_unreachable_minutes: int = Field(default=15, ge=1, le=1440)
    open_checkouts_per_account: int = Field(default=3, ge=1, le=50)
    delayed_payments: bool = False
    delayed_payment_days: int = Field(default=7, ge=1, le=30)
    grace_hours: int = Field(default=72, ge=1, le=720)
    default_capacity: int = Field(default=10, ge=0, le=1000)
    session_days: int = Field(default=30, ge=1, le=365)
    verify_link_hours: int = Field(default=24, ge=1, le=168)
    reset_link_minutes: int = Field(default=60, ge=5, le=1440)
    photo_max_bytes: int = Field(default=5_000_000, ge=10_000, le=50_000_000)
    webhook_max_bytes: int = Field(default=262_144, ge=1_024, le=5_000_000)
    rate_limits: bool = True

    @field_validator("studio_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone such as Europe/Berlin")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, (p.strip() for p in value.split(","))):
            ip_network(part, strict=False)
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.public_url = (self.public_url or f"http://localhost:{self.port}").rstrip("/")
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            raise ValueError("PUBLIC_URL must look like https://studio.example.com, without a path")
        self.sandbox_port = self.sandbox_port or self.port + 1
        self.data_dir = self.data_dir.absolute()
        self.database_url = self.database_url or f"sqlite:///{self.data_dir / 'app.db'}"
        if not self.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://")
        self._check_mail()
        self._check_stripe()
        self._check_production()
        return self

    def _check_stripe(self) -> None:
        simulated = not self.stripe_secret_key
        if self.stripe_api_base and not simulated and _is_loopback(self.stripe_api_base):
            raise ValueError(
                "STRIPE_SECRET_KEY is set, but STRIPE_API_BASE points at a simulator: "
                "remove one of the two"
            )
        if simulated and self.stripe_api_base and not _is_loopback(self.stripe_api_base):
            raise ValueError("STRIPE_API_BASE is set, but STRIPE_SECRET_KEY is missing")
        if not simulated and not self.stripe_webhook_secret:
            raise ValueError(
                "STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is missing: "
                "copy it from the webhook endpoint's page at Stripe"
            )
        self.stripe_api_base = self.stripe_api_base or (
            f"{self.sandbox_address}/stripe" if simulated else STRIPE_API
        )

    def _check_mail(self) -> None:
        if self.mail_provider == "smtp" and not self.smtp_host:
            raise ValueError("MAIL_PROVIDER is smtp, but SMTP_HOST is missing")
        simulated = not self.resend_api_key
        if self.resend_api_base and not simulated and _is_loopback(self.resend_api_base):
            raise ValueError(
                "RESEND_API_KEY is set, but RESEND_API_BASE points at a simulator: "
                "remove one of the two"
            )
        if simulated and self.resend_api_base and not _is_loopback(self.resend_api_base):
            raise ValueError("RESEND_API_BASE is set, but RESEND_API_KEY is missing")
        self.resend_api_base = self.resend_api_base or (
            f"{self.sandbox_address}/resend" if simulated else RESEND_API
        )

    def _check_production(self) -> None:
        if self.app_env != "production":
            return
        if len(self.secret_key) < 32:
            raise ValueError("SECRET_KEY needs at least 32 characters when APP_ENV is production")
        missing = [name for name, simulated in self.simulated.items() if simulated]
        if missing:
            raise ValueError(
                f"simulators are refused when APP_ENV is production: give keys for "
                f"{' and '.join(missing)}"
            )
        if not self.public_url.startswith("https://"):
            raise ValueError("PUBLIC_URL must begin with https:// when APP_ENV is production")

    @property
    def sandbox_address(self) -> str:
        """Where the local simulators listen; loopback only."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def simulated(self) -> dict[str, bool]:
        """Which outside services are played by the local simulators."""
        return {
            "Stripe": not self.stripe_secret_key,
            "Resend": self.mail_provider == "resend" and not self.resend_api_key,
        }

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
            origins |= {f"http://localhost:{port}", f"http://127.0.0.1:{port}"}
        return frozenset(origins)

    @property
    def signing_key(self) -> str:
        """The key behind signed cookies; generated once into DATA_DIR when SECRET_KEY is empty."""
        return self.secret_key or _generated_key(self.data_dir)

    @property
    def effective_stripe_key(self) -> str:
        """The key sent to Stripe, or to the simulator."""
        return self.stripe_secret_key or SIMULATED_STRIPE_KEY

    @property
    def effective_stripe_webhook_secret(self) -> str:
        """The secret that signs Stripe's webhooks, or the simulator's own."""
        return self.stripe_webhook_secret or self._derived_secret("stripe webhook")

    @property
    def effective_resend_key(self) -> str:
        """The key sent to Resend, or to the simulator."""
        return self.resend_api_key or SIMULATED_RESEND_KEY

    def _derived_secret(self, purpose: str) -> str:
        digest = hmac.new(self.signing_key.encode(), purpose.encode(), hashlib.sha256)
        return "whsec_" + digest.hexdigest()


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK_HOSTS


@lru_cache
def _generated_key(data_dir: Path) -> str:
    """Read DATA_DIR/secret_key, or create it with mode 0600. Two processes may race: one wins."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=data_dir) as file:  # mode 0600
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)  # appears whole, or not at all
    return path.read_text().strip()


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
