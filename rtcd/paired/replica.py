"""The paired text's own view of the shared notebook: its versions, its shadow, what it stands for.

Theory of operation. The text is one more file that follows the document, so it has what every file
has (``merge/replica.py``): a shadow where the disk stands, and a ring of versions, any of which an
editor may have loaded. Each version is a pairing: the exact text, and the notebook it stood for. A
save is compared with *texts* to find its base, and becomes an edit of that base's notebook; only
then the two views differ in nothing, and the same merge follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import Candidate, Evidence
from rtcd.merge.prepared import Prepared
from rtcd.merge.replica import Replica
from rtcd.merge.sameness import same_file
from rtcd.merge.save_outcome import Flush, SaveOutcome
from rtcd.merge.versions import Version
from rtcd.paired.cell_order import CellOrder
from rtcd.paired.pairing import Pairing
from rtcd.paired.reading import read_script
from rtcd.paired.rewriting import rewritten
from rtcd.paired.saved_text import states_nothing_else
from rtcd.paired.script import Script, ScriptCell, ScriptFormat
from rtcd.paired.writing import write_script


class ScriptReplica(Replica):
    """A notebook's document as a paired text sees it.

    Attributes:
        on_disk: the text on disk and the notebook it stands for; None when there is no text.
    """

    def __init__(
        self,
        pulled: bytes,
        fmt: ScriptFormat,
        *,
        on_disk: Pairing | None,
        now: float,
        new_id: Callable[[], str],
        earlier: Iterable[tuple[Version, Pairing]] = (),
    ) -> None:
        """Follow a document from the state ``pulled`` on; see ``Replica``."""
        disk = None if on_disk is None else on_disk.notebook
        before = list(earlier)
        super().__init__(
            "notebook", pulled, disk=disk, now=now, earlier=[version for version, _ in before]
        )
        self.format = fmt
        self.on_disk = on_disk
        self._new_id = new_id
        self._next: Pairing | None = None
        self._last_read: Script | None = None
        self._refused_text: str | None = None
        self._order = CellOrder()
        known = {id(version.content): pairing for version, pairing in before}
        self._pairings = {
            version.number: self._with_text(known[id(version.content)])
            for version in self.versions
            if id(version.content) in known
        }
        if on_disk is not None:
            self._note(on_disk)

    def left_behind(self) -> list[tuple[Version, Pairing]]:
        """The versions for the next connection."""
        return [(version, self._pairings[version.number][0]) for version in self.versions]

    # From the disk

    def save(
        self,
        new: Content,
        *,
        evidence: Evidence,
        now: float,
        on_disk: bool = True,
        prepared: Prepared | None = None,
    ) -> SaveOutcome:
        """Merge a saved text into the live document, at the text it was made from.

        Raises:
            HeldError: jupytext cannot read the text; nothing changed.
            ApplyError: as ``Replica.save``.
        """
        del prepared  # Cell by cell nothing takes that long.
        assert isinstance(new, TextContent)
        before = self.live.content()
        assert isinstance(before, NotebookContent)
        if self.on_disk is not None and new.text == self.on_disk.script.text:
            return self._unchanged(before, "The text is as it was; nothing was changed.")
        saved = self.read(new.text)
        if self.says(saved, before):
            self._stand(Pairing.of(saved, before), now, on_disk=on_disk)
            return self._unchanged(before, "The shared notebook says this already.")
        return self._save_text(new, saved, before, self._weighed_text(new, evidence), now, on_disk)

    def read(self, text: str) -> Script:
        """The cells of a text; quick for one like the text on disk.

        Raises:
            HeldError: jupytext cannot read it.
        """
        if self._last_read is None or self._last_read.text != text:
            like = self.on_disk.script if self.on_disk else None
            self._last_read = read_script(text, self.format, like=like)
        return self._last_read

    def says(self, script: Script, notebook: NotebookContent) -> bool:
        """True when the text of ``notebook`` would be read as ``script`` is."""
        if self.on_disk is None:
            return False
        shown = rewritten(self.on_disk, notebook).script
        return (
            len(shown.cells) == len(script.cells)
            and all(map(ScriptCell.says_the_same, shown.cells, script.cells))
            and states_nothing_else(shown, script)
        )

    def _weighed_text(self, new: TextContent, evidence: Evidence) -> Evidence:
        """A save that was refused, and comes again from somebody who has seen the answer."""
        if self._refused_then_read and self._refused_text == new.text:
            return replace(evidence, newest_read_by_saver=True)
        return evidence

    def _save_text(
        self,
        new: TextContent,
        saved: Script,
        before: NotebookContent,
        evidence: Evidence,
        now: float,
        on_disk: bool,
    ) -> SaveOutcome:
        if not len(self.versions):
            return self._save_first(saved, before, now)
        newest = self._pairings[self.versions[-1].number][0]
        compared = self._order.of_save(saved, newest)
        choice = choose_base(compared, self._candidates(now), evidence, tokens=self._tokens)
        base = self.versions[choice.index]
        known = self._pairings[base.number][0]
        if choice.nothing_to_apply and new.text != known.script.text:
            # Equal in our order: what it brings is another one.
            choice = replace(choice, nothing_to_apply=False, conflict=None)
        later = newest if base is not self.versions[-1] else None
        wanted = known.notebook_for(saved, self._new_id, newer=later)
        outcome = self._save_chosen(wanted, before, choice, now)
        self._refused_text = new.text if choice.conflict is not None else None
        is_live = same_file(wanted, outcome.merged)
        if is_live and isinstance(outcome.merged, NotebookContent):
            # The same cells as objects: they need not be compared next time.
            wanted = outcome.merged
        made = Pairing.of(saved, wanted)
        if choice.nothing_to_apply:
            base.own_save = True
        else:
            self.versions[-1].content = wanted
            self._note(made, compared)
            self.versions[-1].displaced = not on_disk
        if on_disk:
            self.on_disk = made
            self._take_as_disk(wanted, on_disk=True)
        if not choice.nothing_to_apply and is_live:
            self._stand_at_live(self.versions[-1])
        return replace(outcome, saved=wanted)

    def _save_first(self, saved: Script, before: NotebookContent, now: float) -> SaveOutcome:
        """A text where there was none: everything of both stays."""
        known = self.pairing_for(before)
        wanted = known.notebook_for(saved, self._new_id)
        outcome = self._save_without_base(wanted, before, now)
        self.on_disk = Pairing.of(saved, wanted)
        self._take_as_disk(wanted, on_disk=True)
        self._note(self.on_disk)
        return replace(outcome, saved=wanted)

    def _candidates(self, now: float) -> list[Candidate]:
        """The versions as texts: that is what an editor had loaded."""
        return [
            replace(candidate, content=self._pairings[version.number][1])
            for candidate, version in zip(self.versions.candidates(now), self.versions, strict=True)
        ]

    def _stand(self, pairing: Pairing, now: float, *, on_disk: bool) -> None:
        """A text that says what the document says: its version is the document as it is."""
        version = self._push(pairing.notebook, now, own_save=True)
        self._pairings[version.number] = self._with_text(pairing)
        self._stand_at_live(version)
        if on_disk:
            self.on_disk = pairing
            self._take_as_disk(pairing.notebook, on_disk=True)

    # To the disk

    def pending(self) -> Flush | None:
        """What the disk should get, or None when the text says it already.

        Raises:
            HeldError: jupytext cannot write the format.
        """
        content = self.live.content()
        assert isinstance(content, NotebookContent)
        self._next = self.pairing_for(content)
        if self.on_disk is not None and self._next.script.text == self.on_disk.script.text:
            self.on_disk = self._next
            return None
        return self._flush(content)

    def pairing_for(self, notebook: NotebookContent) -> Pairing:
        """A notebook with its text, the one on disk as the template."""
        if self._next is not None and self._next.notebook is notebook:
            return self._next
        if self.on_disk is not None:
            return rewritten(self.on_disk, notebook)
        text = write_script(notebook, self.format)
        return Pairing.of(read_script(text, self.format), notebook)

    def flushed(self, flush: Flush, *, now: float) -> None:
        """The text is on disk."""
        assert self._next is not None
        super().flushed(flush, now=now)
        self.on_disk = self._next
        self._note(self._next)

    def _note(self, pairing: Pairing, compared: TextContent | None = None) -> None:
        newest = self.versions.newest
        assert newest is not None
        noted = self._with_text(pairing)
        if compared == noted[1]:
            noted = pairing, compared
        self._pairings[newest.number] = noted
        numbers = {version.number for version in self.versions}
        self._pairings = {n: known for n, known in self._pairings.items() if n in numbers}

    def _with_text(self, pairing: Pairing) -> tuple[Pairing, TextContent]:
        """The text to compare with, always the same: comparisons remember contents by identity."""
        return pairing, self._order.of_pairing(pairing)
