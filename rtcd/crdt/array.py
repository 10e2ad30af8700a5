"""Shared arrays: runs of items removed and inserted, and which items changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pycrdt


@dataclass(frozen=True, slots=True)
class Splice:
    """At ``start``, after the splices before it, ``removed`` items went and ``inserted`` came."""

    start: int
    removed: int
    inserted: int


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """What one transaction did to an array: splices first, then items changed inside by index."""

    splices: tuple[Splice, ...]
    changed: frozenset[int]


def watch_items(
    array: pycrdt.Array[Any], told: Callable[[ItemChanges], None]
) -> pycrdt.Subscription:
    """Tell of every transaction that changed the array or anything nested in it.

    ``told`` must not reach the document: an observer that does keeps both alive for ever. That is
    also why this does not go through ``Array.observe_deep``, which binds the document itself.
    The subscription must be kept.
    """

    def observe(events: Sequence[Any]) -> None:
        splices: list[Splice] = []
        changed = set()
        for event in events:
            path = event.path
            if path:
                changed.add(path[0])
            else:
                splices.extend(_splices(event.delta))
        told(ItemChanges(tuple(splices), frozenset(changed)))

    subscription: pycrdt.Subscription = array.integrated.observe_deep(observe)
    return subscription


def _splices(delta: Sequence[dict[str, Any]]) -> Iterator[Splice]:
    position = 0
    for step in delta:
        if "retain" in step:
            position += step["retain"]
        elif "delete" in step:
            yield Splice(position, step["delete"], 0)
        else:
            count = len(step["insert"])
            yield Splice(position, 0, count)
            position += count


def remove_runs(array: pycrdt.Array[Any], runs: Sequence[tuple[int, int]]) -> None:
    """Remove the runs ``[start, end)`` of indices, given in rising order."""
    for start, end in reversed(runs):
        del array[start:end]


def insert_items(array: pycrdt.Array[Any], index: int, items: Sequence[Any]) -> None:
    """Insert items before ``index``."""
    array[index:index] = list(items)
