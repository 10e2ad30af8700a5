"""How deeply shared types are nested in each other, over all updates of one document.

The library deletes a type with everything inside it by recursion: some 40,000 nested maps overflow
the stack and end the process (measured: 20,000 do not). Each map can come in an update of its own
of fifteen bytes, so no look at one update tells. A document with few types cannot be that deep; so
types are counted, which costs next to nothing, and only when thousands have come since the last
look, all structs of the document are walked through and their depth is known.

Depth is that of parents: a root is 0, a map in it 1. An item that names no parent has that of the
item that it stands beside.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rtcd.crdt.struct_reader import Struct, read_structs
from rtcd.errors import UpdateRefusedError

MAX_TYPE_DEPTH = 200
MAX_UNCHECKED_TYPES = 2_000
MAX_UNCHECKED_BYTES = 16 * 1024 * 1024

_PLACE = tuple[int, int]
"""A client, and the number of one of its ranges."""


class TypeBudget:
    """Counts the types of one document; looks at all of it when thousands are new.

    ``recent`` are the updates with types since the last look: the library does not give back those
    that wait for others.
    """

    def __init__(self) -> None:
        self._unchecked = 0
        self._recent: list[bytes] = []
        self._recent_bytes = 0

    def admit(self, update: bytes, types: int, whole: Callable[[], bytes]) -> None:
        """Take a new update into account, before it is applied.

        Args:
            update: the new one.
            types: at most so many types are in it.
            whole: gives the document as it is now, as one update.

        Raises:
            UpdateRefusedError: the document would be nested too deeply.
        """
        if not types:
            return
        self._unchecked += types
        self._recent.append(update)
        self._recent_bytes += len(update)
        if self._unchecked > MAX_UNCHECKED_TYPES or self._recent_bytes > MAX_UNCHECKED_BYTES:
            check_nesting((whole(), *self._recent))
            self._unchecked = self._recent_bytes = 0
            self._recent.clear()

    def copy(self) -> TypeBudget:
        """For a second document of the same state."""
        other = TypeBudget()
        other._unchecked = self._unchecked
        other._recent = list(self._recent)
        other._recent_bytes = self._recent_bytes
        return other


@dataclass(frozen=True, slots=True)
class _Height:
    """How many types are around an item; adrift: nobody knows what is around the outermost."""

    outer: int
    is_adrift: bool


@dataclass(slots=True)
class _Ranges:
    """What one client made: where each struct begins, and the structs."""

    starts: list[int] = field(default_factory=list)
    structs: list[Struct] = field(default_factory=list)

    def find(self, clock: int) -> int | None:
        """The number of the struct that holds a clock."""
        place = bisect.bisect_right(self.starts, clock) - 1
        if place < 0 or clock >= self.starts[place] + self.structs[place].length:
            return None
        return place


def check_nesting(updates: Iterable[bytes]) -> None:
    """Refuse what the library could not delete again.

    Args:
        updates: those that make up the document, the new one included; in any order.

    Raises:
        UpdateRefusedError: types are nested deeper than 200 levels, or what holds them is missing;
            or an update cannot be read.
    """
    clients = _collect(updates)
    known: dict[_PLACE, _Height] = {}
    for place in _types(clients):
        height = _height(place, clients, known)
        if height.is_adrift:
            # A server sends things in their order. Pieces without their holders could be joined
            # into something deep by one small update.
            raise UpdateRefusedError("shared values came without what holds them")
        if height.outer >= MAX_TYPE_DEPTH:
            raise UpdateRefusedError(
                f"shared values are nested deeper than {MAX_TYPE_DEPTH} levels"
            )


def _collect(updates: Iterable[bytes]) -> dict[int, _Ranges]:
    found: dict[int, dict[int, Struct]] = {}
    for update in updates:
        for struct in read_structs(update):
            found.setdefault(struct.client, {})[struct.clock] = struct
    clients = {}
    for client, structs in found.items():
        starts = sorted(structs)
        clients[client] = _Ranges(starts, [structs[start] for start in starts])
    return clients


def _types(clients: dict[int, _Ranges]) -> Iterator[_PLACE]:
    for client, ranges in clients.items():
        for number, struct in enumerate(ranges.structs):
            if struct.is_type:
                yield client, number


def _height(place: _PLACE, clients: dict[int, _Ranges], known: dict[_PLACE, _Height]) -> _Height:
    """Where an item is, found without recursion."""
    way: list[_PLACE] = []
    on_way: set[_PLACE] = set()
    here: _PLACE | None = place
    height = _Height(0, is_adrift=False)
    while here is not None:
        if here in known:
            height = _above(known[here], way[-1], clients) if way else known[here]
            break
        if here in on_way:
            raise UpdateRefusedError("shared values hold themselves")
        on_way.add(here)
        way.append(here)
        struct = _struct(here, clients)
        target = struct.inside or struct.beside
        if target is None:
            break
        here = _find(target, clients)
        if here is None:
            height = _Height(0, is_adrift=True)
    while way:
        one = way.pop()
        known[one] = height
        if way:
            height = _above(height, way[-1], clients)
    return known[place]


def _above(holder: _Height, item: _PLACE, clients: dict[int, _Ranges]) -> _Height:
    """The height of an item, from that of the one it is inside of, or stands beside."""
    if _struct(item, clients).inside is None:
        return holder
    return _Height(holder.outer + 1, is_adrift=holder.is_adrift)


def _struct(place: _PLACE, clients: dict[int, _Ranges]) -> Struct:
    return clients[place[0]].structs[place[1]]


def _find(identity: tuple[int, int], clients: dict[int, _Ranges]) -> _PLACE | None:
    client, clock = identity
    ranges = clients.get(client)
    number = ranges.find(clock) if ranges is not None else None
    return None if number is None else (client, number)
