"""What is remembered of the server's files from one start to the next."""

from __future__ import annotations

from pathlib import Path

from rtcd.history.history import History
from rtcd.history.server_files import SeenFile

HERE = "http://here/ folder"
SEEN = SeenFile(12, 1000.25, "aa" * 32)


def test_files_are_remembered_over_a_restart(tmp_path: Path) -> None:
    history = History.open(tmp_path / "state.db")
    assert history.server_files.of(HERE) == {}
    history.server_files.remember(HERE, {"a.txt": SEEN})
    history.close()
    again = History.open(tmp_path / "state.db")
    assert again.server_files.of(HERE) == {"a.txt": SEEN}
    again.close()


def test_another_server_knows_nothing_of_these_files(tmp_path: Path) -> None:
    history = History.open(tmp_path / "state.db")
    history.server_files.remember(HERE, {"a.txt": SEEN})
    assert history.server_files.of("http://there/ folder") == {}
    history.server_files.remember("http://there/ folder", {})
    assert history.server_files.of(HERE) == {}
    history.close()


def test_what_a_clock_of_whole_seconds_or_a_missing_hash_leaves_open_is_not_remembered(
    tmp_path: Path,
) -> None:
    history = History.open(tmp_path / "state.db")
    files = {"coarse": SeenFile(12, 1000.0, "aa" * 32), "listed": SeenFile(12, 1000.25)}
    history.server_files.remember(HERE, files)
    assert history.server_files.of(HERE) == {}
    history.close()
