"""The watchers: what is told, how soon, and what is told when hints were lost."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rtcd.disk import sensor_inotify
from rtcd.disk.exchange import exchange
from rtcd.disk.folder import Folder
from rtcd.disk.ignore import IgnoreRules
from rtcd.disk.notice import Notice, NoticeKind
from rtcd.disk.sensor import watch
from rtcd.disk.sensor_inotify import OutOfWatchesError, watch_by_inotify
from rtcd.disk.sensor_watchfiles import watch_by_watchfiles
from rtcd.project_path import ProjectPath

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")

CHANGED, CLOSED, GONE = NoticeKind.CHANGED, NoticeKind.CLOSED, NoticeKind.GONE
READ, APPEARED = NoticeKind.READ, NoticeKind.FOLDER_APPEARED
MENTIONED, TOUCHED = NoticeKind.MENTIONED, NoticeKind.TOUCHED
RESCAN = Notice(None, NoticeKind.RESCAN)


def at(path: str) -> ProjectPath:
    return ProjectPath.parse(path)


def ignored(path: ProjectPath, is_folder: bool) -> bool:
    return IgnoreRules().why_ignored(path, is_folder) is not None


@dataclass
class Watched:
    """A folder whose notices are collected with the moment of their arrival."""

    folder: Folder
    batches: list[tuple[float, list[Notice]]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def root(self) -> Path:
        return self.folder.root

    @property
    def notices(self) -> list[Notice]:
        return [notice for _, batch in self.batches for notice in batch]

    def told(self) -> list[tuple[NoticeKind, str | None]]:
        return [(n.what, None if n.path is None else n.path.value) for n in self.notices]

    async def until(self, reached: Callable[[], bool], seconds: float = 40.0) -> None:
        async with asyncio.timeout(seconds):
            while not reached():
                self.more.clear()
                await self.more.wait()

    async def marker(self) -> None:
        """Returns when everything until now has been told."""
        name = f"marker-{time.monotonic_ns()}"
        (self.root / name).write_text("")
        await self.until(lambda: any(n.path == at(name) for n in self.notices))
        drop = [(when, [n for n in b if n.path != at(name)]) for when, b in self.batches]
        self.batches[:] = [(when, batch) for when, batch in drop if batch]


async def collect(watched: Watched, batches: AsyncIterator[list[Notice]]) -> None:
    async for batch in batches:
        watched.batches.append((time.perf_counter(), batch))
        watched.more.set()


@asynccontextmanager
async def watching(root: Path, how: Callable[..., AsyncIterator[list[Notice]]] = watch):
    root.mkdir(exist_ok=True)
    folder = Folder.open(root)
    watched = Watched(folder)
    batches = how(folder, ignored)
    task = asyncio.create_task(collect(watched, batches))
    try:
        await watched.until(lambda: bool(watched.batches))
        assert watched.notices[0] == RESCAN
        watched.batches.clear()
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await batches.aclose()
        folder.close()


async def test_a_save_is_told_as_written_and_closed(tmp_path: Path) -> None:
    async with watching(tmp_path / "p") as watched:
        (watched.root / "a.txt").write_text("x")
        await watched.marker()
    assert watched.told() == [(CHANGED, "a.txt"), (CLOSED, "a.txt")]


async def test_a_rename_names_both_paths(tmp_path: Path) -> None:
    (tmp_path / "p" / "sub").mkdir(parents=True)
    (tmp_path / "p" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        (watched.root / "a.txt").rename(watched.root / "sub" / "b.txt")
        await watched.marker()
    assert watched.notices == [
        Notice(at("a.txt"), GONE),
        Notice(at("sub/b.txt"), CLOSED, moved_from=at("a.txt")),
    ]


async def test_a_rename_from_an_ignored_name_is_only_an_arrival(tmp_path: Path) -> None:
    async with watching(tmp_path / "p") as watched:
        (watched.root / ".temporary").write_text("x")
        (watched.root / ".temporary").rename(watched.root / "a.txt")
        (watched.root / "a.txt").rename(watched.root / "a.txt~")
        await watched.marker()
    assert watched.notices == [Notice(at("a.txt"), CLOSED), Notice(at("a.txt"), GONE)]


async def test_deletions_and_touches_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        (watched.root / "a.txt").chmod(0o600)
        (watched.root / "a.txt").unlink()
        await watched.marker()
    assert [n for n in watched.told() if n[0] is not TOUCHED] == [(GONE, "a.txt")]
    assert watched.told()[0] == (TOUCHED, "a.txt")


async def test_other_peoples_reads_are_told_and_ours_are_not(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.txt").write_text("x" * 10_000)
    async with watching(tmp_path / "p") as watched:
        for _ in range(3):
            watched.folder.read(at("a.txt"), max_bytes=1 << 20)
            watched.folder.stat(at("a.txt"))
            watched.folder.somebody_writes(at("a.txt"))
        await watched.marker()
        assert watched.told() == []
        (watched.root / "a.txt").read_text()
        watched.folder.read(at("a.txt"), max_bytes=1 << 20)
        await watched.marker()
    assert watched.told() == [(READ, "a.txt")]


async def test_a_read_that_had_to_be_noisy_is_not_taken_for_somebodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcd.disk.folder.can_read_quietly", lambda: False)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        watched.folder.read(at("a.txt"), max_bytes=100)
        await watched.marker()
    assert watched.told() == []


async def test_a_write_of_ours_is_one_arrival_and_no_read(tmp_path: Path) -> None:
    from rtcd.disk.writer import Writer

    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        writer = Writer(watched.folder, watched.root / ".rtcd" / "limbo")
        expected = watched.folder.read(at("a.txt"), max_bytes=100)
        writer.write(at("a.txt"), b"y", expected=expected)
        await watched.marker()
    assert watched.notices == [Notice(at("a.txt"), CLOSED)]


async def test_a_swap_of_two_files_names_both(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for name in ("a", "b"):
        (tmp_path / "p" / name).write_text(name)
    async with watching(tmp_path / "p") as watched:
        exchange(watched.folder.fd, "a", watched.folder.fd, "b")
        await watched.marker()
    assert watched.notices == [
        Notice(at("a"), GONE),
        Notice(at("b"), CLOSED, at("a")),
        Notice(at("a"), CLOSED, at("b")),
    ]


async def test_ignored_folders_cost_no_watch_and_say_nothing(tmp_path: Path) -> None:
    for name in (".git", "node_modules/x", "sub"):
        (tmp_path / "p" / name).mkdir(parents=True)
    async with watching(tmp_path / "p") as watched:
        count = watches_of_this_process()
        (watched.root / ".git" / "index").write_text("x")
        (watched.root / "node_modules" / "x" / "y.js").write_text("x")
        (watched.root / "__pycache__").mkdir()
        (watched.root / "__pycache__" / "x.pyc").write_text("x")
        await watched.marker()
        assert watches_of_this_process() == count == 2
    assert watched.told() == []


def watches_of_this_process() -> int:
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            count += Path(f"/proc/self/fdinfo/{fd}").read_text().count("inotify wd:")
        except FileNotFoundError:
            continue
    return count


async def test_a_new_folder_is_watched_and_its_files_are_mentioned(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    (ready / "deep").mkdir(parents=True)
    (ready / "deep" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        ready.rename(watched.root / "new")
        await watched.marker()
        assert watched.told() == [
            (APPEARED, "new"),
            (APPEARED, "new/deep"),
            (MENTIONED, "new/deep/a.txt"),
        ]
        (watched.root / "new" / "deep" / "a.txt").write_text("y")
        await watched.marker()
    assert watched.told()[3:] == [(CHANGED, "new/deep/a.txt"), (CLOSED, "new/deep/a.txt")]


async def test_no_file_in_folders_made_in_a_hurry_is_missed(tmp_path: Path) -> None:
    """Folder, folder, file at once: the file is there before its folder is watched."""
    async with watching(tmp_path / "p") as watched:

        def make() -> None:
            for number in range(300):
                deep = watched.root / f"d{number}" / "b" / "c"
                deep.mkdir(parents=True)
                (deep / "a.txt").write_text("x")

        await asyncio.to_thread(make)
        await watched.marker()
    wanted = {f"d{number}/b/c/a.txt" for number in range(300)}
    assert wanted <= {path for _, path in watched.told()}


async def test_a_moved_folder_names_where_its_files_were(tmp_path: Path) -> None:
    (tmp_path / "p" / "old" / "deep").mkdir(parents=True)
    (tmp_path / "p" / "old" / "deep" / "a.txt").write_text("x")
    async with watching(tmp_path / "p") as watched:
        (watched.root / "old").rename(watched.root / "new")
        await watched.marker()
        assert watched.notices == [
            Notice(at("old"), GONE),
            Notice(at("new"), APPEARED, at("old")),
            Notice(at("new/deep"), APPEARED, at("old/deep")),
            Notice(at("new/deep/a.txt"), MENTIONED, at("old/deep/a.txt")),
        ]
        (watched.root / "new" / "deep" / "a.txt").write_text("y")
        await watched.marker()
    assert watched.told()[4:] == [(CHANGED, "new/deep/a.txt"), (CLOSED, "new/deep/a.txt")]


async def test_a_folder_that_moved_away_is_not_watched_any_more(tmp_path: Path) -> None:
    (tmp_path / "p" / "sub" / "deep").mkdir(parents=True)
    async with watching(tmp_path / "p") as watched:
        (watched.root / "sub").rename(tmp_path / "elsewhere")
        await watched.marker()
        (tmp_path / "elsewhere" / "deep" / "a.txt").write_text("x")
        await watched.marker()
        assert watches_of_this_process() == 1
    assert watched.told() == [(GONE, "sub")]


async def test_folders_that_change_names_in_a_circle_keep_their_names(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
    async with watching(tmp_path / "p") as watched:
        (watched.root / "a").rename(watched.root / "c")
        (watched.root / "b").rename(watched.root / "a")
        (watched.root / "c").rename(watched.root / "b")
        await watched.marker()
        watched.batches.clear()
        (watched.root / "a" / "x").write_text("")
        (watched.root / "b" / "y").write_text("")
        await watched.marker()
    assert watched.told() == [
        (CHANGED, "a/x"),
        (CLOSED, "a/x"),
        (CHANGED, "b/y"),
        (CLOSED, "b/y"),
    ]


async def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "link").symlink_to(outside)
    async with watching(tmp_path / "p") as watched:
        (watched.root / "later").symlink_to(outside)
        (outside / "a.txt").write_text("x")
        await watched.marker()
    assert watched.told() == [(CHANGED, "later")]


async def test_a_name_that_is_not_utf8_is_told_once_and_harms_nothing(tmp_path: Path) -> None:
    async with watching(tmp_path / "p") as watched:
        bad = Path(os.fsdecode(os.fsencode(watched.root) + b"/bad\xff.txt"))
        bad.write_text("x")
        bad.write_text("y")
        (watched.root / "a.txt").write_text("x")
        await watched.marker()
    assert watched.notices == [
        Notice(None, NoticeKind.UNNAMEABLE, detail="the name bad\\xff.txt is not valid UTF-8"),
        Notice(at("a.txt"), CHANGED),
        Notice(at("a.txt"), CLOSED),
    ]


async def test_the_end_of_the_root_is_told(tmp_path: Path) -> None:
    async with watching(tmp_path / "p") as watched:
        watched.root.rename(tmp_path / "q")
        await watched.until(lambda: bool(watched.notices))
    assert watched.told() == [(NoticeKind.ROOT_GONE, None)]


async def test_after_an_overflow_everything_is_watched_anew(tmp_path: Path) -> None:
    """More events than the queue holds while nobody reads; folders came and went unseen."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    async with watching(tmp_path / "p") as watched:
        for number in range(limit + 500):  # two names in turn, so that nothing is folded
            (watched.root / f"f{number % 2}").touch()
        (watched.root / "new").mkdir()
        await watched.until(lambda: RESCAN in watched.notices, 60)
        watched.batches.clear()
        (watched.root / "new" / "a.txt").write_text("x")
        await watched.marker()
    assert watched.told() == [(CHANGED, "new/a.txt"), (CLOSED, "new/a.txt")]


async def test_without_watches_polling_goes_on_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p" / "sub").mkdir(parents=True)
    add_watch = sensor_inotify.Inotify.add_watch
    count = 0

    def exhausted(self: object, path: str, mask: object) -> object:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError(errno.ENOSPC, "no space left on device")
        return add_watch(self, path, mask)

    monkeypatch.setattr(sensor_inotify.Inotify, "add_watch", exhausted)
    folder = Folder.open(tmp_path / "p")
    watched = Watched(folder)
    batches = watch(folder, ignored)
    task = asyncio.create_task(collect(watched, batches))
    await watched.until(lambda: RESCAN in watched.notices)
    assert watched.notices[0].what is NoticeKind.DEGRADED
    assert "polling" in watched.notices[0].detail
    (folder.root / "sub" / "a.txt").write_text("x")
    await watched.until(lambda: (MENTIONED, "sub/a.txt") in watched.told())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await batches.aclose()
    folder.close()


def test_the_real_limit_is_noticed(tmp_path: Path) -> None:
    """In a user namespace of its own with room for five watches."""
    for number in range(20):
        (tmp_path / f"d{number}").mkdir()
    script = f"""
import asyncio, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from rtcd.disk.exchange import exchange
from rtcd.disk.folder import Folder
from rtcd.disk.sensor import watch
async def main():
    async for batch in watch(Folder.open(Path({str(tmp_path)!r})), lambda p, f: False):
        print([n.what.value for n in batch], flush=True)
        if batch[0].what.value == "rescan":
            return
asyncio.run(main())
"""
    limit = "echo 5 > /proc/sys/user/max_inotify_watches && exec " + f"{sys.executable} -"
    done = subprocess.run(
        ["unshare", "-Urnm", "sh", "-c", limit],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if "unshare" in done.stderr or "max_inotify_watches" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.stdout.splitlines()[:2] == ["['degraded']", "['rescan']"], done.stderr


async def test_no_instance_left_is_told_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(sensor_inotify, "Inotify", refuse)
    folder = Folder.open(tmp_path)
    with pytest.raises(OutOfWatchesError):
        await anext(watch_by_inotify(folder, ignored))
    folder.close()


@pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])
async def test_the_portable_watcher_mentions_what_changes(tmp_path: Path, *, polling: bool) -> None:
    def how(folder: Folder, ignored: Callable[[ProjectPath, bool], bool]):
        return watch_by_watchfiles(folder, ignored, polling=polling)

    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "old.txt").write_text("x")
    async with watching(tmp_path / "p", how) as watched:
        await asyncio.sleep(0.5)  # the library is ready some time after its first answer
        (watched.root / "a.txt").write_text("x")
        (watched.root / ".git").mkdir()
        (watched.root / ".git" / "x").write_text("x")
        (watched.root / "old.txt").unlink()
        (watched.root / "sub" / "deep").mkdir(parents=True)
        (watched.root / "sub" / "deep" / "b.txt").write_text("x")
        wanted = {
            (MENTIONED, "a.txt"),
            (GONE, "old.txt"),
            (APPEARED, "sub"),
            (MENTIONED, "sub/deep/b.txt"),
        }
        await watched.until(lambda: wanted <= set(watched.told()))
    assert not any(path and ".git" in path for _, path in watched.told())


async def test_the_portable_watcher_survives_a_name_that_is_not_utf8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcd.disk.sensor_watchfiles.FIRST_PAUSE_S", 0.05)
    async with watching(tmp_path / "p", watch_by_watchfiles) as watched:
        await asyncio.sleep(0.3)
        bad = Path(os.fsdecode(os.fsencode(watched.root) + b"/bad\xff.txt"))
        bad.write_text("x")
        await watched.until(lambda: RESCAN in watched.notices)
        bad.unlink()
        watched.batches.clear()

        async def until_seen() -> None:
            number = 0
            while not any(what is MENTIONED for what, _ in watched.told()):
                number += 1
                (watched.root / f"a{number}.txt").write_text("x")
                await asyncio.sleep(0.1)

        await asyncio.wait_for(until_seen(), 60)


async def test_each_of_a_hundred_saves_is_told(tmp_path: Path) -> None:
    async with watching(tmp_path / "p") as watched:
        file = watched.root / "a.txt"

        def save() -> None:
            for number in range(100):
                file.write_text(str(number))
                time.sleep(0.01)

        await asyncio.to_thread(save)
        await watched.marker()
    told = [when for when, batch in watched.batches if Notice(at("a.txt"), CLOSED) in batch]
    assert len(told) == 100
