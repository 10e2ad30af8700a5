"""Saving one text again and again: what every peer has to carry, and our memory.

Beside it the floor: two bare documents of pycrdt, of which one is edited and the other gets the
updates. Yjs remembers something of every deletion, so that cannot be had for less.
"""

from __future__ import annotations

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
    floor = _grown(count, _two_documents())
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
    return [
        (
            f"{number:,} saves",
            f"{sizes[number][0]} B",
            amount(sizes[number][1]),
            amount(grown[number] // number),
            amount(floor[number] // number),
            shown(took[number]),
        )
        for number in sizes
    ]


def _two_documents() -> Callable[[int, str], None]:
    """The least that a document and its shadow can do: the same edits, and nothing else."""
    live = new_document("text")
    live.become(TextContent(prose(1000)))
    shadow = live.fork()

    def save(_: int, text: str) -> None:
        state = shadow.shared.state_vector()
        shadow.become(TextContent(text))
        live.shared.apply_update(shadow.shared.update_since(state))

    return save


def _grown(count: int, save: Callable[[int, str], None]) -> dict[int, int]:
    """Bytes by which the process grew, by number of saves."""
    grown: dict[int, int] = {}
    gc.collect()
    before = resident()
    for number, text in saves_of(prose(1000), count):
        save(number, text)
        if number in (*SHOWN_AT, count):
            gc.collect()
            grown[number] = max(0, resident() - before)
    return grown


def resident() -> int:
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 if pages.exists() else 0
