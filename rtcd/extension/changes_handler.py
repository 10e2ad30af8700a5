"""``POST /rtcd/files/replace``: files changed in one step each, where nobody has them open.

The project's daemon writes them, as it writes everything else in its folder. Between the look at
the open documents and the write no document of the file is loaded (``Unloaded``), so that none is
made of what is about to be replaced.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from rtcd.daemon import handover
from rtcd.errors import RtcdError
from rtcd.extension.daemon_line import ask
from rtcd.extension.files_handler import FilesHandler, RefusedError
from rtcd.extension.loader import CarefulFileLoaders
from rtcd.extension.projects import ServedProject, ServedProjects
from rtcd.extension.served_files import ServedFiles
from rtcd.extension.unloaded import Unloaded

MAX_CHANGES = 100
DAEMON_SECONDS = 20.0
OPEN, NOT_HERE, REFUSED = {"answer": "open"}, {"error": "cannot-here"}, {"error": "refused"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One change; ``path`` is the server's, ``expected`` a digest (sha256, hex)."""

    path: str
    data: bytes
    expected: str
    by: str


class ReplaceFilesHandler(FilesHandler):
    """``POST /rtcd/files/replace {"files": [{"path", "content", "expected", "by"}]}``, in base64."""

    def initialize(  # type: ignore[override]  # tornado calls it by keyword, per route
        self,
        files: ServedFiles,
        projects: ServedProjects,
        loaders: CarefulFileLoaders,
        unloaded: Unloaded,
    ) -> None:
        """Take what tornado hands to each request."""
        super().initialize(files)
        self._projects = projects
        self._loaders = loaders
        self._unloaded = unloaded

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer ``{"answer": "taken" | "open" | "differs"}`` or ``{"error"}`` for each file."""
        asked = (self.get_json_body() or {}).get("files")
        if not isinstance(asked, list) or len(asked) > MAX_CHANGES:
            raise HTTPError(400, f"the body must be an object with at most {MAX_CHANGES} `files`")
        answers: list[dict[str, Any]] = [REFUSED] * len(asked)
        ours: dict[ServedProject, dict[int, Asked]] = {}
        for place, item in enumerate(asked):
            try:
                change = self._understood(item)
            except (RefusedError, KeyError, TypeError, ValueError):
                continue
            ours.setdefault(self._projects.of(change.path), {})[place] = change
        for project, changes in ours.items():
            for place, answer in (await self._bring(project, changes)).items():
                answers[place] = answer
        self.finish(json.dumps({"files": answers}))

    def _understood(self, item: dict[str, Any]) -> Asked:
        data = base64.b64decode(item["content"], validate=True)
        path = str(self._path(item["path"]))
        return Asked(path, data, str(item["expected"]), str(item.get("by", "")))

    async def _bring(
        self, project: ServedProject, changes: dict[int, Asked]
    ) -> dict[int, dict[str, Any]]:
        """The answers for the changes of one project, by their places."""
        if not project.liveness.alive(fresh=True):
            return dict.fromkeys(changes, NOT_HERE)
        answers = {place: OPEN for place, change in changes.items() if self._is_open(change.path)}
        free = {place: change for place, change in changes.items() if place not in answers}
        # Nothing is awaited between the look and this: what is loaded later waits.
        with self._unloaded.kept([change.path for change in free.values()]):
            said = await self._ask_daemon(project, list(free.values())) if free else []
        return {**answers, **dict(zip(free, said, strict=True))}

    def _is_open(self, path: str) -> bool:
        opened = any(loader.path_or_none() == path for loader in self._loaders.all())
        return opened or self._unloaded.is_kept(path)

    async def _ask_daemon(
        self, project: ServedProject, changes: list[Asked]
    ) -> list[dict[str, Any]]:
        try:
            with _handed_over(project, changes) as files:
                async with asyncio.timeout(DAEMON_SECONDS):
                    answer = await ask(project.places.control_socket, "take", {"files": files})
        except (OSError, EOFError, TimeoutError, RtcdError) as error:
            self.log.warning("rtcd: changes were not brought to the daemon: %s", error)
            return [NOT_HERE] * len(changes)
        result = answer.get("result")
        said = result.get("answers") if isinstance(result, dict) else None
        if not isinstance(said, list) or len(said) != len(changes):
            return [NOT_HERE] * len(changes)
        return [{"answer": str(one)} for one in said]


@contextmanager
def _handed_over(project: ServedProject, changes: list[Asked]) -> Iterator[list[dict[str, str]]]:
    """The changes where the daemon finds them; what it did not take is gone afterwards."""
    names: list[str] = []
    try:
        names.extend(handover.put(project.places, change.data) for change in changes)
        yield [
            {
                "path": project.relative(change.path),
                "content": name,
                "expected": change.expected,
                "by": change.by,
            }
            for change, name in zip(changes, names, strict=True)
        ]
    finally:
        for name in names:
            handover.drop(project.places, name)
