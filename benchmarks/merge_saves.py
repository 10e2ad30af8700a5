"""Saving one text again and again: what every peer has to carry, and our memory.

Beside it two floors: a bare document of pycrdt that is edited, which is the least that the live
document can be, and a second one beside it that gets the updates, as a shadow kept for good would.
Yjs remembers something of every deletion, so that cannot be had for less. What rtcd takes beyond
the first has limits; "of late" is what a save took since the row before.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from merge_cases import prose
from tables import amount, shown

from rtcd.content import TextContent
from rtcd.disk.formats import parse
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

SHOWN_AT = (100, 1000, 2000)


def saves_of(text: str, count: int) -> Iterator[tuple[int, str]]:
    """Number and text of each save, every time with another character somewhere."""
    rng = random.Random(4)
    for number in range(1, count + 1):
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice("abcdefgh ") + text[place + 1 :]
        yield number, text


def many_saves(count: int) -> list[tuple[str, ...]]:
    """Rows by number of saves: state vector, updates, and memory that grew, beside the floor."""
    one, two = _grown(count, _bare_documents(1)), _grown(count, _bare_documents(2))
    start = TextContent(prose(1000))
    room = new_document("text")
    room.become(start)
    replica = Replica("text", room.shared.update_since(), disk=start, now=0.0)
    sizes: dict[int, tuple[int, int]] = {}
    began = time.process_time()
    took: dict[int, float] = {}

    def save(number: int, text: str) -> None:
        replica.save(parse("text", text.encode()), evidence=Evidence(), now=float(number))
        if number % 50 == 0:
            replica.settle_versions()
        if number in (*SHOWN_AT, count):
            live = replica.live.shared
            sizes[number] = len(live.state_vector()), len(live.update_since())
            took[number] = (time.process_time() - began) / number

    grown = _grown(count, save)
    rows = []
    earlier = 0
    for number in sizes:
        rows.append(
            (
                f"{number:,} saves",
                f"{sizes[number][0]} B",
                amount(sizes[number][1]),
                *(_each(grows, number, 0) for grows in (one, two, grown)),
                *(_each(grows, number, earlier) for grows in (one, two, grown)),
                shown(took[number]),
            )
        )
        earlier = number
    return rows


def _each(grown: dict[int, int], number: int, earlier: int) -> str:
    return amount((grown[number] - grown.get(earlier, 0)) // (number - earlier))


def _bare_documents(count: int) -> Callable[[int, str], None]:
    """The least that documents can do: the same edits, and nothing else."""
    edited = new_document("text")
    edited.become(TextContent(prose(1000)))
    others = [edited.fork() for _ in range(count - 1)]

    def save(_: int, text: str) -> None:
        state = edited.shared.state_vector()
        edited.become(TextContent(text))
        for other in others:
            other.shared.apply_update(edited.shared.update_since(state))

    return save


def _grown(count: int, save: Callable[[int, str], None]) -> dict[int, int]:
    """Bytes by which the process grew, by number of saves."""
    grown: dict[int, int] = {}
    before = resident()
    for number, text in saves_of(prose(1000), count):
        save(number, text)
        if number in (*SHOWN_AT, count):
            grown[number] = max(0, resident() - before)
    return grown


def resident() -> int:
    """Bytes in memory, without what is free already but not given back."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0
