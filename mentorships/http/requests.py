"""What an HTTP route needs of a request: a small form, and the address it came from."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.config import settings

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 16_384
MAX_FIELDS = 20


async def form(request: Request) -> dict[str, str]:
    """The fields of a native form; the last one counts when a name comes twice.

    Raises:
        HTTPException: 415 another content type, 413 too large, 400 not readable.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, "This address takes a form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413, "This form is too large.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "This form cannot be read.") from None
    return dict(pairs)


def client_address(request: Request) -> str:
    """The address a request came from.

    `X-Forwarded-For` counts only as far as TRUSTED_PROXIES wrote it: read from the right, the first
    address that is no trusted proxy.
    """
    peer = _plain(request.client.host if request.client else "")
    if not is_trusted(peer):
        return peer
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    address = peer
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_address(hop):
            return address
        address = _plain(hop)
        if not is_trusted(address):
            return address
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _plain(address: str) -> str:
    """A socket of both families writes an IPv4 peer as `::ffff:10.0.0.1`."""
    if not _is_address(address):
        return address
    mapped = getattr(ip_address(address), "ipv4_mapped", None)
    return str(mapped) if mapped else address


def is_trusted(address: str) -> bool:
    """Whether this is the address of one of TRUSTED_PROXIES."""
    address = _plain(address)
    return _is_address(address) and any(ip_address(address) in net for net in _trusted_networks())


def _trusted_networks() -> list[IPv4Network | IPv6Network]:
    parts = (part.strip() for part in settings().trusted_proxies.split(","))
    return [ip_network(part, strict=False) for part in parts if part]
