"""The Yjs sync protocol without IO: bytes to values and back.

A message is a message type (0), a subtype, and bytes with their count in front
(y-protocols, ``PROTOCOL.md``; Jupyter uses it unchanged).
"""

from __future__ import annotations

from dataclasses import dataclass

import pycrdt

from rtcd.crdt.wire import Reader, write_bytes
from rtcd.errors import UpdateRefusedError

SYNC = 0
STEP1, STEP2, UPDATE = range(3)

EMPTY_STATE_VECTOR = b"\x00"
EMPTY_UPDATE = b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Step1:
    """A question: what do I lack? With the asker's state vector."""

    state_vector: bytes

    def encode(self) -> bytes:
        """The whole message."""
        return bytes((SYNC, STEP1)) + write_bytes(self.state_vector)


@dataclass(frozen=True, slots=True)
class Step2:
    """The answer: everything that the asker lacked, as one update."""

    update: bytes

    def encode(self) -> bytes:
        """The whole message."""
        return bytes((SYNC, STEP2)) + write_bytes(self.update)


@dataclass(frozen=True, slots=True)
class Update:
    """One change, as it happens."""

    update: bytes

    def encode(self) -> bytes:
        """The whole message."""
        return bytes((SYNC, UPDATE)) + write_bytes(self.update)


SyncMessage = Step1 | Step2 | Update

KINDS: tuple[type[Step1] | type[Step2] | type[Update], ...] = (Step1, Step2, Update)


def decode_sync(message: bytes) -> SyncMessage:
    """A message of type SYNC as a value; the payload is not looked into.

    Raises:
        UpdateRefusedError: it is no sync message, cut short, or has bytes behind its end.
    """
    reader = Reader(message)
    if reader.byte() != SYNC:
        raise UpdateRefusedError("this is not a sync message")
    subtype = reader.byte()
    if subtype >= len(KINDS):
        raise UpdateRefusedError(f"a sync message of the unknown kind {subtype}")
    payload = reader.payload()
    if not reader.at_end:
        raise UpdateRefusedError("a sync message has bytes behind its end")
    return KINDS[subtype](payload)


def merge_updates(updates: list[bytes]) -> bytes:
    """One update that does what all of them do. They must have passed ``check_update``.

    Raises:
        UpdateRefusedError: one of them is no update.
    """
    try:
        return pycrdt.merge_updates(*updates)
    except (ValueError, RuntimeError) as error:
        raise UpdateRefusedError(f"updates could not be merged: {error}") from error
