"""The work on one paired text: met, saved, written, remembered, beside its notebook's.

Theory of operation. The notebook's worker runs these parts in turn with its own. A text is met once
for every room, after the notebook was: the text on disk is compared with the text last seen, and
what was changed in it meanwhile is brought into the shared notebook. From then on its saves are
merged at the text they were made from, and it is written when the notebook changes what it shows.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.disk.formats import parse
from rtcd.documents.notebook_document import random_id
from rtcd.errors import HeldError
from rtcd.merge.merged import Merged
from rtcd.merge.save_outcome import SaveOutcome
from rtcd.merge.three_way import merge_contents
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.replica import ScriptReplica
from rtcd.paired.script import Script
from rtcd.paired.writing import write_script
from rtcd.sync.meeting import Meeting
from rtcd.sync.ports import Room
from rtcd.sync.remembering import Remembering
from rtcd.sync.save import Save
from rtcd.sync.saving import Saving
from rtcd.sync.script_open import ScriptOpen
from rtcd.sync.writing import Writing

log = logging.getLogger("rtcd.sync")


class ScriptMeeting(Meeting):
    """Brings a text and the notebook of a room together; ``has_met`` for the room that is open."""

    _open: ScriptOpen

    def __init__(self, it: ScriptOpen, remembering: Remembering) -> None:
        super().__init__(it, remembering, began=0.0)

    async def meet(self, room: Room, content: Content | None) -> None:
        """Compare the text with what it stood for, and bring what was edited in it.

        The jupytext library is slow to load and to read a whole text: that is done in a thread.
        """
        it = self._open
        if it.file.hold is not None:
            return
        try:
            await self._meet(room, content)
        except HeldError as error:
            it.file.hold = error
            log.info("text held path=%s reason=%s", it.path, error)
            return
        self.has_met = it.is_met = True
        it.generations.disk = -1

    async def _meet(self, room: Room, content: Content | None) -> None:
        it = self._open
        known = await self._known()
        on_disk: Pairing | None = None
        if content is None:
            it.is_absent = known is not None or bool(it.left_behind)
        else:
            assert isinstance(content, TextContent)
            it.is_absent = False
            saved = await asyncio.to_thread(read_script, content.text, it.format)
            if known is not None or content.text.strip():
                on_disk = await self._bring_text(room, known, saved)
        if it.is_absent:
            return
        live = it.owner.joined.live
        it.replica = ScriptReplica(
            live.shared.update_since(),
            it.format,
            on_disk=on_disk,
            now=it.clock(),
            new_id=random_id,
            earlier=it.left_behind,
        )
        it.file.follow(it.replica)

    async def _known(self) -> Pairing | None:
        """The text last seen and the notebook it stood for."""
        it = self._open
        if it.left_behind:
            return it.left_behind[-1][1]
        mark = it.history.bookmark(str(it.path))
        text = None if mark is None else it.history.blob(mark.base_digest)
        if mark is None or text is None:
            return None
        notebook = it.history.blob(mark.server_hash) if mark.server_hash else None
        if notebook is None:
            return None
        try:
            stood_for = parse("notebook", notebook)
            words = parse("text", text)
        except HeldError:
            return None
        assert isinstance(stood_for, NotebookContent)
        assert isinstance(words, TextContent)
        script = await asyncio.to_thread(read_script, words.text, it.format)
        return Pairing.of(script, stood_for)

    async def _bring_text(self, room: Room, known: Pairing | None, saved: Script) -> Pairing:
        """Bring what the text says otherwise than before into the notebook."""
        it = self._open
        if known is not None and known.script.text == saved.text:
            return known
        live = it.owner.joined.live.content()
        assert isinstance(live, NotebookContent)
        start = known
        if start is None:
            text = await asyncio.to_thread(write_script, live, it.format)
            start = Pairing.of(await asyncio.to_thread(read_script, text, it.format), live)
            live = it.owner.joined.live.content()
            assert isinstance(live, NotebookContent)
        wanted = start.notebook_for(saved, random_id)
        if wanted is start.notebook or wanted == start.notebook:
            return Pairing.of(saved, start.notebook)
        base = None if known is None else known.notebook
        merged = merge_contents(base, wanted, live)
        await self._carry(room, merged, wanted, live)
        return Pairing.of(saved, wanted)

    async def _carry(
        self, room: Room, merged: Merged, wanted: NotebookContent, before: NotebookContent
    ) -> None:
        it = self._open
        assert it.file.snapshot is not None
        it.ledger.record(it.file.snapshot, by=it.saver(git=self.by_git), source="disk")
        self.by_git = False
        self._remembering.record_conflicts(
            merged.overlaps, it.owner.file.bytes_for(wanted), before, merged.content, since=0.0
        )
        update = it.owner.joined.reconcile(merged.content, now=it.clock())
        if update:
            it.owner.content_changed()
            await it.owner.send(room, update)


class ScriptSaving(Saving):
    """Saves of a paired text; what they had to choose is recorded for the notebook's cells."""

    def _record_choice(self, outcome: SaveOutcome, saved: Content, save: Save) -> None:
        it = self._open
        assert isinstance(it, ScriptOpen)
        # The notebook's bytes take longer than all the rest of a save.
        if outcome.saved is None or not (outcome.overlaps or outcome.choice.conflict):
            return
        data = it.owner.file.bytes_for(outcome.saved)
        as_notebook = replace(save, snapshot=replace(save.snapshot, data=data))
        super()._record_choice(outcome, outcome.saved, as_notebook)


class _NoServerSaves:
    """The server saves the notebook; of a text there is nothing to tell it."""

    async def tell(self, room: Room, generation: int) -> None:
        """Nothing."""


class ScriptWork:
    """All work on one paired text."""

    def __init__(self, it: ScriptOpen, remembering: Remembering) -> None:
        self.open = it
        self.meeting = ScriptMeeting(it, remembering)
        self.writing = Writing(it, _NoServerSaves())
        self.saving = ScriptSaving(it, self.meeting, remembering)
        self._remembering = remembering
        self._marked: tuple[str, str] | None = None

    async def take(self, room: Room) -> None:
        """Meet the text if that is due, then merge its saves."""
        it = self.open
        if not self.meeting.has_met and it.file.hold is None:
            content = await it.file.look(known_size=it.ledger.known_size())
            if content is not None or it.file.hold is None:
                it.saves.clear()
                await self.meeting.meet(room, content)
        if it.gone:
            self._follow_deletion()
        if it.is_absent and it.saves:
            self.meeting.has_met = it.is_met = False
            it.is_absent = False
            it.left_behind = []
            await self.take(room)
            return
        await self.saving.take_saves(room)

    def _follow_deletion(self) -> None:
        """The text was deleted: the notebook stays, and the text stays away."""
        it = self.open
        it.gone = False
        it.is_absent = True
        it.file.snapshot = None
        it.replica = None
        log.info("paired text deleted path=%s", it.path)

    async def write_out(self, room: Room) -> None:
        """Put on disk what the notebook shows otherwise than the text."""
        if self.open.is_absent:
            return
        try:
            await self.writing.write_out(room)
        except HeldError as error:
            self.open.file.hold = error
            log.info("text not written path=%s reason=%s", self.open.path, error)

    def remember(self, *, now: bool = False) -> None:
        """Keep the text last seen and the notebook it stands for, when both are on disk."""
        it = self.open
        text, notebook = it.file.snapshot, it.owner.file.snapshot
        if it.view is None or text is None or notebook is None or it.saves:
            return
        if it.unwritten() or it.owner.unwritten() or not (now or it.is_at_rest()):
            return
        if self._marked == (text.digest, notebook.digest):
            return
        self._marked = text.digest, notebook.digest
        it.ledger.record(text, by=self._remembering.editors(), source="room")
        it.history.put_blob(notebook.data)
        it.ledger.mark(text, saved=True, server_hash=notebook.digest)

    def leave(self) -> None:
        """The room is closed."""
        it = self.open
        if it.view is not None:
            it.left_behind = it.view.left_behind()
        it.replica = None
        self.meeting.has_met = it.is_met = False
