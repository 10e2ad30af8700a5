"""The versions of one file that an editor may still have loaded, in order of age."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rtcd.content import Content, TextContent
from rtcd.merge.candidates import Candidate

KEEP: Final = 40
READ_LAG_SECONDS: Final = 1.0
"""The word that somebody read a version may come this late."""

YOUNG_SECONDS: Final = 3.0
"""Between the moment when a program reads the file and its save lie seconds at most, or hours; in
the first case any of the last versions can be the base, and many are made while somebody types."""

KEEP_YOUNG: Final = 128
MAX_BYTES: Final = 32 * 1024 * 1024


@dataclass(slots=True)
class Version:
    """A content that was on this disk.

    Attributes:
        number: grows by one with each version; never used twice.
        content: what it holds.
        update: the CRDT state it is, as an update from nothing; None when it was not stored (the
            newest version may share the shadow's state).
        own_save: a save of this disk put it there; else the daemon wrote it.
        read: somebody read the file since; None where nobody can know.
        at: when, in seconds.
        base: number of the version that an own save was made from.
        displaced: an own save that a write of the daemon had swapped out before it was taken.
    """

    number: int
    content: Content
    update: bytes | None
    own_save: bool
    read: bool | None
    at: float
    base: int | None = None
    displaced: bool = False


class VersionRing:
    """The last versions, some of them long ago, within a number and a size; the newest always.

    An editor may sit on a version for an hour while others type; so what makes room is not what
    is oldest but what is least likely to be anybody's base, and then what has close neighbours in
    time.
    """

    def __init__(
        self,
        *,
        keep: int = KEEP,
        max_bytes: int = MAX_BYTES,
        young_seconds: float = YOUNG_SECONDS,
    ) -> None:
        self.keep = keep
        self.max_bytes = max_bytes
        self.young_seconds = young_seconds
        self._versions: list[Version] = []
        self._sizes: dict[int, tuple[Content, int]] = {}
        self._next_number = 0

    def __iter__(self) -> Iterator[Version]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def __getitem__(self, place: int) -> Version:
        return self._versions[place]

    @property
    def newest(self) -> Version | None:
        """The last one, or None when there is none."""
        return self._versions[-1] if self._versions else None

    def push(
        self,
        content: Content,
        *,
        at: float,
        own_save: bool,
        read: bool | None = None,
        base: int | None = None,
        displaced: bool = False,
    ) -> Version:
        """Add a version as the newest."""
        number = self._next_number
        version = Version(number, content, None, own_save, read, at, base, displaced)
        self._next_number += 1
        self._versions.append(version)
        self.make_room()
        return version

    def make_room(self) -> None:
        """Drop versions until number and size are within their limits."""
        while len(self._versions) > 1:
            old = self._old()
            if len(old) > self.keep:
                self._drop(self._least_useful(old))
            elif len(self._versions) > self.keep + KEEP_YOUNG or self._size() > self.max_bytes:
                self._drop(self._least_useful(range(len(self._versions))))
            else:
                return

    def _old(self) -> range:
        """The places of those that are old enough to count; they are in order of age."""
        limit = self._versions[-1].at - self.young_seconds
        return range(sum(version.at <= limit for version in self._versions))

    def candidates(self, now: float, *, reads_are_late: bool = False) -> Sequence[Candidate]:
        """All versions as candidates for the base of a save made now.

        ``reads_are_late``: the save was not found by the watcher, which tells of reads before it
        tells of the save; so a young version may have been read and nobody has said so yet.
        """
        places = {version.number: place for place, version in enumerate(self._versions)}
        return [
            Candidate(
                content=version.content,
                own_save=version.own_save,
                read=self._read(version, now, late=reads_are_late),
                base=None if version.base is None else places.get(version.base),
                age=max(0.0, now - version.at),
                displaced=version.displaced,
            )
            for version in self._versions
        ]

    def _read(self, version: Version, now: float, *, late: bool) -> bool | None:
        is_open = late and version.read is False and version.at >= now - READ_LAG_SECONDS
        return None if is_open else version.read

    def _size(self) -> int:
        self._sizes = {version.number: self._sized(version) for version in self._versions}
        contents = sum(size for _, size in self._sizes.values())
        return contents + sum(len(version.update or b"") for version in self._versions)

    def _sized(self, version: Version) -> tuple[Content, int]:
        """A content with its size: forty notebooks of a thousand cells take a while to count."""
        known = self._sizes.get(version.number)
        if known is None or known[0] is not version.content:
            known = version.content, size_of(version.content)
        return known

    def _least_useful(self, places: range) -> int:
        """One of these places (from 0 on), but never that of the newest version."""
        old = range(min(len(places), len(self._versions) - 1))
        for place in old:
            version = self._versions[place]
            settled = version.at < self._versions[-1].at - READ_LAG_SECONDS
            if version.read is False and not version.own_save and settled:
                return place
        bases = {version.base for version in self._versions}
        for place in old:
            version = self._versions[place]
            if version.own_save and version.base is not None and version.number in bases:
                return place
        if len(old) == 1:
            return 0
        # The first stays longest: it is what an editor loaded that was there before anything.
        return min(self._ripe(old[1:]) or old[1:], key=self._crowding)

    def _ripe(self, places: range) -> list[int]:
        """All but what a save under way is likely to come from: the last second, the last save."""
        last_save = max((p for p in places if self._versions[p].own_save), default=None)
        ripe_before = self._versions[-1].at - READ_LAG_SECONDS
        return [p for p in places if p != last_save and self._versions[p].at < ripe_before]

    def _crowding(self, place: int) -> float:
        """Time between its neighbours, as a share of its age."""
        version = self._versions[place]
        followers = self._versions[place + 1 :]
        # A save may have been swapped out before it was taken here: then it is no end of what
        # the daemon wrote, which is on disk until the next write.
        after = next(
            (v.at for v in followers if version.own_save or not v.own_save), followers[-1].at
        )
        before = self._versions[place - 1].at
        return (after - before) / (self._versions[-1].at - version.at + 1.0)

    def _drop(self, place: int) -> None:
        gone = self._versions.pop(place)
        for version in self._versions:
            if version.base == gone.number:
                version.base = gone.base


def size_of(content: Content) -> int:
    """Roughly the memory of a content in bytes; outputs are shared between versions."""
    if isinstance(content, TextContent):
        return len(content.text)
    return sum(len(cell.source) + 200 for cell in content.cells)
