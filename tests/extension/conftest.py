"""A real server with rtcd's extension, one for a whole test file."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtcd.places import Places
from rtcd.server.address import ServerAddress
from rtcd.server.launch import start_server, stop_server


@dataclass(frozen=True)
class Served:
    """A project folder and the server that serves it."""

    project: Path
    places: Places
    address: ServerAddress
    log: Path


@pytest.fixture(scope="module")
def private_home() -> Iterator[Path]:
    """State and runtime folders that no other test sees; the path is short for the socket's sake."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="rt-") as made:
        home = Path(made).resolve()
        patch.setenv("XDG_STATE_HOME", str(home / "s"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
        patch.setenv("JUPYTER_CONFIG_DIR", str(home / "config"))
        patch.setenv("JUPYTER_DATA_DIR", str(home / "data"))
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        yield home


@pytest.fixture(scope="module")
async def served(private_home: Path) -> AsyncIterator[Served]:
    """The embedded server on an empty project."""
    project = private_home / "project"
    project.mkdir()
    places = Places.of(project)
    running = await start_server(places)
    try:
        yield Served(project, places, running.address, running.log)
    finally:
        await stop_server(running, places)
