"""``rtcd.daemon.daemon.Daemon``, put together with simulated ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtcd.daemon.daemon import keep_running
from rtcd.daemon.report import Reporter
from rtcd.disk.folder import Folder
from rtcd.disk.writer import Writer
from rtcd.history.history import History
from rtcd.rooms.person import user_state
from rtcd.sync.binding import QUIET_SECONDS
from rtcd.sync.first_contact import reconcile_all
from rtcd.sync.local_side import LocalSide
from rtcd.sync.other_daemons import OtherDaemons
from rtcd.sync.project import Project
from rtcd.sync.project_disk import ProjectDisk
from rtcd.sync.recovered import left_in_limbo, merge_recovered
from rtcd.sync.server_link import ServerLink
from rtcd.sync.server_side import ServerSide
from simulation.client import ADDRESS, SimulatedClient

if TYPE_CHECKING:
    from simulation.machine import Machine

ROOT = Path("/project")
LIMBO = ROOT / ".rtcd" / "limbo"
MAX_FILE_BYTES = 50 * 1024 * 1024
START_SECONDS = 30.0
CLOSE_SECONDS = 10.0
# Short, so that there is something to do without rooms; longer than people take to show themselves (15 s).
WITHOUT_ROOM_QUIET_SECONDS = 20.0


@dataclass
class Parts:
    """What the judge may look at."""

    project: Project
    reporter: Reporter
    remote: ServerSide
    local: LocalSide
    is_ready: bool = False


class Daemon:
    """``rtcd.daemon.daemon.Daemon``, put together with simulated ports."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def run(self) -> None:
        here = self._machine
        steady: Callable[[], float] = here.loop.time
        history = History.open(Path("state.db"))
        folder = Folder.open(ROOT, by_kernel=False, clock=steady)
        writer = Writer(folder, LIMBO, clock=steady)
        disk = ProjectDisk(folder, writer, max_file_bytes=MAX_FILE_BYTES)
        left_over = disk.writer.recover()
        while not here.server.is_up or here.place.is_down:
            await asyncio.sleep(1.0)
        user = dict(user_state(here.name, here.name))
        others = OtherDaemons(ADDRESS, user=user, steady=steady)
        link = ServerLink(
            SimulatedClient(  # type: ignore[arg-type]
                here.place, here.server, offers_changes=here.goes_without_rooms
            ),
            remote_path="",
            is_host=here.is_host,
            user=user,
            others=others,
            steady=steady,
        )
        clock = here.clock_of_daemon()
        quiet = WITHOUT_ROOM_QUIET_SECONDS if here.goes_without_rooms else QUIET_SECONDS
        project = Project(disk=disk, link=link, history=history, clock=clock, quiet_seconds=quiet)
        if here.goes_without_rooms:
            project.without_room.crowd = 0
        local = LocalSide(project, clock)
        remote = ServerSide(project, others, clock, steady)
        reporter = Reporter(
            project=project,
            local=local,
            server=remote,
            mode="embedded" if here.is_host else "remote",
            software="simulated",
            started=0.0,
        )
        here.parts = Parts(project, reporter, remote, local)
        recovered = left_in_limbo(project, left_over)
        async with asyncio.TaskGroup() as tasks:
            for part in (others.run, local.run, remote.run):
                tasks.create_task(keep_running(part, project))
            await _soon(local.watching)
            await reconcile_all(project, lambda _: None, lambda: _soon(remote.listening))
            local.begin()
            remote.begin()
            await self._first_bindings(project)
            await merge_recovered(project, [*recovered, *here.found_recovered()])
            here.parts.is_ready = True
            await asyncio.Event().wait()

    async def _first_bindings(self, project: Project) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while any(binding.is_joining for binding in project.bindings.values()):
                    await project.changed(project.seq, 0.1)


async def _soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(START_SECONDS):
        await event.wait()
