"""Shared arrays and what is told of their changes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from pycrdt import Array, Doc, Map, Text

from rtcd.crdt.array import ItemChanges, insert_items, remove_runs, watch_items


def shared_array(*items: Any) -> Array[Any]:
    array: Array[Any] = Doc().get("array", type=Array)
    array.extend(list(items))
    return array


def test_runs_are_removed_and_items_inserted() -> None:
    array = shared_array("a", "b", "c", "d", "e")
    remove_runs(array, [(0, 1), (2, 4)])
    insert_items(array, 1, ["x", "y"])
    assert array.to_py() == ["b", "x", "y", "e"]


def test_one_transaction_is_told_as_splices_and_changed_places() -> None:
    array = shared_array(*(Map({"text": Text(str(n))}) for n in range(5)))
    told: list[ItemChanges] = []
    subscription = watch_items(array, told.append)
    mirror = list(array)
    with array.doc.transaction():
        array[3]["text"].insert(0, "x")
        del array[1:3]
        array.insert(0, Map({"text": Text("new")}))
        array.append(Map({}))
    (changes,) = told
    names = ["0", "1", "2", "3", "4"]
    for splice in changes.splices:
        end = splice.start + splice.removed
        names[splice.start : end] = ["new"] * splice.inserted
    assert names == ["new", "0", "3", "4", "new"]
    assert changes.changed == {2}
    assert len(mirror) == 5
    subscription.drop()


def test_a_watched_document_can_still_be_freed() -> None:
    """An observer of the library that binds its document keeps it for ever."""

    class Anything:
        pass

    def watched() -> weakref.ref[Anything]:
        array = shared_array(1, 2)
        mark = Anything()
        array.doc.mark = mark  # type: ignore[attr-defined]
        array.doc.watch = watch_items(array, lambda changes: None)  # type: ignore[attr-defined]
        array.append(3)
        return weakref.ref(mark)

    mark = watched()
    gc.collect()
    assert mark() is None
