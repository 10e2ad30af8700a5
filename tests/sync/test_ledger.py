"""What is remembered of one file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from rtcd.crdt.state_vector import format_state_vector
from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.history.history import History
from rtcd.project_path import ProjectPath
from rtcd.sync.ledger import Ledger

PATH = ProjectPath("a.txt")
STAT = FileStat(dev=1, ino=2, size=3, mtime_ns=400, ctime_ns=500, mode=0o644, nlink=1, kind="file")


def snapshot(data: bytes, digest: str) -> Snapshot:
    return Snapshot(path=PATH, stat=STAT, data=data, digest=digest)


@pytest.mark.parametrize(
    ("session", "clocks", "goes_on"),
    [
        ("this server", {7: 3}, True),
        ("this server", {7: 4, 8: 1}, True),
        ("this server", {7: 2}, False),
        ("this server", {8: 9}, False),
        ("a server that started anew", {7: 3}, False),
    ],
)
def test_a_room_goes_on_only_in_the_same_server_and_with_all_that_we_had(
    tmp_path: Path, session: str, clocks: dict[int, int], goes_on: bool
) -> None:
    with closing(History.open(tmp_path / "state.db")) as history:
        ledger = Ledger(PATH, "text", history, lambda: 1.0)
        saved = history.put_blob(b"saved")
        seen = history.put_blob(b"seen in the room")
        ledger.mark(snapshot(b"saved", saved), saved=True)
        ledger.mark(
            snapshot(b"seen in the room", seen),
            saved=False,
            session_id="this server",
            state_vector=format_state_vector({7: 3}),
        )
        base = (b"seen in the room", True) if goes_on else (b"saved", False)
        assert ledger.base_bytes(session, format_state_vector(clocks)) == base
