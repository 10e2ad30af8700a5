"""The state database damaged, lost, older, newer or somebody else's: nothing is deleted or doubled."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.daemons import Nursery
from faults.rig import Mode, Rig

pytestmark = [pytest.mark.end_to_end]

COMPANIONS = ("", "-wal", "-shm")


def remove(database: Path) -> None:
    for ending in COMPANIONS:
        Path(f"{database}{ending}").unlink(missing_ok=True)


def truncate(database: Path) -> None:
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)


def empty(database: Path) -> None:
    remove(database)
    database.touch(0o600)


def flip_bytes(database: Path) -> None:
    rng = random.Random(5)
    data = bytearray(database.read_bytes())
    for _ in range(1000):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    database.write_bytes(bytes(data))


def lose_the_log(database: Path) -> None:
    Path(f"{database}-wal").unlink(missing_ok=True)


def newer(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def somebody_elses(database: Path) -> None:
    remove(database)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE places (url TEXT)")
    connection.close()


def noise(database: Path) -> None:
    remove(database)
    database.write_bytes(random.Random(6).randbytes(50_000))


DAMAGES = (remove, truncate, empty, flip_bytes, lose_the_log, newer, somebody_elses, noise)


@pytest.mark.parametrize("mode", [pytest.param("host", marks=pytest.mark.long), "guest"])
def test_no_damage_to_the_database_costs_text(nursery: Nursery, mode: Mode) -> None:
    """Edits on disk and in the rooms go on while no daemon runs, as they would."""
    with Rig(nursery, mode) as rig:
        damages: list[Callable[[Path], None]] = list(DAMAGES)
        for damage in damages:
            rig.round()
            assert rig.outcome().is_clean, damage
            rig.folder.slay()
            damage(rig.folder.places.database)
            for visitor in rig.visitors:
                rig.edit_room(visitor)
            rig.folder.begin()
            rig.come_back()
            outcome = rig.outcome()
            assert outcome.is_clean, (damage, outcome)


@pytest.mark.long
def test_a_database_from_a_backup_is_older_than_the_files_and_costs_nothing(
    nursery: Nursery,
) -> None:
    with Rig(nursery, "guest") as rig:
        rig.round()
        assert rig.outcome().is_clean
        rig.folder.slay()
        backup = rig.place / "backup.db"
        shutil.copy(rig.folder.places.database, backup)
        rig.folder.begin()
        rig.come_back()
        for _ in range(3):
            rig.round()
            assert rig.outcome().is_clean
        rig.folder.slay()
        remove(rig.folder.places.database)
        shutil.copy(backup, rig.folder.places.database)
        rig.folder.begin()
        rig.come_back()
        outcome = rig.outcome()
        assert outcome.is_clean, outcome
