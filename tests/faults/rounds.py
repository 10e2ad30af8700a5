"""What people do in a round, besides editing: files come, go and change their names.

Each kind of round says what has to be so afterwards; ``Rig.outcome`` checks all of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from faults.rig import Rig

Round = Callable[[Rig], None]


def edits(rig: Rig) -> None:
    """One edit on each side of both files."""
    rig.round()


def saves_only(rig: Rig) -> None:
    """Two saves, one after the other has been heard of or not."""
    rig.edit_disk("notes.txt")
    time.sleep(rig.random.choice((0.0, 0.01, 0.05)))
    rig.edit_disk("notes.txt")


def new_files(rig: Rig) -> None:
    """A file is made here, another one on the server."""
    here = rig.token("new") + ".txt"
    rig.folder.write(here, f"{here} is new here\n")
    rig.files[here] = f"{here} is new here\n"
    rig.drop_old_files()


def renames(rig: Rig) -> None:
    """A file that is shared gets another name."""
    old = rig.shared_file()
    new = rig.token("renamed") + ".txt"
    (rig.folder.root / old).rename(rig.folder.root / new)
    rig.files[new] = rig.files.pop(old)


def deletions(rig: Rig) -> None:
    """A file that is shared is deleted."""
    old = rig.shared_file()
    (rig.folder.root / old).unlink()
    del rig.files[old]


ROUNDS: dict[str, Round] = {
    "edits": edits,
    "saves": saves_only,
    "new": new_files,
    "rename": renames,
    "delete": deletions,
}
