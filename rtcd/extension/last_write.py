"""What the daemon wrote last into a file, for the server that goes on without it.

A daemon that is killed between its write and its mark (``state.hash``) leaves bytes on disk that
no mark tells of, although all of them came from the room. Its journal does tell: each write is
written down there before it is done.
"""

from __future__ import annotations

from pathlib import Path

from rtcd.disk.limbo_journal import NAME, parse


def last_write(limbo: Path, path: str) -> tuple[str, frozenset[str]]:
    """The last write of a file (relative to the project): its name, and the digests around it.

    The digests (sha256, hex) are of what was written and of what was there before: the write may
    not have come to its end. The room had both in it. ``("", frozenset())`` when there is none.
    """
    try:
        journal = (limbo / NAME).read_bytes()
    except OSError:
        journal = b""
    last = ("", frozenset[str]())
    for name, entry in parse(journal):
        if entry.path.value == path:
            last = (name, entry.known)
    return last
