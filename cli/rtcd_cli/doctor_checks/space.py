"""Is there room for what is about to be written?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check, Outcome
from rtcd_cli.output import size

LITTLE_SPACE_BYTES = 1_000_000_000
NO_SPACE_BYTES = 100_000_000


def check_space(places: Places) -> Iterator[Check]:
    """Where the project is and where the state is."""
    seen = set()
    for name, path in (("disk space", places.project), ("state space", places.state)):
        existing = next(folder for folder in (path, *path.parents) if folder.exists())
        device = existing.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(existing).free
        outcome: Outcome = (
            "fail" if free < NO_SPACE_BYTES else "warn" if free < LITTLE_SPACE_BYTES else "ok"
        )
        yield Check(
            name, outcome, f"{size(free)} free", "Make room; rtcd writes beside, then swaps."
        )
