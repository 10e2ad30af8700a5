"""Limits of an update from outside, checked before the library decodes it.

The library decodes a nested plain value by recursion: 50,000 arrays within each other, 100 kB on
the wire, overflow the stack and end the process; nothing can catch that. So the nesting is counted
here, without recursion, in a walk over the update as Yjs writes it (version 1). The walk is
strict: what it cannot read is refused, so that it and the library never disagree about where a
value begins. (Lengths are 32-bit numbers, and the library silently cuts longer ones.)

Most updates are a few typed characters and need no walk: every level of nesting takes one byte
with the tag of an array or an object, so an update with no more such bytes than levels allowed
is harmless, and counting bytes costs next to nothing.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from rtcd.errors import UpdateRefusedError

MAX_UPDATE_BYTES = 64 * 1024 * 1024
MAX_NESTING = 200
WORTH_COUNTING_BYTES = 4096

# The first byte of a struct: what follows about its place, and what kind of content it has.
HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_KEY, KIND_BITS = 0x80, 0x40, 0x20, 0x1F
COLLECTED, DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOCUMENT = 0, 1, 3, 4, 5, 6, 7, 8, 9
SKIPPED = 10
PLAIN_TYPES = (0, 1, 2, 4, 6)
XML_TYPES_WITH_NAME = (3, 5)

TYPE_BYTES = bytes(info for info in range(256) if info & KIND_BITS == TYPE)

# The first byte of a plain value.
BYTES_TAG, ARRAY_TAG, OBJECT_TAG, STRING_TAG = 0x74, 0x75, 0x76, 0x77

MAX_NUMBER = 2**32 - 1
MAX_SHIFT = 28
MAX_LONG_SHIFT = 63
MORE_FOLLOWS = 0x80

# Numbers are written in groups of 7 bits, lowest first; all but the last byte have the top bit.
NUMBER = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
CLIENT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
ID = CLIENT + NUMBER
SHORT_STRING = b"(?:" + b"|".join(re.escape(bytes([n])) + b"." * n for n in range(24)) + b")"

# Plain values without other values inside: constants, numbers, short strings.
EASY_VALUE = (
    rb"(?>[\x78\x79\x7e\x7f]|\x7d[\x80-\xff]{0,9}[\x00-\x7f]|\x7c.{4}|[\x7a\x7b].{8}|\x77"
    + SHORT_STRING
    + b")"
)
EASY_ENTRY = b"(?>" + SHORT_STRING + EASY_VALUE + b")"
LONG_RUN = 256
SHORT_RUN = 16


class _Units:
    """Patterns that read many easy units in one match, as single matches are slow."""

    def __init__(self, unit: bytes) -> None:
        self._unit = unit

    @functools.cached_property
    def long_run(self) -> re.Pattern[bytes]:
        return re.compile(b"(?s:%b{%d})" % (self._unit, LONG_RUN))

    @functools.cached_property
    def short_run(self) -> re.Pattern[bytes]:
        # Each unit leaves an empty group behind it: the number of the last group counts them.
        nested = b"(?:" + self._unit + b"()"
        return re.compile(b"(?s:" + nested * SHORT_RUN + b")?" * SHORT_RUN + b")")


class _Heads(dict[int, re.Pattern[bytes]]):
    """What a struct may begin with, by its first byte."""

    def __missing__(self, info: int) -> re.Pattern[bytes]:
        self[info] = _head(info)
        return self[info]


class _Patterns:
    """Everything a walk needs; compiled where it is first used, as all together take 0.06 s."""

    def __init__(self) -> None:
        self.items = _Units(EASY_VALUE)
        self.entries = _Units(EASY_ENTRY)
        self.id = re.compile(ID)
        self.heads = _Heads()

    @functools.cached_property
    def one_easy_value(self) -> re.Pattern[bytes]:
        return re.compile(rb"(?s:\x01" + EASY_VALUE + b")")


PATTERNS = _Patterns()


def _head(info: int) -> re.Pattern[bytes]:
    """What stands between a struct's first byte and its content, short names only.

    Where the content is only a number, that too.
    """
    if info in (COLLECTED, SKIPPED):
        return re.compile(NUMBER)
    pattern = ID * (bool(info & HAS_ORIGIN) + bool(info & HAS_RIGHT_ORIGIN))
    if not pattern:
        pattern = rb"(?:\x01" + SHORT_STRING + rb"|\x00" + ID + b")"
        pattern += SHORT_STRING if info & HAS_KEY else b""
    if info & KIND_BITS == DELETED:
        pattern += NUMBER
    return re.compile(b"(?s:" + pattern + b")")


@dataclass(frozen=True, slots=True)
class CheckedUpdate:
    """What the look at an update has shown.

    ``types``: at most so many shared types are in it. ``first_clocks``: where what it brings of
    each client begins, None when it was not walked through. ``has_hole``: clocks are left out.
    """

    types: int
    first_clocks: dict[int, int] | None = None
    has_hole: bool = False


def check_update(update: bytes) -> CheckedUpdate:
    """Refuse an update that must not be decoded.

    An update is often looked at twice, when it arrives and when it is applied: the last one that
    was found good is known by its identity.

    Raises:
        UpdateRefusedError: it is larger than 64 MB, nested deeper than 200 levels, or, where it
            had to be walked through, not an update in the form that Yjs writes.
    """
    if len(update) > MAX_UPDATE_BYTES:
        raise UpdateRefusedError(f"an update of {len(update)} bytes is larger than 64 MB")
    if _is_too_small_to_nest(update):
        return CheckedUpdate(len(update) - len(update.translate(None, TYPE_BYTES)))
    if _last_good and _last_good[0][0] is update:
        return _last_good.pop()[1]
    walk = UpdateWalk(update)
    try:
        walk.structs()
    except IndexError:
        raise _unreadable() from None
    checked = CheckedUpdate(walk.types, walk.first_clocks, walk.has_hole)
    _last_good[:] = [(update, checked)]
    return checked


_last_good: list[tuple[bytes, CheckedUpdate]] = []


def _is_too_small_to_nest(update: bytes) -> bool:
    # In large ones there are always enough such bytes, and the walk may be shorter than the count.
    return (
        len(update) <= WORTH_COUNTING_BYTES
        and update.count(ARRAY_TAG) + update.count(OBJECT_TAG) <= MAX_NESTING
    )


class UpdateWalk:
    """A position in an update, moving forward over what is read; IndexError behind its end.

    ``types``, ``first_clocks``, ``has_hole``: what ``structs`` has seen, see ``CheckedUpdate``.
    """

    def __init__(self, update: bytes) -> None:
        self._data = update
        self._at = 0
        self._patterns = PATTERNS
        self.types = 0
        self.first_clocks: dict[int, int] = {}
        self.has_hole = False

    def structs(self) -> None:
        """All structs of all clients; the deletions behind them hold no values."""
        for _ in range(self.number()):
            count = self.number()
            client = self.long_number()
            self.first_clocks[client] = self.number()
            self._structs_of_client(count)

    def _structs_of_client(self, count: int) -> None:
        # The loop that costs: no calls but for what is rare.
        data, patterns, at = self._data, self._patterns, self._at
        heads = patterns.heads
        for _ in range(count):
            info = data[at]
            found = heads[info].match(data, at + 1)
            if found is None:
                at = self._long_head(info, at + 1)
            else:
                at = found.end()
                kind = info & KIND_BITS
                if kind == DELETED or info in (COLLECTED, SKIPPED):
                    self.has_hole = self.has_hole or info == SKIPPED
                    continue
                if kind == STRING and data[at] < MORE_FOLLOWS:
                    at += data[at] + 1
                    continue
                if kind == TYPE and data[at] in PLAIN_TYPES:
                    at += 1
                    self.types += 1
                    continue
                if kind == ANY and (found := patterns.one_easy_value.match(data, at)):
                    at = found.end()
                    continue
            self._at = at
            self._content(info & KIND_BITS)
            at = self._at
        self._at = at

    def _long_head(self, info: int, at: int) -> int:
        """The position behind a head with a parent of a long name, or a long key in it."""
        if info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN) or info in (COLLECTED, SKIPPED):
            raise _unreadable()
        self._at = at
        if self.number() == 1:
            self.skip_bytes()
        else:
            self._pass(self._patterns.id)
        if info & HAS_KEY:
            self.skip_bytes()
        return self._at

    def _content(self, kind: int) -> None:
        if kind == ANY:
            self.skip_values(self.number())
        elif kind == TYPE:
            self.types += 1
            shared_type = self.number()
            if shared_type in XML_TYPES_WITH_NAME:
                self.skip_bytes()
            elif shared_type not in PLAIN_TYPES:
                raise _unreadable()
        elif kind in (BINARY, STRING, EMBED):
            self.skip_bytes()
        elif kind == FORMAT:
            self.skip_bytes()
            self.skip_bytes()
        elif kind == DELETED:
            self.number()
        elif kind == DOCUMENT:
            self.skip_bytes()
            self.skip_values(1)
        else:
            # Among them what only Yjs before version 13 wrote.
            raise _unreadable()

    def skip_values(self, count: int) -> None:
        """So many plain values, with all that is inside them."""
        items, entries = self._patterns.items, self._patterns.entries
        outer = [(count, items)]
        while outer:
            left, units = outer.pop()
            left = self._easy(left, units)
            if not left:
                continue
            outer.append((left - 1, units))
            if units is entries:
                self.skip_bytes()
            tag = self._data[self._at]
            if tag in (ARRAY_TAG, OBJECT_TAG):
                if len(outer) > MAX_NESTING:
                    raise UpdateRefusedError(
                        f"an update holds values nested deeper than {MAX_NESTING} levels"
                    )
                self._at += 1
                outer.append((self.number(), items if tag == ARRAY_TAG else entries))
            elif tag in (BYTES_TAG, STRING_TAG):
                self._at += 1
                self.skip_bytes()
            elif self._easy(1, items):
                # It was not an easy value behind a long key either.
                raise _unreadable()

    def _easy(self, left: int, units: _Units) -> int:
        """Read easy units as long as there are any; how many of ``left`` remain."""
        data = self._data
        while left >= LONG_RUN and (found := units.long_run.match(data, self._at)):
            self._at = found.end()
            left -= LONG_RUN
        while left and (found := units.short_run.match(data, self._at)):
            count = found.lastindex or 0
            if count > left:
                # What follows the last one only looks like one more.
                self._at, count = found.start(left), left
            elif not count:
                break
            else:
                self._at = found.end()
            left -= count
        return left

    def number(self) -> int:
        """A number of 32 bits."""
        number = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if number > MAX_NUMBER or shift > MAX_SHIFT:
                raise _unreadable()
            if byte < MORE_FOLLOWS:
                return number
            shift += 7

    def skip_bytes(self) -> None:
        """Pass over bytes with their length before them."""
        length = self.number()
        self._at += length
        if self._at > len(self._data):
            raise _unreadable()

    def byte(self) -> int:
        """One byte."""
        self._at += 1
        return self._data[self._at - 1]

    def long_number(self) -> int:
        """A number of 64 bits."""
        number = shift = 0
        while shift <= MAX_LONG_SHIFT:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < MORE_FOLLOWS:
                return number
            shift += 7
        raise _unreadable()

    def take_bytes(self) -> bytes:
        """Bytes with their length before them."""
        length = self.number()
        start = self._at
        self._at += length
        if self._at > len(self._data):
            raise _unreadable()
        return self._data[start : self._at]

    def _pass(self, pattern: re.Pattern[bytes]) -> None:
        found = pattern.match(self._data, self._at)
        if found is None:
            raise _unreadable()
        self._at = found.end()


def _unreadable() -> UpdateRefusedError:
    return UpdateRefusedError("an update is not in the form that Yjs writes")
