"""Temporary stand-in while the real replica is being written."""

from __future__ import annotations

from dataclasses import dataclass

from rtcd.content import Content, Kind, is_same
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import Document
from rtcd.documents.open_document import open_document
from rtcd.merge.candidates import BaseChoice, Evidence
from rtcd.merge.merged import Overlap


@dataclass
class Version:
    content: Content


@dataclass
class SaveOutcome:
    update: bytes
    base: Version
    choice: BaseChoice
    before: Content
    merged: Content
    overlaps: tuple[Overlap, ...]


@dataclass
class Flush:
    content: Content
    update: bytes
    state_vector: bytes


class Replica:
    def __init__(self, kind: Kind, pulled: bytes, *, disk: Content | None, now: float) -> None:
        shared = SharedDoc()
        shared.apply_update(pulled)
        self.live: Document = open_document(kind, shared)
        self.shadow: Document = open_document(kind, shared.fork())
        self._disk = disk if disk is not None else None

    def receive(self, update: bytes) -> bool:
        before = self.live.content()
        self.live.shared.apply_update(update)
        return before != self.live.content()

    def _capture(self, act) -> bytes:
        sv = self.live.shared.state_vector()
        act()
        return self.live.shared.update_since(sv)

    def reconcile(self, target: Content) -> bytes:
        return self._capture(lambda: self.live.become(target))

    def save(self, new: Content, *, evidence: Evidence, now: float) -> SaveOutcome:
        before = self.live.content()
        base = self.shadow.content()
        sv = self.shadow.shared.state_vector()
        self.shadow.become(new)
        update = self.shadow.shared.update_since(sv)
        self.live.shared.apply_update(update)
        self._disk = new
        return SaveOutcome(update, Version(base), BaseChoice(index=0, why="stub"), before, self.live.content(), ())

    def pending(self) -> Flush | None:
        content = self.live.content()
        if self._disk is not None and is_same(content, self._disk):
            return None
        return Flush(content, self.live.shared.update_since(self.shadow.shared.state_vector()), b"")

    def flushed(self, flush: Flush, *, now: float) -> None:
        self.shadow.shared.apply_update(flush.update)
        self._disk = flush.content

    def mark_read(self, now: float) -> None:
        pass

    def settle_versions(self) -> None:
        pass

    def disk_content(self) -> Content:
        return self._disk or self.shadow.content()
