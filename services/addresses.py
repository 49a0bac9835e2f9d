"""From which address somebody reaches us, past the proxies that are ours."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from services.config import settings


def of_client(peer: str, forwarded: str) -> str:
    """The address behind a connection from `peer` whose `X-Forwarded-For` reads `forwarded`.

    That counts only as far as TRUSTED_PROXIES wrote it: read from the right, the first address that
    is no trusted proxy.
    """
    address = _plain(peer)
    if not is_trusted(address):
        return address
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_address(hop):
            return address
        address = _plain(hop)
        if not is_trusted(address):
            return address
    return address


def is_trusted(address: str) -> bool:
    """Whether this is the address of one of TRUSTED_PROXIES."""
    address = _plain(address)
    return _is_address(address) and any(ip_address(address) in net for net in _trusted_networks())


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


def _trusted_networks() -> list[IPv4Network | IPv6Network]:
    parts = (part.strip() for part in settings().trusted_proxies.split(","))
    return [ip_network(part, strict=False) for part in parts if part]
