"""A new JSON value in the place of an old one: what means the same is copied as raw text.

Pure text work on one file. Keys keep the file's order, items keep the white space around them, and
what is new is written in the style of its neighbours, or else of the file. See merging 7.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

from rtcd.disk.json_meaning import same_meaning
from rtcd.disk.json_spans import Container, Slot, read_container
from rtcd.disk.json_style import JsonStyle
from rtcd.disk.notebook_shapes import (
    Shape,
    for_file,
    inner_shape,
    is_lines,
    joined,
    split_lines,
)

MAX_WALKED_ITEMS = 10_000
"""Longer lists of JSON values that changed are data, not prose: they are written anew."""

LINE_ENDERS = tuple("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
"""Where Python's ``splitlines`` cuts, and so where lists of lines in files may be cut."""


@dataclass(frozen=True, slots=True)
class Template:
    """The text of the file on disk and its style; ``as_lists``: texts are split into lines."""

    text: str
    style: JsonStyle
    as_lists: bool = True


Change = Callable[[Slot | None, str | None], str]
"""(place in the template or None, margin of the line) -> the text of the value."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one item to be, and the slot of the template that it stands in, if any."""

    text: str
    slot: Slot | None = None


def raw(template: Template, slot: Slot) -> str:
    """The text of a value as it stands in the file."""
    return template.text[slot.value_start : slot.end]


def change_to(template: Template, new: Any, shape: Shape = Shape.JSON) -> Change:  # noqa: ANN401
    """A change that makes a member the value ``new``."""
    return partial(rewrite_value, template, new, shape)


def rewrite_value(
    template: Template,
    new: Any,  # noqa: ANN401 - any JSON value
    shape: Shape,
    slot: Slot | None,
    margin: str | None,
) -> str:
    """The text of a value.

    Args:
        template: the file.
        new: the value as a content holds it (texts joined).
        shape: what the place holds.
        slot: the place of the old value, or None where there was none.
        margin: the white space at the begin of the line; None where all stands on one line.
    """
    if slot is None:
        return _dump(template, new, shape, margin)
    old = slot.value
    if same_meaning(joined(old, shape), new):
        return raw(template, slot)
    if isinstance(old, dict) and isinstance(new, Mapping):
        return _rewrite_object(template, slot, new, shape, margin)
    if shape is Shape.LINES and isinstance(new, str):
        if is_lines(old):
            return _rewrite_lines(template, slot, new, margin)
        if isinstance(old, str):
            return template.style.dump(new, margin)
    if isinstance(old, list) and isinstance(new, list | tuple):
        return _rewrite_list(template, slot, new, shape, margin)
    return _dump(template, new, shape, margin)


def edit_object(
    template: Template,
    container: Container,
    changes: Mapping[str, Change],
    removed: frozenset[str],
    margin: str | None,
) -> str:
    """The text of an object with some members changed, added or removed.

    Of a duplicate key the last one is changed, since that one counts; all of them are removed.
    """
    last_places = {slot.key: slot.number for slot in container.slots}
    inner = margin_of_items(template, container, margin)
    pieces: list[Piece] = []
    for slot in container.slots:
        key = slot.key or ""
        if key in removed:
            continue
        head = template.text[slot.start : slot.value_start]
        is_changed = key in changes and last_places[slot.key] == slot.number
        value = changes[key](slot, inner) if is_changed else raw(template, slot)
        pieces.append(Piece(head + value, slot))
    _add_members(template, pieces, changes, last_places.keys(), inner)
    return assemble(template, container, pieces, margin)


def assemble(
    template: Template, container: Container, pieces: Sequence[Piece], margin: str | None
) -> str:
    """A container with other items: the brackets, the pieces and the white space between them."""
    text = template.text
    opening, closing = text[container.start], text[container.end - 1]
    if not pieces and not container.slots:
        return text[container.start : container.end]
    if not pieces:
        return opening + closing
    gaps = _gaps_of(template, container, margin)
    last_old = len(container.slots) - 1
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        slot = piece.slot
        if index == 0:
            lead = gaps.first
        elif slot is not None and slot.number > 0:
            lead = text[slot.before : slot.start]
        else:
            lead = gaps.next
        if index == len(pieces) - 1:
            trail = gaps.last
        elif slot is not None and slot.number < last_old:
            trail = text[slot.end : slot.after]
        else:
            trail = gaps.inner
        parts += ("," if index else opening, lead, piece.text, trail)
    parts.append(closing)
    return "".join(parts)


def margin_of_items(template: Template, container: Container, margin: str | None) -> str | None:
    """The white space at the begin of the lines on which the items of a container stand."""
    if not container.slots:
        step = template.style.indent
        return None if margin is None or step is None else margin + step
    text, first = template.text, container.slots[0]
    lead = text[first.before : first.start]
    if _is_broken(lead):
        return _after_break(lead)
    item = text[first.value_start : first.end]
    if not _is_broken(item):
        return None
    # An item that hugs the bracket before it: its own closing line tells.
    line = _after_break(item)
    return line[: len(line) - len(line.lstrip(" \t"))]


@dataclass(frozen=True, slots=True)
class _Gaps:
    """White space: before the first item and the others, after the last and the others."""

    first: str
    next: str
    inner: str
    last: str


def _gaps_of(template: Template, container: Container, margin: str | None) -> _Gaps:
    text, style, slots = template.text, template.style, container.slots
    if not slots:
        opening = style.open_gap(margin)
        return _Gaps(opening, style.next_gap(margin), "", style.close_gap(margin))
    first = text[slots[0].before : slots[0].start]
    last = text[slots[-1].end : slots[-1].after]
    if len(slots) == 1:
        gap = first if _is_broken(first) else (style.gap if style.indent is None else " ")
        return _Gaps(first, gap, "", last)
    second = slots[1]
    return _Gaps(
        first, text[second.before : second.start], text[slots[0].end : slots[0].after], last
    )


def _add_members(
    template: Template,
    pieces: list[Piece],
    changes: Mapping[str, Change],
    old_keys: object,
    margin: str | None,
) -> None:
    """New keys: at the sorted place where the file is sorted, else last."""
    keys = [piece.slot.key or "" for piece in pieces if piece.slot is not None]
    is_sorted = template.style.sorted_keys and keys == sorted(keys)
    for key, change in changes.items():
        if key in old_keys:  # type: ignore[operator]
            continue
        at = bisect(keys, key) if is_sorted else len(keys)
        head = template.style.dump(key, None) + template.style.colon
        pieces.insert(at, Piece(head + change(None, margin)))
        keys.insert(at, key)


def _rewrite_object(
    template: Template, slot: Slot, new: Mapping[str, Any], shape: Shape, margin: str | None
) -> str:
    old = slot.value
    changes = {
        key: change_to(template, new[key], inner_shape(shape, key, new))
        for key in sorted(new)
        if key not in old
        or not same_meaning(joined(old[key], inner_shape(shape, key, old)), new[key])
    }
    container = read_container(template.text, slot.value_start)
    return edit_object(template, container, changes, frozenset(old.keys() - new.keys()), margin)


def _rewrite_list(
    template: Template, slot: Slot, new: Sequence[Any], shape: Shape, margin: str | None
) -> str:
    if max(len(slot.value), len(new)) > MAX_WALKED_ITEMS:
        return _dump(template, new, shape, margin)
    container = read_container(template.text, slot.value_start)
    item_shape = inner_shape(shape, None, slot.value)
    old = [joined(item.value, item_shape) for item in container.slots]
    inner = margin_of_items(template, container, margin)
    pieces: list[Piece] = []
    for item, partner in zip(new, pair_items(old, new), strict=True):
        place = None if partner is None else container.slots[partner]
        pieces.append(Piece(rewrite_value(template, item, item_shape, place, inner), place))
    return assemble(template, container, pieces, margin)


def pair_items(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """For each new item the old one it is or replaces: equal ends, then by place."""
    shorter = min(len(old), len(new))
    head = _equal_run(old, new, shorter)
    tail = _equal_run(old[::-1], new[::-1], shorter - head)
    shift = len(old) - len(new)
    pairs: list[int | None] = []
    for index in range(len(new)):
        if index >= len(new) - tail:
            pairs.append(index + shift)
        else:
            pairs.append(index if index < len(old) - tail else None)
    return pairs


def _equal_run(old: Sequence[Any], new: Sequence[Any], limit: int) -> int:
    pairs = zip(old[:limit], new[:limit], strict=True)
    return sum(1 for _ in takewhile(lambda pair: same_meaning(*pair), pairs))


def _rewrite_lines(template: Template, slot: Slot, new: str, margin: str | None) -> str:
    """A text that is a list of lines in the file: lines that stay are copied as they are."""
    container = read_container(template.text, slot.value_start)
    slots = container.slots
    head, tail = _kept_lines([item.value for item in slots], new)
    start = sum(len(item.value) for item in slots[:head])
    end = len(new) - sum(len(item.value) for item in slots[len(slots) - tail :])
    middle = split_lines(new[start:end])
    known = {item.value: raw(template, item) for item in slots}
    inner = margin_of_items(template, container, margin)
    rewritten = slots[head : len(slots) - tail]
    pieces = [Piece(raw(template, item), item) for item in slots[:head]]
    for index, line in enumerate(middle):
        place = rewritten[index] if index < len(rewritten) else None
        pieces.append(Piece(known.get(line) or template.style.dump(line, inner), place))
    pieces += [Piece(raw(template, item), item) for item in slots[len(slots) - tail :]]
    return assemble(template, container, pieces, margin)


def _kept_lines(old: Sequence[str], new: str) -> tuple[int, int]:
    """How many lines of a list stay at its begin and at its end.

    Only whole lines stay: a line that grew is another line, though it begins with the old one.
    """
    head = start = 0
    for line in old:
        end = start + len(line)
        is_whole = line.endswith(LINE_ENDERS) or end == len(new)
        if not (is_whole and new.startswith(line, start)):
            break
        head, start = head + 1, end
    tail = 0
    end = len(new)
    for line in reversed(old[head:]):
        begin = end - len(line)
        if begin < start or not new.startswith(line, begin):
            break
        if begin > start and not new.endswith(LINE_ENDERS, 0, begin):
            break
        tail, end = tail + 1, begin
    return head, tail


def _dump(template: Template, new: Any, shape: Shape, margin: str | None) -> str:  # noqa: ANN401
    return template.style.dump(for_file(new, shape, as_lists=template.as_lists), margin)


def _is_broken(space: str) -> bool:
    return "\n" in space or "\r" in space


def _after_break(space: str) -> str:
    return space.rpartition("\n")[2].rpartition("\r")[2]
