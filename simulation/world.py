"""One history: computers, a server, people, faults, and the end. Everything comes from one seed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import random
import time as real_time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from unittest import mock

import jupyter_ydoc.ynotebook

import rtcd.history.history
import rtcd.rooms.connection
import rtcd.rooms.server_events
from simulation import loop as virtual
from simulation import network, system_calls
from simulation.browsers import Browser
from simulation.database import opener
from simulation.documents import Ledger, NotebookTypist, TextTypist
from simulation.editors import Editor
from simulation.faults import Faults
from simulation.file_system import Inode
from simulation.host import HostFiles
from simulation.loop import Process, StuckError, VirtualLoop
from simulation.machine import Machine
from simulation.moves import Moves
from simulation.oracle import (
    STORM_WRITES,
    Result,
    cells_of,
    kept_tokens,
    meaning_of,
    recorded_tokens,
    short,
)
from simulation.server import OwnDisk, Room, Server

READY_SECONDS = 120.0
QUIET_SECONDS = 5.0
SETTLE_SECONDS = 300.0
CALM_SECONDS = 45.0
STAY_SECONDS = 2.0
STAY_UNSEEN_SECONDS = 40.0
HONEST_SECONDS = 5.0
SAMPLE_SECONDS = 1.7
HONEST_UNDER_FAULT_SECONDS = 45.0


@dataclass(frozen=True)
class Plan:
    """What kind of history; None: the seed decides."""

    steps: int = 60
    faults: int | None = None
    host: bool | None = None
    kind: str | None = None
    moves: bool = False
    trace: bool = False


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
        count = rng.randint(1, 2) if self.is_host else rng.randint(1, 3)
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
            machine.files.told.append(self._watcher_of(machine))
        self.names = self._names()
        self.editors: list[Editor] = []
        self.browsers: list[Browser] = []
        self.faults = Faults(self)
        self.moves = Moves(self)
        self.told: dict[str, str] = {}
        self._on_disk: dict[tuple[str, str], dict[bytes, float]] = {}
        self._down_since: dict[str, float] = {}
        self._differs_since: dict[tuple[str, str], float] = {}
        self._room_meanings: dict[Room, tuple[int, object]] = {}
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
        self._judge()
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
        self._sample()

    def _typist(self, name: str) -> TextTypist:
        rng = random.Random(self.rng.getrandbits(32))
        words = self.rng.random() < 0.3
        kind = NotebookTypist if name.endswith(".ipynb") else TextTypist
        return kind(self.ledger, rng, words=words)

    async def _live(self) -> None:
        rng = self.rng
        for step in range(self.plan.steps):
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
                editor = rng.choice(self.editors)
                self.note(f"{editor.machine.name} edits {editor.name}")
                editor.type()
            elif what < 0.8:
                editor = rng.choice(self.editors)
                self.note(f"{editor.machine.name} saves {editor.name} {editor.style}")
                editor.save()
            elif what < 0.95:
                rng.choice(self.editors).look()
            else:
                editor = rng.choice(self.editors)
                self.note(f"{editor.machine.name} appends {editor.name}")
                editor.append()
            self.last_edit = self.loop.time()
            self.result.steps += 1

    def _pause(self) -> float:
        what = self.rng.random()
        if what < 0.55:
            return self.rng.expovariate(1 / 0.15)
        if what < 0.975:
            return self.rng.expovariate(1 / 1.5)
        return self.rng.uniform(20, 90)

    # ------------------------------------------------------------------ the end

    async def _heal(self) -> None:
        self.faults.heal()
        await self._until(self._all_ready, READY_SECONDS, "daemons ready after all faults")
        for _ in range(3):
            await asyncio.sleep(3.0)
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
            self.result.diverged = self._differences()
            return
        self.note("converged")
        writes = {machine.name: len(machine.writes) for machine in self.machines}
        await asyncio.sleep(CALM_SECONDS)
        if not self._is_converged():
            self.result.diverged = ["did not stay: ", *self._differences()]
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
        return not self._differences()

    def _views(self, name: str) -> dict[str, object]:
        views: dict[str, object] = {}
        for machine in self.machines:
            if machine.holds(name):
                continue
            inode = machine.folder.names.get(name)
            views[machine.name] = meaning_of(name, None if inode is None else inode.data)
        file = self.server.disk.read(name)
        views["server"] = meaning_of(name, None if file is None else file.data)
        room = self.server.room_of(name)
        if room is not None and file is not None:
            views["room"] = self._meaning_of_room(room)
        for browser in self.browsers:
            is_text = not name.endswith(".ipynb")
            if browser.path == name and is_text and browser.is_in_room_of_file():
                views[browser.name] = browser.text().encode()
        return views

    def _meaning_of_room(self, room: Room) -> object:
        known = self._room_meanings.get(room)
        if known is None or known[0] != room.changes:
            content = room.content()
            is_text = isinstance(content, str)
            meaning = content.encode() if is_text else cells_of(content["cells"])
            known = self._room_meanings[room] = (room.changes, meaning)
        return known[1]

    def _differences(self) -> list[str]:
        found = []
        for name in self.names:
            views = self._views(name)
            if len({repr(view) for view in views.values()}) > 1:
                shown = {who: _shown(view) for who, view in views.items()}
                found.append(f"{name}: {shown}")
        return found

    def _judge(self) -> None:
        result, ledger = self.result, self.ledger
        final: dict[bytes, int] = {}
        for name in self.names:
            file = self.server.disk.read(name)
            data = b"" if file is None else file.data
            here = system_calls_tokens(data)
            for token in set(here):
                # After a rename an editor with the old name may have made a second file of it.
                before = 0 if self.moves.count else final.get(token, 0)
                final[token] = max(final.get(token, 0), before + here.count(token))
        for (machine, _), since in self._on_disk.items():
            for token, at in since.items():
                self._may_oblige(machine, token, at)
        for machine in self.machines:
            ledger.received(machine.held)
        result.tokens = len(ledger.typed)
        wanted = (ledger.typed & ledger.obligated) - ledger.deleted
        missing = {token for token in wanted if token not in final}
        records: set[bytes] = set()
        kept: set[bytes] = set()
        if missing:
            for machine in self.machines:
                records |= recorded_tokens(machine) | machine.old_records[None]
                kept |= kept_tokens(machine)
        result.recorded = short(missing & records)
        result.taken_back = short((missing - records) & kept)
        result.lost = short(missing - records - kept)
        twice = {token for token, count in final.items() if count > 1}
        kept_both: set[bytes] = set()
        if twice:
            for machine in self.machines:
                kept_both |= recorded_tokens(machine, "both-created")
                kept_both |= machine.old_records["both-created"]
        result.repeated = short(twice & kept_both)
        result.doubled = short(twice - kept_both)
        result.came_back = len({token for token in ledger.deleted if token in final})
        result.faults = self.faults.done
        for machine in self.machines:
            result.bugs += [f"{machine.name}: {bug}"[:300] for bug in machine.bugs[:5]]
        for token in sorted(missing):
            self.note(f"missing {token!r}")

    # ------------------------------------------------------------------ what is watched all along

    def _watcher_of(self, machine: Machine) -> Callable[[Inode, str, int, int], None]:
        """Note how long every token is on a disk, and who put it there."""

        def hear(folder: Inode, name: str, mask: int, _cookie: int) -> None:
            if folder is not machine.folder or name not in self.names:
                return
            if not mask & ~(0x1 | 0x4):
                return
            inode = machine.folder.names.get(name)
            data = b"" if inode is None else inode.data
            now, since = self.loop.time(), self._on_disk.setdefault((machine.name, name), {})
            here = set(system_calls_tokens(data))
            for token in [token for token in since if token not in here]:
                self._may_oblige(machine.name, token, since.pop(token))
            for token in here:
                since.setdefault(token, now)
            if mask & 0x88:
                digest = hashlib.sha256(data).hexdigest()[:12]
                self.note(f"{machine.name} {name} {mask:x} {len(data)} {digest}")

        return hear

    def _may_oblige(self, machine: str, token: bytes, since: float) -> None:
        """A token counts when it was on disk long enough for a daemon that was there."""
        up_since = max(self.faults.calm_since.get(machine, 0.0), since)
        if self.loop.time() - up_since >= STAY_SECONDS:
            self.ledger.obligated.add(token)

    def _sample(self) -> None:
        """Every moment: is somebody said to be in sync who is not?"""
        now = self.loop.time()
        for name in self.names:
            file = self.server.disk.read(name)
            if file is not None and not self.is_host:
                self.ledger.seen(file.data)
        for machine in self.machines:
            claims = (
                machine.is_running
                and machine.parts is not None
                and machine.parts.is_ready
                and machine.parts.reporter.report().state == "synced"
            )
            for name in self.names:
                inode = machine.folder.names.get(name)
                key = (machine.name, name)
                if not claims or machine.holds(name) or self._equals_server(name, inode):
                    self._differs_since.pop(key, None)
                    continue
                since = self._differs_since.setdefault(key, now)
                patience = (
                    HONEST_UNDER_FAULT_SECONDS
                    if self.faults.troubled_until > since
                    else HONEST_SECONDS
                )
                if now - since > patience and len(self.result.dishonest) < 3:
                    self._differs_since[key] = now
                    self.result.dishonest.append(
                        f"{machine.name} says synced for {patience:g} s at {now:.1f}, {name}:"
                        f" {self._differences()}"
                    )
        self.loop.call_later(SAMPLE_SECONDS, self._sample)

    def _equals_server(self, name: str, inode: Inode | None) -> bool:
        mine = meaning_of(name, None if inode is None else inode.data)
        views = self._views(name)
        return mine == views.get("room", views["server"])


def _shown(view: object) -> str:
    text = repr(view)
    return f"{len(text)}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def system_calls_tokens(data: bytes) -> list[bytes]:
    """All tokens of some bytes."""
    from simulation.documents import tokens

    return tokens(data)


# ------------------------------------------------------------------ running one


class _Errors(logging.Handler):
    """Whatever rtcd logs as an error is a bug that was caught at the edge of a task."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.found.append(f"{record.getMessage()}: {error!r}")


@contextlib.contextmanager
def _ports() -> Iterator[None]:
    """Rtcd's ports, all at once."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(system_calls.installed())

        def put(module: object, name: str, value: object) -> None:
            stack.enter_context(mock.patch.object(module, name, value))

        put(rtcd.rooms.connection, "open_link", network.open_link)
        put(rtcd.rooms.server_events, "open_link", network.open_link)
        put(rtcd.history.history, "open_database", opener(system_calls.machine))
        put(
            jupyter_ydoc.ynotebook,
            "uuid4",
            lambda: f"{random.getrandbits(64):016x}",
        )
        yield


def simulate(seed: int, plan: Plan | None = None) -> Result:
    """One history; the same seed gives the same one."""
    plan = plan or Plan()
    started = real_time.perf_counter()
    was_enabled = gc.isenabled()
    # A collection in the middle would run destructors at a moment of its own.
    gc.disable()
    state = random.getstate()
    random.seed(seed)
    errors = _Errors()
    log = logging.getLogger("rtcd")
    log.addHandler(errors)
    propagate, log.propagate = log.propagate, False
    try:
        with _ports():
            result, trace = _history(seed, plan, collect=was_enabled)
    finally:
        log.removeHandler(errors)
        log.propagate = propagate
        random.setstate(state)
        if was_enabled:
            gc.enable()
    result.bugs += errors.found[:5]
    text = "\n".join(trace)
    result.trace = text if plan.trace else hashlib.sha256(text.encode()).hexdigest()
    result.seconds = real_time.perf_counter() - started
    return result


def simulate_all(seeds: Iterable[int], plan: Plan | None = None) -> Iterator[Result]:
    """Many histories, faster than one by one."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for seed in seeds:
            yield simulate(seed, plan)
    finally:
        with virtual.silence():
            gc.collect()
        if was_enabled:
            gc.enable()


def _history(seed: int, plan: Plan, *, collect: bool) -> tuple[Result, list[str]]:
    loop = VirtualLoop(random.Random(seed + 3))
    world = World(seed, plan, loop)
    try:
        virtual.run(loop, world.run())
    except StuckError as error:
        world.result.bugs.append(repr(error))
    result, trace = world.result, world.trace
    with virtual.silence():
        world.server.kill()
        del world
        virtual.bury(loop, collect=collect)
    return result, trace


__all__ = ["Plan", "Process", "World", "simulate", "simulate_all"]
