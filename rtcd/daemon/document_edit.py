"""An edit of rtcd's own in a shared document, asked for by a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtcd.content import Content, is_same
from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.project import Project

EDIT_SECONDS = 10.0


async def edit_document(
    project: Project, path: ProjectPath, change: Callable[[Content], Content], source: str
) -> bool:
    """Change the live content of a file; returns when it is sent and on disk.

    Returns:
        False when there was nothing to change.

    ``source`` is that of the version that comes of it, see ``VersionInfo``.

    Raises:
        RtcdError: it could not be made, or not in time.
    """
    changed = True

    def noted(live: Content) -> Content:
        nonlocal changed
        wanted = change(live)
        changed = not is_same(live, wanted)
        return wanted

    try:
        async with asyncio.timeout(EDIT_SECONDS):
            await project.activate(path).edit(noted, source)
    except TimeoutError:
        raise RtcdError(
            f"{path} could not be changed in time; the server does not answer",
            hint="`rtcd status` tells whether the server is reached.",
        ) from None
    return changed
