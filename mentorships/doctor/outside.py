"""The services outside: payments, mail, files, and the address that people use."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from mentorships.doctor.findings import Finding, right, wrong
from services import calendar, clock, db
from services.config import PAYMENT_NAMES, settings
from services.errors import ProviderError
from services.providers.answers import Answer
from services.providers.calendar.registry import consent
from services.providers.discord.registry import discord
from services.providers.mail.registry import mailer
from services.providers.payments.registry import payments
from services.providers.storage.base import PROBES, probe
from services.providers.storage.registry import default_store, own_files, recording_source
from services.providers.video.registry import video
from services.settings_checks import LOOPBACK_HOSTS

MOST_APART_SECONDS = 60
"""Signatures of webhooks are believed for five minutes."""
TIMEOUT_SECONDS = 10
_REFUSED_KEYS = {"authentication", "auth", "invalid_api_key", "missing_api_key"}


def store() -> Iterator[Finding]:
    """A small file can be written, read and removed; what the recorder leaves can be listed."""
    chosen = settings()
    try:
        probe(own_files())
    except ProviderError as error:
        yield wrong("files", str(error), "Check the folder `files` in DATA_DIR.")
    else:
        yield right("files", "a file was written, read and removed")
    names = dict.fromkeys((chosen.storage_default, chosen.recording_source))
    for name in names:
        if not chosen.stores[name].is_folder:
            yield _bucket(name, is_default=name == chosen.storage_default)


def _bucket(name: str, *, is_default: bool) -> Finding:
    told = f"the store {name}"
    try:
        if is_default:
            probe(default_store())
        else:
            next(iter(recording_source().list_versions(PROBES)), None)
    except ProviderError as error:
        where = f"STORAGE_{name.upper()}_"
        if error.code in _REFUSED_KEYS:
            return wrong("files", f"{told} refuses our key", f"Check {where}KEY_ID and SECRET.")
        reason = str(error).splitlines()[0]
        return wrong("files", f"{told} does not work ({reason})", f"Check the settings {where}….")
    return right("files", f"{told} answers and takes our key")


def payment_provider() -> Iterator[Finding]:
    """Each payment provider that is offered: the key, the webhooks, the clock."""
    chosen = settings()
    for provider, name in chosen.payment_providers.items():
        adapter = payments(provider)
        try:
            answer = adapter.check(webhook_url=f"{chosen.public_url}/api/webhooks/{provider}")
        except ProviderError as error:
            yield _refused(name, error, adapter.key_settings)
        else:
            yield from _answered(name, answer)
    for provider in sorted(set(PAYMENT_NAMES) - set(chosen.payment_providers)):
        yield right(PAYMENT_NAMES[provider], "no key is set: nobody is offered to pay with it")


def mail_provider() -> Iterator[Finding]:
    """The mail service: the key or password, and the sender."""
    chosen = settings()
    name, secret = {"resend": ("Resend", "RESEND_API_KEY"), "smtp": ("SMTP", "SMTP_PASSWORD")}[
        chosen.mail_provider
    ]
    try:
        answer = mailer().check(sender=chosen.mail_from)
    except ProviderError as error:
        yield _refused(name, error, secret)
    else:
        yield from _answered(name, answer)
    if chosen.mail_provider == "resend" and not chosen.effective_resend_webhook_secret:
        yield wrong(
            name,
            "tells us of no mail that comes back",
            f"Add a webhook to {chosen.public_url}/api/webhooks/resend there, and set "
            "RESEND_WEBHOOK_SECRET.",
        )


def calendars() -> Iterator[Finding]:
    """Google, where people can connect their calendars: the client, the address of its pushes, and
    connections that have not been read for a while."""
    chosen = settings()
    if not chosen.google_offered:
        yield right("Google", "no client is set: nobody is offered to connect a calendar")
        return
    try:
        answer = consent().check()
    except ProviderError as error:
        yield _refused("Google", error, "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET")
    else:
        yield from _answered("Google", answer)
    if chosen.google_client_id and not chosen.public_url.startswith("https://"):
        yield wrong(
            "Google",
            "cannot tell us of changes, so calendars are only read every few minutes",
            "Google's messages need a PUBLIC_URL that begins with https://.",
        )
    with db.reading() as session:
        standing = calendar.count_standing(session)
    if standing.unread:
        yield wrong(
            "calendars",
            f"{standing.unread} of {standing.connected} connected people's cannot be read",
            "Look at the worker's log for calendar_not_read.",
        )
    else:
        told = f"{standing.connected} people connected, {standing.broken} must connect again"
        yield right("calendars", told)


def chat() -> Iterator[Finding]:
    """Discord, where the studio has a server: the bot, its keys, what it may do."""
    chosen = settings()
    if not chosen.discord_offered:
        yield right("Discord", "no application is set: nobody is offered to link an account")
        return
    try:
        answer = discord().check()
    except ProviderError as error:
        if error.code == "unknown_guild":
            fix = "Invite the bot into the server, or check DISCORD_GUILD_ID."
            yield wrong("Discord", "our bot is not in the server", fix)
        else:
            yield _refused("Discord", error, "DISCORD_BOT_TOKEN")
    else:
        yield from _answered("Discord", answer)


def calls() -> Iterator[Finding]:
    """Agora, where sessions meet in the studio's room: the customer who may record, and whether we
    hear how recordings are doing."""
    chosen = settings()
    if not chosen.video_offered:
        yield right("Agora", "no app is set: sessions have no room of the studio's own")
        return
    try:
        answer = video().check()
    except ProviderError as error:
        yield _refused("Agora", error, "AGORA_CUSTOMER_ID and AGORA_CUSTOMER_SECRET")
    else:
        yield from _answered("Agora", answer)
    if not chosen.effective_agora_webhook_secret:
        told = "sends no notifications: recordings are only asked for, which is enough"
        yield right("Agora", told)


def _refused(name: str, error: ProviderError, setting: str) -> Finding:
    if error.code in _REFUSED_KEYS:
        return wrong(name, "answers, but refuses our key", f"Check {setting}.")
    reason = str(error).splitlines()[0].partition(". ")[0]  # some vendors write paragraphs
    if settings().simulated.get(name):
        return wrong(name, f"the simulator does not answer ({reason})", "Start it with `make run`.")
    return wrong(name, f"cannot be reached ({reason})", "Check the network from this machine.")


def _answered(name: str, answer: Answer) -> Iterator[Finding]:
    simulated = " (simulator)" if settings().simulated.get(name) else ""
    if answer.problems:
        first, *rest = ("; ".join(answer.problems)).split(": ", 1)
        yield wrong(name, first + simulated, rest[0] if rest else "")
    else:
        yield right(name, answer.told + simulated)
    if answer.at is not None and not simulated:
        yield from _clock(name, answer.at)


def _clock(name: str, theirs: datetime) -> Iterator[Finding]:
    apart = abs((clock.utc_now() - theirs).total_seconds())
    seen = f"{apart:.0f} seconds from {name}'s"
    if apart > MOST_APART_SECONDS:
        yield wrong("clock", seen, "Run NTP on this machine: signatures are refused otherwise.")
    else:
        yield right("clock", seen)


def public_address() -> Iterator[Finding]:
    """PUBLIC_URL leads to the product."""
    address = f"{settings().public_url}/health"
    # Never through a proxy to this machine itself.
    own = urlsplit(address).hostname in LOOPBACK_HOSTS
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if own else []))
    try:
        with opener.open(address, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read(200)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        yield wrong(
            "address",
            f"{address} cannot be reached from here ({reason})",
            "Start the product, or check PUBLIC_URL, its DNS name and the proxy.",
        )
        return
    if b'"ok"' in content:
        yield right("address", f"{address} answers")
    else:
        yield wrong("address", f"{address} is not this product", "Check PUBLIC_URL and the proxy.")
