"""The first screen of ``rtcd status``: four answers, then only what needs attention."""

from __future__ import annotations

from collections import Counter

from rich.console import Group, RenderableType
from rich.text import Text

from rtcd.daemon.status import FileStatus, StatusReport
from rtcd_cli.output import (
    Mark,
    facts,
    how_long_ago,
    line,
    local_time,
    mark,
    next_step,
    plural,
    safe,
    table,
)
from rtcd_cli.words import HOLDS, SERVER_MODES, worded

MOST_ROWS = 20
HEADS: dict[str, tuple[Mark, str, str]] = {
    "synced": ("ok", "In sync", "bold green"),
    "syncing": ("idle", "Syncing", "bold yellow"),
    "offline": ("idle", "Offline", "bold yellow"),
    "halted": ("stop", "Halted for safety", "bold red"),
    "error": ("fail", "In trouble", "bold red"),
}
STATE_STYLES = {"synced": "green", "sending": "yellow", "receiving": "yellow", "held": "red"}


def screen(
    report: StatusReport, *, now: float, all_files: bool = False, watching: bool = False
) -> RenderableType:
    """All that a person wants to know first; ``now`` in seconds since the epoch."""
    parts: list[RenderableType] = [_head(report), "", facts(_answers(report, now)), ""]
    parts += _attention(report)
    if all_files:
        parts += _all_files(report)
    parts += _people(report)
    parts += [_next(report, watching=watching)]
    return Group(*parts)


def one_line(report: StatusReport, *, now: float) -> str:
    """The same as one plain line, for a log."""
    states = Counter(file.state for file in report.files)
    return "  ".join(
        (
            local_time(now),
            report.state,
            f"files={len(report.files)}",
            f"sending={states['sending']}",
            f"receiving={states['receiving']}",
            f"held={states['held']}",
            f"conflicts={report.conflicts}",
            f"people={len({person.name for person in report.people})}",
        )
    )


def _head(report: StatusReport) -> Text:
    name, words, style = HEADS.get(report.state, ("warn", safe(report.state), "bold"))
    return line(mark(name), " ", (words, style), "  ", (safe(report.project), "cyan"))


def _answers(report: StatusReport, now: float) -> list[tuple[str, str | Text]]:
    states = Counter(file.state for file in report.files)
    shared = len(report.files) - states["held"]
    live = sum(file.live for file in report.files)
    opened = f", {live:,} open now, each left after a quiet minute" if live else ""
    started = how_long_ago(report.daemon.started, now)
    return [
        ("Connection", _connection(report)),
        ("Your saves", _way(report, "sending", "all on the server")),
        ("Their changes", _way(report, "receiving", "all on your disk")),
        ("Set aside", _set_aside(report, states["held"])),
        ("Files", f"{shared:,} shared{opened}"),
        (
            "Daemon",
            f"rtcd {safe(report.daemon.version)}, process {report.daemon.pid}, started {started}",
        ),
    ]


def _connection(report: StatusReport) -> Text:
    server = report.server
    how = worded(SERVER_MODES, server.mode)
    if not server.connected:
        return line(("not connected", "yellow"), f" to {safe(server.url)} ({how})")
    software = f"{safe(server.software)}, " if server.software else ""
    return line(("connected", "green"), f" to {safe(server.url)} ({software}{how})")


def _way(report: StatusReport, state: str, settled: str) -> Text:
    paths = [safe(file.path) for file in report.files if file.state == state]
    verb = "on the way" if report.server.connected else "waiting for the server"
    if paths and (report.server.connected or state == "sending"):
        named = ", ".join(paths[:3]) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")
        return line((f"{len(paths):,} {verb}", "yellow"), f": {named}")
    if report.state == "synced" or (report.server.connected and report.state == "syncing"):
        return Text(settled if report.state == "synced" else "looking", style="")
    if report.server.connected:
        return Text("stopped, until you decide" if report.state == "halted" else "unknown")
    return Text("none waiting" if state == "sending" else "unknown while not connected")


def _set_aside(report: StatusReport, held: int) -> Text:
    pieces = []
    if held:
        pieces.append(f"{plural(held, 'file')} held, bytes untouched")
    if report.conflicts:
        pieces.append(f"{plural(report.conflicts, 'conflict')} to review, nothing is lost")
    return Text("; ".join(pieces), style="yellow") if pieces else Text("nothing")


def _attention(report: StatusReport) -> list[RenderableType]:
    problems = {problem.path: problem for problem in report.problems if problem.path}
    rows: list[tuple[str | Text, str | Text, str | Text]] = [
        (
            Text("(all files)", "dim"),
            Text(safe(item.code), "red"),
            _explained(item.message, item.hint),
        )
        for item in report.problems
        if item.path is None
    ]
    listed = set()
    for file in report.files:
        problem = problems.get(file.path)
        if file.state == "held" or file.conflicts or file.stale_outputs or problem:
            listed.add(file.path)
            rows.append((safe(file.path), _state(file), _why(file, problem)))
    rows += [
        (safe(path), Text(safe(item.code), "red"), _explained(item.message, item.hint))
        for path, item in problems.items()
        if path not in listed
    ]
    if not rows:
        return []
    more = [line((f"  and {len(rows) - MOST_ROWS:,} more: rtcd status --json", "dim"))]
    return [
        line(("Needs attention", "bold")),
        table(("FILE", "STATE", "WHY"), rows[:MOST_ROWS], wrapping=("FILE",)),
        *(more if len(rows) > MOST_ROWS else []),
        "",
    ]


def _state(file: FileStatus) -> Text:
    return Text(safe(file.state), STATE_STYLES.get(file.state, ""))


def _why(file: FileStatus, problem: object) -> Text:
    pieces = []
    message = getattr(problem, "message", "")
    if message:
        pieces.append(_explained(message, getattr(problem, "hint", "")))
    elif file.reason:
        pieces.append(Text(worded(HOLDS, file.reason)))
    if file.stale_outputs:
        cells = plural(file.stale_outputs, "cell")
        pieces.append(Text(f"outputs of {cells} are older than the code"))
    if file.conflicts:
        pieces.append(Text(f"{plural(file.conflicts, 'conflict')} to review"))
    return Text("\n").join(pieces)


def _explained(message: str, hint: str) -> Text:
    return line(safe(message), *([("\n" + safe(hint), "dim")] if hint else []))


def _all_files(report: StatusReport) -> list[RenderableType]:
    rows = [
        (
            safe(file.path),
            safe(file.kind),
            _state(file),
            "open" if file.live else "",
            ", ".join(safe(name) for name in file.people),
        )
        for file in report.files
    ]
    if not rows:
        return []
    heading = line(("Files", "bold"))
    return [
        heading,
        table(("FILE", "KIND", "STATE", "ROOM", "PEOPLE"), rows, wrapping=("FILE",)),
        "",
    ]


def _people(report: StatusReport) -> list[RenderableType]:
    seen: dict[tuple[str, str], list[str]] = {}
    for person in report.people:
        paths = seen.setdefault((person.name, person.client), [])
        if person.path:
            paths.append(safe(person.path))
    if not seen:
        return []
    rows = [(safe(name), safe(client), ", ".join(paths)) for (name, client), paths in seen.items()]
    return [
        line(("People", "bold")),
        table(("NAME", "WITH", "IN"), rows, wrapping=("NAME", "WITH")),
        "",
    ]


def _next(report: StatusReport, *, watching: bool) -> Text:
    if report.state == "halted":
        return next_step("rtcd resume", "why, and how to go on")
    if report.conflicts:
        return next_step("rtcd conflicts", "what was decided, and what to review")
    if report.state == "error" or (report.state == "offline" and not watching):
        return next_step("rtcd doctor", "what may be wrong")
    if watching:
        return line(("Ctrl-C ends the watching, not the sharing.", "dim"))
    return next_step("rtcd status --watch", "see changes as they come")
