"""What the values of settings may look like. A sentence never repeats a value: it may be secret."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator

SHORTEST_TOKEN = 16
SHORTEST_KEY = 32


def _must(holds: Callable[[str], bool], otherwise: str) -> AfterValidator:
    """An empty value stands for "not set"; any other must hold."""

    def check(value: str) -> str:
        if value and not holds(value):
            raise ValueError(otherwise)
        return value

    return AfterValidator(check)


def _begins(*prefixes: str) -> Callable[[str], bool]:
    return lambda value: value.startswith(prefixes) and not any(map(str.isspace, value))


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _is_dsn(value: str) -> bool:
    return (
        _is_url(value) and bool(urlsplit(value).username) and urlsplit(value).path.strip("/") != ""
    )


def _is_origin(value: str) -> bool:
    return (
        _is_url(value) and re.fullmatch(r"https?://[^/?#@\s]+/*", value, re.IGNORECASE) is not None
    )


def origin_of(url: str) -> str:
    """The origin of a URL as browsers write it: in lower case, without the scheme's own port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if usual else f":{parts.port}")


def passwords_of(url: str) -> set[str]:
    """The password inside a database's or a queue's URL, as it is written there and as it is."""
    found = re.search(r"://[^:/@]*:(.+)@", url)
    return {found[1], unquote(found[1])} if found else set()


def _is_host(value: str) -> bool:
    return "/" not in value and not any(map(str.isspace, value))


def _are_names(value: str) -> bool:
    """Names of hosts; one that begins with a dot stands for all below it."""
    name = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
    return all(name.fullmatch(part.strip()) for part in value.split(","))


def _are_networks(value: str) -> bool:
    try:
        for part in filter(None, (p.strip() for p in value.split(","))):
            ip_network(part, strict=False)
    except ValueError:
        return False
    return True


def _is_sender(value: str) -> bool:
    name, _, domain = parseaddr(value)[1].partition("@")
    return bool(name) and bool(domain) and value.isprintable()


def _is_svix_secret(value: str) -> bool:
    """whsec_ and a key in base64, with or without its padding."""
    key = value.removeprefix("whsec_")
    try:
        return key != value and bool(base64.b64decode(key + "=" * (-len(key) % 4), validate=True))
    except ValueError:
        return False


def _is_database(value: str) -> bool:
    try:
        urlsplit(value).port  # noqa: B018  # raises when it is no number
    except ValueError:
        return False
    return value.startswith(("sqlite:///", "postgresql+psycopg://"))


def _no_file(value: Path) -> Path:
    if value.is_file():
        raise ValueError("names a file, and a folder is needed")
    return value


HostNames = Annotated[
    str,
    _must(_are_names, "must be host names such as api.example.com, separated by commas"),
]
Url = Annotated[str, _must(_is_url, "must look like https://host/path")]
Origin = Annotated[
    str,
    _must(
        _is_origin,
        "must look like https://studio.example.com, without a path, a query or a user",
    ),
]
Host = Annotated[str, _must(_is_host, "must be a host name or an address, without a path")]
Networks = Annotated[
    str, _must(_are_networks, "must be networks such as 10.0.0.0/8, separated by commas")
]
Zone = Annotated[
    str,
    _must(lambda v: v in available_timezones(), "is not an IANA time zone such as Europe/Berlin"),
]
Sender = Annotated[str, _must(_is_sender, "must look like Studio <studio@example.com>")]
Database = Annotated[
    str,
    _must(_is_database, "must begin with sqlite:/// or postgresql+psycopg:// and be readable"),
]
Percent = Annotated[
    str,
    _must(
        lambda v: re.fullmatch(r"(\d{1,2}(\.\d{1,2})?|100)", v, re.ASCII) is not None,
        "must be a number from 0 to 100 with at most two digits after the point",
    ),
]
Redis = Annotated[
    str, _must(_begins("redis://", "rediss://", "unix://"), "must look like redis://host:6379/0")
]
Key = Annotated[
    str,
    _must(lambda v: len(v) >= SHORTEST_KEY, f"needs at least {SHORTEST_KEY} characters"),
]
Token = Annotated[
    str,
    _must(lambda v: len(v) >= SHORTEST_TOKEN, f"needs at least {SHORTEST_TOKEN} characters"),
]
Dsn = Annotated[str, _must(_is_dsn, "must look like https://key@host/number")]
StripeKey = Annotated[str, _must(_begins("sk_", "rk_"), "must begin with sk_ or rk_")]
WebhookSecret = Annotated[str, _must(_begins("whsec_"), "must begin with whsec_")]
SvixSecret = Annotated[
    str, _must(_is_svix_secret, "must be whsec_ and what follows it on the webhook's page")
]
ResendKey = Annotated[str, _must(_begins("re_"), "must begin with re_")]
Snowflake = Annotated[
    str,
    _must(
        lambda v: re.fullmatch(r"[1-9]\d{16,19}", v, re.ASCII) is not None,
        "must be an id of Discord's, 17 to 20 digits",
    ),
]
DiscordToken = Annotated[
    str,
    _must(
        lambda v: not any(map(str.isspace, v)),
        "must be the token alone, without the word Bot before it",
    ),
]
PublicKey = Annotated[
    str,
    _must(
        lambda v: re.fullmatch(r"[0-9a-fA-F]{64}", v) is not None,
        "must be 64 hexadecimal digits",
    ),
]
StoreName = Annotated[
    str,
    _must(
        lambda v: re.fullmatch(r"[a-z][a-z0-9_]{0,39}", v, re.IGNORECASE | re.ASCII) is not None,
        "must be the name of a store, such as b2 for STORAGE_B2_KIND",
    ),
    AfterValidator(str.lower),
]
AgoraKey = Annotated[
    str,
    _must(
        lambda v: re.fullmatch(r"[0-9a-fA-F]{32}", v) is not None,
        "must be 32 hexadecimal digits, from the project's page in Agora's console",
    ),
]
Folder = Annotated[Path, AfterValidator(_no_file)]
File = Annotated[str, _must(lambda v: Path(v).is_file(), "names no file")]
