"""The two ends of one attempt to prove a code: bytes in, bytes out, no network.

SPAKE2 (RFC 9382 in spirit, the ``spake2`` package in the letter: Ed25519 group, sides A and B) makes
a strong key from the weak code. Both ends then prove that they have the same key (HMAC-SHA256) over
everything that was said, and over the *channel*: the pin of the TLS key that each end believes to
be on the wire. Somebody in the middle with a key of their own makes the two channels differ.
What is told goes sealed (ChaCha20-Poly1305) under keys that are used once.

The guest proves first. A wrong guess is so always seen by the host; and an attempt that is left
before its proof has learned nothing.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

from rtcd.errors import RtcdError
from rtcd.lan.exchange_states import (
    GUEST,
    HOST,
    GuestState,
    GuestTurn,
    HostState,
    HostTurn,
    move,
)
from rtcd.lan.join_code import JoinCode

VERSION = 1
SHARE_BYTES = 33
PROOF_BYTES = 32
MAX_SEALED_BYTES = 4096
GUEST_ID, HOST_ID = b"rtcd guest 1", b"rtcd host 1"

Entropy = Callable[[int], bytes]


class WrongProofError(RtcdError):
    """The other end does not know the code, or is not on the channel that we see."""

    code = "wrong-code"


class _Keys:
    """What both ends derive; equal only if code, messages and channel are."""

    def __init__(
        self, secret: bytes, guest_share: bytes, host_share: bytes, channel: bytes
    ) -> None:
        from cryptography.hazmat.primitives.hashes import SHA256, Hash
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        digest = Hash(SHA256())
        for part in (b"rtcd join %d" % VERSION, guest_share, host_share, channel):
            digest.update(len(part).to_bytes(4, "big") + part)
        self.transcript = digest.finalize()

        def derive(label: bytes) -> bytes:
            return HKDF(SHA256(), 32, self.transcript, b"rtcd join " + label).derive(secret)

        self._guest_proof, self._host_proof = derive(b"guest proof"), derive(b"host proof")
        self._to_host, self._to_guest = derive(b"to host"), derive(b"to guest")

    def guest_proof(self) -> bytes:
        return hmac.digest(self._guest_proof, self.transcript, "sha256")

    def host_proof(self) -> bytes:
        return hmac.digest(self._host_proof, self.transcript, "sha256")

    def seal_to_host(self, told: dict[str, Any]) -> bytes:
        return _seal(self._to_host, told, self.transcript)

    def seal_to_guest(self, told: dict[str, Any]) -> bytes:
        return _seal(self._to_guest, told, self.transcript)

    def open_at_host(self, sealed: bytes) -> dict[str, Any]:
        return _open(self._to_host, sealed, self.transcript)

    def open_at_guest(self, sealed: bytes) -> dict[str, Any]:
        return _open(self._to_guest, sealed, self.transcript)


class GuestExchange:
    """The guest's end.

    Args:
        code: what the person typed.
        channel: the pin of the key that the TLS connection showed; empty without one of the host's.
        entropy: random bytes (``os.urandom``).
    """

    def __init__(self, code: JoinCode, channel: bytes, entropy: Entropy) -> None:
        from spake2 import SPAKE2_A

        self.state = GuestState.NEW
        self._channel = channel
        self._spake = SPAKE2_A(code.secret, GUEST_ID, HOST_ID, entropy_f=entropy)
        self._share = b""
        self._keys: _Keys | None = None

    def greet(self) -> bytes:
        """Our share of the key, for the host."""
        self.state = move(GUEST, self.state, GuestTurn.GREET)
        self._share = bytes(self._spake.start())
        return self._share

    def prove(self, host_share: bytes, told: dict[str, Any]) -> tuple[bytes, bytes]:
        """Our proof of the code, and what we tell the host (sealed).

        Raises:
            WrongProofError: the host's share is none.
        """
        after = move(GUEST, self.state, GuestTurn.HOST_SHARE)
        secret = _finish(self._spake, host_share)
        if secret is None:
            self.give_up()
            raise WrongProofError("the host's answer is not one of rtcd")
        self.state = after
        self._keys = _Keys(secret, self._share, host_share, self._channel)
        return self._keys.guest_proof(), self._keys.seal_to_host(told)

    def conclude(self, host_proof: bytes, sealed: bytes) -> dict[str, Any]:
        """Check the host's proof; returns what it tells.

        Raises:
            WrongProofError: whoever answers does not know the code.
        """
        after = move(GUEST, self.state, GuestTurn.HOST_PROOF)
        assert self._keys is not None
        try:
            if not hmac.compare_digest(host_proof, self._keys.host_proof()):
                raise WrongProofError("whoever answers there does not know the code")
            told = self._keys.open_at_guest(sealed)
        except WrongProofError:
            self.give_up()
            raise
        self.state = after
        return told

    def give_up(self) -> None:
        """The host refused, or is gone."""
        self.state = move(GUEST, self.state, GuestTurn.WRONG)


class HostExchange:
    """The host's end of one attempt; the arguments are those of ``GuestExchange``."""

    def __init__(self, code: JoinCode, channel: bytes, entropy: Entropy) -> None:
        from spake2 import SPAKE2_B

        self.state = HostState.NEW
        self._channel = channel
        self._spake = SPAKE2_B(code.secret, GUEST_ID, HOST_ID, entropy_f=entropy)
        self._keys: _Keys | None = None

    def answer(self, guest_share: bytes) -> bytes:
        """Our share of the key, for the guest. It tells nothing about the code.

        Raises:
            WrongProofError: the guest's share is none.
        """
        after = move(HOST, self.state, HostTurn.GUEST_SHARE)
        share = bytes(self._spake.start())
        secret = _finish(self._spake, guest_share)
        if secret is None:
            self.state = move(HOST, self.state, HostTurn.WRONG)
            raise WrongProofError("the guest's greeting is not one of rtcd")
        self.state = after
        self._keys = _Keys(secret, guest_share, share, self._channel)
        return share

    def check(self, guest_proof: bytes, sealed: bytes) -> dict[str, Any]:
        """Check the guest's proof; returns what the guest tells about itself.

        Raises:
            WrongProofError: the guest does not know the code, or sees another key than ours.
        """
        after = move(HOST, self.state, HostTurn.GUEST_PROOF)
        assert self._keys is not None
        try:
            if not hmac.compare_digest(guest_proof, self._keys.guest_proof()):
                raise WrongProofError("the guest does not know the code")
            told = self._keys.open_at_host(sealed)
        except WrongProofError:
            self.state = move(HOST, self.state, HostTurn.WRONG)
            raise
        self.state = after
        return told

    def admit(self, told: dict[str, Any]) -> tuple[bytes, bytes]:
        """Our proof, and what the guest came for (sealed). Only after ``check``."""
        if self.state is not HostState.ADMITTED or self._keys is None:
            raise RuntimeError("nobody is admitted before the guest's proof")
        return self._keys.host_proof(), self._keys.seal_to_guest(told)


def _finish(spake: Any, share: bytes) -> bytes | None:  # noqa: ANN401 - the library has no types
    """The key; None when the share is no valid one (the library raises all sorts of errors)."""
    from spake2 import SPAKEError
    from spake2.ed25519_basic import NotOnCurve

    if len(share) != SHARE_BYTES:
        return None
    try:
        return bytes(spake.finish(share))
    except (SPAKEError, NotOnCurve, ValueError, AssertionError):
        return None


def _seal(key: bytes, told: dict[str, Any], transcript: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    # A nonce of zeros: each key seals one message.
    return ChaCha20Poly1305(key).encrypt(bytes(12), json.dumps(told).encode(), transcript)


def _open(key: bytes, sealed: bytes, transcript: bytes) -> dict[str, Any]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        told = json.loads(ChaCha20Poly1305(key).decrypt(bytes(12), sealed, transcript))
    except (InvalidTag, ValueError, RecursionError):
        raise WrongProofError("what came with the proof cannot be read") from None
    if not isinstance(told, dict):
        raise WrongProofError("what came with the proof cannot be read")
    return told
