"""The state machine of a history: rules that hypothesis draws, and a check at the end."""

from __future__ import annotations

import random
import time
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from faults import world as worlds
from faults.world import GUESTS, World

STEPS = 40
SITE = st.integers(0, GUESTS)
KIND = st.integers(0, 1)
SPOILERS = (
    worlds.cut,
    worlds.half_open,
    worlds.stall,
    worlds.delay,
    worlds.refuse,
    worlds.duplicate,
    worlds.heal,
    worlds.heal,
)


def is_lived(machine: Any) -> bool:
    """True for a history that does something."""
    return bool(machine.is_lived)


def machine_of(
    world: World,
    number: int,
    done: list[str],
    failures: list[BaseException],
    *,
    server_kills: bool,
) -> type[RuleBasedStateMachine]:
    """The state machine for one history in a world; ``done`` gets what was done."""

    lives: list[int] = []

    class History(RuleBasedStateMachine):
        """Each rule is something that people do, or something that goes wrong."""

        def __init__(self) -> None:
            super().__init__()
            if failures:
                return
            # Hypothesis begins with the dullest of all histories; it is not lived through.
            self.is_lived = bool(lives)
            lives.append(number)
            if self.is_lived:
                failing(world.begin, number)

        def path(self, kind: int) -> str:
            return sorted(world.sure)[kind]

        @precondition(is_lived)
        @rule(site=SITE, kind=KIND, how_often=st.integers(1, 3))
        def save(self, site: int, kind: int, how_often: int) -> None:
            done.append(f"save {site} {kind} x{how_often}")
            for _ in range(how_often):
                failing(world.edit_disk, world.sites[site], self.path(kind))

        @precondition(is_lived)
        @rule(kind=KIND, how_often=st.integers(1, 3))
        def type(self, kind: int, how_often: int) -> None:
            done.append(f"type {kind} x{how_often}")
            visitor = next(v for v in world.visitors if v.path == self.path(kind))
            for _ in range(how_often):
                failing(world.edit_room, visitor)

        @precondition(is_lived)
        @rule(site=SITE, kind=KIND)
        def load(self, site: int, kind: int) -> None:
            done.append(f"load {site} {kind}")
            failing(world.load, world.sites[site], self.path(kind))

        @precondition(is_lived)
        @rule(site=SITE, kind=KIND)
        def save_what_was_loaded(self, site: int, kind: int) -> None:
            done.append(f"stale {site} {kind}")
            failing(world.save_loaded, world.sites[site], self.path(kind))

        @precondition(is_lived)
        @rule(site=SITE)
        def kill(self, site: int) -> None:
            done.append(f"kill {site}")
            failing(world.kill_daemon, world.sites[site])

        @precondition(is_lived)
        @rule(site=SITE)
        def start(self, site: int) -> None:
            done.append(f"start {site}")
            failing(world.start_daemon, world.sites[site])

        @precondition(is_lived)
        @rule(lot=st.integers(0, 9))
        def kill_server(self, lot: int) -> None:
            if lot == 0 and server_kills:
                done.append("kill server")
                failing(world.kill_server)

        @precondition(is_lived)
        @rule(site=st.integers(1, GUESTS), how=st.sampled_from(SPOILERS))
        def network(self, site: int, how: Any) -> None:
            done.append(f"{how.__name__} {site}")
            failing(world.spoil_network, world.sites[site], how)

        @precondition(is_lived)
        @rule(site=SITE, tenths=st.integers(1, 5))
        def freeze(self, site: int, tenths: int) -> None:
            done.append(f"freeze {site}")
            failing(world.freeze, world.sites[site], tenths / 10)

        @precondition(is_lived)
        @rule(hundredths=st.integers(1, 40))
        def wait(self, hundredths: int) -> None:
            time.sleep(hundredths / 100)

        @precondition(lambda self: not self.is_lived)
        @rule()
        def nothing(self) -> None:
            """What the history does that is not lived through."""

        def teardown(self) -> None:
            if self.is_lived:
                failing(world.end)

    def failing(work: Any, *arguments: Any) -> None:
        """What failed first counts: hypothesis would live the history through again."""
        if failures:
            return
        try:
            work(*arguments)
        except BaseException as error:
            failures.append(error)
            raise

    return History


def run_history(
    world: World, number: int, *, steps: int = STEPS, server_kills: bool = False
) -> list[str]:
    """One history of a number; the same number draws the same steps. What was done.

    ``server_kills``: the server is killed, too, which takes many seconds.
    """
    done: list[str] = []
    failures: list[BaseException] = []
    random.seed(number)
    machine = seed(number)(machine_of(world, number, done, failures, server_kills=server_kills))
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=2,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        if failures:
            print(f"history {number}: " + ", ".join(done))
            raise failures[0]
    return done
