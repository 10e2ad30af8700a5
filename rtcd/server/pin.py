"""Pinning: a server is who it was when we joined, known by its public key and by nothing else.

A pin is the SHA-256 (hex) of the certificate's SubjectPublicKeyInfo (as in RFC 7469). Names and dates
in the certificate mean nothing here. The pin is compared at the end of the TLS handshake, before
anything of ours is sent: a request, a token, a path.
"""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Iterator
from typing import Any

from rtcd.errors import ServerUnreachableError

FINGERPRINT_GROUP = 4


class PinMismatchError(ssl.SSLCertVerificationError):
    """The key on the wire is not the pinned one; raised inside the handshake."""


class KeyChangedError(ServerUnreachableError):
    """Whoever answers at the address is not the host that we joined; nothing was sent."""

    code = "key-changed"


def pin_of(certificate: bytes) -> str:
    """The pin of a certificate (DER).

    Raises:
        ValueError: it is no certificate.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    key = load_der_x509_certificate(certificate).public_key()
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def pinned_context(pin: str) -> ssl.SSLContext:
    """A TLS context (1.3) whose handshakes fail unless the server holds the pinned key.

    Works wherever a handshake runs on memory buffers: asyncio, and what is built on it.
    """

    class Pinned(ssl.SSLObject):
        """An ``SSLObject`` that compares the key before it lets anybody write."""

        def do_handshake(self) -> None:
            """Shake hands, then compare."""
            super().do_handshake()
            seen = pin_of(self.getpeercert(True) or b"")
            if not hmac.compare_digest(seen, pin):
                raise PinMismatchError("the server's key is not the one that was pinned")

    context = unverified_context()
    # Documented seam: what `wrap_bio` returns (ssl.SSLContext.sslobject_class).
    context.sslobject_class = Pinned
    return context


def unverified_context() -> ssl.SSLContext:
    """TLS 1.3 with whoever answers: for looking at a key, before anything is believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def is_pin_mismatch(error: BaseException) -> bool:
    """True when a wrong key is somewhere behind an error of a library."""
    return any(isinstance(one, PinMismatchError) for one in chain_of(error))


def key_changed(url: str) -> KeyChangedError:
    """The hard stop, in words."""
    return KeyChangedError(
        f"the computer at {url} is not the one you joined: it has another key. "
        "Nothing was sent to it",
        hint="Either another computer has that address now, or the host made a new key, or somebody "
        "stands between you. Ask the host; if it is right, ask for a new code and run "
        "`rtcd join CODE` here again.",
    )


def fingerprint(pin: str) -> str:
    """The first 128 bits of a pin in groups, for people to compare."""
    short = pin[:32].upper()
    return " ".join(
        short[at : at + FINGERPRINT_GROUP] for at in range(0, len(short), FINGERPRINT_GROUP)
    )


def is_pin(text: Any) -> bool:  # noqa: ANN401 - whatever came from outside
    """True for 64 lower-case hex digits."""
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An error, and all that led to it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
