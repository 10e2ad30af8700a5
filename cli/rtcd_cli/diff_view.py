"""Differences on the screen: coloured where colours are, ``[-gone-]{+new+}`` where not."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rich.text import Text

from rtcd.content import Cell, Content, NotebookContent, TextContent, canonical_json
from rtcd.diff.cells import match_cells
from rtcd_cli.output import plural, safe
from rtcd_cli.word_diff import DiffLine, Skipped, diff_words, fold

STYLES = {"same": "", "gone": "red strike", "new": "bold green"}
PLAIN = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
WHOLE_TEXT_LINES = 30


def word_diff_text(old: str, new: str, *, colour: bool) -> Text:
    """The new text with what is gone and new since ``old``; long unchanged stretches are folded."""
    lines = diff_words(old, new)
    folded: Sequence[DiffLine | Skipped] = lines if len(lines) <= WHOLE_TEXT_LINES else fold(lines)
    shown = Text()
    for number, line in enumerate(folded):
        if number:
            shown.append("\n")
        if isinstance(line, Skipped):
            shown.append(f"... {plural(line.count, 'line')} the same", "dim")
        else:
            _append(shown, line, colour=colour)
    return shown


def _append(shown: Text, line: DiffLine, *, colour: bool) -> None:
    for piece in line.pieces:
        # A changed end of line has nothing to see; the return sign stands for it.
        text = safe_tabs(piece.text.removesuffix("\n")) + ("⏎" if piece.text.endswith("\n") else "")
        before, after = ("", "") if colour else PLAIN[piece.change]
        shown.append(f"{before}{text}{after}", STYLES[piece.change] if colour else "")


def safe_tabs(text: str) -> str:
    """One line, safe for a terminal, its tabs kept."""
    return "\t".join(safe(piece) for piece in text.split("\t"))


def diff_contents(old: Content, new: Content, old_name: str, new_name: str) -> list[Text]:
    """Lines of a difference: unified for texts, cell by cell for notebooks; empty when equal."""
    if isinstance(old, NotebookContent) and isinstance(new, NotebookContent):
        lines = _diff_notebooks(old, new)
    else:
        lines = _unified(_text_of(old), _text_of(new))
    if not lines:
        return []
    heads = [Text(f"--- {safe(old_name)}", "bold"), Text(f"+++ {safe(new_name)}", "bold")]
    return heads + lines


def _text_of(content: Content) -> str:
    if isinstance(content, TextContent):
        return content.text
    return "\n".join(cell.source for cell in content.cells)


def _unified(old: str, new: str) -> list[Text]:
    whole = difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=3)
    return [_coloured(line) for line in list(whole)[2:]]


def _coloured(line: str) -> Text:
    style = {"@": "cyan", "-": "red", "+": "green"}.get(line[:1], "")
    return Text(safe_tabs(line), style)


def _diff_notebooks(old: NotebookContent, new: NotebookContent) -> list[Text]:
    matches = match_cells(old.cells, new.cells)
    kept = {index for index in matches if index is not None}
    moved = _moved(matches)
    lines: list[Text] = []
    if canonical_json(old.metadata) != canonical_json(new.metadata):
        lines.append(Text("@@ the notebook's metadata changed @@", "cyan"))
    following = 0
    for number, index in enumerate(matches):
        cell = new.cells[number]
        if index is None:
            lines += _whole_cell(cell, number, "added", "+")
            continue
        while following < index:
            if following not in kept:
                lines += _whole_cell(old.cells[following], following, "removed", "-")
            following += 1
        following = max(following, index + 1)
        lines += _diff_cell(old.cells[index], cell, number, was=index if number in moved else None)
    for index in range(following, len(old.cells)):
        if index not in kept:
            lines += _whole_cell(old.cells[index], index, "removed", "-")
    return lines


def _moved(matches: Sequence[int | None]) -> set[int]:
    """Cells outside the longest run that kept its order: the fewest that can have moved."""
    places = [(index, number) for number, index in enumerate(matches) if index is not None]
    best: list[tuple[int, int | None]] = []
    for at, (index, _) in enumerate(places):
        before = [
            (best[earlier][0], earlier) for earlier in range(at) if places[earlier][0] < index
        ]
        length, link = max(before, default=(0, None), key=lambda item: item[0])
        best.append((length + 1, link))
    if not best:
        return set()
    at_place: int | None = max(range(len(best)), key=lambda at: best[at][0])
    stayed = set()
    while at_place is not None:
        stayed.add(places[at_place][1])
        at_place = best[at_place][1]
    return {number for _, number in places if number not in stayed}


def _title(cell: Cell, number: int, what: str) -> Text:
    name = f" {safe(cell.id)}" if cell.id else ""
    return Text(f"@@ cell {number + 1} ({safe(cell.cell_type)}{name}) {what} @@", "cyan")


def _whole_cell(cell: Cell, number: int, what: str, sign: str) -> list[Text]:
    body = [_coloured(sign + line) for line in cell.source.split("\n")]
    return [_title(cell, number, what), *body]


def _diff_cell(old: Cell, new: Cell, number: int, *, was: int | None) -> list[Text]:
    what = []
    if was is not None:
        what.append(f"moved, was cell {was + 1}")
    if old.cell_type != new.cell_type:
        what.append(f"was {safe(old.cell_type)}")
    if canonical_json(old.outputs) != canonical_json(new.outputs):
        what.append(f"outputs changed ({len(old.outputs)} to {len(new.outputs)})")
    elif old.execution_count != new.execution_count:
        what.append("run again")
    if canonical_json(old.metadata) != canonical_json(new.metadata):
        what.append("metadata changed")
    if canonical_json(old.attachments) != canonical_json(new.attachments):
        what.append("attachments changed")
    body = _unified(old.source, new.source) if old.source != new.source else []
    if body:
        what.insert(0, "changed")
    return [_title(new, number, ", ".join(what)), *body] if what else []
