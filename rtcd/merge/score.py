"""How far a save is from a version: what it would have inserted and deleted."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz.distance import Indel

EXPECTED_DISTANCES = (64, 256)


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest edit between two rows of tokens, counted in tokens."""

    inserted: int
    deleted: int

    @property
    def distance(self) -> int:
        """Tokens inserted and deleted."""
        return self.inserted + self.deleted

    @property
    def cost(self) -> int:
        """Inserting counts double (merging 4.2).

        A save that lacks somebody's text was likely made without it; a save that has somebody's
        text can only have it from them.
        """
        return 2 * self.inserted + self.deleted


def step(old: str, new: str) -> Step:
    """The step from one row to the other."""
    return step_of_distance(old, new, distance_of(old, new))


def distance_of(old: str, new: str) -> int:
    """Tokens to insert and delete."""
    # Saves are mostly small, and within a narrow band the comparison is many times as fast.
    for expected in EXPECTED_DISTANCES:
        distance = Indel.distance(old, new, score_cutoff=expected)
        if distance <= expected:
            return distance
    return Indel.distance(old, new)


class Distances:
    """Distances of rows, remembered from one save to the next: that one is a version then."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}
        self._least: dict[tuple[str, str], int] = {}
        self._least_before: dict[tuple[str, str], int] = {}

    def begin(self) -> None:
        """Another save is compared; what the one before the last needed is forgotten."""
        self._before, self._now = self._now, {}
        self._least_before, self._least = self._least, {}

    def between(self, old: str, new: str) -> int:
        """Tokens to insert and delete."""
        known = self._known(old, new)
        if known is None:
            self.add(old, new, distance_of(old, new))
            return self._now[old, new]
        return known

    def add(self, old: str, new: str, distance: int) -> None:
        """This distance was found in another way."""
        self._now[old, new] = distance

    def at_least(self, old: str, new: str) -> int:
        """No more than the distance, without comparing anything."""
        known = self._known(old, new)
        return self._least_before.get((old, new), 0) if known is None else known

    def add_least(self, old: str, new: str, least: int) -> None:
        """The distance is known to be no smaller."""
        self._least[old, new] = least

    def _known(self, old: str, new: str) -> int | None:
        known = self._now.get((old, new))
        if known is None:
            known = self._before.get((old, new))
            if known is not None:
                self._now[old, new] = known
        return known


def cheaper_step(old: str, new: str, cost: float) -> Step | None:
    """The step, or None when it costs more than ``cost``; finds that out sooner."""
    cutoff = int((2 * cost - (len(new) - len(old))) // 3) + 1
    if cutoff < 0:
        return None
    distance = Indel.distance(old, new, score_cutoff=cutoff)
    if distance > cutoff:
        return None
    found = step_of_distance(old, new, distance)
    return found if found.cost <= cost else None


def step_of_distance(old: str, new: str, distance: int) -> Step:
    """The step between two rows that are so far apart."""
    inserted = (distance + len(new) - len(old)) // 2
    return Step(inserted, distance - inserted)
