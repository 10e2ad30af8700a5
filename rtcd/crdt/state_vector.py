"""State vectors: for every client id the number of its edits that are known.

Wire form (Yjs, version 1): a count, then pairs of client id and clock, all variable-length
integers of 7 bits a byte, lowest first.
"""

from __future__ import annotations

from collections.abc import Mapping

from rtcd.errors import UpdateRefusedError

MAX_INTEGER_BITS = 64


def parse_state_vector(data: bytes) -> dict[int, int]:
    """Clock by client id.

    Raises:
        UpdateRefusedError: the bytes are no state vector.
    """
    count, position = _read_integer(data, 0)
    if count > len(data):
        raise UpdateRefusedError("a state vector names more clients than it can hold")
    clocks: dict[int, int] = {}
    for _ in range(count):
        client, position = _read_integer(data, position)
        clocks[client], position = _read_integer(data, position)
    if position != len(data):
        raise UpdateRefusedError("a state vector has bytes behind its end")
    return clocks


def format_state_vector(clocks: Mapping[int, int]) -> bytes:
    """The opposite of ``parse_state_vector``."""
    numbers = [len(clocks)]
    for client, clock in clocks.items():
        numbers += [client, clock]
    return b"".join(map(_written, numbers))


def covers(newer: bytes, older: bytes) -> bool:
    """True when everything known in the state ``older`` is known in ``newer`` too.

    Deletions are not part of state vectors: equal vectors do not prove equal texts.

    Raises:
        UpdateRefusedError: one of them is no state vector.
    """
    have = parse_state_vector(newer)
    return all(have.get(client, 0) >= clock for client, clock in parse_state_vector(older).items())


def _written(number: int) -> bytes:
    """A variable-length integer: seven bits a byte, the lowest first (lib0)."""
    written = bytearray()
    while number > 0x7F:
        written.append(0x80 | number & 0x7F)
        number >>= 7
    written.append(number)
    return bytes(written)


def _read_integer(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while shift < MAX_INTEGER_BITS:
        if position >= len(data):
            raise UpdateRefusedError("a state vector ends too early")
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    raise UpdateRefusedError("a state vector holds a number that is too large")
