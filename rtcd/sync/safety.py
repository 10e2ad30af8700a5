"""The brakes: many files that vanish at once are an accident until a person says otherwise. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MIN_FILES = 20
MAX_SHARE = 0.30
WINDOW_SECONDS = 5.0


@dataclass(slots=True)
class DeletionBrake:
    """Counts vanished files in a sliding window; ``now`` is any clock in seconds."""

    vanished: deque[tuple[float, str]] = field(default_factory=deque)
    released: bool = False

    def note(self, path: str, now: float) -> None:
        """A file was found to be gone."""
        self.vanished.append((now, path))

    def returned(self, path: str) -> None:
        """The file is there again."""
        self.vanished = deque(entry for entry in self.vanished if entry[1] != path)

    def must_halt(self, known_files: int, now: float) -> bool:
        """True when more than max(20 files, 30 %) vanished within the window.

        ``known_files`` counts the files that were shared before the window began.
        """
        while self.vanished and now - self.vanished[0][0] > WINDOW_SECONDS:
            self.vanished.popleft()
        count = len({path for _, path in self.vanished})
        return count > max(MIN_FILES, MAX_SHARE * known_files)
