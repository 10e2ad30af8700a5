"""A folder inside a shared one, or around one, is not shared beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rtcd.daemon.lock import ProjectLock
from rtcd.daemon.nested import NestedFolderError, refuse_nested
from rtcd.daemon.supervisor_mark import SupervisorMark
from rtcd.places import Places

Share = Callable[[Path], None]


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Share]:
    """Share a folder, as far as others can see."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with ExitStack() as shared:

        def begin(folder: Path) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            places = Places.of(folder)
            places.make()
            shared.enter_context(ProjectLock.take(places.lock))
            mark = SupervisorMark.leave(places.supervisor, places.project)
            assert mark is not None
            shared.callback(mark.drop)

        yield begin


def test_a_folder_inside_a_shared_one_is_refused(share: Share, tmp_path: Path) -> None:
    share(tmp_path / "thesis")
    inside = tmp_path / "thesis" / "figures" / "new"
    inside.mkdir(parents=True)
    with pytest.raises(NestedFolderError, match=r"lies in .*thesis, which is shared already"):
        refuse_nested(Places.of(inside))


def test_a_folder_around_a_shared_one_is_refused(share: Share, tmp_path: Path) -> None:
    share(tmp_path / "home" / "thesis")
    with pytest.raises(NestedFolderError, match=r"thesis, inside of .*home, is shared already"):
        refuse_nested(Places.of(tmp_path / "home"))


def test_the_folder_itself_and_those_beside_it_are_no_trouble(share: Share, tmp_path: Path) -> None:
    share(tmp_path / "thesis")
    (tmp_path / "thesis 2").mkdir()
    refuse_nested(Places.of(tmp_path / "thesis"))
    refuse_nested(Places.of(tmp_path / "thesis 2"))


@pytest.mark.usefixtures("share")
def test_a_folder_that_is_not_shared_any_more_is_no_trouble(tmp_path: Path) -> None:
    left = tmp_path / "home" / "old"
    left.mkdir(parents=True)
    places = Places.of(left)
    places.make()
    places.lock.write_text("{}")
    places.supervisor.write_text(f'{{"pid": {os.getpid()}, "again_at": null, "project": "{left}"}}')
    refuse_nested(Places.of(tmp_path / "home"))
    refuse_nested(Places.of(left))
