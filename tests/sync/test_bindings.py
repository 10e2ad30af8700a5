"""How many rooms are kept open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.project_path import ProjectPath
from rtcd.sync import bindings as bindings_file
from rtcd.sync.bindings import Bindings


class Room:
    """A binding, as far as ``Bindings`` asks it when there are many."""

    def __init__(self, path: ProjectPath, last_change: float) -> None:
        self.path = path
        self.last_change = last_change
        self.is_live = True
        self.is_joining = False
        self.leaves_soon = False

    def leave_soon(self) -> None:
        self.leaves_soon = True


@pytest.fixture
def bindings(monkeypatch: pytest.MonkeyPatch) -> Bindings:
    """Of a project where a binding is begun each second; three rooms are kept."""
    seconds = iter(range(100))

    def begin(path: ProjectPath, _kind: str, **_: object) -> Room:
        return Room(path, float(next(seconds)))

    monkeypatch.setattr(bindings_file, "Binding", begin)
    monkeypatch.setattr(bindings_file, "ROOMS_KEPT", 3)
    project: Any = SimpleNamespace(
        clock=lambda: 0.0,
        pairs=SimpleNamespace(
            notebook_of=lambda _: None,
            on_server=SimpleNamespace(disk_for=lambda _: None),
            faces=SimpleNamespace(attach=lambda _: None),
        ),
        spawn=lambda work, **_: work.close(),
        link=SimpleNamespace(user={"name": "Ada"}),
        history=None,
        note_change=None,
        in_hand=None,
        receives_only=False,
        merge_worker=None,
    )
    return Bindings(project, quiet_seconds=60.0)


def opened(bindings: Bindings, count: int) -> list[Room]:
    paths = [ProjectPath(f"{number}.txt") for number in range(count)]
    return [cast("Room", bindings.activate(path)) for path in paths]


def test_as_many_as_are_kept_are_left_in_their_own_time(bindings: Bindings) -> None:
    rooms = opened(bindings, 3)
    assert bindings.are_many()
    assert [room.leaves_soon for room in rooms] == [False, False, False]


def test_of_more_those_that_were_edited_longest_ago_are_left_soon(bindings: Bindings) -> None:
    rooms = opened(bindings, 3)
    rooms[0].last_change = 50.0
    rooms[1].is_live = False
    last = opened(bindings, 4)[-1]
    assert [room.leaves_soon for room in (*rooms, last)] == [False, False, True, False]
