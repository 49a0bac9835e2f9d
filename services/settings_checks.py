"""Settings that belong together, checked at start; an empty base address becomes the right one.

Each function raises `ValueError` with one sentence that names the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from services import store_settings

if TYPE_CHECKING:
    from services.config import Settings

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
STRIPE_API: Final = "https://api.stripe.com"
PAYPAL_API: Final = "https://api-m.paypal.com"
PAYPAL_CERT_HOSTS: Final = ".paypal.com"
RESEND_API: Final = "https://api.resend.com"
RESEND_PER_SECOND: Final = 5
"""Of a whole team at Resend."""
GOOGLE_API: Final = "https://www.googleapis.com"
GOOGLE_OAUTH: Final = "https://oauth2.googleapis.com"
DISCORD_API: Final = "https://discord.com/api/v10"
AGORA_API: Final = "https://api.sd-rtn.com"
AGORA_OTHER_API: Final = "https://api.agora.io"
"""The same service behind another domain."""
AGORA_PER_SECOND: Final = 8
"""Of one process. Agora takes ten for an app, and the network bunches them up."""


def stripe(chosen: Settings) -> None:
    """Key, webhook secret and address of Stripe."""
    simulated = not chosen.stripe_secret_key
    _base_fits(simulated, "STRIPE_API_BASE", chosen.stripe_api_base, key="STRIPE_SECRET_KEY")
    if not simulated and not chosen.stripe_webhook_secret:
        raise ValueError(
            "STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is missing: "
            "copy it from the webhook endpoint's page at Stripe"
        )
    chosen.stripe_api_base = chosen.stripe_api_base or (
        f"{chosen.sandbox_address}/stripe" if simulated else STRIPE_API
    )


def paypal(chosen: Settings) -> None:
    """Client, webhook id and address of PayPal, and whose certificates sign its webhooks."""
    if bool(chosen.paypal_client_id) != bool(chosen.paypal_client_secret):
        raise ValueError(
            "PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET belong together, and one is missing"
        )
    simulated = not chosen.paypal_client_id
    _base_fits(simulated, "PAYPAL_API_BASE", chosen.paypal_api_base, key="PAYPAL_CLIENT_ID")
    if not simulated and not chosen.paypal_webhook_id:
        raise ValueError(
            "PAYPAL_CLIENT_ID is set, but PAYPAL_WEBHOOK_ID is missing: "
            "copy it from the webhook's page in PayPal's dashboard"
        )
    if simulated and chosen.paypal_webhook_id:
        raise ValueError("PAYPAL_WEBHOOK_ID is set, but PAYPAL_CLIENT_ID is missing")
    played = chosen.sandbox_address
    chosen.paypal_api_base = chosen.paypal_api_base or (
        f"{played}/paypal" if simulated else PAYPAL_API
    )
    # An origin is for the local simulator alone: a setting can only hold names, reached by https.
    chosen.paypal_cert_hosts = chosen.paypal_cert_hosts or (
        played if simulated else PAYPAL_CERT_HOSTS
    )


def waitlist(chosen: Settings) -> None:
    """Who was offered a place has had some time when the reminder comes."""
    if chosen.waitlist_reminder_hours >= chosen.waitlist_offer_hours:
        raise ValueError(
            "WAITLIST_REMINDER_HOURS must be less than WAITLIST_OFFER_HOURS: "
            "it is how many hours before its end an offer is reminded of"
        )


def mail(chosen: Settings) -> None:
    """The mail provider's key or account."""
    if chosen.mail_provider == "smtp" and not chosen.smtp_host:
        raise ValueError("MAIL_PROVIDER is smtp, but SMTP_HOST is missing")
    if bool(chosen.smtp_user) != bool(chosen.smtp_password):
        raise ValueError("SMTP_USER and SMTP_PASSWORD belong together, and one is missing")
    simulated = not chosen.resend_api_key
    _base_fits(simulated, "RESEND_API_BASE", chosen.resend_api_base, key="RESEND_API_KEY")
    if simulated and chosen.resend_webhook_secret:
        raise ValueError("RESEND_WEBHOOK_SECRET is set, but RESEND_API_KEY is missing")
    if not simulated:
        chosen.resend_per_second = chosen.resend_per_second or RESEND_PER_SECOND
    chosen.resend_api_base = chosen.resend_api_base or (
        f"{chosen.sandbox_address}/resend" if simulated else RESEND_API
    )


def google(chosen: Settings) -> None:
    """Google's OAuth client and its addresses."""
    if bool(chosen.google_client_id) != bool(chosen.google_client_secret):
        raise ValueError(
            "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET belong together, and one is missing"
        )
    simulated = not chosen.google_client_id
    _base_fits(simulated, "GOOGLE_API_BASE", chosen.google_api_base, key="GOOGLE_CLIENT_ID")
    _base_fits(simulated, "GOOGLE_OAUTH_BASE", chosen.google_oauth_base, key="GOOGLE_CLIENT_ID")
    played = f"{chosen.sandbox_address}/google"
    chosen.google_api_base = chosen.google_api_base or (played if simulated else GOOGLE_API)
    chosen.google_oauth_base = chosen.google_oauth_base or (
        f"{played}/oauth" if simulated else GOOGLE_OAUTH
    )


def discord(chosen: Settings) -> None:
    """Discord's application, bot, server and address: all of it or nothing."""
    together = {
        "DISCORD_CLIENT_ID": chosen.discord_client_id,
        "DISCORD_CLIENT_SECRET": chosen.discord_client_secret,
        "DISCORD_BOT_TOKEN": chosen.discord_bot_token,
        "DISCORD_GUILD_ID": chosen.discord_guild_id,
        "DISCORD_PUBLIC_KEY": chosen.discord_public_key,
    }
    missing = [name for name, value in together.items() if not value]
    if missing and len(missing) < len(together):
        *first, last = together
        raise ValueError(
            f"{', '.join(first)} and {last} belong together, and {missing[0]} is missing"
        )
    simulated = not chosen.discord_client_id
    if simulated and chosen.discord_alert_channel_id:
        raise ValueError("DISCORD_ALERT_CHANNEL_ID is set, but DISCORD_CLIENT_ID is missing")
    _base_fits(simulated, "DISCORD_API_BASE", chosen.discord_api_base, key="DISCORD_CLIENT_ID")
    chosen.discord_api_base = chosen.discord_api_base or (
        f"{chosen.sandbox_address}/discord/api/v10" if simulated else DISCORD_API
    )


def storage(chosen: Settings) -> None:
    """The stores of files, and which of them is for what."""
    chosen.storage_default = chosen.storage_default or store_settings.LOCAL
    chosen.recording_source = chosen.recording_source or store_settings.RECORDER
    named = {"STORAGE_DEFAULT": chosen.storage_default, "RECORDING_SOURCE": chosen.recording_source}
    for setting, name in named.items():
        if name not in chosen.stores:
            raise ValueError(f"{setting} names a store whose STORAGE_<NAME>_KIND is missing")
    if not chosen.files_cdn_base:
        return
    if chosen.stores[chosen.storage_default].is_folder:
        raise ValueError("FILES_CDN_BASE is set, but STORAGE_DEFAULT is a folder of this machine")
    if urlsplit(chosen.files_cdn_base).scheme != "https":
        raise ValueError("FILES_CDN_BASE must begin with https://: recordings come from there")
    chosen.files_cdn_base = chosen.files_cdn_base.rstrip("/")


def agora(chosen: Settings) -> None:
    """Agora's app, its certificate and the REST customer: all of it or nothing."""
    together = {
        "AGORA_APP_ID": chosen.agora_app_id,
        "AGORA_APP_CERTIFICATE": chosen.agora_app_certificate,
        "AGORA_CUSTOMER_ID": chosen.agora_customer_id,
        "AGORA_CUSTOMER_SECRET": chosen.agora_customer_secret,
    }
    missing = [name for name, value in together.items() if not value]
    if missing and len(missing) < len(together):
        *first, last = together
        raise ValueError(
            f"{', '.join(first)} and {last} belong together, and {missing[0]} is missing"
        )
    simulated = not chosen.agora_app_id
    if simulated and chosen.agora_webhook_secret:
        raise ValueError("AGORA_WEBHOOK_SECRET is set, but AGORA_APP_ID is missing")
    _base_fits(simulated, "AGORA_API_BASE", chosen.agora_api_base, key="AGORA_APP_ID")
    if not simulated and chosen.stores[chosen.recording_source].is_folder:
        raise ValueError(
            "AGORA_APP_ID is set, but RECORDING_SOURCE names no bucket: "
            "Agora cannot write into a folder of this machine"
        )
    if not simulated:
        chosen.agora_per_second = chosen.agora_per_second or AGORA_PER_SECOND
    chosen.agora_api_base = chosen.agora_api_base.rstrip("/") or (
        f"{chosen.sandbox_address}/agora" if simulated else AGORA_API
    )


def tax(chosen: Settings) -> None:
    """Prices that speak of a tax need its rate."""
    if chosen.tax_mode != "none" and not float(chosen.tax_rate_percent):
        raise ValueError(f"TAX_MODE is {chosen.tax_mode}, but TAX_RATE_PERCENT is missing")


def production(chosen: Settings) -> None:
    """What a real studio cannot do without."""
    if chosen.app_env != "production":
        return
    if not chosen.secret_key:
        raise ValueError("SECRET_KEY is missing; it is needed when APP_ENV is production")
    missing = [name for name, simulated in chosen.simulated.items() if simulated]
    if missing:
        raise ValueError(
            f"simulators are refused when APP_ENV is production: give keys for "
            f"{' and '.join(missing)}"
        )
    if not chosen.public_url.startswith("https://"):
        raise ValueError("PUBLIC_URL must begin with https:// when APP_ENV is production")


def _base_fits(simulated: bool, name: str, base: str, *, key: str) -> None:
    """A key goes to the vendor, and encrypted, no key to the simulator: never the one to the
    other."""
    loopback = urlsplit(base).hostname in LOOPBACK_HOSTS
    if base and not simulated and loopback:
        raise ValueError(f"{key} is set, but {name} points at a simulator: remove one of the two")
    if base and not simulated and urlsplit(base).scheme != "https":
        raise ValueError(f"{name} must begin with https://, since {key} is sent there")
    if base and simulated and not loopback:
        raise ValueError(f"{name} is set, but {key} is missing")
