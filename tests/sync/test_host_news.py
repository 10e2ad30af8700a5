"""On a host: what other daemons did through the server, where the watcher does not tell enough."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.project_path import ProjectPath
from rtcd.rooms.news import Announcement
from rtcd.sync.host_news import take_news
from rtcd.sync.project import Project

OLD, NEW, SECRET = (ProjectPath(name) for name in ("old.py", "new.py", ".env"))


class Host:
    """A project that knows ``old.py``, and what is done to it."""

    def __init__(self, *on_disk: ProjectPath) -> None:
        self.on_disk = set(on_disk)
        self.done: list[tuple[str, ...]] = []
        binding = SimpleNamespace(replaced_remotely=lambda: self.note("room left", OLD))
        self.project: Any = SimpleNamespace(
            bindings={OLD: binding},
            is_known=lambda path: path == OLD,
            ledger=lambda _: SimpleNamespace(known_size=lambda: 3),
            pairs=SimpleNamespace(is_text=lambda _: False),
            rename_here=lambda old, new: self.note("renamed", old, new),
            local=SimpleNamespace(file_saved=lambda path: self.note("looked at", path)),
            link=SimpleNamespace(project_path=ProjectPath.parse, created=self._created),
            disk=SimpleNamespace(
                exists=self.on_disk.__contains__,
                is_deleted=self._is_deleted,
                read_finished=self._read,
                why_ignored=lambda path: "a rule" if path == SECRET else None,
            ),
        )

    def note(self, what: str, *paths: ProjectPath) -> None:
        """It was done."""
        self.done.append((what, *map(str, paths)))

    async def hear(self, news: Announcement) -> list[tuple[str, ...]]:
        """Take the news; what is done then."""
        await take_news(cast("Project", self.project), news, ProjectPath(news.path))
        return self.done

    async def _created(self, path: ProjectPath) -> None:
        self.note("told", path)

    async def _is_deleted(self, path: ProjectPath, *, known_size: int) -> bool:
        return path not in self.on_disk

    async def _read(self, path: ProjectPath, *, known_size: int) -> ProjectPath | None:
        return path if path in self.on_disk else None


async def test_a_deleted_file_that_is_there_again_has_another_room_and_is_told() -> None:
    news = Announcement("deleted", "old.py")
    assert await Host(OLD).hear(news) == [("room left", "old.py"), ("told", "old.py")]
    assert await Host().hear(news) == []


async def test_a_rename_that_the_watcher_missed_is_made_and_both_names_are_looked_at() -> None:
    news = Announcement("renamed", "old.py", "new.py")
    renamed, looked = ("renamed", "old.py", "new.py"), ("looked at", "new.py")
    assert await Host(NEW).hear(news) == [renamed, looked]
    assert await Host(NEW, OLD).hear(news) == [renamed, looked, ("looked at", "old.py")]


@pytest.mark.parametrize(
    "news",
    [
        Announcement("renamed", "old.py", "new.py"),
        Announcement("renamed", "old.py", ".env"),
        Announcement("renamed", "other.py", "new.py"),
        Announcement("deleted", "other.py"),
        Announcement("created", "old.py"),
    ],
)
async def test_news_of_what_is_not_so_here_or_not_shared_does_nothing(news: Announcement) -> None:
    assert await Host(OLD, SECRET).hear(news) == []
