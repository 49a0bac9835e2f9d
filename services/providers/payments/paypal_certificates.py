"""The certificates with which PayPal signs its webhooks: where they may lie, and who vouches for
them.

Anybody may send a webhook that names an address. So only addresses of PayPal's own shape are asked
for, a few of them a minute, what comes is read to a limit, and a certificate that has signed an
event of ours is never forgotten for one that has not.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import certifi
import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from services.errors import ProviderUnavailable
from services.providers import calls
from services.providers.payments.base import BadSignature
from services.providers.payments.paypal_client import NAME

SIGNED_BY: Final = ".paypal.com"
"""The certificate must be made out to a name below it."""
LONGEST_ADDRESS: Final = 500
LARGEST_CERTIFICATE: Final = 64_000
MOST_KEPT: Final = 16
MOST_ASKED: Final = 30
"""Certificates a minute that one process asks for. PayPal has a few of them, and changes them once
a year."""
MINUTE_SECONDS: Final = 60
FORGET_FAILURE_SECONDS: Final = 30

_PATH = r"/v1/notifications/certs/[A-Za-z0-9_-]{1,100}"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_BY_NAME = re.compile(rf"https://(?P<host>(?:{_LABEL}\.)+{_LABEL})(?::443)?(?P<path>{_PATH})")
_BELOW_ORIGIN = re.compile(rf"(?:/[a-z]+)?{_PATH}")


@dataclass(frozen=True, slots=True)
class _Signer:
    """A verified certificate's key, and while its whole chain is valid."""

    key: rsa.RSAPublicKey
    begins: datetime
    ends: datetime


class Certificates:
    """PayPal's certificates by their address, fetched once and verified against trusted roots."""

    def __init__(self, *, hosts: str, roots: str, timeout_seconds: float) -> None:
        """`hosts`: names, with a leading dot for all below, or whole origins; comma-separated.
        `roots`: certificates as PEM, "" for the public ones."""
        self._hosts = tuple(filter(None, (each.strip().lower() for each in hosts.split(","))))
        self._roots = roots
        self._timeout = timeout_seconds
        self._client = httpx.Client(timeout=timeout_seconds, follow_redirects=False)
        self._proven: dict[str, _Signer] = {}
        self._kept: dict[str, _Signer] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._asked = deque[float](maxlen=MOST_ASKED)
        self._one_fetches = threading.Lock()
        self._one_changes = threading.Lock()

    def has(self, url: str, now: datetime) -> bool:
        """Whether nothing has to be fetched, or nothing would be."""
        address = self._address(url)
        return not address or self._known(address, now) is not None

    def verify(self, url: str, signed: bytes, message: bytes, now: datetime) -> None:
        """Whether the certificate at `url` signed the message, and may sign now.

        Raises:
            BadSignature: it did not, or is not PayPal's, not trusted, not valid at this time.
            ProviderUnavailable: it cannot be fetched now.
        """
        address = self._address(url)
        if not address:
            raise BadSignature("the certificate's address is none of the allowed ones")
        signer = self._known(address, now)
        if signer is None:
            with self._one_fetches:
                signer = self._known(address, now) or self._keep(address, now)
        try:
            signer.key.verify(signed, message, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            raise BadSignature("the signature does not match") from None
        if self._proven.get(address) is not signer:
            with self._one_changes:
                self._kept.pop(address, None)
                _remember(self._proven, address, signer)

    def _address(self, url: str) -> str:
        """Where to ask for it, written in one way; "" for an address that is not PayPal's."""
        if len(url) > LONGEST_ADDRESS:
            return ""
        for allowed in self._hosts:
            if "://" in allowed:  # an origin is meant as it is written
                if url.startswith(allowed) and _BELOW_ORIGIN.fullmatch(url[len(allowed) :]):
                    return url
                continue
            found = _BY_NAME.fullmatch(url)
            if found and _is_of(found["host"], allowed):
                return f"https://{found['host']}{found['path']}"
        return ""

    def _known(self, address: str, now: datetime) -> _Signer | None:
        for kept in (self._proven, self._kept):
            signer = kept.get(address)
            if signer is not None and signer.begins <= now <= signer.ends:
                return signer
        return None

    def _keep(self, address: str, now: datetime) -> _Signer:
        until, why = self._failed.get(address, (0.0, ""))
        # Whoever sends us nonsense must not make us ask again and again.
        if time.monotonic() < until:
            raise ProviderUnavailable(NAME, why)
        self._count()
        try:
            signer = _verified(self._fetch(address), self._roots, now)
        except (ProviderUnavailable, BadSignature) as error:
            until = time.monotonic() + FORGET_FAILURE_SECONDS
            _remember(self._failed, address, (until, f"the certificate was no use: {error}"))
            raise
        with self._one_changes:
            _remember(self._kept, address, signer)
        return signer

    def _count(self) -> None:
        now = time.monotonic()
        if len(self._asked) == MOST_ASKED and now - self._asked[0] < MINUTE_SECONDS:
            raise ProviderUnavailable(NAME, "too many certificates were asked for")
        self._asked.append(now)

    def _fetch(self, address: str) -> bytes:
        ends, content = time.monotonic() + self._timeout, bytearray()
        as_it_is = {"accept-encoding": "identity"}
        try:
            with (
                calls.operation("get_certificate"),
                calls.observed(NAME) as request,
                self._client.stream("GET", address, headers=as_it_is) as answer,
            ):
                request.status = answer.status_code
                if not answer.is_success:
                    raise ProviderUnavailable(NAME, f"{answer.status_code} for the certificate")
                for part in answer.iter_raw():
                    content += part
                    if len(content) > LARGEST_CERTIFICATE:
                        raise BadSignature("the certificate is too large")
                    if time.monotonic() > ends:
                        raise ProviderUnavailable(NAME, "the certificate took too long")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        return bytes(content)


def _is_of(host: str, allowed: str) -> bool:
    return host.endswith(allowed) if allowed.startswith(".") else host == allowed


def _verified(pem: bytes, roots: str, now: datetime) -> _Signer:
    """The first certificate's key, if a trusted root vouches for it through the others."""
    try:
        leaf, *others = x509.load_pem_x509_certificates(pem)
        trusted = roots.encode() if roots else _public_roots()
        builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(trusted))).time(now)
        verifier = builder.build_server_verifier(x509.DNSName(_name_of(leaf)))
        chain = verifier.verify(leaf, others)
    except (ValueError, VerificationError, x509.ExtensionNotFound):
        raise BadSignature("the certificate is not trusted, or not valid now") from None
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadSignature("the certificate's key is of another kind")
    return _Signer(
        key,
        max(each.not_valid_before_utc for each in chain),
        min(each.not_valid_after_utc for each in chain),
    )


def _name_of(leaf: x509.Certificate) -> str:
    """The name of PayPal's that the certificate is made out to."""
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ours = [n for n in names.get_values_for_type(x509.DNSName) if n.endswith(SIGNED_BY)]
    if not ours or "*" in ours[0]:
        raise ValueError("made out to somebody else")
    return ours[0]


def _public_roots() -> bytes:
    return Path(certifi.where()).read_bytes()


def _remember(kept: dict[str, Any], address: str, value: object) -> None:
    """Keep a few: whoever makes addresses up must not fill the memory."""
    kept.pop(address, None)
    while len(kept) >= MOST_KEPT:
        kept.pop(next(iter(kept)))
    kept[address] = value
