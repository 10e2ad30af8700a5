"""A room with a colleague in it and a replica joined to it, for tests of whole saves."""

from __future__ import annotations

from rtcd.content import Content, TextContent
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica
from rtcd.merge.save_outcome import SaveOutcome

BASE = "one\ntwo\nthree\nfour\n"


class Room:
    """The server's document with one colleague in it, and a replica joined to it."""

    def __init__(self, content: Content, *, disk: Content | None = None, **facts: bool) -> None:
        self.document: Document = new_document(content.kind)
        self.document.become(content)
        self.now = 0.0
        self.replica = Replica(
            content.kind,
            self.document.shared.update_since(),
            disk=content if disk is None else disk,
            now=0.0,
            **facts,
        )

    def colleague(self, content: Content, *, deliver: bool = True) -> bytes:
        """A colleague edits the shared document."""
        state = self.document.shared.state_vector()
        self.document.become(content)
        update = self.document.shared.update_since(state)
        if deliver:
            self.replica.receive(update)
        return update

    def save(self, content: Content, **evidence: bool) -> SaveOutcome:
        self.now += 10.0
        outcome = self.replica.save(content, evidence=Evidence(**evidence), now=self.now)
        self.send(outcome.update)
        return outcome

    def send(self, update: bytes) -> None:
        if update:
            self.document.shared.apply_update(update)
        assert self.document.content() == self.replica.live.content()

    def flush(self) -> Content | None:
        self.now += 1.0
        flush = self.replica.pending()
        if flush is None:
            return None
        self.replica.flushed(flush, now=self.now)
        return flush.content


def text(content: Content) -> str:
    assert isinstance(content, TextContent)
    return content.text


def room(content: str = BASE, **facts: bool) -> Room:
    return Room(TextContent(content), **facts)


def live(world: Room) -> str:
    return text(world.replica.live.content())
