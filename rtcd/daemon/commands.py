"""What the control socket can ask of a daemon; each command checks its arguments and returns JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rtcd.conflict import Conflict
from rtcd.content import Content
from rtcd.daemon.arrival import Arrival
from rtcd.daemon.control import Command
from rtcd.daemon.document_edit import edit_document
from rtcd.daemon.handover import take
from rtcd.daemon.pair_commands import PairCommands
from rtcd.daemon.report import Reporter
from rtcd.daemon.share_commands import ShareCommands
from rtcd.daemon.sharing import Sharing
from rtcd.daemon.who import Who
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, RtcdError, UsageError
from rtcd.merge.three_way import merge_contents
from rtcd.places import Places
from rtcd.project_path import ProjectPath
from rtcd.rooms.person import clean_name
from rtcd.server.offered_changes import Answer
from rtcd.sync.pending import pending_files
from rtcd.sync.project import Project
from rtcd.sync.settling import KeptFiles, is_deletion, settled_content

FLUSH_SECONDS = 5.0
PATIENCE_SECONDS = 3600.0
LONG_POLL_SECONDS = 60.0

Arguments = dict[str, Any]


class Commands:
    """The commands of one daemon; ``stop`` is called when somebody asks it to end."""

    def __init__(
        self,
        *,
        places: Places,
        project: Project,
        arrival: Arrival,
        reporter: Reporter,
        sharing: Sharing | None,
        who: Who,
        stop: Callable[[], None],
    ) -> None:
        self._places = places
        self._project = project
        self._arrival = arrival
        self._reporter = reporter
        self._sharing = sharing
        self._who = who
        self._stop = stop

    def table(self) -> Mapping[str, Command]:
        """Command names to coroutines."""
        return {
            "status": self.status,
            "stop": self.stop,
            "wait": self.wait,
            "flush": self.flush,
            "take": self.take,
            "resume": self.resume,
            "resolve": self.resolve,
            "reopen": self.reopen,
            "restore": self.restore,
            "undo": self.undo,
            **PairCommands(self._project).table(),
            **ShareCommands(self._sharing, self._who).table(),
        }

    async def status(self, arguments: Arguments) -> dict[str, Any]:
        """The status document; with ``since``, not before ``seq`` has grown beyond it."""
        since = arguments.get("since")
        if isinstance(since, int):
            timeout = min(float(arguments.get("timeout") or 0), LONG_POLL_SECONDS)
            await self._project.changed(since, timeout)
        return self._reporter.report().to_json()

    async def stop(self, arguments: Arguments) -> dict[str, Any]:
        """Begin to end; says what is pending now."""
        del arguments
        pending = pending_files(self._project, theirs=False)
        self._stop()
        return {"pending": [item.to_json() for item in pending]}

    async def wait(self, arguments: Arguments) -> dict[str, Any]:
        """Returns when every save on disk now is with the server and all of theirs is on disk.

        With ``theirs`` false only our saves count.
        """
        paths = [ProjectPath.parse(str(path)) for path in arguments.get("paths") or []]
        timeout = arguments.get("timeout")
        seconds = float(timeout) if timeout is not None else PATIENCE_SECONDS
        theirs = arguments.get("theirs", True) is True
        pending = await self._arrival.wait(paths, seconds, theirs=theirs)
        return {"done": not pending, "pending": [item.to_json() for item in pending]}

    async def flush(self, arguments: Arguments) -> dict[str, Any]:
        """Everything received of one file is on disk afterwards."""
        path = _path(arguments)
        binding = self._project.bindings.get(path)
        if binding is None:
            return {"flushed": True, "joined": False}
        room = self._project.pairs.rooms.get(path)
        async with asyncio.timeout(FLUSH_SECONDS):
            if room is not None:
                await room.flush()
            await binding.flush()
        return {"flushed": not binding.unwritten(), "joined": True}

    async def take(self, arguments: Arguments) -> dict[str, Any]:
        """Guests' saves of files that nobody has open, which the server has brought."""
        files = arguments.get("files")
        if not isinstance(files, list):
            raise UsageError("take needs files")
        answers = await asyncio.gather(*(self._take_one(dict(item)) for item in files))
        return {"answers": [answer.value for answer in answers]}

    async def _take_one(self, item: Arguments) -> Answer:
        try:
            data = take(self._places, str(item.get("content")))
            path = ProjectPath.parse(str(item.get("path")))
        except RtcdError:
            return Answer.NOT_HERE
        by = clean_name(item.get("by")) or "somebody"
        expected = str(item.get("expected"))
        return await self._project.without_room.take(path, data, expected=expected, by=by)

    async def resume(self, arguments: Arguments) -> dict[str, Any]:
        """After a halt: carry the deletions on, or put the files back."""
        mode = arguments.get("mode")
        if mode not in ("apply", "restore"):
            raise UsageError("resume needs --apply or --restore")
        waiting = self._project.deletions.resume()
        for path in waiting:
            if mode == "apply":
                self._project.local.deletion_believed(path)
            else:
                await self._project.local.put_back(path)
        return {"mode": mode, "files": [str(path) for path in waiting]}

    async def resolve(self, arguments: Arguments) -> dict[str, Any]:
        """Make one side of a conflict the content for all, as an ordinary edit."""
        conflict = self._conflict(arguments)
        keep = arguments.get("keep", "merged")
        if keep not in ("disk", "shared", "merged"):
            raise UsageError(f"cannot keep {keep!r}", hint="Keep disk, shared or merged.")
        text = take(self._places, arguments["text"]).decode() if arguments.get("text") else None
        path = ProjectPath.parse(conflict.path)
        if text is None and is_deletion(conflict, keep):
            await self._delete(path)
        elif keep != "merged" or text is not None:
            files = self._kept_files(conflict)
            await self._edit(
                path,
                lambda live: settled_content(conflict, keep, text, live, files),
                f"resolve {conflict.id}",
            )
        resolution = keep if text is None else "merged by hand"
        self._project.history.set_conflict_status(conflict.id, "resolved", resolution)
        self._project.note_change()
        return {"id": conflict.id, "path": conflict.path, "keep": keep}

    async def reopen(self, arguments: Arguments) -> dict[str, Any]:
        """Put a resolved conflict back among the open ones."""
        conflict = self._conflict(arguments)
        self._project.history.set_conflict_status(conflict.id, "open", None)
        self._project.note_change()
        return {"id": conflict.id, "path": conflict.path}

    async def restore(self, arguments: Arguments) -> dict[str, Any]:
        """Bring a version back, as a new edit."""
        path, number = _path(arguments), _number(arguments)
        wanted = self._version(path, number)
        changed = await self._edit(path, lambda _live: wanted, f"restore {number}")
        return {"path": str(path), "version": number, "changed": changed}

    async def undo(self, arguments: Arguments) -> dict[str, Any]:
        """Take one version's change back and keep everything that came later."""
        path, number = _path(arguments), _number(arguments)
        after, before = self._version(path, number), self._version_before(path, number)
        changed = await self._edit(
            path, lambda live: merge_contents(after, before, live).content, f"undo {number}"
        )
        return {"path": str(path), "version": number, "changed": changed}

    async def _edit(
        self, path: ProjectPath, change: Callable[[Content], Content], source: str
    ) -> bool:
        """False when there was nothing to change."""
        if not self._project.disk.exists(path):
            await self._project.local.put_back(path)
        return await edit_document(self._project, path, change, source)

    async def _delete(self, path: ProjectPath) -> None:
        """Delete the file here; the others follow as with any deletion, and ``restore`` undoes it."""
        snapshot = await self._project.disk.read(path)
        if snapshot is not None:
            await self._project.disk.remove(path, expected=snapshot)
            self._project.local.deletion_believed(path)

    def _kept_files(self, conflict: Conflict) -> KeptFiles:
        return KeptFiles(
            disk=self._kept(conflict, conflict.disk_blob),
            shared=self._kept(conflict, conflict.shared_blob),
            merged=self._kept(conflict, conflict.merged_blob),
        )

    def _kept(self, conflict: Conflict, digest: str | None) -> Content | None:
        data = None if digest is None else self._project.history.blob(digest)
        if data is None:
            return None
        try:
            return parse(kind_of(ProjectPath.parse(conflict.path)), data)
        except HeldError:
            return None

    def _version(self, path: ProjectPath, number: int) -> Content:
        info = self._project.history.version(str(path), number)
        data = self._project.history.blob(info.digest) if info is not None else None
        if data is None:
            raise RtcdError(
                f"there is no version {number} of {path}",
                hint=f"`rtcd history {path}` lists those that are kept.",
            )
        return parse(kind_of(path), data)

    def _version_before(self, path: ProjectPath, number: int) -> Content:
        """What the change of a version began with."""
        try:
            return self._version(path, number - 1)
        except RtcdError:
            raise RtcdError(
                f"what {path} was before its version {number} is not kept",
                hint=f"`rtcd restore {path}@V` brings back one that is; `rtcd history {path}` "
                "lists them.",
            ) from None

    def _conflict(self, arguments: Arguments) -> Conflict:
        wanted = str(arguments.get("id", ""))
        conflict = self._project.history.conflict(wanted)
        if conflict is None:
            raise RtcdError(
                f"there is no conflict {wanted!r}", hint="`rtcd conflicts --all` lists them."
            )
        return conflict


def _path(arguments: Arguments) -> ProjectPath:
    return ProjectPath.parse(str(arguments.get("path", "")))


def _number(arguments: Arguments) -> int:
    try:
        return int(arguments["version"])
    except (KeyError, TypeError, ValueError):
        raise UsageError("a version is a number", hint="`rtcd history PATH` lists them.") from None
