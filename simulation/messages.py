"""Messages between rooms and clients, as jupyter-collaboration puts them on the wire."""

from __future__ import annotations

import json
from typing import Any

from pycrdt import Decoder, Encoder


def sync_message(kind: int, payload: bytes) -> bytes:
    """A message of type SYNC."""
    encoder = Encoder()
    encoder.write_var_uint(0)
    encoder.write_var_uint(kind)
    return encoder.to_bytes() + var_bytes(payload)


def var_bytes(payload: bytes) -> bytes:
    """Bytes with their count in front."""
    length, head = len(payload), bytearray()
    while length > 127:
        head.append(128 | length & 127)
        length >>= 7
    return bytes((*head, length)) + payload


def raw_message(value: object) -> bytes:
    """A message of type RAW."""
    encoder = Encoder()
    encoder.write_var_uint(2)
    encoder.write_var_string(json.dumps(value))
    return encoder.to_bytes()


def awareness_states(message: bytes) -> dict[int, Any]:
    """Client ids and states of an awareness message."""
    outer = Decoder(message)
    outer.read_var_uint()
    inner = Decoder(outer.read_message() or b"")
    states: dict[int, Any] = {}
    for _ in range(inner.read_var_uint()):
        client = inner.read_var_uint()
        inner.read_var_uint()
        states[client] = json.loads(inner.read_var_string())
    return states
