"""Renames that swap, and renames that never hit anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtcd.disk import exchange as module
from rtcd.disk.exchange import (
    CannotExchangeError,
    exchange,
    move_onto_nothing,
    rename_onto_nothing,
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "a").write_text("A")
    (tmp_path / "b").write_text("B")
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_an_exchange_swaps_both(tmp_path: Path, here: int) -> None:
    exchange(here, "a", here, "b")
    assert texts(tmp_path) == {"a": "B", "b": "A"}


def test_an_exchange_needs_both(tmp_path: Path, here: int) -> None:
    with pytest.raises(FileNotFoundError):
        exchange(here, "a", here, "none")
    assert texts(tmp_path) == {"a": "A", "b": "B"}


@pytest.mark.parametrize("move", [rename_onto_nothing, move_onto_nothing])
def test_a_taken_name_is_never_renamed_over(tmp_path: Path, here: int, move: object) -> None:
    assert callable(move)
    with pytest.raises(FileExistsError):
        move(here, "a", here, "b")
    move(here, "a", here, "c")
    assert texts(tmp_path) == {"c": "A", "b": "B"}


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_it_is_told(
    here: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_function", lambda *_: -1)
    monkeypatch.setattr(module.ctypes, "get_errno", lambda: code)
    with pytest.raises(CannotExchangeError):
        exchange(here, "a", here, "b")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_moving_works_without_the_rename(
    tmp_path: Path, here: int, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    monkeypatch.setattr(module, "_function", lambda *_: -1)
    monkeypatch.setattr(module.ctypes, "get_errno", lambda: errno.EINVAL)
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(FileExistsError):
        move_onto_nothing(here, "a", here, "b")
    move_onto_nothing(here, "a", here, "c")
    assert texts(tmp_path) == {"c": "A", "b": "B"}
