"""Damages of good samples: bits, cuts, copies, splices, known numbers."""

from __future__ import annotations

import random

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 2**31, 2**32 - 1, 2**53, 2**63, 2**64 - 1)
WORDS = (
    b'"cells"', b'"source"', b"null", b"NaN", b"1e999", b"[]", b"{}", b"\\ud800", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\r\n", b"[" * 400, b'{"a":' * 400, b"../", b"\0", b'"nbformat":3', b"-0",
)  # fmt: skip


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A few damages."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        _damage(found, other, rng)
    return bytes(found[:200_000])


def _damage(data: bytearray, other: bytes, rng: random.Random) -> None:
    at = rng.randint(0, len(data))
    what = rng.randrange(9)
    if what == 0 and data:
        data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
    elif what == 1 and data:
        data[min(at, len(data) - 1)] = rng.randrange(256)
    elif what == 2:
        del data[at : at + rng.choice([1, 2, 8, 64])]
    elif what == 3:
        data[at:at] = rng.randbytes(rng.choice([1, 2, 8]))
    elif what == 4:
        size = rng.choice([1, 4, 16, 100])
        data[at:at] = data[at : at + size] * rng.choice([1, 2, 30])
    elif what == 5:
        start = rng.randint(0, len(other))
        data[at:at] = other[start : start + rng.choice([4, 30, 300])]
    elif what == 6:
        data[at:at] = _var_uint(rng.choice(NUMBERS))
    elif what == 7:
        data[at:at] = rng.choice(WORDS)
    else:
        del data[at:]


def _var_uint(number: int) -> bytes:
    head = bytearray()
    while number > 127:
        head.append(128 | number & 127)
        number >>= 7
    return bytes((*head, number))
