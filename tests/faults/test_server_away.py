"""A server that was away, or comes back with an old store: nothing is lost, doubled or undone."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from faults.daemons import Nursery, wait_for
from faults.rig import NOTEBOOK, TEXT, Rig

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(240)]

PATIENCE_SECONDS = 60.0


def test_a_file_made_deleted_or_renamed_while_the_server_is_away_is_so_there_in_the_end(
    nursery: Nursery,
) -> None:
    with Rig(nursery, "guest") as rig:
        assert rig.server is not None
        for name in ("old.txt", "gone.txt"):
            rig.folder.write(name, f"{name} is for all\n")
            rig.files[name] = f"{name} is for all\n"
        assert wait_for(rig.is_settled, PATIENCE_SECONDS), rig.outcome(0)
        rig.server.stop()
        rig.folder.write("new.txt", "made while nobody answered\n")
        rig.files["new.txt"] = "made while nobody answered\n"
        (rig.folder.root / "gone.txt").unlink()
        del rig.files["gone.txt"]
        (rig.folder.root / "old.txt").rename(rig.folder.root / "other.txt")
        rig.files["other.txt"] = rig.files.pop("old.txt")
        assert wait_for(lambda: rig.folder.state()["state"] == "offline", PATIENCE_SECONDS)
        rig.server.start()
        rig.come_back()
        outcome = rig.outcome(PATIENCE_SECONDS)
        assert outcome.is_clean, outcome
        assert rig.folder.state()["problems"] == []


def test_a_server_that_comes_back_with_an_old_store_loses_and_doubles_nothing(
    nursery: Nursery,
) -> None:
    with Rig(nursery, "guest") as rig:
        assert rig.server is not None
        store, kept = rig.server.home / "ystore.db", rig.place / "old-store.db"
        rig.round()
        assert wait_for(rig.is_settled, PATIENCE_SECONDS), rig.outcome(0)
        now, copy = sqlite3.connect(store), sqlite3.connect(kept)
        with contextlib.closing(now), contextlib.closing(copy):
            now.backup(copy)
        for _ in range(3):
            rig.round()
        assert wait_for(rig.is_settled, PATIENCE_SECONDS), rig.outcome(0)
        rig.server.kill()
        for remains in store.parent.glob("ystore.db-*"):
            remains.unlink()
        kept.replace(store)
        rig.edit_disk(TEXT)
        rig.edit_disk(NOTEBOOK)
        rig.server.start()
        rig.come_back()
        rig.round()
        outcome = rig.outcome(PATIENCE_SECONDS)
        assert outcome.is_clean, outcome
