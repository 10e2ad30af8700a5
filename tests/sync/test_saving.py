"""Saves that could not be kept in the history are not forgotten."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.content import TextContent
from rtcd.disk.file_stat import Snapshot
from rtcd.errors import HistoryError
from rtcd.sync.open_file import OpenFile
from rtcd.sync.save import Save
from rtcd.sync.saving import Saving


def refuse(*_: object, **__: object) -> None:
    raise HistoryError("the history could not be used: disk full")


async def test_a_swapped_out_save_waits_when_the_history_is_full() -> None:
    snapshot = cast("Snapshot", SimpleNamespace(data=b"mine\n", digest="d"))
    save = Save(snapshot, displaced=True)
    open_file = SimpleNamespace(
        saves=deque([save]),
        file=SimpleNamespace(snapshot=None, content_of=lambda data: TextContent(data.decode())),
        ledger=SimpleNamespace(record=refuse),
        saver=lambda *, git: "Ada",
    )
    saving = Saving(cast("OpenFile", open_file), cast("Any", None), cast("Any", None))
    with pytest.raises(HistoryError):
        await saving.take_saves(cast("Any", None))
    assert list(open_file.saves) == [save]
