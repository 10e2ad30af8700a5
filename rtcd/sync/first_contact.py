"""The whole folder beside the whole server: what a daemon does before it says "ready"."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import (
    HeldError,
    NotFoundOnServerError,
    RtcdError,
    ServerRefusedError,
    ServerUnreachableError,
)
from rtcd.project_path import ProjectPath
from rtcd.server.entry import Entry
from rtcd.sync.comparing import compare
from rtcd.sync.project import Project

FOLDERS_AT_ONCE = 8
PROGRESS_EVERY = 200

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many files are shared, for the first words of a daemon."""

    files: int


async def reconcile_all(
    project: Project, progress: Progress, server_is_heard: Callable[[], Awaitable[object]]
) -> Counted:
    """Look at every file on both sides and bring them together.

    Files that differ get a binding and merge in their rooms; everything else needs none. The
    server is asked nothing before ``server_is_heard``: what happens there from then on is told.
    """
    progress("reading the folder")
    project.pairs.on_server.load()
    local = await scan_local(project, progress)
    await server_is_heard()
    if project.link.is_host:
        live = await _live_rooms(project)
        _take_host(project, local, live)
        for path in sorted(live):
            project.remote.someone_joined(path)
        return Counted(len(local))
    await join_live_rooms(project)
    progress("listing the server")
    project.link.recall(project.history.server_files)
    remote = await list_remote(project)
    known = [ProjectPath(mark.path) for mark in project.history.bookmarks()]
    paths = sorted({*local, *remote, *known})

    async def one(path: ProjectPath) -> None:
        try:
            await _reconcile_one(project, path, local, remote)
        except (ServerUnreachableError, ServerRefusedError):
            raise
        except RtcdError as error:
            # One file that the server chokes on must not keep all others from being shared.
            project.report(error.code, error, path)
            project.retries.add(path, error)

    await _for_each(paths, one, progress, at_once=project.link.client.files_at_once)
    project.link.remember(project.history.server_files)
    return Counted(len(project.files))


async def scan_local(project: Project, progress: Progress) -> dict[ProjectPath, Snapshot]:
    """Read every shared file; those that cannot be shared are held and not in the answer."""
    found: dict[ProjectPath, Snapshot] = {}
    for number, (path, stat) in enumerate(project.disk.walk()):
        if stat.kind == "folder":
            project.folders.add(path)
            continue
        snapshot = await read_or_hold(project, path, stat)
        if snapshot is not None:
            found[path] = snapshot
        if number % PROGRESS_EVERY == PROGRESS_EVERY - 1:
            progress(f"read {number + 1} files")
            await asyncio.sleep(0)
    return found


async def read_or_hold(project: Project, path: ProjectPath, stat: FileStat) -> Snapshot | None:
    """A file that can be shared, known from now on; else it is held and None."""
    try:
        snapshot = await project.disk.read(path)
        if snapshot is None:
            return None
        parse(kind_of(path), snapshot.data)
    except HeldError as error:
        project.local.file_held(path, error, stat)
        return None
    project.files.seen(path, kind_of(path), snapshot.stat, snapshot.digest)
    project.pairs.note(snapshot)
    return snapshot


async def join_live_rooms(project: Project) -> None:
    """Be in the rooms that were open before we heard of anybody entering them.

    Not to be repeated without need: then daemons would keep each other in their rooms. A stock
    server cannot tell its rooms; it tells of every save instead.
    """
    with suppress(NotFoundOnServerError):
        for path in sorted(await _live_rooms(project)):
            project.remote.someone_joined(path)


async def _live_rooms(project: Project) -> set[ProjectPath]:
    """Documents that were open before we came: only rtcd's extension can tell."""
    paths = [project.link.project_path(path) for path in await project.link.client.live_rooms()]
    return {path for path in paths if path is not None}


def _take_host(
    project: Project, local: dict[ProjectPath, Snapshot], live: set[ProjectPath]
) -> None:
    """The server's files are these very files: remember them, and forget what is gone.

    Not those with a live room: what is on disk may be an edit that the room does not have.
    """
    for path, snapshot in local.items():
        if path in live or project.pairs.is_text(path):
            continue
        mark = project.history.bookmark(str(path))
        if mark is None or mark.base_digest != snapshot.digest:
            ledger = project.ledger(path)
            if mark is not None and _may_be_stale(project, snapshot):
                project.activate(path)
                continue
            ledger.record(snapshot, by=project.saver, source="disk")
            ledger.mark(snapshot, saved=True, server_hash=snapshot.digest)
    for mark in project.history.bookmarks():
        path = ProjectPath(mark.path)
        if project.pairs.is_text(path):
            continue
        if path not in local and path not in live and not project.disk.exists(path):
            project.history.forget(mark.path)


def _may_be_stale(project: Project, snapshot: Snapshot) -> bool:
    """The save was made while no daemon ran, and others had written before: its room decides."""
    versions = project.history.versions(str(snapshot.path))
    others_wrote = any(version.source == "room" for version in versions)
    return others_wrote and not project.disk.is_checkout(snapshot)


async def list_remote(project: Project) -> dict[ProjectPath, Entry]:
    """Every file of the server's folder that is shared, by project path (hashes may not be known yet)."""
    found: dict[ProjectPath, Entry] = {}
    folders: list[ProjectPath | None] = [None]
    # A thousand folders asked for at once would wait for a connection until they are given up.
    places = asyncio.Semaphore(FOLDERS_AT_ONCE)

    async def listing_of(folder: ProjectPath | None) -> Iterable[Entry]:
        async with places:
            return await _list_folder(project, folder)

    while folders:
        batch, folders = folders, []
        listings = await asyncio.gather(*map(listing_of, batch))
        for entry in (entry for listing in listings for entry in listing):
            path = project.link.project_path(entry.path)
            is_folder = entry.type == "directory"
            if path is None or project.disk.why_ignored(path, is_folder=is_folder):
                continue
            if is_folder:
                folders.append(path)
                project.link.note_folder(path)
                await _take_folder(project, path)
            else:
                found[path] = entry
    return found


async def _list_folder(project: Project, folder: ProjectPath | None) -> Iterable[Entry]:
    try:
        return await project.link.client.list_folder(project.link.server_path(folder))
    except NotFoundOnServerError:
        return ()


async def _take_folder(project: Project, path: ProjectPath) -> None:
    if path not in project.folders:
        project.folders.add(path)
        await project.disk.make_folder(path)


async def _for_each(
    paths: list[ProjectPath],
    work: Callable[[ProjectPath], Awaitable[None]],
    progress: Progress,
    *,
    at_once: int,
) -> None:
    places = asyncio.Semaphore(at_once)
    done = 0

    async def one(path: ProjectPath) -> None:
        nonlocal done
        async with places:
            await work(path)
        done += 1
        if done % PROGRESS_EVERY == 0:
            progress(f"compared {done} of {len(paths)} files")

    async with asyncio.TaskGroup() as tasks:
        for path in paths:
            tasks.create_task(one(path))


async def _reconcile_one(
    project: Project,
    path: ProjectPath,
    local: dict[ProjectPath, Snapshot],
    remote: dict[ProjectPath, Entry],
) -> None:
    known = project.files.get(path)
    if (known is not None and known.hold is not None) or project.pairs.is_text(path):
        return
    if path in project.pairs.on_server:
        project.activate(path)
        return
    snapshot = local.get(path)
    mark = project.history.bookmark(str(path))
    entry = remote.get(path)
    if entry is not None and (snapshot is not None or mark is not None):
        entry = project.link.recalled(path, entry) or await project.link.with_hash(path, entry)
    await compare(project, path, snapshot, entry)
