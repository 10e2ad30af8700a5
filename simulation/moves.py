"""People delete and rename files; others have them open meanwhile.

Who deletes a file has seen what is on his disk: those tokens are deleted. What others typed at the
same time is not, and must be somewhere in the end: an edit beats a deletion. Who renames a file
tells the others, and an editor with nothing unsaved goes on under the new name; one with unsaved
text saves it under the old name, and then there are two files.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from simulation.documents import tokens

if TYPE_CHECKING:
    from simulation.editors import Editor
    from simulation.world import World

CHANCE_OF_A_MOVE = 0.03
SHARE_OF_DELETIONS = 0.4
MAX_MOVES = 4


class Moves:
    """The deletions and renames of one history.

    Attributes:
        count: how many there were.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(world.seed + 11)
        self.count = 0

    def step(self) -> None:
        """Perhaps somebody deletes or renames a file now."""
        if self.count >= MAX_MOVES or self._rng.random() >= CHANCE_OF_A_MOVE:
            return
        editor = self._rng.choice(self._world.editors)
        machine = editor.machine
        inode = machine.folder.names.get(editor.name)
        if inode is None or inode.writers or any(other.is_saving for other in machine.editors):
            return
        self.count += 1
        if self._rng.random() < SHARE_OF_DELETIONS:
            self._delete(editor)
        else:
            self._rename(editor)

    def _delete(self, editor: Editor) -> None:
        machine, name = editor.machine, editor.name
        self._world.note(f"{machine.name} deletes {name}")
        gone = machine.folder.names[name].data
        self._world.ledger.deleted |= set(tokens(gone))
        for other in machine.editors:
            if other.name == name:
                other.dies()
        machine.files.unlink(machine.folder, name)

    def _rename(self, editor: Editor) -> None:
        world, machine, old = self._world, editor.machine, editor.name
        stem, _, kind = old.rpartition(".")
        new = f"{stem}{self.count}.{kind}"
        if new in machine.folder.names:
            return
        world.note(f"{machine.name} renames {old} to {new}")
        world.names.append(new)
        world.told[old] = new
        for other in machine.editors:
            if other.name == old:
                other.name = new
        machine.files.rename(machine.folder, old, machine.folder, new)
