"""What jupytext reads in the header of a text.

The same header comes with every save, and to read it takes longer than to read a cell. So that of a
text like one already read is remembered.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any

from rtcd.paired.script import Script

Header = tuple[Any, Any, int]


def read_header(
    lines: tuple[str, ...],
    implementation: Any,  # noqa: ANN401 - jupytext's
    root_as_cell: bool,
    like: Script | None,
) -> Header:
    """The metadata, the cell that a header's other lines make or None, and the first line below.

    Args:
        lines: the whole text.
        implementation: jupytext's of the format.
        root_as_cell: lines of a header that are not jupytext's make a cell.
        like: an earlier reading of a similar text.
    """
    how = (
        implementation.header_prefix,
        implementation.header_suffix,
        implementation.extension,
        root_as_cell,
    )
    head = _same_head(lines, like)
    return _read(lines, *how) if head is None else deepcopy(_known(head, *how))


def _same_head(lines: tuple[str, ...], like: Script | None) -> tuple[str, ...] | None:
    """The lines of a whole header that both texts begin with, and one more."""
    if like is None:
        return None
    head = like.lines[: like.header_end + 1]
    has_end = sum(line.rstrip().endswith("---") for line in head[:-1]) > 1
    return head if has_end and head == lines[: len(head)] else None


def _read(
    lines: tuple[str, ...], prefix: str, suffix: str, extension: str, root_as_cell: bool
) -> Header:
    from jupytext.header import header_to_metadata_and_cell

    metadata, _, cell, start = header_to_metadata_and_cell(
        list(lines), prefix, suffix, extension, root_as_cell
    )
    return metadata, cell, start


_known = lru_cache(maxsize=16)(_read)
