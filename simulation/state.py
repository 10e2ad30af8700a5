"""What has been run so far, in a file: a run can be stopped at any time and goes on from there."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulation.oracle import Result

KEPT_FAILURES = 200


@dataclass
class Totals:
    """Sums over many histories. ``next`` is the first seed that was not run yet."""

    next: int = 0
    histories: int = 0
    failed: int = 0
    steps: int = 0
    faults: int = 0
    tokens: int = 0
    lost: int = 0
    taken_back: int = 0
    overruled: int = 0
    forgotten: int = 0
    doubled: int = 0
    diverged: int = 0
    storms: int = 0
    dishonest: int = 0
    bugs: int = 0
    recorded: int = 0
    repeated: int = 0
    came_back: int = 0
    seconds: float = 0.0
    fault_kinds: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """One more history."""
        self.histories += 1
        self.failed += not result.is_good
        self.steps += result.steps
        self.faults += len(result.faults)
        self.tokens += result.tokens
        for name in (
            "lost",
            "taken_back",
            "overruled",
            "forgotten",
            "doubled",
            "recorded",
            "repeated",
        ):
            setattr(self, name, getattr(self, name) + len(getattr(result, name)))
        for name in ("diverged", "storms", "dishonest", "bugs"):
            setattr(self, name, getattr(self, name) + bool(getattr(result, name)))
        self.came_back += result.came_back
        self.seconds += result.seconds
        self.fault_kinds.update(fault.split(" ", 1)[0] for fault in result.faults)
        if not result.is_good and len(self.failures) < KEPT_FAILURES:
            shown = {name: value for name, value in result.to_json().items() if value}
            shown.pop("trace", None)
            self.failures.append(shown)

    @classmethod
    def read(cls, file: Path) -> Totals:
        """From a file; all zero when there is none."""
        if not file.exists():
            return cls()
        value = json.loads(file.read_text())
        value["fault_kinds"] = Counter(value["fault_kinds"])
        return cls(**value)

    def write(self, file: Path) -> None:
        """Replace the file in one step."""
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        beside.write_text(json.dumps(vars(self), indent=1) + "\n")
        beside.replace(file)
