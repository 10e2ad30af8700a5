"""The list of faults names tests that are there, and leaves no fault out."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
INDEX = (TESTS.parent / "docs" / "faults.md").read_text()
ROWS = [line.split("|")[1:-1] for line in INDEX.splitlines() if re.match(r"\| \d", line)]


def test_all_faults_are_there_once_and_in_order() -> None:
    numbers = []
    for row in ROWS:
        for part in row[0].split(","):
            first, _, last = part.strip().partition("–")
            numbers += range(int(first), int(last or first) + 1)
    assert numbers == list(range(1, 69))


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))`", " ".join(row[3] for row in ROWS))
    assert len(named) > 50
    places = (TESTS, TESTS / "faults")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
