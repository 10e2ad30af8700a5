"""How the cost of one save grows: with the file, its cells, its history, and those who type beside it.

    python benchmarks/growth.py [--saves 15]

Each figure is processor time of one save of one character, from the bytes on disk to the update and its
version in the history, in this process: read, find the version it was made from, compare, edit the
document, keep the version. Median of several saves, after two that warm up. "Slope" is that of a straight line through the
logarithms of the last three points: 1 means that twice as much costs twice as much, 0 that it costs the same. The bars
have the same scale within a table.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from merge_cases import prose
from scale_notebooks import edited_notebook, notebook_of
from tables import amount, machine, percentile, shown

from rtcd.content import Kind, TextContent
from rtcd.disk.formats import parse
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document
from rtcd.history.history import History
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

WARM_UP = 2
BAR = 40
POINTS_OF_SLOPE = 3


@dataclass
class File:
    """One file in a folder that is saved again and again."""

    kind: Kind
    data: bytes
    replica: Replica
    history: History
    number: int = 0

    @classmethod
    def new(cls, kind: Kind, data: bytes, history: History) -> File:
        """A file that is open in a room nobody else has typed in."""
        content = parse(kind, data)
        room = new_document(kind)
        room.become(content)
        replica = Replica(kind, room.shared.update_since(), disk=content, now=0.0)
        return cls(kind, data, replica, history)

    def save(self, data: bytes) -> None:
        """What is measured."""
        self.number += 1
        now = float(self.number)
        self.replica.save(parse(self.kind, data), evidence=Evidence(), now=now)
        self.history.record_version("file", data, by="Ada", source="disk", at=now)
        self.data = data

    def settle(self) -> None:
        """What a daemon does in a pause; not part of the save."""
        self.replica.settle_versions()


Edit = Callable[[bytes, int], bytes]


def one_letter(data: bytes, number: int) -> bytes:
    """Another letter in the middle of a text."""
    place = len(data) // 2
    return data[:place] + b"abcdefghij"[number % 10 : number % 10 + 1] + data[place + 1 :]


def cost(file: File, edit: Edit, saves: int) -> float:
    """Seconds of processor time of one save."""
    times = []
    for _ in range(saves + WARM_UP):
        new = edit(file.data, file.number)
        began = time.process_time()
        file.save(new)
        times.append(time.process_time() - began)
        file.settle()
    return percentile(times[WARM_UP:], 0.5)


def by_bytes(folder: Path, saves: int) -> Iterable[tuple[str, float, float]]:
    for size in (10_000, 100_000, 1_000_000, 10_000_000):
        with _history(folder) as history:
            file = File.new("text", prose(size).encode(), history)
            yield amount(size), size, cost(file, one_letter, saves)


def by_cells(folder: Path, saves: int) -> Iterable[tuple[str, float, float]]:
    for cells in (10, 100, 1_000, 10_000):
        with _history(folder) as history:
            file = File.new("notebook", notebook_of(cells), history)
            yield f"{cells:,} cells", cells, cost(file, edited_notebook, saves)


def by_history(folder: Path, saves: int) -> Iterable[tuple[str, float, float]]:
    with _history(folder) as history:
        file = File.new("text", prose(10_000).encode(), history)
        for count in (10, 100, 1_000, 5_000):
            while file.number < count - saves - WARM_UP:
                file.save(one_letter(file.data, file.number))
                if file.number % 50 == 0:
                    file.settle()
            yield f"{count:,} saves before", count, cost(file, one_letter, saves)


def by_people(folder: Path, saves: int) -> Iterable[tuple[str, float, float]]:
    """Each of the others has typed a word since the last save."""
    for people in (1, 10, 50, 200):
        with _history(folder) as history:
            file = File.new("text", prose(100_000).encode(), history)
            yield f"{people} typing", people, _beside(file, people, saves)


def _beside(file: File, people: int, saves: int) -> float:
    rng = random.Random(people)
    room = new_document("text")
    room.shared.apply_update(file.replica.live.shared.update_since())
    times = []
    for _ in range(saves + WARM_UP):
        for _ in range(people):
            _type_a_word(file, room, rng)
        new = one_letter(file.data, file.number)
        began = time.process_time()
        file.save(new)
        times.append(time.process_time() - began)
        file.settle()
    return percentile(times[WARM_UP:], 0.5)


def _type_a_word(file: File, room: Document, rng: random.Random) -> None:
    text = file.replica.live.content()
    assert isinstance(text, TextContent)
    room.shared.apply_update(file.replica.live.shared.update_since(room.shared.state_vector()))
    before = room.shared.state_vector()
    place = rng.randrange(len(text.text))
    room.become(TextContent(text.text[:place] + " word" + text.text[place:]))
    file.replica.receive(room.shared.update_since(before))


@contextmanager
def _history(folder: Path) -> Iterator[History]:
    opened = History.open(Path(tempfile.mkdtemp(dir=folder)) / "state.db")
    try:
        yield opened
    finally:
        opened.close()


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line through the logarithms, by least squares."""
    xs, ys = ([math.log(value) for value in side] for side in zip(*points, strict=True))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum(
        (a - x) ** 2 for a in xs
    )


def plot(title: str, points: list[tuple[str, float, float]]) -> str:
    most = max(seconds for _, _, seconds in points)
    width = max(len(name) for name, *_ in points)
    rows = [
        f"{name:<{width}}  {shown(seconds):>8}  {'█' * max(1, round(BAR * seconds / most))}"
        for name, _, seconds in points
    ]
    last = [(size, seconds) for _, size, seconds in points][-POINTS_OF_SLOPE:]
    return "\n".join([f"{title}: one save", *rows, f"slope {slope(last):.2f}", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=15)
    options = parser.parse_args()
    print(machine(), end="\n\n")
    with tempfile.TemporaryDirectory(prefix="rtcd-growth-") as folder:
        for title, measured in (
            ("text, its size", by_bytes),
            ("notebook, its cells", by_cells),
            ("10 KB, its history", by_history),
            ("100 KB, people beside", by_people),
        ):
            print(plot(title, list(measured(Path(folder), options.saves))), flush=True)
    print(machine())


if __name__ == "__main__":
    main()
