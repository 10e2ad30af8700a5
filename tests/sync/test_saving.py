"""Saves that could not be kept in the history, or not be merged, are not forgotten."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.content import TextContent
from rtcd.disk.file_stat import Snapshot
from rtcd.documents.open_document import new_document
from rtcd.documents.text_document import TextDocument
from rtcd.errors import ApplyError, HistoryError
from rtcd.merge.replica import Replica
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
        merge_worker=None,
        file=SimpleNamespace(snapshot=None, content_of=lambda data: TextContent(data.decode())),
        ledger=SimpleNamespace(record=refuse),
        saver=lambda *, git: "Ada",
    )
    saving = Saving(cast("OpenFile", open_file), cast("Any", None), cast("Any", None))
    with pytest.raises(HistoryError):
        await saving.take_saves(cast("Any", None))
    assert list(open_file.saves) == [save]


class Worker:
    """A file with a real replica, a save that waits, and everything around it stubbed."""

    def __init__(self, *, displaced: bool) -> None:
        document = new_document("text")
        document.become(TextContent("old\n"))
        self.replica = Replica(
            "text", document.shared.update_since(), disk=TextContent("old\n"), now=0.0
        )
        snapshot = cast("Snapshot", SimpleNamespace(data=b"old\nmine\n", digest="d"))
        self.save = Save(snapshot, displaced=displaced)
        self.sent: list[bytes] = []
        self.open_file = SimpleNamespace(
            path="notes.md",
            saves=deque([self.save]),
            merge_worker=None,
            joined=self.replica,
            receives_only=False,
            clock=lambda: 1.0,
            saver=lambda *, git: "Ada",
            send=self._send,
            content_changed=lambda: None,
            in_hand=SimpleNamespace(working_on=lambda _: nullcontext()),
            ledger=SimpleNamespace(record=lambda *_, **__: None),
            file=SimpleNamespace(
                snapshot=None,
                content_of=lambda data: TextContent(data.decode()),
                accept=lambda snapshot: TextContent(snapshot.data.decode()),
            ),
        )
        remembering = SimpleNamespace(record_conflicts=lambda *_, **__: None)
        self.saving = Saving(
            cast("OpenFile", self.open_file),
            cast("Any", SimpleNamespace(has_met=True)),
            cast("Any", remembering),
        )

    async def _send(self, _: object, update: bytes) -> None:
        self.sent.append(update)

    def fail(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        """The CRDT library fails on the next so many saves, half-way."""
        become = TextDocument.become

        def become_and_fail(document: TextDocument, new: TextContent, **facts: Any) -> None:
            nonlocal times
            if times:
                times -= 1
                become(document, TextContent("half of " + new.text), **facts)
                raise ApplyError("half-way")
            become(document, new, **facts)

        monkeypatch.setattr(TextDocument, "become", become_and_fail)


@pytest.mark.parametrize("displaced", [False, True])
async def test_a_save_the_library_failed_on_twice_waits_and_the_room_is_told(
    monkeypatch: pytest.MonkeyPatch, displaced: bool
) -> None:
    worker = Worker(displaced=displaced)
    worker.fail(monkeypatch, times=2)
    with pytest.raises(ApplyError):
        await worker.saving.take_saves(cast("Any", None))
    assert list(worker.open_file.saves) == [worker.save]
    assert worker.sent == []
    assert worker.replica.live.content() == TextContent("old\n")


async def test_a_save_the_library_failed_on_once_is_merged_by_a_rebuilt_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(displaced=True)
    worker.fail(monkeypatch, times=1)
    await worker.saving.take_saves(cast("Any", None))
    assert list(worker.open_file.saves) == []
    assert worker.replica.live.content() == TextContent("old\nmine\n")
    assert len(worker.sent) == 1
