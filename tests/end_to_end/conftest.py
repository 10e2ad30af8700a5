"""Real servers and real daemons; every folder made here is stopped at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from end_to_end.project_folder import RtcdFolder
from end_to_end.stock_server import ServedFolder, StockServer

NewFolder = Callable[..., RtcdFolder]


@pytest.fixture
def workplace() -> Iterator[Path]:
    """A short-named folder outside /tmp's special cases: vim and Emacs save differently there."""
    made = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def new_folder(workplace: Path) -> Iterator[NewFolder]:
    """Makes folders with an rtcd of their own; stops them at the end, and tells what they did.

    pytest shows that only for a test that failed.
    """
    made: list[RtcdFolder] = []

    def make(folder_name: str, **settings: str) -> RtcdFolder:
        folder = RtcdFolder(
            workplace / folder_name / "project", workplace / folder_name / "home", **settings
        )
        made.append(folder)
        return folder

    yield make
    # Guests before their host: they would wait for its server.
    for folder in reversed(made):
        if folder.started:
            folder.command("stop")
        print(f"\n{folder.root.parent.name}: {folder.story()}")


@pytest.fixture(scope="module")
def shared_host() -> Iterator[RtcdFolder]:
    """A started host for all tests of a module, each with files of its own."""
    place = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
    host = RtcdFolder(place / "project", place / "home")
    host.start()
    yield host
    host.command("stop")
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def host(new_folder: NewFolder) -> RtcdFolder:
    """A folder for an embedded server, not started."""
    return new_folder("host")


@pytest.fixture(scope="module")
def _stock_server_for_all() -> Iterator[StockServer]:
    root = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
    with StockServer(root) as server:
        yield server
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def served(_stock_server_for_all: StockServer) -> ServedFolder:
    """An empty folder of its own on the module's stock server; takes a second less to start."""
    server = _stock_server_for_all
    root = Path(tempfile.mkdtemp(dir=server.root))
    return ServedFolder(root, server.url, server.token, root.name)


@pytest.fixture
def stock_server(workplace: Path) -> Iterator[StockServer]:
    """A stock Jupyter server with collaboration on an empty folder, started."""
    root = workplace / "served"
    root.mkdir()
    with StockServer(root) as server:
        yield server
