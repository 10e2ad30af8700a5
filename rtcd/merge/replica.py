"""One file's live document, its shadow, and the versions that were on disk.

The *live* document is the room's, as far as it has arrived, and what was sent there; it never
holds anything else. The *shadow* stands where the disk stands: a save is applied there, and what
comes out is an edit made before everything that the saver had not seen. See merging 1 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rtcd.content import Content, Kind, TextContent
from rtcd.diff.edits import TextEdit
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import BaseChoice, Candidate, Evidence
from rtcd.merge.known_cells import with_known_cells
from rtcd.merge.live_and_shadow import LiveAndShadow
from rtcd.merge.merged import Merged
from rtcd.merge.prepared import Prepared, Question, takes_long
from rtcd.merge.rescue import mended
from rtcd.merge.sameness import same_file, same_meaning
from rtcd.merge.save_outcome import Flush, SaveOutcome, as_it_stands, changed_ids, no_version
from rtcd.merge.three_way import merge_contents
from rtcd.merge.tokens import TokenCache
from rtcd.merge.versions import READ_LAG_SECONDS, Version


class Replica(LiveAndShadow):
    """One file between its room and its disk. No IO and no clock: times are seconds, passed in."""

    def __init__(
        self,
        kind: Kind,
        pulled: bytes,
        *,
        disk: Content | None,
        now: float,
        reads_seen: bool = True,
        earlier: Iterable[Version] = (),
    ) -> None:
        """Open the room's document.

        Args:
            kind: which kind of document.
            pulled: the room's whole state, as an update.
            disk: what is on disk, None when there is no file. Where it differs from the room,
                the caller merges by content and calls ``reconcile``.
            now: the time.
            reads_seen: somebody reports when the file is read (``mark_read``); a version nobody
                read is then known not to be a base.
            earlier: versions of this file from an earlier connection, oldest first; their CRDT
                states are not used.

        Raises:
            UpdateRefusedError: the room's state cannot be read.
            ApplyError: the CRDT library failed on it.
        """
        super().__init__(kind, pulled)
        self._reads_seen = reads_seen
        self._tokens = TokenCache()
        self._refused: Content | None = None
        self._refused_then_read = False
        here = self.live.content()
        self._disk = disk = None if disk is None else with_known_cells(disk, (here,))
        numbers: dict[int | None, int] = {}
        for version in earlier:
            numbers[version.number] = self.versions.push(
                with_known_cells(version.content, (here, *self._newest())),
                at=version.at,
                own_save=version.own_save,
                read=version.read,
                base=numbers.get(version.base),
                displaced=version.displaced,
            ).number
        if disk is not None:
            # Saved while no room was open, most likely from what was on disk before: taking that
            # save back later is then no return to a version from before it.
            newest = self.versions.newest
            base = None if newest is None else newest.number
            first = self._push(disk, now, own_save=True, base=base)
            if same_file(disk, here):
                self._bases.begin(first)

    # From the room

    def rescue(self, *, now: float) -> SaveOutcome | None:
        """Mend what Yjs does to cells that several people move, delete and edit at once.

        What others typed into a cell that this replica has moved or deleted is brought back, and
        of two copies of one cell one stays. To be called after ``receive``, also where that
        returned False; costs next to nothing when there is nothing to do. ``SaveOutcome.update``
        is to be sent.

        Raises:
            ApplyError: as in ``reconcile``.
        """
        before = self.live.content()
        content, overlaps = mended(before, self._log.watching(now))
        if content is before:
            return None
        update = self._edit_live(content, now=now)
        return SaveOutcome(
            update=update,
            base=self.versions.newest or no_version(self.kind),
            choice=BaseChoice(index=len(self.versions) - 1, why="A cell that was moved is mended."),
            before=before,
            merged=self.live.content(),
            overlaps=overlaps,
        )

    def reconcile(self, target: Content, *, now: float | None = None) -> bytes:
        """Edit the live document to ``target``; returns the update to send, empty for none.

        With ``now``, cells that move or go are watched for a while, see ``rescue``.

        Raises:
            ApplyError: it did not work; live document and shadow were rebuilt as they were.
        """
        return self._edit_live(target, now=now)

    # From the disk

    def question(
        self, new: Content, *, evidence: Evidence, now: float, on_disk: bool = True
    ) -> Question | None:
        """What another process may find out about a large save before ``save`` is called."""
        newest = self.versions.newest
        if (
            newest is None
            or not isinstance(new, TextContent)
            or not takes_long(new, newest.content)
        ):
            return None
        candidates = self.versions.candidates(now, reads_are_late=not on_disk)
        return Question(new, tuple(candidates), self._weighed(new, evidence))

    def save(
        self,
        new: Content,
        *,
        evidence: Evidence,
        now: float,
        on_disk: bool = True,
        prepared: Prepared | None = None,
    ) -> SaveOutcome:
        """Merge a save into the live document, at the version it was made from.

        Args:
            new: what was saved.
            evidence: what is known about the saver.
            now: the time.
            on_disk: False for a save that a write of ours has already swapped out.
            prepared: the answer to ``question``, if there was one.

        Raises:
            ApplyError: it did not work; live document and shadow were rebuilt as they were. The
                same call may work now.
        """
        before = self.live.content()
        new = with_known_cells(new, (before, *self._newest()))
        if self._disk is not None and same_file(new, self._disk):
            return self._unchanged(before, "The file is as it was; nothing was changed.")
        if same_meaning(new, before):
            self._take_as_disk(new, on_disk=on_disk)
            self._stand_at_live(self._push(new, now, own_save=True))
            return self._unchanged(before, "The shared document has this content already.")
        newest = self.versions.newest
        candidates = self.versions.candidates(now, reads_are_late=not on_disk)
        weighed = self._weighed(new, evidence)
        if prepared is not None and prepared.holds_for(new, candidates, weighed):
            outcome = self._save_chosen(new, before, prepared.choice, now, edits=prepared.edits)
        else:
            outcome = self._save_at_base(new, before, candidates, weighed, now)
        self._take_as_disk(new, on_disk=on_disk)
        if self.versions.newest is not newest and self.versions.newest is not None:
            self.versions.newest.displaced = not on_disk
        if outcome.choice.nothing_to_apply:
            outcome.base.own_save = True
        elif same_file(new, outcome.merged):
            self._stand_at_live(self.versions[-1])
        return outcome

    def pending(self) -> Flush | None:
        """What the disk should get, or None when it has the live content."""
        content = self.live.content()
        if self._disk is not None and same_file(self._disk, content):
            return None
        return self._flush(content)

    def _flush(self, content: Content) -> Flush:
        return Flush(content, self._bases.lacks(self.live), self.live.shared.state_vector())

    def flushed(self, flush: Flush, *, now: float) -> None:
        """The flush is on disk: the shadow stands there now."""
        with self._rebuilt_on_failure():
            is_there = self._bases.take_flush(flush.update)
        version = self._push(
            flush.content, now, own_save=False, read=False if self._reads_seen else None
        )
        self._disk = flush.content
        if is_there:
            self._bases.begin(version)

    def watch_reads(self, seen: bool) -> None:
        """From now on reads are told, or not; until now some may have been missed."""
        self._reads_seen = seen
        for version in self.versions:
            if version.read is False:
                version.read = None

    def mark_read(self, now: float) -> None:
        """Somebody else read the file, as it is on disk or was a moment ago.

        The word of a read may come late, when a newer version is on disk already. So everything
        that was on disk within the last second counts as read: a version that wrongly counts as
        unread is no candidate at all, which costs more than the reverse.
        """
        self._reads_seen = True
        self._refused_then_read = self._refused is not None
        for version in reversed(list(self.versions)):
            version.read = True
            if version.at < now - READ_LAG_SECONDS:
                return

    def disk_content(self) -> Content:
        """What we believe is on disk; empty when there is no file."""
        return self._disk if self._disk is not None else no_version(self.kind).content

    def settle_versions(self) -> None:
        """See ``LiveAndShadow``; and what the next save is compared with is taken apart."""
        super().settle_versions()
        newest = self.versions.newest
        if newest is not None and len(self.versions) > 1:
            self._tokens.prepare(newest.content)

    # How a save is merged

    def _weighed(self, new: Content, evidence: Evidence) -> Evidence:
        """A save that was refused, and comes again from somebody who has seen the answer."""
        again = self._refused is not None and same_meaning(new, self._refused)
        if again and self._refused_then_read:
            return replace(evidence, newest_read_by_saver=True)
        return evidence

    def _save_at_base(
        self,
        new: Content,
        before: Content,
        candidates: Sequence[Candidate],
        evidence: Evidence,
        now: float,
    ) -> SaveOutcome:
        if not candidates:
            return self._save_without_base(new, before, now)
        choice = choose_base(new, candidates, evidence, tokens=self._tokens)
        return self._save_chosen(new, before, choice, now)

    def _save_chosen(
        self,
        new: Content,
        before: Content,
        choice: BaseChoice,
        now: float,
        *,
        edits: Sequence[TextEdit] | None = None,
    ) -> SaveOutcome:
        """Merge a save at the version that was chosen as its base; ``edits`` since it, if known."""
        self._refused = new if choice.conflict is not None else None
        self._refused_then_read = False
        base = self.versions[choice.index]
        if choice.nothing_to_apply:
            return SaveOutcome(update=b"", base=base, choice=choice, before=before, merged=before)
        merged = None
        if not same_meaning(before, base.content):
            merged = merge_contents(base.content, new, before, our_edits=edits)
        document = (
            None if merged is not None and merged.by_content else self._bases.at(base, self.live)
        )
        if document is not None:
            is_other = document is not self.live
            if is_other and merged is None and same_file(before, base.content):
                # Cells that were moved away and back look the same, and are others: an edit of
                # one that was there before them would go where nobody sees it.
                document.shared.apply_update(
                    self.live.shared.update_since(document.shared.state_vector())
                )
            edits = edits if merged is None else merged.our_edits
            update = self._save_on(document, new, base, now, edits)
        else:
            touched = changed_ids(base.content, before)
            target = new if merged is None else merged.content
            news = None if merged is None else merged.news
            update = self._edit_live(target, touched=touched, edits=news, now=now)
            self._push(new, now, own_save=True, base=base.number)
        overlaps = () if merged is None else merged.overlaps
        after = self.live.content()
        return SaveOutcome(
            update=update,
            base=base,
            choice=choice,
            before=before,
            merged=after,
            overlaps=tuple(as_it_stands(overlap, after) for overlap in overlaps),
        )

    def _save_without_base(self, new: Content, before: Content, now: float) -> SaveOutcome:
        """The file was made here while there was one in the room."""
        merged: Merged = merge_contents(None, new, before)
        update = self._edit_live(merged.content, now=now)
        self._push(new, now, own_save=True)
        why = "The file was made on both sides; everything of both is kept."
        return SaveOutcome(
            update=update,
            base=no_version(self.kind),
            choice=BaseChoice(index=-1, why=why),
            before=before,
            merged=self.live.content(),
            overlaps=merged.overlaps,
        )

    # Bookkeeping

    def _take_as_disk(self, new: Content, *, on_disk: bool) -> None:
        if on_disk:
            self._disk = new

    def _unchanged(self, before: Content, why: str) -> SaveOutcome:
        newest = self.versions.newest or no_version(self.kind)
        choice = BaseChoice(index=len(self.versions) - 1, why=why, nothing_to_apply=True)
        return SaveOutcome(update=b"", base=newest, choice=choice, before=before, merged=before)
