"""The outputs of a cell, old and new, as edits that JupyterLab shows rightly.

Outputs are derived data: characters of two runs are never mixed (merging 6.3), and images are
compared as values. JupyterLab follows a change of the list only in three ways: an output that goes
is removed where it was, a new output is shown *last* wherever it was inserted, and a change of
stream text is applied to the *last* output (``OutputAreaModel`` of JupyterLab 4). So outputs are
kept as long as the new list begins with them, only the last old one can be edited in place, and
all else is appended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rtcd.content import JsonObject
from rtcd.diff.json_edits import same_json


@dataclass(frozen=True, slots=True)
class StreamEdit:
    """The stream output ``index`` of the old list keeps ``keep`` code points and goes on anew."""

    index: int
    keep: int
    text: str


@dataclass(frozen=True, slots=True)
class OutputsEdit:
    """Which outputs go (places in the old list, rising), which is edited, which follow at the end."""

    removed: tuple[int, ...] = ()
    stream: StreamEdit | None = None
    added: tuple[JsonObject, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.stream or self.added)


def diff_outputs(old: Sequence[JsonObject], new: Sequence[JsonObject]) -> OutputsEdit:
    """The edit from one list of outputs to the other; false when both mean the same."""
    if old is new:
        return OutputsEdit()
    removed: list[int] = []
    kept = 0
    for index, output in enumerate(old):
        if kept < len(new) and same_json(output, new[kept]):
            kept += 1
        else:
            removed.append(index)
    stream = None
    last = len(old) - 1
    if removed and removed[-1] == last and kept < len(new):
        stream = _stream_edit(last, old[last], new[kept])
        if stream is not None:
            removed.pop()
            kept += 1
    return OutputsEdit(tuple(removed), stream, tuple(new[kept:]))


def stream_text(output: JsonObject) -> str | None:
    """What a stream output says, or None for any other output."""
    text = output.get("text")
    is_stream = output.get("output_type") == "stream" and isinstance(text, str)
    return text if is_stream else None


def _stream_edit(index: int, old: JsonObject, new: JsonObject) -> StreamEdit | None:
    """One stream of the same name that says something else, or None when it is not one."""
    old_text, new_text = stream_text(old), stream_text(new)
    if old_text is None or new_text is None or not same_json(_frame(old), _frame(new)):
        return None
    keep = len(old_text) if new_text.startswith(old_text) else _common_lines(old_text, new_text)
    return StreamEdit(index, keep, new_text[keep:])


def _frame(output: JsonObject) -> dict[str, Any]:
    return {key: value for key, value in output.items() if key != "text"}


def _common_lines(old: str, new: str) -> int:
    """How many code points the whole lines take that both texts begin with."""
    length = 0
    for old_line, new_line in zip(old.split("\n"), new.split("\n"), strict=False):
        if old_line != new_line:
            break
        length += len(old_line) + 1
    return min(length, len(old), len(new))
