"""The daemon: builds every part and runs them together; the only place that knows them all."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

from rtcd.daemon.arrival import Arrival
from rtcd.daemon.choose_server import ChosenServer, choose, software_of, start_own
from rtcd.daemon.commands import Commands
from rtcd.daemon.contact import Contact
from rtcd.daemon.control import ControlServer
from rtcd.daemon.host_follower import HostFollower
from rtcd.daemon.lock import ProjectLock
from rtcd.daemon.nested import refuse_nested
from rtcd.daemon.ready import LeftOut, ReadyReport
from rtcd.daemon.report import Reporter
from rtcd.daemon.sharing import Sharing
from rtcd.daemon.steady_clock import steady_wall_clock
from rtcd.daemon.tidying import Tidying
from rtcd.daemon.who import Who
from rtcd.disk.folder import Folder
from rtcd.disk.writer import Writer
from rtcd.errors import RtcdError
from rtcd.history.history import History
from rtcd.places import Places
from rtcd.rooms.backoff import Backoff
from rtcd.rooms.person import user_state
from rtcd.rooms.presence import current_of
from rtcd.server.client import ServerClient
from rtcd.server.entry import ServerAbout
from rtcd.server.launch import RunningServer, stop_server
from rtcd.settings import Settings
from rtcd.sync.in_hand import CrashNotes
from rtcd.sync.local_side import LocalSide
from rtcd.sync.other_daemons import OtherDaemons
from rtcd.sync.project import Project
from rtcd.sync.project_disk import ProjectDisk
from rtcd.sync.recovered import left_in_limbo
from rtcd.sync.server_link import ServerLink
from rtcd.sync.server_side import ServerSide
from rtcd.sync.shown_person import ShownPerson

log = logging.getLogger("rtcd.daemon")

CLOSE_SECONDS = 10.0
SERVER_WATCH_SECONDS = 1.0
WORKER_THREADS = 6
PARDON_SECONDS = 60.0
"""A part that has failed and then ran for so long is well again."""
PART_BACKOFF = Backoff(first=0.5, longest=30.0)

Tell = Callable[[dict[str, Any]], None]


class Daemon:
    """One folder, one server, until somebody says stop."""

    def __init__(self, settings: Settings, tell: Tell, *, restarted: bool = False) -> None:
        """``restarted``: a bug has ended the daemon before this one."""
        self._settings = settings
        self._restarted = restarted
        self._tell = tell
        self._places = Places.of(settings.project)
        self._stop = asyncio.Event()
        self._started = time.time()
        self._embedded: RunningServer | None = None

    def stop(self) -> None:
        """Begin to end: what is left is written and sent first."""
        self._stop.set()

    async def run(self) -> None:
        """Run until stopped.

        Raises:
            RtcdError: it could not start.
        """
        _begin_threads()
        self._places.make()
        with ProjectLock.take(self._places.lock) as lock:
            refuse_nested(self._places)
            async with AsyncExitStack() as stack:
                await self._run_parts(stack, lock)

    async def _run_parts(self, stack: AsyncExitStack, lock: ProjectLock) -> None:
        history = History.open(self._places.database)
        stack.callback(history.close)
        folder = Folder.open(self._places.project)
        stack.callback(folder.close)
        disk = ProjectDisk(
            folder,
            Writer(folder, self._places.limbo),
            max_file_bytes=self._settings.max_file_bytes,
            sends_only=self._settings.direction == "send",
        )
        left_over = disk.writer.recover()
        server = await choose(self._settings, self._places, self._progress)
        self._embedded = server.embedded
        lock.tell_server(server.address.url)
        client = await stack.enter_async_context(ServerClient(server.address))
        if server.about is not None:
            client.use_offers(server.about)
        user = dict(user_state(self._settings.name, f"rtcd-{self._places.project_id}"))
        others = OtherDaemons(server.address, user=user)
        link = ServerLink(
            client,
            remote_path=server.remote_path,
            is_host=server.is_host,
            user=user,
            others=others,
            receives_only=self._settings.direction == "receive",
        )
        clock = steady_wall_clock()
        notes = CrashNotes(self._places.state, restarted=self._restarted)
        stack.callback(notes.close)
        project = Project(
            disk=disk,
            link=link,
            history=history,
            clock=clock,
            in_hand=notes,
            receives_only=self._settings.direction == "receive",
        )
        for path in notes.set_aside():
            project.bindings.set_aside(path)
        if self._restarted:
            project.report("restarted", _restarted())
        local = LocalSide(project, clock)
        remote = ServerSide(project, others, clock)
        person = ShownPerson(
            server.address,
            user=user,
            documents=lambda: sorted(link.server_path(path) for path in project.bindings),
            current=lambda: _current(project, link),
        )
        sharing = Sharing(client, host=self._settings.name, announces=self._settings.lan)
        reporter = Reporter(
            project=project,
            local=local,
            server=remote,
            mode=server.mode,
            software=server.software,
            started=self._started,
        )

        def told(about: ServerAbout) -> None:
            reporter.software = software_of(about)

        contact = Contact(
            project,
            local,
            remote,
            recovered=left_in_limbo(project, left_over),
            recovery=self._places.recovery if server.is_host else None,
            told=told,
        )
        parts: list[Callable[[], Awaitable[None]]] = [others.run, person.run, local.run, remote.run]
        parts.append(Tidying(project).run)
        if server.embedded is not None:
            parts.append(lambda: self._keep_server(remote))
        if server.is_host:
            parts.append(sharing.run)
        if server.membership is not None and server.address.place is not None:
            follower = HostFollower(
                places=self._places,
                membership=server.membership,
                place=server.address.place,
                server=remote,
                project=project,
            )
            parts.append(follower.run)
        if server.about is None:
            parts.append(contact.run)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(keep_running(part, project)) for part in parts]
            who = Who(
                project=project,
                person=person,
                client=client,
                server=remote,
                name=self._settings.name,
            )
            commands = Commands(
                places=self._places,
                project=project,
                arrival=Arrival(project, local, remote),
                reporter=reporter,
                sharing=sharing if server.is_host else None,
                who=who,
                stop=self.stop,
            )
            await self._serve(project, server, contact, commands)
            for task in running:
                task.cancel()
        if self._embedded is not None:
            await stop_server(self._embedded, self._places)

    async def _serve(
        self, project: Project, server: ChosenServer, contact: Contact, commands: Commands
    ) -> None:
        """Bring both sides together, say ready, answer commands until stopped."""
        if server.about is not None:
            await contact.make(self._progress)
        else:
            await contact.do_without(self._progress)
        async with await ControlServer.open(self._places.control_socket, commands.table()):
            self._tell({"ready": self._ready(project, server).to_json()})
            log.info("ready files=%d mode=%s", len(project.files), server.mode)
            await self._stop.wait()
            await project.close(CLOSE_SECONDS)

    async def _keep_server(self, remote: ServerSide) -> None:
        """Start the embedded server again when it died; the same port and token, so browsers return."""
        while True:
            await asyncio.sleep(SERVER_WATCH_SECONDS)
            assert self._embedded is not None
            if _is_running(self._embedded.pid):
                continue
            remote.forget_connection()
            log.warning("server died pid=%d", self._embedded.pid)
            try:
                again = await start_own(self._places, port=self._embedded.address.port)
            except RtcdError as error:
                log.warning("server not started reason=%s", error)
                continue
            self._embedded = again.embedded

    def _ready(self, project: Project, server: ChosenServer) -> ReadyReport:
        held: dict[str, list[str]] = {}
        for path in project.files:
            known = project.files.get(path)
            if known is not None and known.hold is not None:
                held.setdefault(known.hold.code, []).append(str(path))
        token_file = server.token_file(self._places)
        return ReadyReport(
            project=str(self._places.project),
            pid=os.getpid(),
            url=server.address.url,
            mode=server.mode,
            token_file=str(token_file) if token_file else None,
            lab_url=server.address.url + "lab",
            files_shared=len(project.files) - sum(map(len, held.values())),
            left_out=tuple(LeftOut(why, len(paths), paths[0]) for why, paths in held.items()),
            connected=server.about is not None,
        )

    def _progress(self, sentence: str) -> None:
        self._tell({"progress": sentence})


def _begin_threads() -> None:
    """Start all worker threads now, while there is memory.

    A thread whose start fails for want of memory leaves its starter waiting for ever (CPython
    3.11: ``Thread.start`` waits for a word of the new thread), and that would be the event loop.
    """
    workers = ThreadPoolExecutor(WORKER_THREADS, thread_name_prefix="worker")
    everybody = threading.Barrier(WORKER_THREADS + 1)
    for _ in range(WORKER_THREADS):
        workers.submit(everybody.wait)
    everybody.wait()
    asyncio.get_running_loop().set_default_executor(workers)


async def keep_running(part: Callable[[], Awaitable[None]], project: Project) -> None:
    """Run a part of the daemon for ever: a bug in it is logged, reported, and it begins anew."""
    failures = 0
    pardon: asyncio.TimerHandle | None = None
    while True:
        began = time.monotonic()
        try:
            await part()
        except Exception:  # the edge of a task: the other parts must go on
            failures = 1 if time.monotonic() - began > PARDON_SECONDS else failures + 1
            if pardon is not None:
                pardon.cancel()
            pardon = asyncio.get_running_loop().call_later(PARDON_SECONDS, project.clear, "bug")
            log.exception("part failed part=%s", getattr(part, "__qualname__", part))
            project.report(
                "bug",
                RtcdError(
                    "a part of rtcd failed by a bug of its own and was started again",
                    hint="The traceback is in the daemon's log; `rtcd doctor` names it.",
                ),
            )
        await asyncio.sleep(PART_BACKOFF.delay(max(1, failures), random.random()))


def _restarted() -> RtcdError:
    return RtcdError(
        "rtcd was ended by a bug and has started itself again; nothing is lost",
        hint="`rtcd doctor` names the log; please report what it says.",
    )


def _is_running(pid: int) -> bool:
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return done == 0


def _current(project: Project, link: ServerLink) -> str | None:
    """The document that was saved or changed last: what the user of the folder works on."""
    if not project.bindings:
        return None
    binding = max(project.bindings.values(), key=lambda one: one.last_local_save)
    return current_of(binding.kind, link.server_path(binding.path))
