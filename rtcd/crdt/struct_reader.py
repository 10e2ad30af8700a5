"""The structs of an update as Yjs writes it (version 1), without decoding what is in them.

Only for updates that ``check_update`` has let through: what it cannot walk is refused there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtcd.crdt.update_limits import (
    ANY,
    BINARY,
    COLLECTED,
    DELETED,
    DOCUMENT,
    EMBED,
    FORMAT,
    HAS_KEY,
    HAS_ORIGIN,
    HAS_RIGHT_ORIGIN,
    KIND_BITS,
    SKIPPED,
    STRING,
    TYPE,
    XML_TYPES_WITH_NAME,
    UpdateWalk,
)

Identity = tuple[int, int]
"""A client, and a clock of its."""

BY_NAME = 1


@dataclass(frozen=True, slots=True)
class Struct:
    """One struct; ``length`` in clocks.

    ``inside`` is the item of the type that holds it, ``beside`` the item next to which it was put
    (then they are in the same type); both None for what is in a root, and for what is no item.
    ``is_hole``: these clocks are left out.
    """

    client: int
    clock: int
    length: int
    inside: Identity | None
    beside: Identity | None
    is_type: bool
    is_hole: bool = False


def read_structs(update: bytes) -> Iterator[Struct]:
    """All structs, client by client in the order of their clocks.

    Raises:
        UpdateRefusedError: it is not in the form that Yjs writes.
    """
    walk = UpdateWalk(update)
    for _ in range(walk.number()):
        count = walk.number()
        client = walk.long_number()
        clock = walk.number()
        for _ in range(count):
            struct = _read(walk, client, clock)
            clock += struct.length
            yield struct


def _read(walk: UpdateWalk, client: int, clock: int) -> Struct:
    info = walk.byte()
    if info in (COLLECTED, SKIPPED):
        length, is_hole = walk.number(), info == SKIPPED
        return Struct(client, clock, length, None, None, is_type=False, is_hole=is_hole)
    left = _identity(walk) if info & HAS_ORIGIN else None
    right = _identity(walk) if info & HAS_RIGHT_ORIGIN else None
    beside = left or right
    inside = None
    if beside is None:
        if walk.number() == BY_NAME:
            walk.skip_bytes()
        else:
            inside = _identity(walk)
        if info & HAS_KEY:
            walk.skip_bytes()
    kind = info & KIND_BITS
    return Struct(client, clock, _content(walk, kind), inside, beside, is_type=kind == TYPE)


def _identity(walk: UpdateWalk) -> Identity:
    return walk.long_number(), walk.number()


def _content(walk: UpdateWalk, kind: int) -> int:
    """Pass over the content; its length in clocks."""
    if kind == DELETED:
        return walk.number()
    if kind == STRING:
        text = walk.take_bytes()
        # Clocks count UTF-16 code units.
        return (
            len(text)
            if text.isascii()
            else len(text.decode("utf-8", "replace").encode("utf-16-le")) // 2
        )
    if kind == ANY:
        count = walk.number()
        walk.skip_values(count)
        return count
    if kind == TYPE:
        if walk.number() in XML_TYPES_WITH_NAME:
            walk.skip_bytes()
    elif kind == DOCUMENT:
        walk.skip_bytes()
        walk.skip_values(1)
    elif kind == FORMAT:
        walk.skip_bytes()
        walk.skip_bytes()
    elif kind in (BINARY, EMBED):
        walk.skip_bytes()
    return 1
