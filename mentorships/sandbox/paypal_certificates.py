"""With what PayPal's webhooks are signed: a chain from the simulator's own root to a leaf.

As at PayPal, the address in PAYPAL-CERT-URL serves the leaf and the intermediate authority; the
root is not in the file: the product has it in its settings. Certificates are valid by fixed dates,
since both the simulators' clock and the product's may be moved. Bad ones are served on request.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, cast, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mentorships.sandbox import store
from mentorships.sandbox.store import Json
from services.config import Settings

NAME = "messageverificationcerts.paypal.com"
CHOSEN = "paypal certificate"
PATH = "/v1/notifications/certs"

# good; out of date; of a stranger's root; of another host's name; without the intermediate;
# served from an address that only looks like PayPal's.
Use = Literal["good", "expired", "foreign", "other_name", "no_chain", "other_host"]
USES: tuple[Use, ...] = get_args(Use)

_BEGINS, _ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_EXPIRED = datetime(2021, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with which webhooks are signed, and where its certificates are served."""

    key: rsa.RSAPrivateKey
    url: str

    def sign(self, message: bytes) -> bytes:
        """The signature that PayPal calls SHA256withRSA."""
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def chosen(db: sqlite3.Connection) -> Use:
    """Which certificate webhooks are signed with at present."""
    return store.read_meta(db, CHOSEN) or "good"


def signer(db: sqlite3.Connection, settings: Settings, api: str, use: Use) -> Signer:
    """The key of a certificate, made when it is needed for the first time."""
    kept = _kept(db, settings, use)
    base = "https://api.paypal.com.example.com" if use == "other_host" else api
    return Signer(_leaf_key(kept["key"]), f"{base}{PATH}/{kept['id']}")


def served(db: sqlite3.Connection, settings: Settings, certificate_id: str) -> str | None:
    """The PEM file at a certificate's address, or None."""
    for use in USES:
        kept = _kept(db, settings, use)
        if kept["id"] == certificate_id:
            return str(kept["chain"])
    return None


def _kept(db: sqlite3.Connection, settings: Settings, use: Use) -> Json:
    root = _root(settings)
    digest = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    mark = digest.value.digest.hex()[:16]
    key = store.identity(db, f"paypal key {mark}", lambda: {"key": _pem(_new_leaf_key())})["key"]
    return store.identity(
        db,
        f"paypal {use} {mark}",
        lambda: {
            "id": f"CERT-{secrets.token_hex(4)}-{secrets.token_hex(8)}",
            "key": key,
            "chain": _chain(root, _leaf_key(key), use),
        },
    )


@lru_cache(maxsize=4)
def _leaf_key(pem: str) -> rsa.RSAPrivateKey:
    return cast(rsa.RSAPrivateKey, load_pem_private_key(pem.encode(), None))


def _root(settings: Settings) -> _Authority:
    key = load_pem_private_key(settings.simulated_paypal_root_key.encode(), None)
    certificate = x509.load_pem_x509_certificate(settings.simulated_paypal_root.encode())
    return _Authority(cast(ec.EllipticCurvePrivateKey, key), certificate)


def _new_leaf_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "PayPal simulator"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _begun(name: str, issuer: x509.Name, ends: datetime = _ENDS) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(ends)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _authority(name: str, issuer: _Authority | None) -> _Authority:
    """An authority of its own, or one that another vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    above = issuer.key if issuer else key
    vouched = issuer.certificate.subject if issuer else _name(name)
    certificate = (
        _begun(name, vouched)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False
        )
        .sign(above, hashes.SHA256())
    )
    return _Authority(key, certificate)


def _leaf(issuer: _Authority, key: rsa.RSAPrivateKey, name: str, ends: datetime) -> str:
    certificate = (
        _begun(name, issuer.certificate.subject, ends)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .sign(issuer.key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _chain(root: _Authority, key: rsa.RSAPrivateKey, use: Use) -> str:
    above = _authority("A stranger's root", None) if use == "foreign" else root
    between = _authority("Simulated intermediate authority", above)
    name = "messageverificationcerts.example.com" if use == "other_name" else NAME
    leaf = _leaf(between, key, name, _EXPIRED if use == "expired" else _ENDS)
    if use == "no_chain":
        return leaf
    return leaf + between.certificate.public_bytes(Encoding.PEM).decode()
