"""Which edits an update holds, by id, without applying it.

Every insertion in a Yjs document has an id: client and clock. An update inserts some ids and
deletes others. The server echoes what an update *changed*: not at all when nothing was new to it,
re-encoded or joined with others when part of it was (measured: a deletion somebody else had made
already gets no echo; an insertion waiting for another comes back as one with it). So an
acknowledgement cannot be a comparison of bytes; it is the knowledge that the server has these ids.

The walk also refuses values nested deeper than 200, before a decoder recurses into them.
Wire form: Yjs update, version 1 (``yjs/src/utils/encoding.js`` describes it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pycrdt

from rtcd.crdt.state_vector import parse_state_vector
from rtcd.crdt.wire import Reader
from rtcd.errors import UpdateRefusedError

MAX_DEPTH = 200

Range = tuple[int, int]

HAS_LEFT, HAS_RIGHT, HAS_KEY = 0x80, 0x40, 0x20
GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
XML_ELEMENT, XML_HOOK = 3, 5
FIXED_SIZES = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
ANY_BUFFER, ANY_ARRAY, ANY_OBJECT, ANY_STRING, ANY_INTEGER = 116, 117, 118, 119, 125


@dataclass(frozen=True, slots=True)
class EditSpan:
    """Ids that an update inserts and deletes; ranges are [start, end) of clocks, by client."""

    inserted: Mapping[int, tuple[Range, ...]]
    deleted: Mapping[int, tuple[Range, ...]]


def span_of(update: bytes) -> EditSpan:
    """Read an update's ids.

    Raises:
        UpdateRefusedError: it is no update, or values in it are nested too deeply.
    """
    reader = Reader(update)
    inserted: dict[int, tuple[Range, ...]] = {}
    for _ in range(reader.integer()):
        count, client, clock = reader.integer(), reader.integer(), reader.integer()
        ranges = _read_structs(reader, count, clock)
        if ranges:
            inserted[client] = (*inserted.get(client, ()), *ranges)
    deleted = _read_deletions(reader)
    if not reader.at_end:
        raise UpdateRefusedError("an update has bytes behind its end")
    return EditSpan(inserted, deleted)


def span_of_state(update: bytes) -> EditSpan:
    """The same for the whole state of a document, fast; ids behind a gap are left out.

    Raises:
        UpdateRefusedError: it is no update.
    """
    try:
        state_vector = pycrdt.get_state(update)
        rest = pycrdt.get_update(update, state_vector)
    except (ValueError, RuntimeError) as error:
        raise UpdateRefusedError(f"an update could not be read: {error}") from error
    clocks = parse_state_vector(state_vector)
    return EditSpan(
        {client: ((0, clock),) for client, clock in clocks.items()}, span_of(rest).deleted
    )


def _read_structs(reader: Reader, count: int, clock: int) -> tuple[Range, ...]:
    ranges: list[Range] = []
    for _ in range(count):
        info = reader.byte()
        kind = info & 0x1F
        if kind in (GC, SKIP):
            length = reader.integer()
        else:
            _skip_links(reader, info)
            length = _read_content(reader, kind)
        if kind != SKIP:
            if ranges and ranges[-1][1] == clock:
                ranges[-1] = (ranges[-1][0], clock + length)
            else:
                ranges.append((clock, clock + length))
        clock += length
    return tuple(ranges)


def _skip_links(reader: Reader, info: int) -> None:
    for flag in (HAS_LEFT, HAS_RIGHT):
        if info & flag:
            reader.integer()
            reader.integer()
    if info & (HAS_LEFT | HAS_RIGHT):
        return
    if reader.integer() == 1:
        reader.skip(reader.integer())
    else:
        reader.integer()
        reader.integer()
    if info & HAS_KEY:
        reader.skip(reader.integer())


def _read_content(reader: Reader, kind: int) -> int:
    """Pass over the content; how many clocks it takes."""
    if kind == DELETED:
        return reader.integer()
    if kind == STRING:
        return len(reader.string().encode("utf-16-le", "surrogatepass")) // 2
    if kind == JSON:
        count = reader.integer()
        for _ in range(count):
            reader.skip(reader.integer())
        return count
    if kind == ANY:
        count = reader.integer()
        for _ in range(count):
            skip_any(reader)
        return count
    if kind in (BINARY, EMBED):
        reader.skip(reader.integer())
    elif kind == FORMAT:
        reader.skip(reader.integer())
        reader.skip(reader.integer())
    elif kind == TYPE:
        if reader.integer() in (XML_ELEMENT, XML_HOOK):
            reader.skip(reader.integer())
    elif kind == DOC:
        reader.skip(reader.integer())
        skip_any(reader)
    else:
        raise UpdateRefusedError(f"an update holds content of the unknown kind {kind}")
    return 1


def skip_any(reader: Reader) -> None:
    """Pass over one JSON-like value, without recursion.

    Raises:
        UpdateRefusedError: it is cut short, of unknown kind, or nested deeper than 200.
    """
    # One entry for each container that is open: how many items are left, and whether they have keys.
    items_left, has_keys = [1], [False]
    while items_left:
        if items_left[-1] == 0:
            items_left.pop()
            has_keys.pop()
            continue
        items_left[-1] -= 1
        if has_keys[-1]:
            reader.skip(reader.integer())
        kind = reader.byte()
        if kind in (ANY_ARRAY, ANY_OBJECT):
            items_left.append(reader.integer())
            has_keys.append(kind == ANY_OBJECT)
            if len(items_left) > MAX_DEPTH + 1:
                raise UpdateRefusedError("an update holds a value that is nested too deeply")
        elif kind in (ANY_STRING, ANY_BUFFER):
            reader.skip(reader.integer())
        elif kind == ANY_INTEGER:
            while reader.byte() >= 0x80:
                pass
        elif kind in FIXED_SIZES:
            reader.skip(FIXED_SIZES[kind])
        else:
            raise UpdateRefusedError(f"an update holds a value of the unknown kind {kind}")


def _read_deletions(reader: Reader) -> dict[int, tuple[Range, ...]]:
    deleted: dict[int, tuple[Range, ...]] = {}
    for _ in range(reader.integer()):
        client, count = reader.integer(), reader.integer()
        ranges = []
        for _ in range(count):
            start = reader.integer()
            ranges.append((start, start + reader.integer()))
        deleted[client] = (*deleted.get(client, ()), *ranges)
    return deleted
