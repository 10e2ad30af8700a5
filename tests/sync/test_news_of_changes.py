"""On a guest: which news of a file have to be looked into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rtcd.project_path import ProjectPath
from rtcd.rooms.news import Announcement
from rtcd.sync.server_side import ServerSide

FILE = ProjectPath("a.py")


@pytest.mark.parametrize(
    ("digest", "is_compared", "looks"),
    [
        ("known", False, []),
        ("known", True, ["a.py"]),
        ("other", False, ["a.py"]),
        (None, False, ["a.py"]),
    ],
    ids=["known", "there-and-back-again", "new", "not-told"],
)
def test_only_what_the_server_is_known_to_have_is_no_news(
    digest: str | None, is_compared: bool, looks: list[str]
) -> None:
    looked: list[str] = []

    async def changed(path: ProjectPath, _said: Announcement) -> None:
        looked.append(str(path))

    def spawn(work: Any, **_: object) -> None:
        with pytest.raises(StopIteration):
            work.send(None)

    project: Any = SimpleNamespace(
        link=SimpleNamespace(is_host=False, project_path=ProjectPath.parse),
        files={FILE},
        history=SimpleNamespace(bookmark=lambda _: SimpleNamespace(server_hash="known")),
        remote=SimpleNamespace(changed=changed, is_comparing=lambda _: is_compared),
        spawn=spawn,
    )
    others: Any = None
    side = ServerSide(project, others, lambda: 0.0)
    side.begin()
    side._hear(Announcement("changed", "a.py", digest=digest))
    assert looked == looks
