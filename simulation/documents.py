"""What people type: tokens that occur nowhere else, in texts and in notebooks.

The ``Ledger`` knows which tokens must be there in the end. A token is *typed* when it is in some
buffer, and *obligated* when it was saved: by an editor, by the server, or by a daemon that had
received it; also when a daemon that lives on had received it from a server that died. (What only
browsers and a server's memory have dies with these.) It is *deleted* when somebody who had it
before them took it away.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

TOKEN = re.compile(rb"q[0-9a-f]{10}z")


def tokens(data: bytes) -> list[bytes]:
    """All tokens, in order."""
    return TOKEN.findall(data)


@dataclass
class Ledger:
    """All tokens of one history."""

    rng: random.Random
    typed: set[bytes] = field(default_factory=set)
    obligated: set[bytes] = field(default_factory=set)
    deleted: set[bytes] = field(default_factory=set)
    perished: set[bytes] = field(default_factory=set)

    def new(self) -> str:
        """A token that nobody has."""
        token = f"q{self.rng.getrandbits(40):010x}z"
        self.typed.add(token.encode())
        return token

    def edited(self, before: bytes | None, after: bytes) -> None:
        """Somebody who saw ``before`` made ``after`` of it."""
        self.deleted |= set(tokens(before or b"")) - set(tokens(after))

    def seen(self, data: bytes) -> None:
        """This is on somebody's disk, or before somebody else."""
        self.obligated |= set(tokens(data))

    def received(self, names: Iterable[bytes]) -> None:
        """Somebody has these before them who did not type them."""
        self.obligated |= set(names)

    def gone(self, names: Iterable[bytes]) -> None:
        """These died with the only program that had them."""
        self.perished |= set(names)


class Typist(Protocol):
    """Edits the bytes of a file."""

    def can_read(self, data: bytes) -> bool: ...

    def edit(self, data: bytes) -> bytes: ...

    def saved(self, before: bytes | None, after: bytes) -> None: ...

    def lost(self, before: bytes | None, after: bytes | None) -> None: ...

    def line(self) -> bytes | None: ...

    def edit_line(self, line: str) -> str: ...


class TextTypist:
    """Lines of tokens; ``words``: several to a line."""

    def __init__(self, ledger: Ledger, rng: random.Random, *, words: bool) -> None:
        self.ledger = ledger
        self.rng = rng
        self.words = words

    def first(self) -> bytes:
        """A file to begin with."""
        return "".join(self._line() for _ in range(self.rng.randint(3, 12))).encode()

    def can_read(self, data: bytes) -> bool:
        """True for what an editor can show."""
        try:
            data.decode()
        except UnicodeDecodeError:
            return False
        return True

    def edit(self, data: bytes) -> bytes:
        """A little edit."""
        return self.edit_line(data.decode()).encode()

    def saved(self, before: bytes | None, after: bytes) -> None:
        """The buffer goes to disk; only what is there counts as deleted by it."""
        self.ledger.edited(before, after)

    def lost(self, before: bytes | None, after: bytes | None) -> None:
        """The buffer is gone."""
        self.ledger.gone(set(tokens(after or b"")) - set(tokens(before or b"")))

    def line(self) -> bytes | None:
        """One more line."""
        return self._line().encode()

    def edit_line(self, line: str) -> str:
        """The same for a text: of a file, or of a notebook's cell."""
        lines = line.splitlines(keepends=True)
        what = self.rng.random()
        if what < 0.7 or not lines:
            for _ in range(self.rng.choice([1, 1, 2])):
                place = self.rng.randint(0, len(lines))
                if place and not lines[place - 1].endswith("\n"):
                    lines[place - 1] += "\n"
                lines.insert(place, self._line())
        elif what < 0.85 and self.words:
            place = self.rng.randrange(len(lines))
            words = lines[place].split(" ")
            words.insert(self.rng.randint(0, len(words) - 1), self.ledger.new())
            lines[place] = " ".join(words)
        else:
            del lines[self.rng.randrange(len(lines))]
        return "".join(lines)

    def _line(self) -> str:
        count = self.rng.randint(1, 4) if self.words else 1
        return " ".join(self.ledger.new() for _ in range(count)) + self.rng.choice(
            ["\n", "\n", " # é\n"]
        )


class NotebookTypist(TextTypist):
    """Cells of tokens, with ids; cells come and their sources change."""

    def first(self) -> bytes:
        """A notebook to begin with."""
        return self._format([self._cell() for _ in range(self.rng.randint(2, 4))])

    def can_read(self, data: bytes) -> bool:
        """True for a notebook."""
        try:
            return isinstance(json.loads(data)["cells"], list)
        except (ValueError, KeyError):
            return False

    def edit(self, data: bytes) -> bytes:
        """Type in a cell, or make one."""
        cells = [self._joined(cell) for cell in json.loads(data)["cells"]]
        if self.rng.random() < 0.15 or not cells:
            cells.insert(self.rng.randint(0, len(cells)), self._cell())
        else:
            cell = self.rng.choice(cells)
            cell["source"] = self.edit_line(cell["source"])
        return self._format(cells)

    def line(self) -> bytes | None:
        """Nothing can be added to a notebook blindly."""
        return None

    def _cell(self) -> dict[str, Any]:
        return {
            "cell_type": self.rng.choice(["code", "markdown"]),
            "id": f"{self.rng.getrandbits(48):012x}",
            "metadata": {},
            "source": "".join(self._line() for _ in range(self.rng.randint(1, 3))),
        }

    def new_cell(self) -> dict[str, Any]:
        """For a browser."""
        return self._cell()

    @staticmethod
    def _joined(cell: dict[str, Any]) -> dict[str, Any]:
        source = cell["source"]
        return {**cell, "source": source if isinstance(source, str) else "".join(source)}

    @staticmethod
    def _format(cells: list[dict[str, Any]]) -> bytes:
        for cell in cells:
            if cell["cell_type"] == "code":
                cell.setdefault("execution_count", None)
                cell.setdefault("outputs", [])
            if isinstance(cell["source"], str):
                cell["source"] = cell["source"].splitlines(keepends=True)
        whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def source_of(data: bytes) -> bytes:
    """The same bytes, for counting tokens: each once, however the file is written."""
    return data
