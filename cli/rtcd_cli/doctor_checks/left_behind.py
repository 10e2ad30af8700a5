"""What lies about from bad days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.output import plural


def check_left_behind(places: Places) -> Iterator[Check]:
    """Copies that were kept because nobody could merge, and databases that were damaged."""
    recovery = [path for path in _entries(places.recovery) if not path.name.startswith("handover-")]
    if recovery:
        yield Check(
            "recovery",
            "warn",
            f"{plural(len(recovery), 'copy', 'copies')} kept in {places.recovery}",
            "Look at them; delete what you do not need.",
        )
    damaged = [path for path in _entries(places.inside) if ".damaged-" in path.name]
    if damaged:
        yield Check(
            "history",
            "warn",
            f"a damaged history was put aside: {damaged[0]}",
            "Older versions and conflicts are in it; delete it when you do not need them.",
        )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
