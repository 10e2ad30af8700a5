"""One computer: a disk with a project folder, rtcd's database, a daemon, and what can fail."""

from __future__ import annotations

import errno
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtcd.daemon.steady_clock import steady_wall_clock
from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.recovered import RecoveredCopy
from simulation.daemon import Daemon, Parts
from simulation.database import Database
from simulation.documents import tokens
from simulation.file_system import FileSystem, Inode
from simulation.inotify import SimulatedInotify
from simulation.loop import CURRENT, KilledError, Process, VirtualLoop
from simulation.network import NOWHERE, Place
from simulation.oracle import kept_tokens, recorded_tokens
from simulation.server import Server
from simulation.system_calls import Descriptors

if TYPE_CHECKING:
    from simulation.editors import Editor

log = logging.getLogger("simulation")

MAX_BUGS = 20
# Not EINTR: Python tries such calls again by itself (PEP 475).
ERRNOS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE)


@dataclass
class Weather:
    """What is wrong with a computer now; chances are for one call or event."""

    dropped_events: float = 0.0
    watcher_failure: float = 0.0
    event_seconds: float = 0.0005
    error: int = 0
    error_chance: float = 0.0
    clock_offset: float = 0.0


class Machine:
    """One folder and its daemon."""

    def __init__(
        self, name: str, loop: VirtualLoop, rng: random.Random, server: Server, *, is_host: bool
    ) -> None:
        self.name = name
        self.loop = loop
        self.rng = rng
        self.server = server
        self.is_host = is_host
        self.place = Place(loop, rng)
        self.weather = Weather()
        self.files = FileSystem(self.wall, rng)
        self.folder: Inode = self.files.make_folder(self.files.root, "project")
        self.files.sync_all()
        self.database = Database(rng)
        self.can_exchange = rng.random() < 0.85
        self.has_leases = rng.random() < 0.8
        self.reads_are_seen = True
        self.hurry = 0.05
        self.reads_fail = False
        self.goes_without_rooms = False
        self.watchers: list[SimulatedInotify] = []
        self.editors: list[Editor] = []
        self.process: Process | None = None
        self.descriptors = Descriptors()
        self.parts: Parts | None = None
        self.kill_at: int | None = None
        self.bugs: list[str] = []
        self.writes: list[tuple[float, str]] = []
        self.killed = 0
        self.held: set[bytes] = set()
        self.old_records: dict[str | None, set[bytes]] = {None: set(), "both-created": set()}
        self.old_versions: set[bytes] = set()
        self._runs = 0
        self._is_letting_in = False
        self.files.told.append(self._note_write)

    # ------------------------------------------------------------------ time

    def wall(self) -> float:
        """The clock on this computer's wall."""
        return self.loop.wall() + self.weather.clock_offset

    def clock_of_daemon(self) -> Callable[[], float]:
        """What rtcd gets for the time of day."""
        return steady_wall_clock(self.wall, self.loop.time)

    def found_recovered(self) -> list[RecoveredCopy]:
        """What the extension left while no daemon ran."""
        host = self.server.host
        return host.take_copies() if self.is_host and host is not None else []

    def new_run(self) -> str:
        """A name for the files of one run in limbo."""
        self._runs += 1
        return f"run{self._runs}"

    # ------------------------------------------------------------------ trouble

    def before_call(self, _name: str, *, writes: bool = False) -> None:
        """A system call is about to be made: it may be the last one, fail, or come too late."""
        process = self.process
        if process is None or not process.alive:
            raise KilledError
        self._count_down()
        weather = self.weather
        fails = weather.error and (writes or self.reads_fail)
        if fails and self.rng.random() < weather.error_chance:
            raise OSError(weather.error, "simulated")
        if not self._is_letting_in and self.rng.random() < self.hurry:
            self._is_letting_in = True
            try:
                self._let_others_in()
            finally:
                self._is_letting_in = False

    def before_statement(self, _word: str) -> None:
        """A statement that writes to the database is about to run."""
        if self.process is None or not self.process.alive:
            raise KilledError
        self._count_down()

    def _count_down(self) -> None:
        if self.kill_at is None:
            return
        self.kill_at -= 1
        if self.kill_at <= 0:
            self.kill()
            raise KilledError

    def _let_others_in(self) -> None:
        """An editor is faster than the daemon's next call."""
        for editor in self.editors:
            editor.hurry()

    def event_is_dropped(self) -> bool:
        """Events get lost (mmap, races in new folders, bugs of watchers)."""
        return self.rng.random() < self.weather.dropped_events

    def event_delay(self) -> float:
        """How long the kernel's event takes to be read."""
        return self.weather.event_seconds * (0.5 + self.rng.random())

    def watcher_fails(self) -> bool:
        """The watcher dies now."""
        return self.rng.random() < self.weather.watcher_failure

    def _note_write(self, folder: Inode, name: str, mask: int, _cookie: int) -> None:
        """The daemon's own writes end with a file that comes out of limbo."""
        if folder is self.folder and mask & 0x80 and self._is_from_daemon():
            self.writes.append((self.loop.time(), name))

    def _is_from_daemon(self) -> bool:
        return CURRENT.get() is self.process and self.process is not None

    # ------------------------------------------------------------------ the daemon

    @property
    def is_running(self) -> bool:
        """True while a daemon runs."""
        return self.process is not None and self.process.alive

    def start(self) -> None:
        """Start a daemon; when it ends by itself it is started again."""
        self.kill_at = None
        self.descriptors = Descriptors()
        self.process = Process(self.name)
        self.process.machine = self  # type: ignore[attr-defined]
        self.process.start(self._run())

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more, and the system closes what it had open."""
        if self.process is None or not self.process.alive:
            return
        self.killed += 1
        self.held.clear()
        self.process.kill()
        self.kill_at = None
        for file in self.descriptors.table.values():
            if file.flags & 3:
                file.inode.writers = max(0, file.inode.writers - 1)
        self.descriptors = Descriptors()
        for watcher in list(self.watchers):
            watcher.close()
        self.place.cut()
        self.parts = None

    def note_held(self) -> None:
        """The server is about to die: what this daemon has received it must bring back."""
        if self.parts is None or not self.is_running:
            return
        for binding in self.parts.project.bindings.values():
            if binding.replica is not None and binding.is_live:
                self.held |= set(tokens(repr(binding.replica.live.content()).encode()))

    def says_synced(self) -> bool:
        """What ``rtcd status`` would say now."""
        parts = self.parts
        if parts is None or not self.is_running or not parts.is_ready:
            return False
        return parts.reporter.report().state == "synced"

    def holds(self, name: str) -> bool:
        """True when the daemon says that it leaves this file alone."""
        if self.parts is None:
            return False
        path, project = ProjectPath(name), self.parts.project
        binding, known = project.bindings.get(path), project.files.get(path)
        hold = binding.file.hold if binding is not None else known and known.hold
        return hold is not None

    def note_records(self) -> None:
        """The database is about to go back or away: the judge remembers what was told in it."""
        for reason, found in self.old_records.items():
            found |= recorded_tokens(self, reason)
        self.old_versions |= kept_tokens(self)

    def cut_power(self) -> None:
        """The whole computer stops: daemon, editors, and what was not synced."""
        self.kill()
        self.note_records()
        for editor in self.editors:
            editor.dies()
        self.files.cut_power()
        self.folder = self.files.root.names.get("project") or self.files.make_folder(
            self.files.root, "project"
        )
        self.database.cut_power()

    async def _run(self) -> None:
        try:
            await Daemon(self).run()
        except (RtcdError, TimeoutError) as error:
            log.info("daemon ended machine=%s reason=%r", self.name, error)
        except BaseExceptionGroup as group:
            known = group.subgroup((RtcdError, TimeoutError))
            if known is None or len(known.exceptions) < len(group.exceptions):
                self.bugs.append(f"daemon ended: {group!r} {group.exceptions!r}")
        except Exception as error:  # noqa: BLE001 - every other end is a bug
            self.bugs.append(f"daemon ended: {error!r}")
        process = self.process
        if process is not None and process.alive and len(self.bugs) < MAX_BUGS:
            self.kill()
            self.loop.call_later(1.0, self._start_again, context=NOWHERE.copy())

    def _start_again(self) -> None:
        if not self.is_running:
            self.start()
