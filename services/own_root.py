"""The certificate root of the local simulators, made from a secret of ours: two processes that
share the secret have the same root, and no file is passed between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of the local simulators")])
_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
_LASTS = timedelta(days=365 * 60)


@lru_cache(4)
def root(secret: bytes) -> tuple[str, str]:
    """The root's private key and its certificate, both as PEM.

    Args:
        secret: 32 random bytes.
    """
    key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder(_NAME, _NAME, key.public_key(), serial_number=1)
        .not_valid_before(_BEGINS)
        .not_valid_after(_BEGINS + _LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private.decode(), certificate.public_bytes(Encoding.PEM).decode()


def _usage() -> x509.KeyUsage:
    """It signs certificates and nothing else."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
