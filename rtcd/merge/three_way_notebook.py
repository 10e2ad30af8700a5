"""Three notebooks into one: cells matched, each merged, their order merged.

Yjs has no lossless move and no way back from the deletion of a cell (merging 6.4), so the structure
is merged here, by content, and applied to the live document as one edit that moves least.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rtcd.content import Cell, NotebookContent
from rtcd.diff.cells import match_cells
from rtcd.diff.sequences import matches, seq_diff
from rtcd.merge.cell_sequence import Key, merged_order
from rtcd.merge.joined_cells import follow_joins
from rtcd.merge.merged import Merged, Overlap
from rtcd.merge.sameness import same_content, same_meaning
from rtcd.merge.shared_insertions import common_insertion
from rtcd.merge.three_way_cell import latest_run, merge_cell, merge_objects
from rtcd.merge.three_way_text import union_text
from rtcd.merge.unique_ids import with_unique_ids


def merge_notebooks(
    base: NotebookContent | None, ours: NotebookContent, theirs: NotebookContent
) -> Merged:
    """Merge two versions of a notebook; see ``merge_contents``."""
    # Ids count first: a side that is the base in every respect has no say. Then they do not:
    # an editor that makes them anew has changed nothing.
    for same in (same_content, same_meaning):
        if same(ours, theirs) or (base is not None and same(ours, base)):
            return Merged(theirs)
        if base is not None and same(theirs, base):
            return Merged(ours)
    return _NotebookMerge(base, ours, theirs).merged()


class _NotebookMerge:
    """The work on one merge; keys name cells across the three notebooks."""

    def __init__(
        self, base: NotebookContent | None, ours: NotebookContent, theirs: NotebookContent
    ) -> None:
        self.is_union = base is None
        self.base = base or NotebookContent((), {}, theirs.nbformat, theirs.nbformat_minor)
        self.ours = ours
        self.theirs = theirs
        self.cells: dict[Key, Cell] = {}
        self.overlaps: list[Overlap] = []
        # New cells of one id that are two cells: ours and, as value, theirs.
        self.twins: dict[Key, Key] = {}
        self._match()
        has_joins = self._follow_joins()
        self.is_structural = self._has_structure(self.my_keys) or self._has_structure(
            self.their_keys
        )
        self.by_content = self.is_structural or has_joins
        self._pair_new_cells()

    def _has_structure(self, keys: Sequence[Key]) -> bool:
        return list(keys) != [("base", place) for place in range(len(self.base.cells))]

    def merged(self) -> Merged:
        mine = dict(zip(self.my_keys, self.ours.cells, strict=True))
        other = dict(zip(self.their_keys, self.theirs.cells, strict=True))
        for key in dict.fromkeys([*self.their_keys, *self.my_keys]):
            my_cell, their_cell = mine.get(key), other.get(key)
            if key[0] == "base" and my_cell is their_cell is self.base.cells[key[1]]:
                self.cells[key] = self.base.cells[key[1]]
            else:
                self._settle(key, my_cell, their_cell)
        weights = [1 + len(cell.source) for cell in self.base.cells]
        order = merged_order(
            self.my_keys, self.their_keys, self.cells.keys(), weights, behind=self.twins
        )
        self._record_created(mine, other)
        content = NotebookContent(
            cells=with_unique_ids(self.cells[key] for key in order),
            metadata=merge_objects(self.base.metadata, self.ours.metadata, self.theirs.metadata),
            nbformat=self.theirs.nbformat,
            nbformat_minor=max(self.ours.nbformat_minor, self.theirs.nbformat_minor),
        )
        return Merged(content, tuple(self.overlaps), by_content=self.by_content)

    def _match(self) -> None:
        mine = match_cells(self.base.cells, self.ours.cells)
        other = match_cells(self.base.cells, self.theirs.cells)
        known = {cell.id for cell in self.base.cells}
        newer = {
            cell.id
            for cell, origin in zip(self.theirs.cells, other, strict=True)
            if origin is None and cell.id not in known
        }
        # Matching goes by what cells say, too: but one that the other side has made, and that came
        # along under its id, is in the place of no cell of the base.
        own = [
            None if cell.id in newer else origin
            for cell, origin in zip(self.ours.cells, mine, strict=True)
        ]
        self.my_keys, self.their_keys = _keys("ours", own), _keys("theirs", other)

    def _follow_joins(self) -> bool:
        """Have cells that one side joined joined on the other side, too; True when there were."""
        mine, other = _origins(self.my_keys), _origins(self.their_keys)
        found = follow_joins(self.base, self.ours, self.theirs, mine, other)
        if found is not None:
            self.base, self.theirs = found
            self._match()
            return True
        found = follow_joins(self.base, self.theirs, self.ours, other, mine)
        if found is not None:
            self.base, self.ours = found
            self._match()
        return found is not None

    # New cells that are the same cell

    def _pair_new_cells(self) -> None:
        """Give new cells of both sides that are one cell one key."""
        mine = [place for place, key in enumerate(self.my_keys) if key[0] == "ours"]
        other = [place for place, key in enumerate(self.their_keys) if key[0] == "theirs"]
        for my_place, their_place in [
            *self._same_id(mine, other),
            *self._same_source(mine, other),
        ]:
            key = ("theirs", their_place)
            if self.my_keys[my_place][0] != "ours" or key in self.my_keys:
                continue
            if self._is_one_cell(my_place, their_place):
                self.twins.pop(self.my_keys[my_place], None)
                self.my_keys[my_place] = key
            elif key not in self.twins.values():
                self.twins[self.my_keys[my_place]] = key

    def _same_id(self, mine: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
        places = {self.theirs.cells[p].id: p for p in reversed(other)}
        places.pop(None, None)
        ids = ((p, self.ours.cells[p].id) for p in mine)
        return [(p, places[identity]) for p, identity in ids if identity in places]

    def _same_source(self, mine: Sequence[int], other: Sequence[int]) -> list[tuple[int, int]]:
        """Equal sources, in order; between the same neighbours where there is a base."""
        my_rows = self._rows(self.ours.cells, self.my_keys, mine)
        their_rows = self._rows(self.theirs.cells, self.their_keys, other)
        pairs = matches(seq_diff(their_rows, my_rows), len(their_rows))
        return [(mine[my], other[their]) for their, my in pairs]

    def _rows(
        self, cells: Sequence[Cell], keys: Sequence[Key], places: Sequence[int]
    ) -> list[tuple[str, str, int]]:
        """Type, source and the cell of the base before it, for these cells."""
        before: list[int] = []
        last = -1
        for side, place in keys:
            last = place if side == "base" else last
            before.append(last)
        return [(cells[p].cell_type, cells[p].source, before[p]) for p in places]

    def _is_one_cell(self, my_place: int, their_place: int) -> bool:
        mine, other = self.ours.cells[my_place], self.theirs.cells[their_place]
        if mine.cell_type != other.cell_type:
            return False
        if mine.source == other.source:
            return True
        if self.is_union:
            # The base is lost, and nobody made this cell twice: they are two states of one.
            return mine.id is not None and mine.id == other.id and _share_a_line(mine, other)
        # One may have been typed on since the other copy was made.
        return _grown(mine.source, other.source) is not None

    # What becomes of each cell

    def _settle(self, key: Key, mine: Cell | None, other: Cell | None) -> None:
        if key[0] != "base":
            self._settle_new(key, mine, other)
            return
        before = self.base.cells[key[1]]
        if mine is not None and other is not None:
            merge = merge_cell(before, mine, other)
            self.cells[key] = merge.cell
            self.overlaps += merge.overlaps
            self.by_content = self.by_content or merge.by_content
            return
        left = mine or other
        if left is None or left.source == before.source:
            return
        # An edit wins over a deletion.
        self.cells[key] = left
        self.overlaps.append(
            Overlap(
                left.id or before.id,
                before.source,
                mine.source if mine else "",
                other.source if other else "",
                left.source,
                "delete-edit",
            )
        )

    def _settle_new(self, key: Key, mine: Cell | None, other: Cell | None) -> None:
        if mine is None or other is None:
            only = mine or other
            assert only is not None
            self.cells[key] = only
            return
        run = latest_run(mine, other)
        source = _grown(mine.source, other.source) or other.source
        if self.is_union and mine.source != other.source:
            union = union_text(mine.source, other.source)
            source = union.text
            self.overlaps += union.overlaps(other.id)
        self.cells[key] = replace(
            other,
            source=source,
            metadata=merge_objects({}, other.metadata, mine.metadata),
            attachments={**mine.attachments, **other.attachments},
            outputs=run.outputs,
            execution_count=run.execution_count,
        )
        self.by_content = True

    def _record_created(self, mine: Mapping[Key, Cell], other: Mapping[Key, Cell]) -> None:
        for my_key, their_key in self.twins.items():
            cell, their = mine[my_key], other[their_key]
            both = f"{their.source}\n{cell.source}"
            self.overlaps.append(
                Overlap(their.id, "", cell.source, their.source, both, "both-created")
            )
        own = [key for key in mine if key not in other and key not in self.twins]
        if self.is_union and own and other.keys() - mine.keys():
            texts = (_whole(self.ours.cells), _whole(self.theirs.cells))
            both = _whole(self.cells.values())
            self.overlaps.append(Overlap(None, "", *texts, both, "both-created"))


def _whole(cells: Iterable[Cell]) -> str:
    return "\n\n".join(cell.source for cell in cells)


def _grown(mine: str, other: str) -> str | None:
    """The longer one of two sources of which one begins the other, or None."""
    if mine == other:
        return other
    shorter, longer = sorted((mine, other), key=len)
    if not shorter:
        return longer
    common = common_insertion(mine, other, frozenset())
    return longer if common == shorter else None


def _keys(side: str, origins: Sequence[int | None]) -> list[Key]:
    return [
        (side, place) if origin is None else ("base", origin)
        for place, origin in enumerate(origins)
    ]


def _origins(keys: Sequence[Key]) -> list[int | None]:
    return [place if side == "base" else None for side, place in keys]


def _share_a_line(mine: Cell, other: Cell) -> bool:
    """True when both hold the same line, blank ones not counted."""
    lines = {line for line in mine.source.splitlines() if line.strip()}
    return any(line in lines for line in other.source.splitlines())
