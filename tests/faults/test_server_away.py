"""What happens to files while the server is away reaches it when it is back, with no further word."""

from __future__ import annotations

import pytest

from faults.daemons import Nursery, wait_for
from faults.rig import Rig

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
