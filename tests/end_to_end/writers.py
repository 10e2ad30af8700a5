"""Programs that edit a file again and again, each line with a token that occurs nowhere else."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from pathlib import Path

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron")


class TokenWriter(threading.Thread):
    """Reads the file, adds a line somewhere, saves it; in place or by renaming over.

    ``written`` are the tokens whose save returned; ``removed`` those that were taken out again.
    """

    def __init__(
        self, file: Path, name: str, *, seed: int, pause: float, by_rename: bool = False
    ) -> None:
        super().__init__(daemon=True)
        self.file = file
        self.label = name
        self.written: list[str] = []
        self._random = random.Random(seed)
        self._pause = pause
        self._by_rename = by_rename
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Save until told to stop."""
        number = 0
        while not self._stop_asked.wait(self._pause * self._random.uniform(0.5, 1.5)):
            number += 1
            token = f"{self.label}-{number:04d}"
            with contextlib.suppress(FileNotFoundError):
                self._add(token)
                self.written.append(token)

    def finish(self) -> list[str]:
        """Stop, and the tokens that were saved."""
        self._stop_asked.set()
        self.join(10)
        return self.written

    def _add(self, token: str) -> None:
        lines = self.file.read_bytes().decode().splitlines(keepends=True)
        place = self._random.randint(0, len(lines))
        lines.insert(place, f"{token} {self._random.choice(WORDS)}\n")
        self._save("".join(lines).encode())

    def _save(self, data: bytes) -> None:
        if not self._by_rename:
            with self.file.open("r+b") as opened:
                opened.truncate(0)
                opened.write(data)
            return
        temporary = self.file.with_name(f".{self.file.name}.{self.label}.tmp")
        temporary.write_bytes(data)
        os.replace(temporary, self.file)


def count_tokens(text: str, tokens: list[str]) -> tuple[list[str], list[str]]:
    """The tokens that are missing, and those that occur more than once."""
    missing = [token for token in tokens if text.count(token + " ") == 0]
    doubled = [token for token in tokens if text.count(token + " ") > 1]
    return missing, doubled
