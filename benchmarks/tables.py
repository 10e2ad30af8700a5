"""Numbers as people read them: percentiles and aligned columns."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

BYTECODE = Path("/var/tmp/rtcd-benchmark-bytecode")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, all others to the right, under a rule."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def shown(seconds: float) -> str:
    """Seconds as people read them."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def amount(size: int) -> str:
    """Bytes as people read them."""
    for unit, factor in (("MB", 1e6), ("KB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"


def machine() -> str:
    """What else the machine does while we measure."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} CPUs, load average {load} (1, 5, 15 minutes)"


def fixed_loop() -> float:
    """Seconds of the processor for work that is always the same: how fast the machine is just now.

    Two hundred thousand numbers written out in decimal, in pure Python, the best of five times.
    """
    best = math.inf
    for _ in range(5):
        began = time.process_time()
        written = {number & 1023: str(number) for number in range(200_000)}
        best = min(best, time.process_time() - began)
        del written
    return best


def run_as_installed() -> None:
    """Child processes find compiled modules, as in an installation, and log as users' do."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(BYTECODE))
    os.environ.setdefault("RTCD_LOG", "INFO")
