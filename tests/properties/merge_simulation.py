"""Disks, editors and a server in one process: does every word survive? (merging 9)

Two to four folders share one document. Editors type unique tokens, delete some, save late, and many
do not reload when the file changes. Messages travel in order and at random times. In the end all
must hold the same, each token once, except those that somebody deleted who had seen them.

Everything comes from one seed; ``Result.seed`` repeats a run.
"""

from __future__ import annotations

import random
import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import rtcd.merge.replica as replica_module
from rtcd.content import Cell, Content, Kind, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document, open_document
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence
from rtcd.merge.replica import Replica
from rtcd.merge.sameness import same_content, same_meaning

TOKEN = re.compile(r"[0-9a-f]{10}")


@dataclass(frozen=True)
class Plan:
    """What kind of run."""

    kind: Kind = "text"
    words: bool = False
    true_base: bool = False
    reads_seen: bool = True
    newest_always: bool = False
    structure: bool = False
    stale_share: float = 0.4
    noise_readers: float = 0.3
    browsers: bool = True
    steps: int = 120


@dataclass
class Result:
    """What one run did; token sets by what became of them."""

    seed: int
    tokens: int = 0
    lost: set[str] = field(default_factory=set)
    unrecoverable: set[str] = field(default_factory=set)
    duplicated: set[str] = field(default_factory=set)
    came_back: set[str] = field(default_factory=set)
    converged: bool = True
    saves: int = 0
    conflicts: int = 0


class Typist(Protocol):
    """Makes one edit, in a text or in a notebook."""

    def edit(self, content: Content, rng: random.Random) -> Content: ...


def tokens_of(content: Content) -> list[str]:
    """All tokens of a content, in order."""
    if isinstance(content, TextContent):
        return TOKEN.findall(content.text)
    return [token for cell in content.cells for token in TOKEN.findall(cell.source)]


def new_token(rng: random.Random) -> str:
    return f"{rng.getrandbits(40):010x}"


# Typing


@dataclass(frozen=True)
class TextTypist:
    words: bool

    def edit(self, content: Content, rng: random.Random) -> Content:
        assert isinstance(content, TextContent)
        return TextContent(self.edit_text(content.text, rng))

    def edit_text(self, text: str, rng: random.Random) -> str:
        rows = [line.split(" ") for line in text.splitlines()]
        what = rng.random()
        if not rows or what < 0.45:
            rows.insert(rng.randint(0, len(rows)), [new_token(rng)])
        elif self.words and what < 0.7:
            row = rng.choice(rows)
            row.insert(rng.randint(0, len(row)), new_token(rng))
        elif what < 0.85:
            row = rng.choice(rows)
            row[rng.randrange(len(row))] = new_token(rng)
        else:
            row = rng.choice(rows)
            row.pop(rng.randrange(len(row)))
            rows = [row for row in rows if row]
        return "".join(" ".join(row) + "\n" for row in rows)


@dataclass(frozen=True)
class NotebookTypist:
    words: bool
    structure: bool

    def edit(self, content: Content, rng: random.Random) -> Content:
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        what = rng.random()
        if not cells or what < 0.12:
            cell = Cell(new_token(rng), "code", new_token(rng) + "\n")
            cells.insert(rng.randint(0, len(cells)), cell)
        elif self.structure and what < 0.2:
            cells.pop(rng.randrange(len(cells)))
        elif self.structure and what < 0.28:
            cells.insert(rng.randrange(len(cells)), cells.pop(rng.randrange(len(cells))))
        else:
            place = rng.randrange(len(cells))
            source = TextTypist(self.words).edit_text(cells[place].source, rng)
            cells[place] = replace(cells[place], source=source)
        return replace(content, cells=tuple(cells))


def first_content(plan: Plan, rng: random.Random) -> Content:
    def text(lines: int) -> str:
        return "".join(
            " ".join(new_token(rng) for _ in range(rng.randint(1, 4) if plan.words else 1)) + "\n"
            for _ in range(lines)
        )

    if plan.kind == "text":
        return TextContent(text(rng.randint(4, 20)))
    cells = [Cell(new_token(rng), "code", text(rng.randint(1, 4))) for _ in range(6)]
    return NotebookContent(tuple(cells))


# The world


@dataclass
class Editor:
    """An open buffer. ``base`` is what it had loaded or saved last."""

    buffer: Content
    base: Content
    reloads: bool

    @property
    def is_dirty(self) -> bool:
        return self.buffer is not self.base


class Link:
    """Messages between one site and the server, in order, at any time."""

    def __init__(self) -> None:
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()


class Disk:
    """A folder with one file, the daemon's replica of it, and an editor."""

    def __init__(self, plan: Plan, pulled: bytes, first: Content, rng: random.Random) -> None:
        self.plan = plan
        self.link = Link()
        self.file = first
        self.now = 0.0
        self.replica = Replica(plan.kind, pulled, disk=first, now=0.0, reads_seen=plan.reads_seen)
        if plan.true_base:
            self.replica.versions.keep = 10_000
        self.editor = Editor(first, first, rng.random() > plan.stale_share)
        self.saver_base: Content | None = None
        self.saves = self.conflicts = 0
        self.kept: list[Content] = [first]

    def look(self) -> None:
        """The daemon reads the file, if somebody saved it."""
        if same_content(self.file, self.replica.disk_content()):
            return
        self.saves += 1
        self.kept.append(self.file)
        with base_rule(self.plan, self.saver_base):
            outcome = self.replica.save(self.file, evidence=Evidence(), now=self.now)
        self.conflicts += outcome.choice.conflict is not None
        if outcome.update:
            self.link.up.append(outcome.update)

    def write(self) -> None:
        """The daemon writes what is pending; a save that came first is taken first."""
        self.look()
        flush = self.replica.pending()
        if flush is not None:
            self.file = flush.content
            self.kept.append(self.file)
            self.replica.flushed(flush, now=self.now)

    def save(self) -> None:
        """The editor writes its buffer."""
        if self.editor.is_dirty:
            # The daemon sees every save: a second one waits for it (exchange and limbo do that).
            self.look()
            self.saver_base = self.editor.base
            self.file = self.editor.base = self.editor.buffer

    def load(self) -> None:
        """The editor reloads, if it is of that kind and has nothing unsaved."""
        editor = self.editor
        if editor.reloads and not editor.is_dirty and not same_content(editor.base, self.file):
            editor.base = editor.buffer = self.file
            self.look()
            self.replica.mark_read(self.now)

    def receive(self) -> None:
        if self.link.down:
            self.replica.receive(self.link.down.popleft())
            rescued = self.replica.rescue(now=self.now)
            if rescued is not None and rescued.update:
                self.link.up.append(rescued.update)


class Browser:
    """Somebody who types straight into the shared document."""

    def __init__(self, plan: Plan, pulled: bytes) -> None:
        self.link = Link()
        shared = SharedDoc()
        shared.apply_update(pulled)
        self.document: Document = open_document(plan.kind, shared)
        self.kept: list[Content] = []

    def type(self, content: Content) -> None:
        updates: list[bytes] = []
        forget = self.document.shared.on_update(lambda data, _: updates.append(data))
        self.document.become(content)
        forget()
        self.link.up.extend(updates)

    def receive(self) -> None:
        if self.link.down:
            self.document.shared.apply_update(self.link.down.popleft())


class base_rule:  # noqa: N801 - reads like a statement
    """While it lasts, replicas choose bases by the plan's rule."""

    def __init__(self, plan: Plan, truth: Content | None) -> None:
        self.plan = plan
        self.truth = truth

    def __enter__(self) -> None:
        if self.plan.true_base or self.plan.newest_always:
            replica_module.choose_base = self._told  # type: ignore[assignment]

    def __exit__(self, *_: object) -> None:
        replica_module.choose_base = choose_base

    def _told(
        self, save: Content, candidates: Sequence[Candidate], *_: object, **__: object
    ) -> BaseChoice:
        index = len(candidates) - 1
        if self.plan.true_base:
            assert self.truth is not None
            while not same_meaning(candidates[index].content, self.truth):
                index -= 1
        nothing = same_meaning(candidates[index].content, save)
        return BaseChoice(index=index, why="Told.", nothing_to_apply=nothing)


class World:
    """One run."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.rng = rng = random.Random(seed)
        self.result = Result(seed)
        self.typist: Typist = (
            TextTypist(plan.words)
            if plan.kind == "text"
            else NotebookTypist(plan.words, plan.structure)
        )
        first = first_content(plan, rng)
        document = new_document(plan.kind)
        document.become(first)
        first = document.content()
        self.server = document
        pulled = document.shared.update_since()
        self.disks = [Disk(plan, pulled, first, rng) for _ in range(rng.randint(2, 4))]
        self.browsers = [Browser(plan, pulled) for _ in range(rng.randint(0, 1) * plan.browsers)]
        self.sites: list[Disk | Browser] = [*self.disks, *self.browsers]
        self.inserted: set[str] = set(tokens_of(first))
        self.deleted: set[str] = set()

    def run(self) -> Result:
        for step in range(self.plan.steps):
            self._step(float(step))
        self._settle()
        return self._judge()

    def _step(self, now: float) -> None:
        rng = self.rng
        disk = rng.choice(self.disks)
        disk.now = now
        what = rng.random()
        if what < 0.2:
            self._edit_buffer(disk)
        elif what < 0.32:
            disk.save()
        elif what < 0.42:
            disk.look()
        elif what < 0.52:
            disk.write()
        elif what < 0.62:
            disk.load()
        elif what < 0.62 + 0.1 * self.plan.noise_readers and self.plan.reads_seen:
            disk.look()
            disk.replica.mark_read(now)
        elif what < 0.7 and self.browsers:
            self._type_live()
        elif what < 0.72:
            disk.replica.settle_versions()
        else:
            self._deliver(rng.choice(self.sites))

    def _edit_buffer(self, disk: Disk) -> None:
        before = disk.editor.buffer
        after = self.typist.edit(before, self.rng)
        self._note(before, after)
        disk.editor.buffer = after

    def _type_live(self) -> None:
        browser = self.rng.choice(self.browsers)
        before = browser.document.content()
        browser.type(self.typist.edit(before, self.rng))
        self._note(before, browser.document.content())

    def _note(self, before: Content, after: Content) -> None:
        old, new = set(tokens_of(before)), set(tokens_of(after))
        self.inserted |= new - old
        self.deleted |= old - new

    def _deliver(self, site: Disk | Browser) -> None:
        if self.rng.random() < 0.5:
            self._deliver_up(site)
        else:
            site.receive()

    def _deliver_up(self, site: Disk | Browser) -> None:
        if not site.link.up:
            return
        update = site.link.up.popleft()
        self.server.shared.apply_update(update)
        for other in self.sites:
            other.link.down.append(update)

    def _settle(self) -> None:
        for disk in self.disks:
            disk.save()
            disk.look()
        while any(site.link.up or site.link.down for site in self.sites):
            for site in self.sites:
                self._deliver_up(site)
                site.receive()
        for disk in self.disks:
            disk.write()

    def _judge(self) -> Result:
        result = self.result
        end = self.server.content()
        result.converged = all(
            same_content(end, content)
            for disk in self.disks
            for content in (disk.file, disk.replica.live.content())
        ) and all(same_content(end, browser.document.content()) for browser in self.browsers)
        counts = Counter(tokens_of(end))
        result.tokens = len(self.inserted)
        result.lost = {token for token in self.inserted - self.deleted if not counts[token]}
        kept = {t for site in self.sites for content in site.kept for t in tokens_of(content)}
        result.unrecoverable = result.lost - kept
        result.duplicated = {token for token, count in counts.items() if count > 1}
        result.came_back = {token for token in self.deleted if counts[token]}
        result.saves = sum(disk.saves for disk in self.disks)
        result.conflicts = sum(disk.conflicts for disk in self.disks)
        return result


def simulate(plan: Plan, seed: int) -> Result:
    """One run; the same seed gives the same run, but for CRDT client ids."""
    return World(plan, seed).run()
