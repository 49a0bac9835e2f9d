"""Picks the Discord adapter by the settings."""

from __future__ import annotations

from functools import lru_cache

from services.config import settings
from services.providers.discord.base import DiscordProvider


@lru_cache(maxsize=4)
def _rest(
    client_id: str,
    client_secret: str,
    consent_page: str,
    bot_token: str,
    guild_id: str,
    public_key: str,
    api_base: str,
    site: str,
    timeout_seconds: float,
) -> DiscordProvider:
    from services.providers.discord.rest import Discord
    from services.providers.discord.wire import Wire

    return Discord(
        Wire(api_base=api_base, site=site, timeout_seconds=timeout_seconds),
        client_id=client_id,
        client_secret=client_secret,
        consent_page=consent_page,
        bot_token=bot_token,
        guild_id=guild_id,
        public_key=public_key,
        commands_url=f"{site}/api/webhooks/discord",
    )


def forget() -> None:
    """Make the adapter anew: what it has learned of Discord's limits is gone."""
    _rest.cache_clear()


def discord() -> DiscordProvider:
    """The adapter, made once per process and settings: its threads share Discord's limits."""
    chosen = settings()
    return _rest(
        chosen.effective_discord_client_id,
        chosen.effective_discord_client_secret,
        chosen.discord_consent_url,
        chosen.effective_discord_bot_token,
        chosen.effective_discord_guild_id,
        chosen.effective_discord_public_key,
        chosen.discord_api_base,
        chosen.public_url,
        chosen.discord_timeout_seconds,
    )
