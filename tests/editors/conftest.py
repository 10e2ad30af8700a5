"""Real editors and tools at work on files that others are typing in; one daemon for a module."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.project_folder import RtcdFolder


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder outside /tmp: vim and Emacs save differently there."""
    made = Path(tempfile.mkdtemp(prefix="ed-", dir="/var/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_host(place: Path) -> Iterator[RtcdFolder]:
    """A started host; every test makes its own files in it."""
    host = RtcdFolder(place / "host" / "project", place / "host")
    host.start()
    yield host
    host.command("stop")
