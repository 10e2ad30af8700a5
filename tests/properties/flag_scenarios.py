"""How often is somebody bothered with a record? Saves of a day's work through the whole merge.

A colleague types in the room and an editor saves on disk, in texts and notebooks made of real
source files. "In different places" keeps twenty lines between the two. What is counted are the
records that people would see: those of the decision about the base, and those of the merge.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from properties.source_edits import (
    as_content,
    edit_half,
    formatted,
    random_line,
    rewritten,
    sources,
)
from rtcd.content import Content, Kind, NotebookContent, TextContent
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica

NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class Flag:
    """One record: its reason word, and why (for decisions about the base)."""

    reason: str
    why: str


class Day:
    """A file in a room and on disk; texts only in, whatever the kind."""

    def __init__(self, text: str, rng: random.Random, *, notebook: bool) -> None:
        self.rng = rng
        self.notebook = notebook
        self.now = 0.0
        self.flags: list[tuple[Flag, ...]] = []
        kind: Kind = "notebook" if notebook else "text"
        self.room: Document = new_document(kind)
        self.room.become(as_content(text, notebook=notebook))
        pulled = self.room.shared.update_since()
        self.replica = Replica(kind, pulled, disk=self.room.content(), now=0.0)
        self.buffer = self.text
        self.upper = rng.random() < 0.5

    @property
    def text(self) -> str:
        """What is shared, as one text."""
        content = self.room.content()
        if isinstance(content, TextContent):
            return content.text
        return "\n\n\n".join(cell.source for cell in content.cells)

    # What people do

    def colleague(self, text: str) -> None:
        """Somebody types in the room."""
        state = self.room.shared.state_vector()
        self.room.become(self._content(text, self.room.content()))
        self.replica.receive(self.room.shared.update_since(state))

    def colleague_edits(self) -> None:
        self.colleague(edit_half(self.text, self.rng, 2, upper=self.upper))

    def write(self) -> None:
        """What is shared is put on disk."""
        self.now += 5.0
        flush = self.replica.pending()
        if flush is not None:
            self.replica.flushed(flush, now=self.now)

    def load(self) -> None:
        """The editor loads the file."""
        self.replica.mark_read(self.now)
        self.buffer = self.text

    def edit(self) -> None:
        self.buffer = edit_half(self.buffer, self.rng, 2, upper=not self.upper)

    def save(self, text: str | None = None, *, evidence: Evidence = NO_EVIDENCE) -> None:
        """The editor saves its buffer, or a program what it made."""
        self.now += 5.0
        self.buffer = self.buffer if text is None else text
        content = self._content(self.buffer, self.replica.disk_content())
        outcome = self.replica.save(content, evidence=evidence, now=self.now)
        if outcome.update:
            self.room.shared.apply_update(outcome.update)
        flags = [Flag(overlap.reason, "Both changed it.") for overlap in outcome.overlaps]
        if outcome.choice.conflict is not None:
            flags.insert(0, Flag(outcome.choice.conflict, outcome.choice.why))
        self.flags.append(tuple(flags))

    def _content(self, text: str, known: Content) -> Content:
        """As an editor writes it: cells that were there keep their ids."""
        content = as_content(text, notebook=self.notebook)
        if not isinstance(content, NotebookContent) or not isinstance(known, NotebookContent):
            return content
        ids = {cell.source: cell.id for cell in known.cells}
        cells = (replace(cell, id=ids.get(cell.source)) for cell in content.cells)
        return replace(content, cells=tuple(cells))


def alone(day: Day) -> None:
    """One person, several saves."""
    for _ in range(3):
        day.edit()
        day.save()


def own_undo(day: Day) -> None:
    """One person takes the last save back."""
    before = day.buffer
    day.edit()
    day.save()
    day.save(before)


def fresh(day: Day) -> None:
    """A colleague's work is loaded, then one's own is saved."""
    for _ in range(2):
        day.colleague_edits()
        day.write()
        day.load()
        day.edit()
        day.save()
        day.write()
        day.load()


def at_once(day: Day) -> None:
    """Both at the same time, in different places."""
    day.load()
    day.edit()
    day.colleague_edits()
    day.save()


def stale(day: Day) -> None:
    """A buffer that was never loaded again, saved twice, while a colleague works elsewhere."""
    for _ in range(2):
        day.colleague_edits()
        day.write()
        day.edit()
        day.save()


def stale_beside_reader(day: Day) -> None:
    """The same, while another program (git, an indexer) reads all that is written."""
    for _ in range(2):
        day.colleague_edits()
        day.write()
        day.replica.mark_read(day.now)
        day.edit()
        day.save()


def formatter(day: Day) -> None:
    """A formatter over what has been loaded."""
    day.colleague_edits()
    day.write()
    day.load()
    day.save(formatted(day.buffer))


def formatter_and_typing(day: Day) -> None:
    """A formatter reads, a colleague types new lines, the formatter writes."""
    day.load()
    made = formatted(day.buffer)
    lines = day.text.split("\n")
    place = day.rng.randrange(len(lines))
    lines[place:place] = [random_line(day.rng)]
    day.colleague("\n".join(lines))
    day.save(made)


def two_appends(day: Day) -> None:
    """One adds at the end of the file, the other at the end of its first part."""
    day.load()
    head, _, tail = day.text.partition("\n\n\n")
    day.colleague("\n\n\n".join([f"{head}\n{random_line(day.rng)}", tail]))
    day.save(f"{day.buffer}{random_line(day.rng)}\n")


def both_append(day: Day) -> None:
    """Both add lines at the end of the file."""
    day.load()
    day.colleague(f"{day.text}{random_line(day.rng)}\n")
    day.save(f"{day.buffer}{random_line(day.rng)}\n")


def checkout(day: Day) -> None:
    """Git brings an old version."""
    before = day.text
    day.colleague_edits()
    day.write()
    day.load()
    day.save(before, evidence=Evidence(git=True))


def rewrite(day: Day) -> None:
    """A program writes a quarter of all lines anew, from its reading before a colleague's edit."""
    day.load()
    made = rewritten(day.buffer, day.rng, 0.25)
    day.colleague_edits()
    day.save(made)


def same_line(day: Day) -> None:
    """Both change one line, each in its own way."""
    day.load()
    lines = day.buffer.split("\n")
    place = day.rng.choice([n for n, line in enumerate(lines) if line.count(" ") > 6])
    for who in ("mine", "theirs"):
        words = lines[place].split(" ")
        words[day.rng.randrange(len(words))] = who
        changed = "\n".join([*lines[:place], " ".join(words), *lines[place + 1 :]])
        if who == "mine":
            day.buffer = changed
        else:
            day.colleague(changed)
    day.save()


def old_version(day: Day) -> None:
    """An old version word for word, after a colleague's work was loaded."""
    before = day.text
    day.colleague_edits()
    day.write()
    day.load()
    day.save(before)


ORDINARY: dict[str, Callable[[Day], None]] = {
    "one person, several saves": alone,
    "one's own save taken back": own_undo,
    "fresh saves beside a colleague": fresh,
    "both at once, different places": at_once,
    "stale buffer, different places": stale,
    "the same beside other readers": stale_beside_reader,
    "formatter": formatter,
    "formatter while a line is typed": formatter_and_typing,
    "appends in two places": two_appends,
    "both append to the end": both_append,
    "git checkout": checkout,
}
UNUSUAL: dict[str, Callable[[Day], None]] = {
    "a quarter rewritten beside typing": rewrite,
    "both change one line": same_line,
    "an old version again": old_version,
}


def flags_of(name: str, seed: int) -> list[tuple[Flag, ...]]:
    """The records of each save of one day; the same seed gives the same day."""
    rng = random.Random(f"{name} {seed}")
    day = Day(rng.choice(sources()), rng, notebook=rng.random() < 0.3)
    (ORDINARY | UNUSUAL)[name](day)
    return day.flags
