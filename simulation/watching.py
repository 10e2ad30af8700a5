"""What is looked at all along: how long tokens are on a disk, and whether somebody lies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.documents import tokens
from simulation.file_system import Inode
from simulation.machine import Machine
from simulation.oracle import meaning_of

if TYPE_CHECKING:
    from simulation.world import World

STAY_SECONDS = 2.0
HONEST_SECONDS = 5.0
SAMPLE_SECONDS = 1.7
HONEST_UNDER_FAULT_SECONDS = 45.0


class Watching:
    """Watches one world.

    Attributes:
        on_disk: since when each token is on a disk, by computer and file.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.on_disk: dict[tuple[str, str], dict[bytes, float]] = {}
        self._differs_since: dict[tuple[str, str], float] = {}

    def watcher_of(self, machine: Machine) -> Callable[[Inode, str, int, int], None]:
        """Note how long every token is on a disk, and who put it there."""

        def hear(folder: Inode, name: str, mask: int, _cookie: int) -> None:
            if folder is not machine.folder or name not in self._world.names:
                return
            if not mask & ~(0x1 | 0x4):
                return
            inode = machine.folder.names.get(name)
            data = b"" if inode is None else inode.data
            now, since = self._world.loop.time(), self.on_disk.setdefault((machine.name, name), {})
            here = set(tokens(data))
            for token in [token for token in since if token not in here]:
                self.may_oblige(machine.name, token, since.pop(token))
            for token in here:
                since.setdefault(token, now)
            if mask & 0x88:
                digest = hashlib.sha256(data).hexdigest()[:12]
                self._world.note(f"{machine.name} {name} {mask:x} {len(data)} {digest}")

        return hear

    def power_was_cut(self, machine: Machine) -> None:
        """What was not synced may be gone from a disk: nobody could take it up any more."""
        for name in self._world.names:
            inode = machine.folder.names.get(name)
            here = set(tokens(b"" if inode is None else inode.data))
            since = self.on_disk.get((machine.name, name), {})
            for token in since.keys() - here:
                del since[token]

    def may_oblige(self, machine: str, token: bytes, since: float) -> None:
        """A token counts when it was on disk long enough for a daemon that was there."""
        up_since = max(self._world.faults.calm_since.get(machine, 0.0), since)
        if self._world.loop.time() - up_since >= STAY_SECONDS:
            self._world.ledger.obligated.add(token)

    def sample(self) -> None:
        """Every moment: is somebody said to be in sync who is not?"""
        now = self._world.loop.time()
        for name in self._world.names:
            file = self._world.server.disk.read(name)
            if file is not None and not self._world.is_host:
                self._world.ledger.seen(file.data)
        for name in self._world.names:
            shared = self._world.views.of_server(name)
            for machine in self._world.machines:
                self._sample_view(machine, name, shared, now)
        self._world.loop.call_later(SAMPLE_SECONDS, self.sample)

    def _sample_view(self, machine: Machine, name: str, shared: object, now: float) -> None:
        key = (machine.name, name)
        inode = machine.folder.names.get(name)
        mine = meaning_of(name, None if inode is None else inode.data)
        if mine == shared or machine.holds(name) or not machine.says_synced():
            self._differs_since.pop(key, None)
            return
        since = self._differs_since.setdefault(key, now)
        is_troubled = self._world.faults.troubled_until > since
        patience = HONEST_UNDER_FAULT_SECONDS if is_troubled else HONEST_SECONDS
        if now - since > patience and len(self._world.result.dishonest) < 3:
            self._differs_since[key] = now
            self._world.result.dishonest.append(
                f"{machine.name} says synced for {patience:g} s at {now:.1f}, {name}:"
                f" {self._world.views.differences()}"
            )
