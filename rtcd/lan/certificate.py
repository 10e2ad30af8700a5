"""The project's own certificate: made once, on the first share, and kept in the state folder.

ECDSA P-256, self-signed. Guests know it by the hash of its public key (the pin), so its names and
dates are only there because TLS wants some; it says ``rtcd`` and nothing about people or machines.
"""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rtcd.places import make_private_folder
from rtcd.server.pin import pin_of
from rtcd.server.private_file import read_private, write_private

VALID_DAYS = 3650
NAME = "rtcd"


def certificate_file(folder: Path) -> Path:
    """Key and certificate together (PEM), mode 0600."""
    return folder / "certificate.pem"


def ensure_certificate(folder: Path, now: datetime | None = None) -> str:
    """Make the project's certificate if there is none; returns its pin.

    Raises:
        RtcdError: others may read the file.
        OSError: it could not be written.
    """
    make_private_folder(folder)
    found = read_private(certificate_file(folder))
    if found is None:
        found = _make(now or datetime.now(UTC))
        write_private(certificate_file(folder), found)
    return pin_of(ssl.PEM_cert_to_DER_cert(_certificate_of(found)))


def certificate_pin(folder: Path) -> str:
    """The pin of the certificate that was made.

    Raises:
        RtcdError: others may read the file.
        ValueError: there is none.
    """
    return pin_of(_certificate_bytes(folder))


def certificate_ends(folder: Path) -> datetime:
    """The last moment at which a browser takes the certificate for valid.

    Raises:
        RtcdError: others may read the file.
        ValueError: there is none.
    """
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(_certificate_bytes(folder)).not_valid_after_utc


def _certificate_bytes(folder: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(_certificate_of(read_private(certificate_file(folder)) or ""))


def server_context(folder: Path) -> ssl.SSLContext:
    """The TLS context (1.3 only) of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Tickets would let a guest come back without the handshake; there is nothing to gain by them.
    context.num_tickets = 0
    context.load_cert_chain(os.fspath(certificate_file(folder)))
    return context


def _certificate_of(pem: str) -> str:
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    return pem[begin:]


def _make(now: datetime) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("rtcd.local")]), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + made.public_bytes(Encoding.PEM)).decode("ascii")
