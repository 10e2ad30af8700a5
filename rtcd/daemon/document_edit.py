"""An edit of rtcd's own in a shared document, asked for by a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtcd.content import Content
from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.project import Project

EDIT_SECONDS = 10.0


async def edit_document(
    project: Project, path: ProjectPath, change: Callable[[Content], Content]
) -> None:
    """Change the live content of a file; returns when it is sent and on disk.

    Raises:
        RtcdError: it could not be made, or not in time.
    """
    try:
        async with asyncio.timeout(EDIT_SECONDS):
            await project.activate(path).edit(change)
    except TimeoutError:
        raise RtcdError(
            f"{path} could not be changed in time; the server does not answer",
            hint="`rtcd status` tells whether the server is reached.",
        ) from None
