"""What goes wrong, where and when; all of it ends before the verdict."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.machine import ERRNOS, Machine
from simulation.network import NOWHERE

if TYPE_CHECKING:
    from simulation.world import World


class Faults:
    """The faults of one history.

    Attributes:
        done: what was done, for the report.
        calm_since: from when on each computer's daemon could see everything.
        troubled_until: the end of the latest fault.
        latest: the computer that it was on.
        hid_something: a daemon may have missed who read or saved what.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(world.seed + 5)
        self._at: dict[int, list[Callable[[], None]]] = {}
        self._ending: list[asyncio.TimerHandle] = []
        self.done: list[str] = []
        self.calm_since: dict[str, float] = {}
        self.troubled_until = 0.0
        self.latest: Machine | None = None
        self.hid_something = False

    def plan(self) -> None:
        """Choose them."""
        world, rng = self._world, self._rng
        count = world.plan.faults
        if count is None:
            count = rng.randint(*world.plan.shape.faults)
        kinds: list[Callable[[], None]] = [
            self._kill_daemon,
            self._kill_daemon,
            self._kill_at_call,
            self._kill_at_call,
            self._cut_power,
            self._kill_server,
            self._kill_server,
            self._cut,
            self._stall,
            self._offline,
            self._disk_errors,
            self._disk_errors,
            self._drop_events,
            self._kill_watcher,
            self._overflow,
            self._step_clock,
            self._lose_database,
            self._server_trouble,
            self._reload_browser,
        ]
        for _ in range(count):
            self._at.setdefault(rng.randrange(world.plan.length), []).append(rng.choice(kinds))

    def step(self, number: int) -> None:
        """The faults of this step."""
        for fault in self._at.pop(number, ()):
            fault()

    def heal(self) -> None:
        """Everything works again."""
        world = self._world
        for timer in self._ending:
            timer.cancel()
        world.server.trouble = 0.0
        if not world.server.is_up:
            world.server.start()
        for machine in world.machines:
            machine.place.is_down = False
            offset = machine.weather.clock_offset
            machine.weather.__init__()  # type: ignore[misc]
            machine.weather.clock_offset = offset
            machine.kill_at = None
            if any(wire.is_stalled for wire in machine.place.wires):
                machine.note_trouble = True  # type: ignore[attr-defined]
            if not machine.is_running:
                machine.start()
        for browser in world.browsers:
            browser.place.is_down = False
        self._trouble(0.0)

    # ------------------------------------------------------------------ how

    def _trouble(self, seconds: float, *machines: Machine) -> None:
        now = self._world.loop.time()
        # Half-open connections and lost events take that long to be noticed.
        self.troubled_until = max(self.troubled_until, now + seconds + 45.0)
        for machine in machines or self._world.machines:
            self.calm_since[machine.name] = max(
                self.calm_since.get(machine.name, 0.0), now + seconds + 45.0
            )

    def _say(self, what: str) -> None:
        self.done.append(what)
        self._world.note(what)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        loop = self._world.loop
        self._ending.append(loop.call_later(seconds, call, context=NOWHERE.copy()))

    def _machine(self) -> Machine:
        self.latest = self._rng.choice(self._world.machines)
        return self.latest

    def _blind(self) -> Machine:
        """A computer whose daemon is about to miss something."""
        self.hid_something = True
        return self._machine()

    def _restart_later(self, machine: Machine) -> float:
        seconds = self._rng.choice([0.1, 1.0, 5.0, 30.0])

        def start() -> None:
            if not machine.is_running:
                self._say(f"start {machine.name}")
                machine.start()

        self._later(seconds, start)
        return seconds

    # ------------------------------------------------------------------ which

    def _kill_daemon(self) -> None:
        machine = self._blind()
        self._say(f"kill {machine.name}")
        machine.kill()
        self._trouble(self._restart_later(machine), machine)

    def _kill_at_call(self) -> None:
        machine = self._blind()
        calls = self._rng.randint(1, 60)
        self._say(f"kill {machine.name} in {calls} calls")
        machine.kill_at = calls
        self._trouble(15.0, machine)

        def start() -> None:
            machine.kill_at = None
            if not machine.is_running:
                machine.start()

        self._later(self._rng.choice([3.0, 10.0]), start)

    def _cut_power(self) -> None:
        machine = self._blind()
        if machine.is_host:
            return
        self._say(f"cut power {machine.name}")
        machine.cut_power()
        self._world.watching.power_was_cut(machine)
        self._trouble(self._restart_later(machine), machine)

    def _kill_server(self) -> None:
        server = self._world.server
        store = self._rng.choice(["kept", "lost"])
        seconds = self._rng.choice([0.5, 3.0, 20.0])
        self._say(f"kill server store {store} for {seconds}")
        for machine in self._world.machines:
            machine.note_held()
        server.kill(store=store)

        def start() -> None:
            if not server.is_up:
                self._say("start server")
                server.start()

        self._later(seconds, start)
        self._trouble(seconds)

    def _cut(self) -> None:
        machine = self._machine()
        self._say(f"cut {machine.name}")
        machine.place.cut()
        self._trouble(0.0, machine)

    def _stall(self) -> None:
        machine = self._machine()
        self._say(f"stall {machine.name}")
        machine.place.stall()
        self._trouble(25.0, machine)

    def _offline(self) -> None:
        machine = self._machine()
        seconds = self._rng.choice([1.0, 8.0, 40.0])
        self._say(f"offline {machine.name} for {seconds}")
        machine.place.is_down = True
        machine.place.cut()

        def online() -> None:
            machine.place.is_down = False

        self._later(seconds, online)
        self._trouble(seconds, machine)

    def _disk_errors(self) -> None:
        machine = self._blind()
        weather = machine.weather
        weather.error = self._rng.choice(ERRNOS)
        weather.error_chance = self._rng.choice([0.05, 0.3, 1.0])
        seconds = self._rng.choice([0.5, 5.0, 20.0])
        self._say(f"errno {weather.error} {machine.name} {weather.error_chance} for {seconds}")

        def end() -> None:
            machine.weather.error = 0

        self._later(seconds, end)
        self._trouble(seconds + 10.0, machine)

    def _drop_events(self) -> None:
        machine = self._blind()
        machine.weather.dropped_events = self._rng.choice([0.1, 0.5, 1.0])
        seconds = self._rng.choice([2.0, 20.0])
        self._say(f"drop events {machine.name} for {seconds}")

        def end() -> None:
            machine.weather.dropped_events = 0.0

        self._later(seconds, end)
        self._trouble(seconds, machine)

    def _kill_watcher(self) -> None:
        machine = self._blind()
        machine.weather.watcher_failure = 1.0
        self._say(f"kill watcher {machine.name}")

        def end() -> None:
            machine.weather.watcher_failure = 0.0

        self._later(4.0, end)
        self._trouble(4.0, machine)

    def _overflow(self) -> None:
        machine = self._blind()
        self._say(f"overflow {machine.name}")
        for watcher in list(machine.watchers):
            watcher.overflow()
        self._trouble(0.0, machine)

    def _step_clock(self) -> None:
        machine = self._machine()
        machine.weather.clock_offset += self._rng.choice([-3600.0 * 24 * 365, 3600.0, -5.0, 3e8])
        self._say(f"clock {machine.name} {machine.weather.clock_offset}")
        self._trouble(0.0, machine)

    def _lose_database(self) -> None:
        machine = self._blind()
        how = self._rng.choice(["lost", "old"])
        self._say(f"database {machine.name} {how}")
        machine.kill()
        machine.note_records()
        # What an editor had loaded before that, nobody can know any more.
        for editor in machine.editors:
            editor.dies()
        if how == "lost":
            machine.database.lose()
        else:
            machine.database.restore()
        self._trouble(self._restart_later(machine), machine)

    def _server_trouble(self) -> None:
        server = self._world.server
        server.trouble = self._rng.choice([0.1, 0.5, 1.0])
        seconds = self._rng.choice([2.0, 15.0])
        self._say(f"server answers 500 {server.trouble} for {seconds}")

        def end() -> None:
            server.trouble = 0.0

        self._later(seconds, end)
        self._trouble(seconds)

    def _reload_browser(self) -> None:
        if self._world.browsers:
            browser = self._rng.choice(self._world.browsers)
            self._say(f"reload {browser.name}")
            browser.reload()
