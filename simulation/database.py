"""rtcd's history database on a simulated disk: SQLite in memory that outlives its daemon.

A killed daemon leaves what was committed. A power cut may take back the latest transactions too
(``synchronous = NORMAL`` in WAL mode), but never a part of one.
"""

from __future__ import annotations

import random
import sqlite3
from functools import cache
from typing import TYPE_CHECKING, Any

from rtcd.history import database as real

if TYPE_CHECKING:
    from simulation.machine import Machine

WRITING = ("INSERT", "UPDATE", "DELETE", "COMMIT")


@cache
def _empty() -> bytes:
    """A database with nothing in it; to make its tables takes as long as ten edits."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    real._create(raw)
    return raw.serialize()


class Database:
    """One ``state.db``."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._raw = self._new()
        self._safe = _empty()
        self._commits = 0

    @staticmethod
    def _new() -> sqlite3.Connection:
        raw = sqlite3.connect(":memory:", isolation_level=None)
        raw.deserialize(_empty())
        return raw

    def open(self, machine: Machine) -> Connection:
        """For a daemon that starts: as the last one left it."""
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")
        return Connection(self, machine)

    @property
    def raw(self) -> sqlite3.Connection:
        """For the judge."""
        return self._raw

    def committed(self) -> None:
        """Now and then SQLite brings its journal into the file."""
        self._commits += 1
        if self._commits % 64 == 0:
            self._safe = self._raw.serialize()

    def cut_power(self) -> None:
        """Perhaps go back to what was last brought into the file."""
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")
        if self._rng.random() < 0.5:
            self.restore()

    def restore(self) -> None:
        """An older state of the file."""
        self._raw = sqlite3.connect(":memory:", isolation_level=None)
        self._raw.deserialize(self._safe)

    def lose(self) -> None:
        """The file is gone."""
        self._raw = self._new()


class Connection:
    """What ``History`` gets: every statement may be the last of its process, or fail."""

    def __init__(self, database: Database, machine: Machine) -> None:
        self._database = database
        self._machine = machine

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401
        """Run one statement."""
        word = statement.lstrip()[:6]
        if word in WRITING:
            self._machine.before_statement(word)
        cursor = self._database.raw.execute(statement, *values)
        if word == "COMMIT":
            self._database.committed()
        return cursor

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:  # noqa: ANN401
        """Run one statement several times."""
        self._machine.before_statement(statement.lstrip()[:6])
        return self._database.raw.executemany(statement, values)

    def close(self) -> None:
        """The file stays."""


def opener(machine_of_process: Any) -> Any:  # noqa: ANN401
    """In the place of ``rtcd.history.database.open_database``."""

    def open_database(_file: object) -> tuple[Connection, None]:
        machine = machine_of_process()
        return machine.database.open(machine), None

    return open_database
