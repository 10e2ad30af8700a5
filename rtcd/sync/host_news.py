"""On a host: what others tell of files that are its own.

Theory of operation. The watcher tells a host what happens to its files, whoever did it. Two things it
cannot tell: that a file which is there again has another room, since it was deleted through the
server, and that a name has changed while its events were lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
from rtcd.rooms.news import Announcement

if TYPE_CHECKING:
    from rtcd.sync.project import Project


async def take_news(project: Project, news: Announcement, path: ProjectPath) -> None:
    """``news`` of the file ``path`` has come from another daemon."""
    if project.pairs.is_text(path) or not project.is_known(path):
        return
    if news.kind == "deleted":
        await _deleted(project, path)
    elif news.kind == "renamed" and news.new_path is not None:
        new = project.link.project_path(news.new_path)
        if new is not None and _may_be_shared(project, new):
            await _renamed(project, path, new)


def _may_be_shared(project: Project, new: ProjectPath) -> bool:
    is_ignored = project.disk.why_ignored(new) is not None
    return not is_ignored and not project.is_known(new) and project.disk.exists(new)


async def _deleted(project: Project, path: ProjectPath) -> None:
    """Somebody deleted it through the server; where it is saved again meanwhile, this is told.

    Who deleted it has no file, and the room that was open has no name any more.
    """
    if await project.disk.is_deleted(path, known_size=project.ledger(path).known_size()):
        return
    binding = project.bindings.get(path)
    if binding is not None:
        binding.replaced_remotely()
    await project.link.created(path)


async def _renamed(project: Project, old: ProjectPath, new: ProjectPath) -> None:
    """Its room went with it; a file that has the old name by now is another one."""
    project.rename_here(old, new)
    for path in (new, old):
        known_size = project.ledger(path).known_size()
        try:
            snapshot = await project.disk.read_finished(path, known_size=known_size)
        except HeldError as error:
            project.local.file_held(path, error, None)
            continue
        if snapshot is not None:
            project.local.file_saved(snapshot)
