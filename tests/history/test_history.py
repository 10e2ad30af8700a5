"""Versions, conflicts and bookmarks."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rtcd.conflict import Conflict, Side
from rtcd.errors import HistoryError
from rtcd.history.bookmark import Bookmark
from rtcd.history.history import History
from rtcd.history.version_info import VersionInfo


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    opened = History.open(file)
    yield opened
    opened.close()


def record(history: History, path: str, data: bytes, at: float = 1.0) -> VersionInfo:
    return history.record_version(path, data, by="Ada", source="disk", at=at)


def a_conflict(**changes: object) -> Conflict:
    made = Conflict(
        id="abc234",
        path="a.py",
        cell=None,
        reason="stale-save",
        created=5.0,
        disk=Side("Ada", "disk text \ud800 é"),
        shared=Side("Bo", "shared text"),
        base="base",
        merged="merged",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_bookmark(path: str, base: str, **changes: object) -> Bookmark:
    made = Bookmark(path, "text", "file-id", base_digest=base, disk_size=3, disk_mtime_ns=2**62)
    return replace(made, **changes)  # type: ignore[arg-type]


class TestVersions:
    def test_are_kept_in_order_with_their_bytes(self, history: History) -> None:
        first = record(history, "a.py", b"one", at=1.0)
        second = history.record_version("a.py", b"two\0", by="Bo", source="room", at=2.0)
        assert history.versions("a.py") == [first, second]
        assert (first.number, second.number, second.size) == (1, 2, 4)
        assert history.blob(second.digest) == b"two\0"
        assert history.version("a.py", 1) == first
        assert history.version("a.py", 3) is None

    def test_numbers_belong_to_the_path(self, history: History) -> None:
        assert [record(history, path, b"x").number for path in ("a", "b", "a")] == [1, 1, 1]
        assert history.paths() == ["a", "b"]

    def test_the_same_bytes_again_are_no_new_version(self, history: History) -> None:
        first = record(history, "a", b"x")
        assert record(history, "a", b"x", at=9.0) == first
        record(history, "a", b"y")
        assert record(history, "a", b"x").number == 3

    def test_equal_contents_are_stored_once(self, history: History) -> None:
        record(history, "a", os.urandom(1_000))
        before = history.stored_bytes
        data = history.blob(history.versions("a")[0].digest) or b""
        record(history, "b", data)
        assert history.stored_bytes == before

    def test_contents_are_compressed(self, history: History) -> None:
        record(history, "a", b"line\n" * 100_000)
        assert history.stored_bytes < 10_000

    def test_a_name_from_a_browser_may_hold_anything(self, history: History) -> None:
        made = history.record_version("a", b"x", by="Bo\ud800", source="room", at=1.0)
        assert history.versions("a") == [made]

    def test_survive_a_restart(self, file: Path) -> None:
        first = History.open(file)
        made = record(first, "a", b"x")
        first.close()
        second = History.open(file)
        assert (second.versions("a"), second.was_damaged) == ([made], False)
        assert second.blob(made.digest) == b"x"
        second.close()


class TestLimits:
    def test_only_the_newest_versions_of_a_path_stay(self, file: Path) -> None:
        history = History.open(file, versions_per_path=3)
        for count in range(5):
            record(history, "a", b"%d" % count)
        assert [version.number for version in history.versions("a")] == [3, 4, 5]
        assert record(history, "a", b"new").number == 6
        history.close()

    def test_versions_are_thinned_out_so_that_long_ago_stays_in_reach(self, file: Path) -> None:
        history = History.open(file, versions_per_path=20)
        now = 1_000_000.0
        for age in (30 * 86400.0, 7 * 86400.0, 86400.0, 3600.0):
            record(history, "a", b"%f" % age, at=now - age)
        for count in range(300):
            record(history, "a", b"%d" % count, at=now + count)
        ages = [now + 299 - version.at for version in history.versions("a")]
        assert len(ages) == 20
        assert sum(age > 3000 for age in ages) == 4
        assert ages[-4:] == [3.0, 2.0, 1.0, 0.0]
        assert sum(100 < age < 3000 for age in ages) >= 2
        history.close()

    def test_a_save_outlives_pauses_in_the_typing(self, file: Path) -> None:
        history = History.open(file, versions_per_path=10)
        for count in range(60):
            source = "disk" if count == 20 else "room"
            history.record_version("a", b"%d" % count, by="Ada", source=source, at=float(count))
        assert 20.0 in [version.at for version in history.versions("a")]
        history.close()

    def test_thinning_never_takes_what_an_open_conflict_names(self, file: Path) -> None:
        history = History.open(file, versions_per_path=5)
        made = [record(history, "a", b"%d" % count, at=float(count)) for count in range(5)]
        names = ("disk_blob", "shared_blob", "merged_blob")
        blobs = dict(zip(names, (made[1].digest, made[2].digest, made[3].digest), strict=True))
        history.add_conflict(a_conflict(**blobs))
        for count in range(5, 40):
            record(history, "a", b"%d" % count, at=float(count))
        assert {1.0, 2.0, 3.0} <= {version.at for version in history.versions("a")}
        assert [history.blob(digest) for digest in blobs.values()] == [b"1", b"2", b"3"]
        history.close()

    def test_an_evicted_content_is_gone_unless_another_needs_it(self, file: Path) -> None:
        history = History.open(file, versions_per_path=1)
        lonely, shared = record(history, "a", b"lonely"), record(history, "a", b"shared")
        record(history, "b", b"shared")
        record(history, "a", b"newest")
        assert history.blob(lonely.digest) is None
        assert history.blob(shared.digest) == b"shared"
        history.close()

    def test_what_a_bookmark_names_stays(self, file: Path) -> None:
        history = History.open(file, versions_per_path=1)
        base, continuing = record(history, "a", b"base"), record(history, "b", b"continuing")
        history.set_bookmark(a_bookmark("a", base.digest, continuing_digest=continuing.digest))
        for count in range(4):
            record(history, "a", b"%d" % count)
            record(history, "b", b"%d" % count)
        assert history.blob(base.digest) == b"base"
        assert history.blob(continuing.digest) == b"continuing"
        history.close()

    def test_what_an_open_conflict_names_stays_and_a_resolved_one_lets_go(self, file: Path) -> None:
        history = History.open(file, max_stored_bytes=20_000)
        sides = [record(history, "a", os.urandom(1_000), at=float(at)) for at in range(3)]
        digests = [side.digest for side in sides]
        history.add_conflict(
            a_conflict(disk_blob=digests[0], shared_blob=digests[1], merged_blob=digests[2])
        )
        for at in range(50):
            record(history, f"file {at}", os.urandom(1_000), at=10.0 + at)
        assert all(history.blob(digest) is not None for digest in digests)
        assert [version.digest for version in history.versions("a")] == digests
        history.set_conflict_status("abc234", "resolved", "disk")
        for at in range(50):
            record(history, f"file {at}", os.urandom(1_000), at=100.0 + at)
        assert [history.blob(digest) for digest in digests[:2]] == [None, None]
        assert history.stored_bytes <= 20_000
        history.close()

    def test_the_oldest_go_first_and_a_newest_version_last(self, file: Path) -> None:
        history = History.open(file, max_stored_bytes=20_000)
        record(history, "old", os.urandom(1_000), at=1.0)
        for at in range(40):
            record(history, "busy", os.urandom(1_000), at=10.0 + at)
        assert len(history.versions("old")) == 1
        numbers = [version.number for version in history.versions("busy")]
        assert numbers == list(range(numbers[0], 41))
        assert history.stored_bytes <= 20_000
        history.close()

    def test_the_file_does_not_outgrow_the_limit_by_much(self, file: Path) -> None:
        history = History.open(file, max_stored_bytes=1_000_000)
        for at in range(300):
            record(history, f"file {at}", os.urandom(20_000), at=float(at))
        history.close()
        assert file.stat().st_size < 1_300_000

    def test_when_everything_is_needed_the_limit_gives_way(self, file: Path) -> None:
        history = History.open(file, max_stored_bytes=1_000)
        base = record(history, "a", os.urandom(5_000))
        history.set_bookmark(a_bookmark("a", base.digest))
        record(history, "b", b"x")
        record(history, "a", b"y")
        assert history.blob(base.digest) is not None
        assert base in history.versions("a")
        history.close()


class TestConflicts:
    def test_come_back_whole(self, history: History) -> None:
        made = a_conflict(cell="id1", disk_blob="0" * 64)
        assert history.add_conflict(made)
        assert history.conflict("abc234") == made
        assert history.conflict("other") is None

    def test_the_same_one_is_recorded_once_even_when_resolved(self, history: History) -> None:
        assert history.add_conflict(a_conflict())
        assert not history.add_conflict(a_conflict(created=9.0))
        history.set_conflict_status("abc234", "resolved", "merged")
        assert not history.add_conflict(a_conflict())
        assert history.conflicts() == []

    def test_open_ones_come_newest_first(self, history: History) -> None:
        for name, created in (("one", 1.0), ("three", 3.0), ("two", 2.0)):
            history.add_conflict(a_conflict(id=name, created=created))
        history.set_conflict_status("three", "resolved", "shared")
        assert [conflict.id for conflict in history.conflicts()] == ["two", "one"]
        every = history.conflicts(include_resolved=True)
        assert [(one.id, one.status, one.resolution) for one in every] == [
            ("three", "resolved", "shared"),
            ("two", "open", None),
            ("one", "open", None),
        ]

    def test_can_be_opened_again(self, history: History) -> None:
        history.add_conflict(a_conflict())
        history.set_conflict_status("abc234", "resolved", "disk")
        history.set_conflict_status("abc234", "open", None)
        assert history.conflicts() == [a_conflict()]

    def test_settling_an_unknown_one_is_an_error(self, history: History) -> None:
        with pytest.raises(HistoryError, match="no conflict"):
            history.set_conflict_status("nothing", "resolved", "disk")


class TestBookmarks:
    def test_come_back_whole(self, history: History) -> None:
        base = history.put_blob(b"base")
        full = a_bookmark(
            "a", base, server_hash="h", session_id="s", state_vector=b"\0\1", continuing_digest=base
        )
        bare = a_bookmark("b", base, file_id=None, kind="notebook")
        history.set_bookmark(bare)
        history.set_bookmark(full)
        assert history.bookmark("a") == full
        assert history.bookmarks() == [full, bare]
        assert history.bookmark("c") is None

    def test_a_base_whose_bytes_are_not_kept_is_refused(self, history: History) -> None:
        with pytest.raises(HistoryError, match="not kept"):
            history.set_bookmark(a_bookmark("a", "0" * 64))

    def test_moving_on_lets_the_old_base_go(self, history: History) -> None:
        old, new = history.put_blob(b"old"), history.put_blob(b"new")
        history.set_bookmark(a_bookmark("a", old))
        history.set_bookmark(a_bookmark("a", new))
        assert (history.blob(old), history.blob(new)) == (None, b"new")

    def test_forgetting_keeps_the_versions(self, history: History) -> None:
        made = record(history, "a", b"x")
        history.set_bookmark(a_bookmark("a", made.digest))
        history.forget("a")
        history.forget("a")
        assert history.bookmark("a") is None
        assert history.versions("a") == [made]

    def test_bytes_that_nothing_names_are_gone_at_the_next_start(self, file: Path) -> None:
        first = History.open(file)
        digest = first.put_blob(b"nobody named me")
        first.close()
        second = History.open(file)
        assert second.blob(digest) is None
        second.close()


class TestMoving:
    def test_everything_follows_a_file(self, history: History) -> None:
        made = record(history, "a.py", b"x")
        history.set_bookmark(a_bookmark("a.py", made.digest))
        history.add_conflict(a_conflict(path="a.py"))
        history.move("a.py", "folder/b.py")
        assert history.versions("folder/b.py") == [replace(made, path="folder/b.py")]
        assert history.bookmark("folder/b.py") == a_bookmark("folder/b.py", made.digest)
        assert [conflict.path for conflict in history.conflicts()] == ["folder/b.py"]
        assert (history.versions("a.py"), history.bookmark("a.py")) == ([], None)

    def test_everything_follows_a_folder_and_nothing_else_moves(self, history: History) -> None:
        for path in ("new/a", "new/deep/b", "newer/c", "%ew/d"):
            record(history, path, b"x")
        history.move("new", "old")
        assert history.paths() == ["%ew/d", "newer/c", "old/a", "old/deep/b"]

    def test_versions_come_behind_those_that_the_new_name_had(self, history: History) -> None:
        for data in (b"1", b"2"):
            record(history, "b", data)
        moved = record(history, "a", b"3")
        history.move("a", "b")
        assert [version.number for version in history.versions("b")] == [1, 2, 3]
        assert history.version("b", 3) == replace(moved, path="b", number=3)
        assert record(history, "b", b"4").number == 4
        assert record(history, "a", b"5").number == 1

    def test_to_its_own_name_changes_nothing(self, history: History) -> None:
        made = record(history, "a", b"x")
        history.move("a", "a")
        assert history.versions("a") == [made]


class TestTheFile:
    def test_is_private(self, history: History, file: Path) -> None:
        record(history, "a", b"x")
        modes = {name.name: name.stat().st_mode & 0o777 for name in file.parent.iterdir()}
        assert modes == dict.fromkeys(["state.db", "state.db-wal", "state.db-shm"], 0o600)

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: b"this is no database" * 100,
            lambda data: data[:3_000],
            lambda data: data[:4096] + bytes(4096) + data[8192:],
            lambda data: data[:60] + (99).to_bytes(4, "big") + data[64:],
            lambda data: data[:68] + b"\0\0\0\7" + data[72:],
        ],
        ids=["no-database", "cut", "zeroed-page", "newer-schema", "somebody-elses"],
    )
    def test_damage_is_moved_aside_and_a_new_one_begun(self, file: Path, damage) -> None:  # type: ignore[no-untyped-def]
        first = History.open(file)
        for count in range(50):
            record(first, f"file {count}", os.urandom(500))
        first.close()
        broken = damage(file.read_bytes())
        file.write_bytes(broken)
        second = History.open(file)
        assert (second.was_damaged, second.paths()) == (True, [])
        record(second, "a", b"x")
        second.close()
        assert file.with_name("state.db.damaged-1").read_bytes() == broken
        third = History.open(file)
        assert (third.was_damaged, third.paths()) == (False, ["a"])
        third.close()

    def test_a_reader_refuses_a_damaged_one_and_leaves_it(self, file: Path) -> None:
        file.write_bytes(b"this is no database" * 100)
        with pytest.raises(HistoryError):
            History.open(file, read_only=True)
        assert [name.name for name in file.parent.iterdir()] == ["state.db"]

    def test_every_damaged_one_is_kept(self, file: Path) -> None:
        for count in range(3):
            file.write_bytes(b"broken %d" % count * 100)
            History.open(file).close()
        assert sorted(file.parent.glob("*damaged*")) == [
            file.with_name(f"state.db.damaged-{count}") for count in (1, 2, 3)
        ]

    @pytest.mark.parametrize("data", [b"\0", zlib.compress(b"another")], ids=["garbage", "another"])
    def test_a_damaged_content_counts_as_gone(self, file: Path, data: bytes) -> None:
        history = History.open(file)
        made = record(history, "a", b"x")
        with sqlite3.connect(file) as other:
            other.execute("UPDATE blobs SET data = ?", (data,))
        other.close()
        assert history.blob(made.digest) is None
        history.close()

    def test_a_locked_one_is_an_error_and_not_moved(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rtcd.history.database.BUSY_TIMEOUT_SECONDS", 0.01)
        History.open(file).close()
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError):
            History.open(file)
        other.close()
        assert not list(file.parent.glob("*damaged*"))

    def test_a_folder_that_does_not_exist_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(HistoryError):
            History.open(tmp_path / "nowhere" / "state.db")

    def test_a_reader_sees_what_the_writer_wrote(self, history: History, file: Path) -> None:
        made = record(history, "a", b"x")
        reader = History.open(file, read_only=True)
        assert reader.versions("a") == [made]
        later = record(history, "a", b"y")
        assert reader.versions("a") == [made, later]
        with pytest.raises(HistoryError):
            record(reader, "a", b"z")
        reader.close()

    def test_a_reader_of_no_file_finds_nothing_and_makes_none(self, file: Path) -> None:
        reader = History.open(file, read_only=True)
        assert (reader.paths(), reader.conflicts(), reader.bookmarks()) == ([], [], [])
        reader.close()
        assert not file.exists()

    def test_a_name_with_odd_characters_works(self, tmp_path: Path) -> None:
        folder = tmp_path / "a b?c#d%41"
        folder.mkdir()
        History.open(folder / "state.db").close()
        assert (folder / "state.db").exists()


def test_small_values_are_stored_under_keys(history: History) -> None:
    assert history.meta("key") is None
    history.set_meta("key", "value")
    history.set_meta("key", "new")
    assert history.meta("key") == "new"


def test_an_error_undoes_the_whole_call(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    made = record(history, "a", b"x")
    before = history.stored_bytes

    def fail(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr("rtcd.history.history.keep_below", fail)
    with pytest.raises(HistoryError, match="disk full"):
        record(history, "a", b"y")
    monkeypatch.undo()
    assert history.versions("a") == [made]
    assert history.stored_bytes == before
    assert record(history, "a", b"z").number == 2
