"""Copies that the server's extension left while no daemon was there: merged, then put away.

Without a daemon the extension saves rooms by itself, but never over bytes that it does not know.
Then the room's content lies in ``.rtcd/recovery/`` with a note: which file, and which version the
room had been loaded from.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtcd.content import Content
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, PathRefusedError, RtcdError
from rtcd.merge.three_way import merge_contents
from rtcd.project_path import ProjectPath
from rtcd.sync.ledger import Sides
from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

SERVER = "the server, while no daemon ran"
CRASHED = "a save that a crash interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredCopy:
    """A content that reached nobody; ``base`` is the digest of the bytes it was made from."""

    path: ProjectPath
    base: str | None
    data: bytes
    by: str
    files: tuple[Path, ...] = ()


def find_recovered(folder: Path) -> list[RecoveredCopy]:
    """The copies in a recovery folder whose note can be read; others stay where they are."""
    found = []
    for note in sorted(folder.glob("*.json")):
        try:
            value = json.loads(note.read_bytes())
            copy = folder / Path(str(value["copy"])).name
            path = ProjectPath.parse(str(value["path"]))
            data, base = copy.read_bytes(), value.get("base")
            found.append(
                RecoveredCopy(path=path, base=base, data=data, by=SERVER, files=(note, copy))
            )
        except (OSError, ValueError, KeyError, TypeError, PathRefusedError):
            log.info("recovery note left alone name=%s", note.name)
    return found


def left_in_limbo(project: Project, saves: Sequence[Snapshot]) -> list[RecoveredCopy]:
    """Saves that a crash caught between swap and merge, made from what was on disk before.

    The bookmark is no base for them: it may tell of the very write that swapped them out.

    To be asked before anything is compared: later the base is another one.
    """
    found = []
    for save in saves:
        known = {version.digest for version in project.history.versions(str(save.path))}
        if save.digest in known:
            # Else it would come back for ever; and as news, when its version is forgotten one day.
            project.disk.writer.let_go(save)
        else:
            base = project.disk.writer.made_from(save)
            found.append(RecoveredCopy(path=save.path, base=base, data=save.data, by=CRASHED))
    return found


async def merge_recovered(project: Project, copies: Sequence[RecoveredCopy]) -> int:
    """Merge every copy into its document; returns how many. What cannot be merged stays, reported.

    A crash may have interrupted the save of a file that was deleted since: the history has it, and
    nobody has to do anything.
    """
    merged = 0
    for copy in copies:
        try:
            await _merge(project, copy)
        except RtcdError as error:
            if copy.files or project.disk.exists(copy.path):
                project.report("recovery", error, copy.path)
            continue
        for file in copy.files:
            file.unlink(missing_ok=True)
        merged += 1
    return merged


async def _merge(project: Project, copy: RecoveredCopy) -> None:
    kind = kind_of(copy.path)
    ours = parse(kind, copy.data)
    base = _base_of(project, copy)
    project.history.record_version(
        str(copy.path), copy.data, by=copy.by, source="server", at=project.clock()
    )

    def change(live: Content) -> Content:
        result = merge_contents(base, ours, live)
        sides = Sides(disk_by=copy.by, shared_by=project.link.user["name"], disk=copy.data)
        project.ledger(copy.path).record_conflicts(result.overlaps, sides)
        return result.content

    await project.activate(copy.path).edit(change)


def _base_of(project: Project, copy: RecoveredCopy) -> Content | None:
    data = project.history.blob(copy.base) if copy.base else None
    try:
        return parse(kind_of(copy.path), data) if data is not None else None
    except HeldError:
        return None
