"""``Settle``: when a path that was mentioned may be believed. Pure: told the time, reads nothing.

A save is believed at once when nothing speaks against it. What speaks against it is a state, not
a delay: the name is absent, the file is empty or a shorter beginning of what it was, it does not
parse, or its writer still has it open.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.notice import NoticeKind
from rtcd.project_path import ProjectPath

ABSENT_S = 0.4
EMPTY_S = 1.0
QUIET_S = 1.0
UNPARSABLE_S = 2.0
OPEN_WRITER_S = 5.0
STEADY_WRITER_S = 30.0
NEW_NAME_S = 0.1
AGREE_S = 0.03
RECHECK_S = 0.005

# rtcd compares times that were added up; a look must not come a rounding error too early.
_EPSILON = 1e-6


class Verdict(enum.Enum):
    """What a look gave."""

    READY = "ready"  # a save: take it
    SAME = "same"  # what was known already; nothing to do
    GONE = "gone"  # deleted
    WAIT = "wait"  # ask again at ``next_deadline``, or after the next notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found at the path, against what was known of it.

    ``stat`` None: nothing there. ``known_digest`` None: the name was never known. ``writer``:
    does a program have it open for writing (None: cannot be told).
    """

    stat: FileStat | None
    digest: str = ""
    known_digest: str | None = None
    known_size: int = 0
    is_prefix_of_known: bool = False
    parses: bool = True
    writer: bool | None = None

    @classmethod
    def of(
        cls,
        snapshot: Snapshot | None,
        known: bytes | None,
        known_digest: str | None,
        *,
        parses: bool = True,
        writer: bool | None = None,
    ) -> Look:
        """Compare a snapshot with the bytes last known to be on disk (None: a new name)."""
        if snapshot is None:
            return cls(stat=None, known_digest=known_digest, known_size=len(known or b""))
        data, before = snapshot.data, known or b""
        return cls(
            stat=snapshot.stat,
            digest=snapshot.digest,
            known_digest=known_digest,
            known_size=len(before),
            is_prefix_of_known=len(data) < len(before) and before.startswith(data),
            parses=parses,
            writer=writer,
        )


@dataclass(slots=True)
class _Mentioned:
    """One path between its first notice and its verdict."""

    first: float
    last: float
    due: float
    open: bool = False  # written to, not closed since
    vague: bool = False  # the watcher cannot tell whether a writer is done
    rechecks: int | None = None  # of a writer that is there though its close was told
    absent_since: float | None = None
    seen: tuple[object, ...] | None = field(default=None)
    seen_at: float = 0.0


class Settle:
    """Paths that were mentioned and have no verdict yet. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._paths: dict[ProjectPath, _Mentioned] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __len__(self) -> int:
        return len(self._paths)

    def paths(self) -> list[ProjectPath]:
        """Everything that was mentioned and has no verdict yet."""
        return sorted(self._paths)

    def notice(self, path: ProjectPath, kind: NoticeKind, now: float) -> None:
        """Something was told about a file. Kinds that say nothing about its bytes are ignored."""
        if kind not in _ABOUT_BYTES:
            return
        entry = self._paths.get(path)
        if entry is None:
            entry = self._paths[path] = _Mentioned(first=now, last=now, due=now)
        if kind is not NoticeKind.TOUCHED:
            entry.last = now
        if kind is NoticeKind.CHANGED:
            entry.open, entry.rechecks = True, None
        elif kind is NoticeKind.CLOSED:
            entry.open, entry.vague = False, False
        elif kind is NoticeKind.MENTIONED:
            entry.vague = True
        if kind is NoticeKind.GONE:
            entry.open = False
            entry.absent_since = now
            entry.due = now + ABSENT_S
        else:
            entry.absent_since = None
            entry.due = self._first_look(entry, now)

    def _first_look(self, entry: _Mentioned, now: float) -> float:
        """At once; while a writer has it open a look is wasted until it pauses."""
        if not entry.open:
            return now
        return min(entry.last + QUIET_S, max(now, entry.first + OPEN_WRITER_S))

    def forget(self, path: ProjectPath) -> None:
        """Drop a path: it is held, ignored or gone for another reason."""
        self._paths.pop(path, None)

    def due(self, now: float) -> list[ProjectPath]:
        """The paths to look at now, the longest waiting first."""
        ready = [
            (entry.due, path) for path, entry in self._paths.items() if entry.due <= now + _EPSILON
        ]
        return [path for _, path in sorted(ready)]

    def next_deadline(self) -> float | None:
        """When ``due`` will have something; None: only after another notice."""
        return min((entry.due for entry in self._paths.values()), default=None)

    def looked(self, path: ProjectPath, look: Look, now: float) -> Verdict:
        """The verdict on what was found; READY, SAME and GONE end the matter."""
        entry = self._paths.get(path)
        if entry is None:
            entry = self._paths[path] = _Mentioned(first=now, last=now, due=now)
        if look.writer is False:
            entry.open, entry.vague, entry.rechecks = False, False, None
        elif look.writer:
            if not entry.open:
                entry.rechecks = 0
            # The notice that somebody closed the file may be about the file before this one.
            entry.open = True
        if look.stat is None:
            verdict, until = self._absent(entry, look, now)
        elif look.digest == look.known_digest:
            verdict, until = Verdict.SAME, now
        else:
            entry.absent_since = None
            until = max(_reasons_to_wait(entry, look, now), default=now)
            verdict = Verdict.WAIT if until > now + _EPSILON else Verdict.READY
            entry.seen_at = now if _seen(look) != entry.seen else entry.seen_at
            entry.seen = _seen(look)
        if verdict is Verdict.WAIT:
            entry.due = min(until, _next_recheck(entry, now))
        else:
            del self._paths[path]
        return verdict

    def _absent(self, entry: _Mentioned, look: Look, now: float) -> tuple[Verdict, float]:
        """A name that was never known may go at once; another may be about to come back."""
        if look.known_digest is None:
            return Verdict.GONE, now
        if entry.absent_since is None:
            entry.absent_since = now
        until = entry.absent_since + ABSENT_S
        return (Verdict.WAIT if until > now + _EPSILON else Verdict.GONE), until


_ABOUT_BYTES = frozenset(
    {
        NoticeKind.CHANGED,
        NoticeKind.CLOSED,
        NoticeKind.TOUCHED,
        NoticeKind.MENTIONED,
        NoticeKind.GONE,
    }
)


def _seen(look: Look) -> tuple[object, ...]:
    assert look.stat is not None
    return (look.stat.ino, look.stat.size, look.stat.mtime_ns, look.digest)


def _next_recheck(entry: _Mentioned, now: float) -> float:
    """Linux tells of a close before the writer is gone (6 of 100 looked at at once, measured).

    It is gone some microseconds later, of which nothing tells. One that stays is asked about less
    and less often.
    """
    if entry.rechecks is None:
        return math.inf
    entry.rechecks += 1
    return now + RECHECK_S * float(1 << (entry.rechecks - 1))


def _reasons_to_wait(entry: _Mentioned, look: Look, now: float) -> Iterable[float]:
    """For everything that speaks against the content: until when it counts."""
    assert look.stat is not None
    is_new = look.known_digest is None
    shrunk = look.stat.size < look.known_size
    if is_new:
        yield entry.first + NEW_NAME_S
    if look.stat.size == 0 and look.known_size > 0:
        yield entry.last + (OPEN_WRITER_S if entry.open else EMPTY_S)
    if not look.parses:
        yield entry.last + UNPARSABLE_S
    if look.writer is None and shrunk:
        # A new file may have just begun under this name, of which the notices are on their way.
        yield (entry.seen_at if entry.seen == _seen(look) else now) + AGREE_S
    if entry.open:
        yield _until_writer_counts_as_done(entry, shrunk=shrunk)
    if entry.vague:
        if look.is_prefix_of_known:
            yield entry.last + QUIET_S
        yield (entry.seen_at if entry.seen == _seen(look) else now) + AGREE_S


def _until_writer_counts_as_done(entry: _Mentioned, *, shrunk: bool) -> float:
    """A pause, or for what looks cut off a long one; nobody may write for ever unseen."""
    if shrunk:
        return min(entry.last + OPEN_WRITER_S, entry.first + STEADY_WRITER_S)
    return min(entry.last + QUIET_S, entry.first + OPEN_WRITER_S)
