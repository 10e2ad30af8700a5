"""One folder and one server: the parts that follow them, and what these share.

Two sides report. ``local_side`` says what happened on disk (settled saves, vanished files,
renames), ``local_files`` says what that means; ``server_side`` says what happened on the server
(somebody joined a room, files came, went, were renamed), ``remote_files`` says what that means for
a file without a room. A file that somebody works on has a binding; any other is compared by digest
only.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any

from rtcd.disk.formats import kind_of
from rtcd.errors import RtcdError
from rtcd.history.history import History
from rtcd.problem import Problem
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.bindings import Bindings
from rtcd.sync.bulletin import Bulletin
from rtcd.sync.deletions import Deletions
from rtcd.sync.in_hand import InHand, NothingInHand
from rtcd.sync.known_files import KnownFiles
from rtcd.sync.ledger import Ledger
from rtcd.sync.local_files import LocalFiles
from rtcd.sync.merge_worker import MergeWorker
from rtcd.sync.pairs import Pairs
from rtcd.sync.ports import Clock
from rtcd.sync.project_disk import ProjectDisk
from rtcd.sync.remote_files import RemoteFiles
from rtcd.sync.retries import Retries
from rtcd.sync.server_link import ServerLink
from rtcd.sync.tasks import Tasks
from rtcd.sync.without_room import WithoutRoom


class Project:
    """The one owner of what is known of the folder. All methods run in one event loop."""

    def __init__(
        self,
        *,
        disk: ProjectDisk,
        link: ServerLink,
        history: History,
        clock: Clock,
        quiet_seconds: float = 60.0,
        in_hand: InHand | None = None,
        receives_only: bool = False,
    ) -> None:
        self.disk = disk
        self.link = link
        self.history = history
        self.clock = clock
        self.receives_only = receives_only
        self.in_hand = in_hand or NothingInHand()
        self.merge_worker = MergeWorker()
        self.files = KnownFiles()
        self.folders: set[ProjectPath] = set()
        self.bulletin = Bulletin(clock)
        self.retries = Retries(self)
        self.tasks = Tasks(self.bulletin, self.retries.add)
        self.bindings = Bindings(self, quiet_seconds=quiet_seconds)
        self.deletions = Deletions(self, clock)
        self.local = LocalFiles(self)
        self.remote = RemoteFiles(self)
        self.pairs = Pairs(self)
        self.without_room = WithoutRoom(self)
        self.awaits_server = False
        """The server was away when the daemon began: nothing was compared with it yet."""

    # ------------------------------------------------------------------ telling those who watch

    @property
    def seq(self) -> int:
        """Grows with everything that happens."""
        return self.bulletin.seq

    @property
    def problems(self) -> dict[tuple[str | None, str], Problem]:
        """What is wrong now, by path and code."""
        return self.bulletin.problems

    def note_change(self) -> None:
        """Something was written, sent, received or recorded."""
        self.bulletin.note_change()

    async def changed(self, seen: int, timeout: float) -> None:
        """Returns when ``seq`` is above ``seen``, or after ``timeout`` seconds."""
        await self.bulletin.changed(seen, timeout)

    def report(self, code: str, error: RtcdError, path: ProjectPath | None = None) -> None:
        """Keep a problem until it is cleared."""
        self.bulletin.report(code, error, path)

    def clear(self, code: str, path: ProjectPath | None = None) -> None:
        """The trouble is over."""
        self.bulletin.clear(code, path)

    # ------------------------------------------------------------------ work

    def spawn(
        self,
        work: Coroutine[Any, Any, None],
        *,
        path: ProjectPath | None = None,
        problem_path: ProjectPath | None = None,
        faces: Iterable[ProjectPath] = (),
    ) -> None:
        """Do something beside everything else (see ``Tasks.spawn``)."""
        self.tasks.spawn(work, path=path, problem_path=problem_path, faces=faces)

    def activate(self, path: ProjectPath) -> Binding:
        """The binding of a file, begun if there is none."""
        return self.bindings.activate(path)

    async def close(self, timeout: float) -> None:
        """Let every binding write and send what is left; cancel what takes too long."""
        self.bindings.close()
        self.retries.close()
        await self.tasks.finish(timeout)
        await self.merge_worker.close()
        if not self.link.is_host and not self.awaits_server:
            self.link.remember(self.history.server_files)

    # ------------------------------------------------------------------ memory

    @property
    def saver(self) -> str:
        """Who saves in this folder, as the history names it."""
        return self.saver_of(git=False)

    def saver_of(self, *, git: bool) -> str:
        """Who saves in this folder, when git may have done it."""
        return f"{self.link.user['name']} ({'git' if git else 'local save'})"

    def ledger(self, path: ProjectPath) -> Ledger:
        """The memory of one file."""
        return Ledger(path, kind_of(path), self.history, self.clock)

    def is_known(self, path: ProjectPath) -> bool:
        """True for a file that is here; one that came back may have a binding before it was read."""
        return path in self.files or path in self.bindings

    def rename_here(self, old: ProjectPath, new: ProjectPath) -> None:
        """What is known of a file goes under its new name: history and binding too."""
        self.files.move(old, new)
        self.history.move(str(old), str(new))
        binding = self.bindings.pop(old, None)
        if binding is not None:
            self.bindings[new] = binding
            binding.moved(new)
        self.pairs.moved(old, new)
        self.note_change()
