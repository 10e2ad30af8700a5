"""The token is in its file and nowhere else: not in arguments, logs, answers, state or the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.daemons import Nursery
from faults.rig import Mode, Rig

pytestmark = [pytest.mark.end_to_end]

CANARY = "a very private sentence"


def processes_of(place: Path) -> dict[str, bytes]:
    """Arguments and environments of every process that has to do with a folder."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            arguments = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if bytes(place) in arguments + environment and b"pytest" not in arguments:
            found[f"arguments of {process.name}"] = arguments
            found[f"environment of {process.name}"] = environment
    return found


@pytest.mark.parametrize("mode", [pytest.param("host", marks=pytest.mark.long), "guest"])
def test_the_token_is_in_its_own_file_only(nursery: Nursery, mode: Mode) -> None:
    with Rig(nursery, mode) as rig:
        token = rig.address.token.reveal()
        assert len(token) >= 32
        rig.folder.write("private.txt", f"{CANARY}\n")
        rig.round()
        rig.folder.write("broken.ipynb", "{")
        rig.folder.slay()
        rig.folder.begin()
        rig.folder.wait()
        spoken = {
            "status": json.dumps(rig.folder.state()).encode(),
            **{
                f"rtcd {name}": rig.folder.command(*name.split()).stdout.encode()
                for name in ("doctor", "status", "conflicts --all", "doctor --json")
            },
        }
        places = rig.folder.places
        own = {places.token_file, places.remote_token_file}
        files = {
            str(file): file.read_bytes()
            for folder in (places.state, places.inside, rig.folder.root, rig.folder.runtime)
            if folder.exists()
            for file in folder.rglob("*")
            if file.is_file() and file not in own and not is_servers_note(file)
        }
        everything = {**spoken, **files, **processes_of(rig.place)}
        if mode == "guest":
            everything = {k: v for k, v in everything.items() if "environment" not in k}
        assert [name for name, data in everything.items() if token.encode() in data] == []
        logs = [name for name in everything if name.endswith(".log")]
        assert logs
        assert [name for name in logs if CANARY.encode() in everything[name]] == []
        open_to_others = [
            str(file)
            for folder in (places.state, places.inside)
            for file in (folder, *folder.rglob("*"))
            if not file.is_symlink()
            and file.is_dir()
            and file.stat().st_mode & 0o077
            and file in (places.state, places.inside, places.limbo, places.recovery, places.jupyter)
        ]
        assert open_to_others == []


def is_servers_note(file: Path) -> bool:
    """Jupyter's own notes of a running server, closed to others, by which its user finds it."""
    is_closed = any(place.stat().st_mode & 0o077 == 0 for place in (file, file.parent))
    return file.name.startswith("jpserver-") and is_closed
