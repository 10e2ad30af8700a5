"""Saves on their way into the room.

Theory of operation. A save is merged at its base: the version that its editor had loaded, which
``Replica.save`` finds out. The update that comes out is sent; where the merge had to choose between
two people's work, both are kept for review. Saves are taken in the order in which they were made.
One that a write of ours has displaced is not on disk any more, so it changes the document only.
"""

from __future__ import annotations

import logging
from typing import Any

from rtcd.content import Content
from rtcd.errors import ApplyError, HistoryError
from rtcd.merge.candidates import Evidence
from rtcd.merge.merged import Overlap
from rtcd.merge.prepared import LONG_CHANGE, Prepared
from rtcd.merge.save_outcome import SaveOutcome
from rtcd.sync.choices import places_of_choice, text_of, without_repeats
from rtcd.sync.meeting import Meeting
from rtcd.sync.one_way import RECEIVE_ONLY, only_receives
from rtcd.sync.open_file import OpenFile
from rtcd.sync.ports import Room
from rtcd.sync.remembering import Remembering
from rtcd.sync.save import Save, has_other_ids

log = logging.getLogger("rtcd.sync")


class Saving:
    """Merges the saves of one file and sends what they change."""

    def __init__(self, open_file: OpenFile, meeting: Meeting, remembering: Remembering) -> None:
        self._open = open_file
        self._meeting = meeting
        self._remembering = remembering

    async def take_saves(self, room: Room) -> None:
        """Merge all saves that wait, oldest first."""
        while self._open.saves:
            save = self._open.saves[0]
            # It waits in the queue meanwhile: what is not merged yet is not in sync, nor lost.
            prepared = await self._prepared(save)
            if not self._open.saves or self._open.saves[0] is not save:
                continue
            self._open.saves.popleft()
            try:
                await self._take_save(room, save, prepared)
            except HistoryError:
                # Not merged yet, and a save that was swapped out is nowhere else.
                self._open.saves.appendleft(save)
                raise

    async def _prepared(self, save: Save) -> Prepared | None:
        """What a worker found out about a large save, while other files' saves go on."""
        it = self._open
        known = it.file.snapshot
        is_known = known is not None and known.digest == save.snapshot.digest
        if it.merge_worker is None or is_known or len(save.snapshot.data) <= LONG_CHANGE:
            return None
        if it.kind != "text" or not self._meeting.has_met:
            return None
        content = it.file.content_of(save.snapshot.data)
        question = None if content is None else it.joined.question(content, **self._facts(save))
        return None if question is None else await it.merge_worker.answer(question)

    def _facts(self, save: Save) -> dict[str, Any]:
        evidence = Evidence(git=save.git, newest_read_by_saver=False if save.came_first else None)
        return {"evidence": evidence, "now": self._open.clock(), "on_disk": not save.displaced}

    async def _take_save(self, room: Room, save: Save, prepared: Prepared | None) -> None:
        it = self._open
        known = it.file.snapshot
        if save.displaced:
            content = it.file.content_of(save.snapshot.data)
        elif known is not None and save.snapshot.digest == known.digest:
            it.file.hold = None
            it.file.snapshot = save.snapshot
            return
        elif it.receives_only and self._meeting.has_met:
            it.file.hold = only_receives(it.path)
            it.on_change()
            return
        else:
            content = it.file.accept(save.snapshot)
        it.ledger.record(save.snapshot, by=it.saver(git=save.git), source="disk")
        if content is None:
            return
        if it.receives_only and save.displaced:
            self._keep_for_review(save, content)
        elif self._meeting.has_met:
            await self._merge_save(room, save, content, prepared)
        else:
            # The file was held when the room was pulled: now disk and room meet, at their base.
            await self._meeting.meet(room, content)

    def _keep_for_review(self, save: Save, content: Content) -> None:
        """What was received has replaced a change of a folder that sends nothing."""
        live = self._open.joined.live.content()
        overlap = Overlap(None, "", text_of(content), text_of(live), text_of(live), RECEIVE_ONLY)
        self._remembering.record_conflicts((overlap,), save.snapshot.data, live, live, since=0.0)

    async def _merge_save(
        self, room: Room, save: Save, content: Content, prepared: Prepared | None
    ) -> None:
        it = self._open
        try:
            with it.in_hand.working_on(it.path):
                outcome = self._saved(save, content, prepared)
        except ApplyError:
            # Nothing may be written over it now. Joining again merges it by content: from disk,
            # or from here if a write of ours has swapped it out.
            log.exception("save not applied path=%s", it.path)
            it.saves.appendleft(save)
            raise
        log.debug(
            "save merged path=%s digest=%.8s displaced=%s base=%d of %d sent=%d why=%s",
            it.path,
            save.snapshot.digest,
            save.displaced,
            outcome.choice.index,
            len(it.joined.versions),
            len(outcome.update),
            outcome.choice.why,
        )
        self._record_choice(outcome, content, save)
        it.content_changed()
        it.ids_differ = has_other_ids(content, outcome.merged)
        if outcome.update:
            await it.send(room, outcome.update)

    def _saved(self, save: Save, content: Content, prepared: Prepared | None) -> SaveOutcome:
        """The save in the document; tried once more after the CRDT library failed on it."""
        replica = self._open.joined
        facts = self._facts(save)
        if prepared is not None:
            facts["prepared"] = prepared
        try:
            return replica.save(content, **facts)
        except ApplyError:
            log.exception("save is tried again path=%s", self._open.path)
            replica.rebuild()
            return replica.save(content, **facts)

    def _record_choice(self, outcome: SaveOutcome, saved: Content, save: Save) -> None:
        """Keep what the merge had to choose, for review."""
        choice: tuple[Overlap, ...] = ()
        if outcome.choice.conflict is not None:
            choice = places_of_choice(
                outcome.choice.conflict,
                base=outcome.base.content,
                saved=saved,
                shared=outcome.before,
                merged=outcome.merged,
                why=outcome.choice.why,
            )
        self._remembering.record_conflicts(
            without_repeats(choice, outcome.overlaps),
            save.snapshot.data,
            outcome.before,
            outcome.merged,
            since=outcome.base.at,
            git=save.git,
        )
