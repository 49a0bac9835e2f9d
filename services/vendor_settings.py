"""The settings of the outside services, what goes along with them, and which are simulated.

An `effective_` value is the setting, or what the local simulator goes by.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services import generated_key, store_settings
from services.setting_types import (
    AgoraKey,
    DiscordToken,
    File,
    Folder,
    Host,
    HostNames,
    Key,
    Origin,
    PublicKey,
    ResendKey,
    Sender,
    Snowflake,
    StoreName,
    StripeKey,
    SvixSecret,
    Url,
    WebhookSecret,
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
DISCORD_CONSENT = "https://discord.com/oauth2/authorize"
SIMULATED_DISCORD_CLIENT = "1000000000000000001"
SIMULATED_DISCORD_GUILD = "1000000000000000002"
SIMULATED_DISCORD_CHANNEL = "1000000000000000003"
SIMULATED_AGORA_APP = "0a90aa00000000000000000000000001"
SIMULATED_AGORA_CUSTOMER = "agora-simulator"


class VendorSettings(BaseSettings):
    """Where the product runs, as far as services outside depend on it, and their settings."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("ENV_FILE", ".env"), extra="ignore", env_ignore_empty=True
    )

    app_env: Literal["local", "test", "production"] = "local"
    port: int = Field(default=3000, ge=1, le=65535)
    sandbox_port: int = Field(default=0, ge=0, le=65535)
    public_url: Origin = ""
    secret_key: Key = ""
    data_dir: Folder = Path(".data")

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
    resend_webhook_secret: SvixSecret = ""
    resend_per_second: int = Field(default=0, ge=0, le=1000)
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

    discord_client_id: Snowflake = ""
    discord_client_secret: str = ""
    discord_bot_token: DiscordToken = ""
    discord_guild_id: Snowflake = ""
    discord_public_key: PublicKey = ""
    discord_api_base: Url = ""
    discord_alert_channel_id: Snowflake = ""
    discord_timeout_seconds: float = Field(default=10, gt=0, le=60)

    agora_app_id: AgoraKey = ""
    agora_app_certificate: AgoraKey = ""
    agora_customer_id: str = ""
    agora_customer_secret: str = ""
    agora_api_base: Url = ""
    agora_webhook_secret: str = ""
    agora_timeout_seconds: float = Field(default=5, gt=0, le=5)
    agora_per_second: int = Field(default=0, ge=0, le=1000)

    storage_default: StoreName = ""
    recording_source: StoreName = ""
    files_cdn_base: Origin = ""

    @cached_property
    def stores(self) -> dict[str, store_settings.StoreSettings]:
        """The stores of files by name: those of STORAGE_<NAME>_*, and two that are always there."""
        values = store_settings.given(str(self.model_config.get("env_file") or ""))
        return store_settings.parse(values, data_dir=self.data_dir)

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
            "Discord": not self.discord_client_id and not production,
            "Agora": not self.agora_app_id and not production,
        }

    @property
    def simulators_on(self) -> bool:
        """Whether at least one outside service is simulated."""
        return any(self.simulated.values())

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
    def effective_resend_webhook_secret(self) -> str:
        """The secret that signs Resend's webhooks, or the simulator's own; "" when a real studio
        has none, so that nothing comes back from Resend."""
        if self.resend_webhook_secret or not self.simulated["Resend"]:
            return self.resend_webhook_secret
        return self._derived_secret("resend webhook")

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

    @property
    def discord_offered(self) -> bool:
        """Whether the studio has a Discord server that people can link themselves to."""
        return bool(self.discord_client_id) or self.simulated["Discord"]

    @property
    def discord_consent_url(self) -> str:
        """Where people are asked whether the studio may know their Discord account."""
        played = f"{self.public_url}/sandbox/discord/oauth2/authorize"
        return DISCORD_CONSENT if self.discord_client_id else played

    @property
    def discord_redirect_url(self) -> str:
        """Where Discord sends them back to; must be registered there, letter by letter."""
        return f"{self.public_url}/oauth/discord/callback"

    @property
    def effective_discord_client_id(self) -> str:
        """The application that Discord, or the simulator, knows us as."""
        return self.discord_client_id or SIMULATED_DISCORD_CLIENT

    @property
    def effective_discord_client_secret(self) -> str:
        """The application's secret, or the simulator's own."""
        return self.discord_client_secret or self._derived_secret("discord client")

    @property
    def effective_discord_bot_token(self) -> str:
        """The token of our bot at Discord, or at the simulator."""
        return self.discord_bot_token or self._derived_secret("discord bot")

    @property
    def effective_discord_guild_id(self) -> str:
        """The studio's server at Discord, or at the simulator."""
        return self.discord_guild_id or SIMULATED_DISCORD_GUILD

    @property
    def effective_discord_alert_channel_id(self) -> str:
        """The channel for the admins' alerts, or the simulator's; "" for none."""
        played = SIMULATED_DISCORD_CHANNEL if self.simulated["Discord"] else ""
        return self.discord_alert_channel_id or played

    @cached_property
    def effective_discord_public_key(self) -> str:
        """The Ed25519 key (64 hexadecimal digits) that Discord's interactions are signed with."""
        if self.discord_public_key:
            return self.discord_public_key
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        private = Ed25519PrivateKey.from_private_bytes(self.simulated_discord_key)
        return private.public_key().public_bytes_raw().hex()

    @property
    def simulated_discord_key(self) -> bytes:
        """The private Ed25519 key that the simulator signs interactions with."""
        return bytes.fromhex(self._derived_secret("discord interactions")[len("whsec_") :])

    @property
    def video_offered(self) -> bool:
        """Whether sessions meet in the studio's own room."""
        return bool(self.agora_app_id) or self.simulated["Agora"]

    @property
    def effective_agora_app_id(self) -> str:
        """The app that Agora, or the simulator, knows us as."""
        return self.agora_app_id or SIMULATED_AGORA_APP

    @property
    def effective_agora_app_certificate(self) -> str:
        """What tokens are signed with: 32 hexadecimal digits."""
        own = self._derived_secret("agora certificate")[len("whsec_") :][:32]
        return self.agora_app_certificate or own

    @property
    def effective_agora_customer_id(self) -> str:
        """Who asks for recordings at Agora, or at the simulator."""
        return self.agora_customer_id or SIMULATED_AGORA_CUSTOMER

    @property
    def effective_agora_customer_secret(self) -> str:
        """Their secret, or the simulator's own."""
        return self.agora_customer_secret or self._derived_secret("agora customer")

    @property
    def effective_agora_webhook_secret(self) -> str:
        """The secret that signs Agora's notifications, or the simulator's own; "" when a real
        studio has none: then recordings are only asked for."""
        if self.agora_webhook_secret or not self.simulated["Agora"]:
            return self.agora_webhook_secret
        return self._derived_secret("agora webhook")

    def _derived_secret(self, purpose: str) -> str:
        digest = hmac.new(self.signing_key.encode(), purpose.encode(), hashlib.sha256)
        return "whsec_" + digest.hexdigest()
