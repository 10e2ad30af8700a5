"""A conflict on the screen: who did what to which text, and what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rtcd.conflict import Conflict
from rtcd.daemon.status import SCHEMA, format_time
from rtcd_cli.diff_view import word_diff_text
from rtcd_cli.output import (
    how_long_ago,
    indented,
    line,
    local_time,
    mark,
    next_step,
    plural,
    safe,
    table,
)
from rtcd_cli.words import CONFLICTS, WHY, worded

SIDE_BY_SIDE_COLUMNS = 100


def conflict_to_json(conflict: Conflict) -> dict[str, Any]:
    """One item of ``rtcd conflicts --json``; the texts are whole."""
    document: dict[str, Any] = {
        "id": conflict.id,
        "path": conflict.path,
        "cell": conflict.cell,
        "reason": conflict.reason,
        "why": why_of(conflict),
        "created": format_time(conflict.created),
        "status": conflict.status,
        "disk": {"by": conflict.disk.by, "text": conflict.disk.text},
        "shared": {"by": conflict.shared.by, "text": conflict.shared.text},
        "base": {"text": conflict.base},
        "merged": {"text": conflict.merged},
    }
    if conflict.resolution is not None:
        document["resolution"] = conflict.resolution
    return document


def why_of(conflict: Conflict) -> str:
    """One sentence: how the decision came about; empty for a reason nobody knows."""
    return conflict.why or WHY.get(conflict.reason, "")


def conflicts_to_json(conflicts: Sequence[Conflict]) -> dict[str, Any]:
    """The document of ``rtcd conflicts --json``, schema 1."""
    return {"schema": SCHEMA, "conflicts": [conflict_to_json(item) for item in conflicts]}


def conflict_list(conflicts: Sequence[Conflict], project: str, *, now: float) -> RenderableType:
    """All of them in a table, newest first; ``now`` in seconds since the epoch."""
    still_open = [item for item in conflicts if item.status == "open"]
    if not conflicts:
        return line(mark("ok"), " No conflicts in ", (safe(project), "cyan"))
    resolved = len(conflicts) - len(still_open)
    head = f" {plural(len(still_open), 'open conflict')} in "
    more = f" ({resolved:,} resolved)" if resolved else ""
    rows = [
        (
            Text(item.id, "bold" if item.status == "open" else "dim"),
            safe(item.path) + (f", cell {safe(item.cell)}" if item.cell else ""),
            _reason(item) if item.status == "open" else f"resolved: {safe(item.resolution or '')}",
            f"{safe(item.disk.by)} / {safe(item.shared.by)}",
            how_long_ago(item.created, now),
        )
        for item in conflicts
    ]
    sign = mark("warn") if still_open else mark("ok")
    parts: list[RenderableType] = [line(sign, head, (safe(project), "cyan"), more), ""]
    headers = ("ID", "WHERE", "WHAT HAPPENED", "ON DISK / SHARED", "WHEN")
    parts += [table(headers, rows, wrapping=headers[1:4]), ""]
    if still_open:
        parts.append(line(("The merged text is live for everybody; nothing is lost.", "dim")))
        parts.append(next_step(f"rtcd conflicts show {still_open[0].id}", "see both sides"))
    return Group(*parts)


def conflict_page(conflict: Conflict, *, width: int, colour: bool) -> RenderableType:
    """One conflict: both sides against what they started from, then what stands now."""
    where = safe(conflict.path) + (f", cell {safe(conflict.cell)}" if conflict.cell else "")
    when = f"{local_time(conflict.created)}, {_reason(conflict)}"
    disk = _side(conflict, conflict.disk.text, colour=colour)
    shared = _side(conflict, conflict.shared.text, colour=colour)
    disk_title = line(("On disk: ", "dim"), (safe(conflict.disk.by), "bold"))
    shared_title = line(("Shared: ", "dim"), (safe(conflict.shared.by), "bold"))
    parts: list[RenderableType] = [
        line(("Conflict ", ""), (conflict.id, "bold"), " in ", (where, "cyan")),
        line((when, "dim")),
        *([safe(why)] if (why := why_of(conflict)) else []),
        "",
        *_sides(disk_title, disk, shared_title, shared, width=width, colour=colour),
        *_standing(conflict, colour=colour),
        "",
    ]
    if conflict.status == "resolved":
        kept = safe(conflict.resolution or "resolved")
        parts.append(line(mark("ok"), f" Resolved: {kept}"))
        parts.append(next_step(f"rtcd conflicts reopen {conflict.id}", "decide again"))
    else:
        command = f"rtcd conflicts resolve {conflict.id} --keep merged"
        parts.append(next_step(command, "or --keep disk, --keep shared, --tool vimdiff"))
    return Group(*parts)


def _standing(conflict: Conflict, *, colour: bool) -> list[RenderableType]:
    """What everybody has now; a side that was taken as it is needs no second look."""
    title: tuple[str, str] = ("Now, for everybody: ", "dim")
    if conflict.merged == conflict.shared.text:
        return [line(title, ("the shared side, as above", "bold"))]
    if conflict.merged == conflict.disk.text:
        return [line(title, ("what was saved on disk, as above", "bold"))]
    body = indented(_side(conflict, conflict.merged, colour=colour))
    return [line(title, ("merged", "bold")), body]


def _side(conflict: Conflict, text: str, *, colour: bool) -> Text:
    if text == conflict.base:
        return Text("as before" if text else "empty, as before", "dim")
    if not text:
        what = "deleted" if conflict.reason == "delete-edit" else "nothing left"
        return line((what, "red" if colour else ""))
    return word_diff_text(conflict.base, text, colour=colour)


def _sides(
    disk_title: Text,
    disk: Text,
    shared_title: Text,
    shared: Text,
    *,
    width: int,
    colour: bool,
) -> list[RenderableType]:
    if not colour or width < SIDE_BY_SIDE_COLUMNS:
        return [disk_title, indented(disk), "", shared_title, indented(shared), ""]
    both = Table(box=None, show_header=True, pad_edge=False, padding=(0, 3, 0, 0), expand=True)
    both.add_column(disk_title, ratio=1, overflow="fold")
    both.add_column(shared_title, ratio=1, overflow="fold")
    both.add_row(disk, shared)
    return [both, ""]


def _reason(conflict: Conflict) -> str:
    return worded(CONFLICTS, conflict.reason)
