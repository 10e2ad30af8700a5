"""One history: computers, a server, people, faults, and the end. Everything comes from one seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from simulation.browsers import Browser
from simulation.documents import Ledger, NotebookTypist, TextTypist
from simulation.editors import Editor
from simulation.faults import Faults
from simulation.host import HostFiles
from simulation.loop import VirtualLoop
from simulation.machine import Machine
from simulation.moves import Moves
from simulation.oracle import STORM_WRITES, Result
from simulation.plan import Plan
from simulation.server import Server
from simulation.server_disk import OwnDisk
from simulation.verdict import judge
from simulation.views import Views
from simulation.watching import Watching

READY_SECONDS = 120.0
QUIET_SECONDS = 5.0
SETTLE_SECONDS = 300.0


class World:
    """Everything there is."""

    def __init__(self, seed: int, plan: Plan, loop: VirtualLoop) -> None:
        self.seed = seed
        self.plan = plan
        self.loop = loop
        self.rng = rng = random.Random(seed)
        self.result = Result(seed)
        self.trace: list[str] = []
        self.ledger = Ledger(random.Random(seed + 1))
        self.is_host = plan.host if plan.host is not None else rng.random() < 0.35
        server_clock = loop.wall
        self.server = Server(loop, random.Random(seed + 2), server_clock, OwnDisk(server_clock))
        count = rng.randint(1, 2) if self.is_host else rng.randint(1, plan.shape.machines)
        self.machines = [
            Machine(
                f"m{n}",
                loop,
                random.Random(seed * 7 + n),
                self.server,
                is_host=self.is_host and n == 0,
            )
            for n in range(count)
        ]
        if self.is_host:
            self.server.host = HostFiles(self.machines[0], self.server)
            self.server.disk = self.server.host
            self.server.polls = False
            self.machines[0].place.base = 0.0003
        for machine in self.machines:
            machine.goes_without_rooms = plan.without_room
        self.watching = Watching(self)
        for machine in self.machines:
            machine.hurry, machine.reads_fail = plan.shape.hurry, plan.shape.reads_fail
            machine.files.told.append(self.watching.watcher_of(machine))
        self.names = self._names()
        self.editors: list[Editor] = []
        self.browsers: list[Browser] = []
        self.faults = Faults(self)
        self.moves = Moves(self)
        self.told: dict[str, str] = {}
        self.views = Views(self)
        self.last_edit = 0.0

    def _names(self) -> list[str]:
        kind = self.plan.kind or self.rng.choice(["text", "text", "notebook", "both"])
        names = {"text": ["a.md"], "notebook": ["n.ipynb"], "both": ["a.md", "n.ipynb"]}[kind]
        return [*names, "b.py"] if self.rng.random() < 0.2 else names

    def note(self, what: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.loop.time():.6f} {what}")

    # ------------------------------------------------------------------ the course of a history

    async def run(self) -> Result:
        """From the beginning to the verdict."""
        self._begin()
        await self._until(self._all_ready, READY_SECONDS, "daemons ready")
        self.faults.plan()
        await self._live()
        self.note("heal")
        await self._heal()
        await self._calm()
        judge(self)
        return self.result

    def _begin(self) -> None:
        first: dict[str, bytes] = {}
        for name in self.names:
            first[name] = self._typist(name).first()
            self.ledger.seen(first[name])
        on_server = self.rng.random() < 0.7
        for name, data in first.items():
            holders = self.machines if self.rng.random() < 0.5 else self.machines[:1]
            if self.is_host:
                holders = self.machines[:1]
            elif on_server:
                self.server.disk.write(name, data)
                holders = [] if self.rng.random() < 0.5 else holders
            for machine in holders:
                inode = machine.files.create(machine.folder, name)
                machine.files.write(inode, data)
                machine.files.sync_all()
        self.server.start()
        for machine in self.machines:
            machine.start()
            for name in self.names:
                typist = self._typist(name)
                rng = random.Random(self.rng.getrandbits(32))
                self.editors.append(Editor(machine, name, typist, rng, self.told))
        for number in range(self.rng.randint(0, 2)):
            name = self.rng.choice(self.names)
            rng = random.Random(self.rng.getrandbits(32))
            self.browsers.append(
                Browser(self.loop, rng, self.server, name, self._typist(name), f"b{number}")
            )
        for browser in self.browsers:
            browser.start()
        self.watching.sample()

    def _typist(self, name: str) -> TextTypist:
        rng = random.Random(self.rng.getrandbits(32))
        words = self.rng.random() < 0.3
        kind = NotebookTypist if name.endswith(".ipynb") else TextTypist
        return kind(self.ledger, rng, words=words)

    async def _live(self) -> None:
        rng = self.rng
        for step in range(self.plan.length):
            await asyncio.sleep(self._pause())
            self.faults.step(step)
            if self.plan.moves:
                self.moves.step()
            what = rng.random()
            if what < 0.22 and self.browsers:
                browser = rng.choice(self.browsers)
                self.note(f"{browser.name} types")
                await browser.type()
            elif what < 0.52:
                editor = self._somebody()
                self.note(f"{editor.machine.name} edits {editor.name}")
                editor.type()
            elif what < 0.8:
                editor = self._somebody()
                self.note(f"{editor.machine.name} saves {editor.name} {editor.style}")
                if self.plan.shape.types_first and not editor.is_dirty:
                    editor.type()
                editor.save()
            elif what < 0.95:
                self._somebody().look()
            else:
                editor = self._somebody()
                self.note(f"{editor.machine.name} appends {editor.name}")
                editor.append()
            self.last_edit = self.loop.time()
            self.result.steps += 1

    def _somebody(self) -> Editor:
        troubled = self.faults.latest
        focus = self.plan.shape.focus
        if focus and troubled is not None and self.rng.random() < focus:
            return self.rng.choice(troubled.editors)
        return self.rng.choice(self.editors)

    def _pause(self) -> float:
        what = self.rng.random()
        brief, middle = self.plan.shape.pauses
        if what < brief:
            return self.rng.expovariate(1 / 0.15)
        if what < middle:
            return self.rng.expovariate(1 / 1.5)
        return self.rng.uniform(20, 90)

    # ------------------------------------------------------------------ the end

    async def _heal(self) -> None:
        self.faults.heal()
        await self._until(self._all_ready, READY_SECONDS, "daemons ready after all faults")
        for _ in range(3):
            await asyncio.sleep(self.plan.shape.look_seconds)
            for editor in self.editors:
                editor.look()
        for editor in self.editors:
            if editor.is_dirty:
                self.note(f"{editor.machine.name} saves {editor.name} at last")
                editor.save()
                await asyncio.sleep(self.rng.choice([0.5, 4.0]))
        self.last_edit = self.loop.time()

    async def _calm(self) -> None:
        """Wait until all is equal, then watch that it stays so."""
        if not await self._until(self._is_converged, SETTLE_SECONDS, None):
            self.result.diverged = self.views.differences()
            return
        self.note("converged")
        writes = {machine.name: len(machine.writes) for machine in self.machines}
        await asyncio.sleep(self.plan.shape.calm_seconds)
        if not self._is_converged():
            self.result.diverged = ["did not stay: ", *self.views.differences()]
        for machine in self.machines:
            late = machine.writes[writes[machine.name] :]
            if len(late) > 1:
                self.result.storms.append(f"{machine.name} wrote {late} when all was equal")
            for name in self.names:
                after = [at for at, what in machine.writes if what == name and at > self.last_edit]
                if len(after) > STORM_WRITES:
                    self.result.storms.append(f"{machine.name} wrote {name} {len(after)} times")

    async def _until(self, is_so: Callable[[], bool], seconds: float, what: str | None) -> bool:
        deadline = self.loop.time() + seconds
        while not is_so():
            if self.loop.time() > deadline:
                if what is not None:
                    self.result.diverged.append(f"waited {seconds:g} s for {what}")
                return False
            await asyncio.sleep(0.5)
        return True

    def _all_ready(self) -> bool:
        return all(
            machine.is_running and machine.parts is not None and machine.parts.is_ready
            for machine in self.machines
        )

    def _is_converged(self) -> bool:
        if any(editor.is_saving for editor in self.editors):
            return False
        return not self.views.differences()
