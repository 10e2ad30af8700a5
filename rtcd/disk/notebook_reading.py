"""``Reading``: what a notebook file means, and where in its text everything stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from threading import Lock
from typing import Any

from rtcd.content import Cell, JsonObject, NotebookContent
from rtcd.disk.json_spans import Container, read_container, read_value, skip_space
from rtcd.disk.notebook_shapes import Shape, is_lines, joined
from rtcd.disk.notebook_trouble import (
    MAX_INTEGER,
    check_limits,
    invalid,
    not_json,
    too_deep,
    too_large_integer,
    unsupported,
)
from rtcd.disk.text_format import BYTE_ORDER_MARK, decode_utf8

MAJOR = 4

LARGE_BYTES = 1_000_000
ALIKE_SHARE = 8

NOT_IN_DOCUMENTS = frozenset({"orig_nbformat", "orig_nbformat_minor", "signature"})
"""Notebook metadata that Jupyter keeps out of its documents, reading and writing."""

NOT_IN_CELLS = frozenset({"trusted"})
"""The same, for the metadata of cells: every server decides it for itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A notebook file that was understood.

    ``text`` is the whole file, decoded; ``top`` its outermost object, ``cells`` its list of cells.
    """

    text: str
    top: Container
    cells: Container
    content: NotebookContent

    @property
    def members(self) -> dict[str, Any]:
        """The members of the outermost object, as JSON values."""
        return {slot.key or "": slot.value for slot in self.top.slots}


def read_notebook(data: bytes, *, known: bytes | None = None) -> Reading:
    """Read a notebook file; the last few readings are remembered.

    Args:
        data: the file.
        known: another version of it; where that was read lately, cells that stand there word for
            word are not read again.

    Raises:
        HeldError: ``invalid-notebook``, ``unsupported-format`` or ``not-utf8``.
    """
    reading = _remembered.get(data)
    if reading is None:
        before = _remembered.like(data) if known is None else _remembered.get(known)
        reading = _read(decode_utf8(data, "notebook"), before)
        _remembered.put(data, reading)
    return reading


def read_rewritten(text: str, data: bytes, known: Reading) -> Reading:
    """Read what was made from a file that is known; cells copied from there are not read again.

    A JSON object tells by itself where it ends: where the text of a known cell stands again, its
    value stands again.

    Args:
        text: the whole text.
        data: the same in bytes; the reading is remembered for them.
        known: the reading of the file that it was made from.

    Raises:
        HeldError: as for ``read_notebook``.
    """
    reading = _remembered.get(data)
    if reading is None:
        reading = _read(text, known)
        _remembered.put(data, reading)
    return reading


def has_cell_ids(content: NotebookContent) -> bool:
    """Whether cells of this format have ids in the file (4.5 and later)."""
    return content.nbformat_minor >= 5


class _RecentReadings:
    """A few readings by the bytes they were made from, within a budget of bytes."""

    def __init__(self, *, entries: int, budget: int) -> None:
        self._entries = entries
        self._budget = budget
        self._size = 0
        self._readings: OrderedDict[bytes, Reading] = OrderedDict()
        self._lock = Lock()

    def get(self, data: bytes) -> Reading | None:
        with self._lock:
            reading = self._readings.get(data)
            if reading is not None:
                self._readings.move_to_end(data)
            return reading

    def like(self, data: bytes) -> Reading | None:
        """The newest reading of about as many bytes, if they are many: perhaps an earlier version."""
        if len(data) < LARGE_BYTES:
            return None
        with self._lock:
            alike = (
                reading
                for known, reading in reversed(self._readings.items())
                if abs(len(known) - len(data)) < len(data) // ALIKE_SHARE
            )
            return next(alike, None)

    def put(self, data: bytes, reading: Reading) -> None:
        with self._lock:
            if data in self._readings:
                return
            self._readings[data] = reading
            self._size += len(data)
            # The newest stays, however large: the next version of it has nearly all of its cells.
            while len(self._readings) > 1 and (
                len(self._readings) > self._entries or self._size > self._budget
            ):
                dropped, _ = self._readings.popitem(last=False)
                self._size -= len(dropped)

    def forget(self) -> None:
        with self._lock:
            self._readings.clear()
            self._size = 0


# A write-out reads its template, which is what the last write-out made and checked: both are
# here already. Readings cost about three times their bytes.
_remembered = _RecentReadings(entries=16, budget=32_000_000)


def forget_readings() -> None:
    """Empty the memory of readings, as when memory is short or for a measurement."""
    _remembered.forget()


class _KnownCells:
    """Cells of a known reading, offered again in their order while another text is read."""

    def __init__(self, known: Reading | None) -> None:
        self._text = known.text if known else ""
        self._slots = known.cells.slots if known else ()
        ids = [cell.id for cell in known.content.cells] if known else []
        self._by_id = {cell_id: number for number, cell_id in enumerate(ids)}
        self._next = 0
        self.found: list[int | None] = []

    def read(self, text: str, key: str | None, start: int) -> tuple[Any, int]:
        """A cell, and where it ends; ``found`` gets the known cell that it is, or None."""
        for number in (self._next, self._next - 1, self._next + 1):
            if not 0 <= number < len(self._slots):
                continue
            slot = self._slots[number]
            if text.startswith(self._text[slot.start : slot.end], start):
                self.found.append(number)
                self._next = number + 1
                return slot.value, start + slot.end - slot.start
        value, end = read_value(text, key, start)
        self.found.append(None)
        cell_id = value.get("id") if isinstance(value, dict) else None
        is_known = isinstance(cell_id, str) and cell_id in self._by_id
        self._next = (self._by_id[cell_id] if is_known else self._next) + 1
        return value, end


def _read(text: str, known: Reading | None = None) -> Reading:
    known_cells = _KnownCells(known)
    top, cells = _read_spans(text, known_cells)
    members = {slot.key: slot.value for slot in top.slots}
    slots = cells.slots if cells else ()
    found = known_cells.found[len(known_cells.found) - len(slots) :]
    fresh = [slot for slot, number in zip(slots, found, strict=True) if number is None]
    parts = [text]
    if cells is not None:
        members["cells"] = [slot.value for slot in fresh]
        around = text[: cells.start], text[cells.end :]
        parts = [*around, *(text[slot.start : slot.end] for slot in fresh)]
    check_limits(text, members, parts)
    _check_format(members)
    if cells is None:
        raise invalid("the notebook has no list of cells")
    old = known.content.cells if known else ()
    content = NotebookContent(
        cells=tuple(
            _cell(slot.value, slot.number + 1) if number is None else old[number]
            for slot, number in zip(slots, found, strict=True)
        ),
        metadata=without(_object(members, "metadata"), NOT_IN_DOCUMENTS),
        nbformat=MAJOR,
        nbformat_minor=_whole_number(members.get("nbformat_minor")) or 0,
    )
    return Reading(text, top, cells, content)


def _read_spans(text: str, known_cells: _KnownCells) -> tuple[Container, Container | None]:
    """The outermost object, and its list of cells if it has one."""
    cells: Container | None = None

    def read(text: str, key: str | None, start: int) -> tuple[Any, int]:
        nonlocal cells
        if key != "cells":
            return read_value(text, key, start)
        if text[start : start + 1] != "[":
            cells = None
            return read_value(text, key, start)
        cells = read_container(text, start, known_cells.read)
        return [slot.value for slot in cells.slots], cells.end

    start = skip_space(text, len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0)
    try:
        if text[start : start + 1] != "{":
            read_value(text, None, start)
            raise invalid("the file is valid JSON, but not a notebook")
        top = read_container(text, start, read)
        end = skip_space(text, top.end)
        if end != len(text):
            raise JSONDecodeError("Extra data", text, end)
    except JSONDecodeError as error:
        raise not_json(text, error) from None
    except RecursionError:
        raise too_deep(text) from None
    except ValueError:
        # Python refuses to convert integers of thousands of digits.
        raise too_large_integer(text) from None
    return top, cells


def _check_format(members: Mapping[str | None, Any]) -> None:
    major = _whole_number(members.get("nbformat"))
    if major is None:
        raise invalid("the file is valid JSON, but not a notebook: it does not tell its nbformat")
    if major != MAJOR:
        raise unsupported(major)


def _object(owner: Mapping[Any, Any], key: str) -> JsonObject:
    value = owner.get(key)
    return value if isinstance(value, dict) else {}


def without(members: JsonObject, keys: frozenset[str]) -> JsonObject:
    """The object without some keys; the same object where it has none of them."""
    if keys.isdisjoint(members):
        return members
    return {key: value for key, value in members.items() if key not in keys}


def _cell(raw: Any, number: int) -> Cell:  # noqa: ANN401 - any JSON value
    """One cell; ``number`` counts from 1, for the sentence that refuses it."""
    if not isinstance(raw, dict) or not isinstance(raw.get("cell_type"), str):
        raise invalid(f"cell {number} of the notebook is not a cell")
    cell_id, cell_type = raw.get("id"), raw["cell_type"]
    is_code = cell_type == "code"
    return Cell(
        cell_id if isinstance(cell_id, str) else None,
        cell_type,
        _source(raw.get("source", ""), number),
        without(_object(raw, "metadata"), NOT_IN_CELLS),
        _outputs(raw.get("outputs"), number) if is_code else (),
        _whole_number(raw.get("execution_count")) if is_code else None,
        {} if is_code else joined(_object(raw, "attachments"), Shape.ATTACHMENTS),
    )


def _source(value: Any, number: int) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return value
    if is_lines(value):
        return "".join(value)
    raise invalid(f"the source of cell {number} is neither a text nor a list of lines")


def _outputs(value: Any, number: int) -> tuple[JsonObject, ...]:  # noqa: ANN401 - any JSON value
    if not value:
        return ()
    if not isinstance(value, list) or not set(map(type, value)) <= {dict}:
        raise invalid(f"the outputs of cell {number} are not a list of outputs")
    return tuple(joined(item, Shape.OUTPUT) for item in value)


def _whole_number(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_INTEGER:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
