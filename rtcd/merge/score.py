"""How far a save is from a version: what it would have inserted and deleted."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz.distance import Indel

EXPECTED_DISTANCE = 64


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
    # Saves are mostly small: within a narrow band the comparison is ten times as fast.
    distance = Indel.distance(old, new, score_cutoff=EXPECTED_DISTANCE)
    return distance if distance <= EXPECTED_DISTANCE else Indel.distance(old, new)


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
