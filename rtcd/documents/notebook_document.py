"""``NotebookDocument``: a notebook as a shared document (``YNotebook`` 2.0.0 of jupyter_ydoc).

``YNotebook.set`` matches cells by id alone and makes changed ones anew, ``YNotebook.get`` changes
the document while reading it (merging 6.1); neither is used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rtcd.content import Cell, Content, JsonObject, Kind, NotebookContent
from rtcd.crdt.array import insert_items, remove_runs, watch_items
from rtcd.crdt.json_map import edit_map, read_json, watch_map
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Array, Map
from rtcd.diff.edits import TextEdit
from rtcd.diff.json_edits import KeyEdits, same_json, storable
from rtcd.diff.notebook import NotebookEdit, PlacedCell, diff_notebook, same_cell
from rtcd.documents.cell_cache import CellCache
from rtcd.documents.notebook_cells import edit_cell, new_cell, read_cell, unshared_parts
from rtcd.documents.save_mark import SaveMark
from rtcd.errors import ApplyError

NBFORMAT = 4
NBFORMAT_MINOR = 5


def random_id() -> str:
    """An id for a new cell, as nbformat 4.5 wants it."""
    return f"{random.getrandbits(48):012x}"


class NotebookDocument:
    """Root types ``state``, ``meta`` (Maps) and ``cells`` (Array of Maps); satisfies ``Document``.

    Attributes:
        kind: ``notebook``.
        shared: the CRDT document underneath.
        last_edit: what the last ``become`` did, None before; tells which cells moved or went.
    """

    kind: Kind = "notebook"

    def __init__(
        self,
        shared: SharedDoc,
        *,
        new_id: Callable[[], str] = random_id,
        known_cells: Iterable[Cell] = (),
    ) -> None:
        """Open a document; adds nothing to it.

        Args:
            shared: the CRDT document.
            new_id: makes the ids of new cells.
            known_cells: the cells it holds, where a document of the same state has read them.
        """
        self.shared = shared
        self.last_edit: NotebookEdit | None = None
        self._new_id = new_id
        self._mark = SaveMark(shared)
        self._meta: Map[Any] = shared.raw.get("meta", type=Map)
        self._cells: Array[Any] = shared.raw.get("cells", type=Array)
        known: tuple[Cell | None, ...] = tuple(known_cells)
        count = len(self._cells)
        self._cache = CellCache(known if len(known) == count else (None,) * count)
        self._meta_cache: list[_Meta] = []
        self._content = NotebookContent(())
        self._read_at = -1
        self._subscriptions = (
            watch_items(self._cells, self._cache.note),
            watch_map(self._meta, self._meta_cache.clear),
        )

    def content(self) -> NotebookContent:
        """The notebook; the same object, and the same cells, as long as nothing changed in them.

        Without ``trusted`` and ``execution_state``; numbers that are whole are ``int``.
        """
        if self.shared.observers_may_miss and self._read_at != self.shared.changes:
            self._cache.forget()
            self._meta_cache.clear()
        if self._cache.stale or not self._meta_cache:
            self._content = self._read()
            self._read_at = self.shared.changes
        return self._content

    def cell_ids(self) -> tuple[str | None, ...]:
        """The ids of the cells in order, as the document has them: one may be missing or doubled."""
        return tuple(cell.id for cell in self.content().cells)

    def take_touched(self) -> frozenset[str]:
        """Ids of the cells that somebody else edited or added since the last call."""
        self.content()
        return self._cache.take_touched()

    def become(
        self,
        new: Content,
        *,
        origin: str = "disk",
        touched: frozenset[str] = frozenset(),
        edits: Sequence[TextEdit] | None = None,
    ) -> None:
        """Make the smallest honest edit; see ``Document.become``. Not for use inside a transaction.

        What a document cannot hold (integers beyond 64 bits, half surrogate pairs) is refused
        before anything is changed.
        """
        del edits
        if not isinstance(new, NotebookContent):
            raise ApplyError("a text cannot become the content of a notebook document")
        self.last_edit = edit = diff_notebook(self.content(), new, touched, new_id=self._new_id)
        header = self._header_edit(new)
        if not edit and not header:
            return
        with self._own_edit(origin):
            self._apply(edit, header)
        self._verify(new, edit.cells)

    def mend_ids(self, *, origin: str = "ids") -> bool:
        """Give every cell an id of its own, and drop equal copies of a cell (merging 6.4).

        Two copies come from two people moving a cell at once; the first place stays. Whoever does
        this does the same, so it may be done twice. Returns whether there was anything to mend.
        """
        seen: dict[str, Cell] = {}
        doubled: list[tuple[int, int]] = []
        nameless: list[int] = []
        for index, cell in enumerate(self.content().cells):
            if cell.id is None or (cell.id in seen and not same_cell(seen[cell.id], cell)):
                nameless.append(index)
            elif cell.id in seen:
                doubled.append((index, index + 1))
            else:
                seen[cell.id] = cell
        if doubled or nameless:
            with self._own_edit(origin):
                self._mend(doubled, nameless)
        return bool(doubled or nameless)

    def saved_hash(self) -> str | None:
        """See ``Document.saved_hash``."""
        return self._mark.saved_hash()

    def is_dirty(self) -> bool:
        """See ``Document.is_dirty``."""
        return self._mark.is_dirty()

    def mark_saved(self, digest: str) -> None:
        """See ``Document.mark_saved``."""
        self._mark.set(digest)

    def fork(self) -> NotebookDocument:
        """See ``Document.fork``; cells that this document has read are not read again."""
        cells = self.content().cells
        return NotebookDocument(self.shared.fork(), new_id=self._new_id, known_cells=cells)

    def _read(self) -> NotebookContent:
        meta = self._read_meta()
        with self.shared.raw.transaction():
            cells = self._cache.cells(len(self._cells), lambda index: read_cell(self._cells[index]))
        return NotebookContent(cells, meta.metadata, meta.nbformat, meta.nbformat_minor)

    def _read_meta(self) -> _Meta:
        if not self._meta_cache:
            self._meta_cache.append(_Meta.of(read_json(self._meta)))
        return self._meta_cache[0]

    def _header_edit(self, new: NotebookContent) -> dict[str, Any]:
        """Keys of ``meta`` to assign; an empty document gets all of them."""
        stored = self._read_meta().stored
        wanted = {"nbformat": new.nbformat, "nbformat_minor": new.nbformat_minor}
        changed: dict[str, Any] = {
            key: value
            for key, value in wanted.items()
            if key not in stored or not same_json(stored[key], value)
        }
        if not isinstance(self._meta.get("metadata"), Map):
            changed["metadata"] = Map(storable(self._read_meta().metadata))
        return changed

    @contextmanager
    def _own_edit(self, origin: str) -> Iterator[None]:
        """A transaction whose cells do not count as touched by others."""
        self._cache.remote = False
        try:
            with self.shared.transaction(origin):
                yield
        finally:
            self._cache.remote = True

    def _apply(self, edit: NotebookEdit, header: dict[str, Any]) -> None:
        for key, value in header.items():
            self._meta[key] = value
        _edit_metadata(self._meta["metadata"], edit.metadata)
        for change in edit.edited:
            shared = self._cells[change.index]
            if isinstance(shared, Map):
                edit_cell(shared, change)
            else:
                self._cells[change.index] = new_cell(change.after, {}, {})
        # Made before the removal, because they take along what only the old map holds.
        placed = [(cell.place, self._placed(cell)) for cell in edit.placed]
        remove_runs(self._cells, edit.removed)
        for _, run in groupby(enumerate(placed), lambda pair: pair[1][0] - pair[0]):
            members = [item for _, item in run]
            insert_items(self._cells, members[0][0], [shared for _, shared in members])

    def _placed(self, placed: PlacedCell) -> Map[Any]:
        origin = None if placed.origin is None else self._cells[placed.origin]
        extra, trusted = unshared_parts(origin) if isinstance(origin, Map) else ({}, {})
        return new_cell(placed.cell, extra, trusted)

    def _mend(self, doubled: list[tuple[int, int]], nameless: list[int]) -> None:
        for index in nameless:
            shared = self._cells[index]
            if isinstance(shared, Map):
                shared["id"] = self._new_id()
        remove_runs(self._cells, doubled)

    def _verify(self, new: NotebookContent, cells: tuple[Cell, ...]) -> None:
        """Compare what was read again with what it should be.

        Raises:
            ApplyError: they differ.
        """
        now = self.content()
        if not (
            len(now.cells) == len(cells)
            and all(map(same_cell, cells, now.cells))
            and (now.nbformat, now.nbformat_minor) == (new.nbformat, new.nbformat_minor)
            and same_json(now.metadata, new.metadata)
        ):
            raise ApplyError("a notebook does not hold what was saved after applying the save")


@dataclass(frozen=True, slots=True)
class _Meta:
    """What the ``meta`` map holds: as stored, and as a notebook's header."""

    stored: JsonObject
    metadata: JsonObject
    nbformat: int
    nbformat_minor: int

    @classmethod
    def of(cls, stored: JsonObject) -> _Meta:
        metadata, major, minor = map(stored.get, ("metadata", "nbformat", "nbformat_minor"))
        return cls(
            stored,
            metadata if isinstance(metadata, dict) else {},
            major if isinstance(major, int) else NBFORMAT,
            minor if isinstance(minor, int) else NBFORMAT_MINOR,
        )


def _edit_metadata(shared: Map[Any], edits: KeyEdits) -> None:
    if edits:
        edit_map(shared, storable(edits.assigned), edits.removed)
