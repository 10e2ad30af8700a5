"""Ids under which documents and people are known in a room."""

from __future__ import annotations

from collections.abc import Callable


def new_client_id(random_bits: Callable[[int], int]) -> int:
    """A client id (32 bits, as Yjs makes them) from ``random.getrandbits`` or the like."""
    return random_bits(32) | 1
