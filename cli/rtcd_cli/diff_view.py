"""Differences on the screen: coloured where colours are, ``[-gone-]{+new+}`` where not."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from rich.text import Text

from rtcd.content import Cell, Content, NotebookContent, TextContent, canonical_json
from rtcd.diff.cells import match_cells
from rtcd.diff.moves import heaviest_increasing
from rtcd_cli.output import plural, safe
from rtcd_cli.word_diff import DiffLine, Skipped, diff_words, fold

STYLES = {"same": "", "gone": "red strike", "new": "bold green"}
PLAIN = {"same": ("", ""), "gone": ("[-", "-]"), "new": ("{+", "+}")}
WHOLE_TEXT_LINES = 30
NO_NEWLINE = "\\ No newline at end of file"


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
        lines = _unified(_file_lines(_text_of(old)), _file_lines(_text_of(new)))
    if not lines:
        return []
    heads = [Text(f"--- {safe(old_name)}", "bold"), Text(f"+++ {safe(new_name)}", "bold")]
    return heads + lines


def _text_of(content: Content) -> str:
    if isinstance(content, TextContent):
        return content.text
    return "\n".join(cell.source for cell in content.cells)


def _file_lines(text: str) -> list[str]:
    """Lines without their ends; a missing last line end is shown in the words of ``diff``."""
    *lines, rest = text.split("\n")
    return [*lines, f"{rest}\n{NO_NEWLINE}"] if rest else lines


def _unified(old: list[str], new: list[str]) -> list[Text]:
    """Without the heads; empty when equal."""
    whole = difflib.unified_diff(old, new, lineterm="", n=3)
    return [_coloured(piece) for line in list(whole)[2:] for piece in line.split("\n")]


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
        if number in moved:
            lines += _diff_cell(old.cells[index], cell, number, was=index)
            continue
        for gone in range(following, index):
            if gone not in kept:
                lines += _whole_cell(old.cells[gone], gone, "removed", "-")
        following = index + 1
        lines += _diff_cell(old.cells[index], cell, number, was=None)
    for index in range(following, len(old.cells)):
        if index not in kept:
            lines += _whole_cell(old.cells[index], index, "removed", "-")
    return lines


def _moved(matches: Sequence[int | None]) -> set[int]:
    """The fewest cells that can have moved: those outside the longest run that kept its order."""
    places = [(number, index) for number, index in enumerate(matches) if index is not None]
    stayed = heaviest_increasing([index for _, index in places], [1] * len(places))
    return {number for number, _ in places} - {places[place][0] for place in stayed}


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
    body = (
        _unified(old.source.split("\n"), new.source.split("\n")) if old.source != new.source else []
    )
    if body:
        what.insert(0, "changed")
    return [_title(new, number, ", ".join(what)), *body] if what else []
