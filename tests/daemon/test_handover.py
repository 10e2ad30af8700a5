"""A text too long for a request goes through a private file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rtcd.daemon import handover
from rtcd.errors import RtcdError
from rtcd.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folder = tmp_path / "project"
    folder.mkdir()
    places = Places(project=folder, inside=folder / ".rtcd", state=tmp_path / "state")
    places.make()
    return places


def test_what_was_put_is_taken_once(places: Places) -> None:
    data = "é\r\n".encode() * 100_000
    name = handover.put(places, data)
    assert stat.S_IMODE((places.recovery / name).stat().st_mode) == 0o600
    assert handover.take(places, name) == data
    with pytest.raises(RtcdError, match="gone"):
        handover.take(places, name)


@pytest.mark.parametrize("name", ["../state.db", "/etc/passwd", "handover-", "", "handover-zz"])
def test_only_names_of_its_own_are_taken(places: Places, name: str) -> None:
    with pytest.raises(RtcdError, match="refused"):
        handover.take(places, name)


def test_a_link_is_not_followed(places: Places, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    name = "handover-0123456789abcdef"
    os.symlink(tmp_path / "secret", places.recovery / name)
    with pytest.raises(OSError, match="symbolic"):
        handover.take(places, name)
