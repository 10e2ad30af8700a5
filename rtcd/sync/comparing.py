"""One file without a room beside the server's: compared by digest, and what follows is done.

Every file is compared so when a daemon begins, and one alone when work on it has failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcd.disk.file_stat import Snapshot
from rtcd.project_path import ProjectPath
from rtcd.server.entry import Entry
from rtcd.sync.one_way import only_receives
from rtcd.sync.reconcile import ListAction, Listed, plan_listed

if TYPE_CHECKING:
    from rtcd.sync.project import Project


async def compare(
    project: Project, path: ProjectPath, snapshot: Snapshot | None, entry: Entry | None
) -> None:
    """Bring one file together with the server's.

    ``snapshot`` is what is on disk, ``entry`` the server's file with its hash; None where there is
    none.

    Raises:
        RtcdError: it could not be done now.
    """
    mark = project.history.bookmark(str(path))
    listed = Listed(
        disk_digest=snapshot.digest if snapshot else None,
        server_hash=(entry.hash or "unknown") if entry is not None else None,
        base_digest=mark.base_digest if mark else None,
        base_server_hash=mark.server_hash if mark else None,
    )
    fetched = await _carry_out(project, path, plan_listed(listed), snapshot)
    if entry is not None:
        project.link.note_compared(path, entry, fetched)


async def _carry_out(
    project: Project, path: ProjectPath, action: ListAction, snapshot: Snapshot | None
) -> str | None:
    """Do what was decided for a file that no room is open for; the digest of what was fetched."""
    if action is ListAction.LINK and snapshot is not None:
        ledger = project.ledger(path)
        ledger.record(snapshot, by=project.saver, source="disk")
        ledger.mark(snapshot, saved=True, server_hash=snapshot.digest)
    elif action is ListAction.FETCH:
        return await project.remote.fetch(path)
    elif project.receives_only and action is ListAction.CREATE and snapshot is not None:
        project.local.file_held(path, only_receives(path), snapshot.stat)
    elif project.receives_only and action is ListAction.REMOVE_REMOTE:
        await project.remote.fetch(path)
    elif action is ListAction.CREATE and snapshot is not None:
        if not await project.local.create_remote(snapshot):
            return None
        ledger = project.ledger(path)
        ledger.record(snapshot, by=project.saver, source="disk")
        ledger.mark(snapshot, saved=True, server_hash=snapshot.digest)
    elif action is ListAction.REMOVE_LOCAL:
        await project.remote.removed(path)
    elif action is ListAction.REMOVE_REMOTE:
        project.deletions.vanished(path)
    elif action is ListAction.FORGET:
        project.history.forget(str(path))
    elif action is ListAction.JOIN:
        await _join(project, path, snapshot)
    return None


async def _join(project: Project, path: ProjectPath, snapshot: Snapshot | None) -> None:
    """Both sides meet in the file's room; a change of one side goes by itself in a crowd."""
    without_room = project.without_room
    if snapshot is None or path in project.bindings or not without_room.is_crowded():
        project.activate(path)
    elif not await without_room.follow(path, by=""):
        await without_room.carry(snapshot, git=project.disk.is_checkout(snapshot))
