"""Running Jupyter servers of this user that serve a folder.

Every server leaves a note (``jpserver-PID.json``, with its token, mode 0600) in the Jupyter runtime
folder. Notes of killed servers stay, and process numbers are used again; so only an answer counts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

from rtcd.errors import RtcdError
from rtcd.places import Places
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.entry import ServerAbout
from rtcd.server.process_identity import ProcessIdentity
from rtcd.server.server_record import ServerRecord

ANSWER_SECONDS = 3.0
MAX_NOTE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RuntimeNote:
    """One server's note about itself; ``root`` is free of links."""

    pid: int
    root: Path
    address: ServerAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server that answers and serves the folder.

    ``prefix`` is the folder as the server names it (empty: its root); ``extension`` tells whether
    rtcd's extension is on, ``collaboration`` whether any is; ``embedded`` whether rtcd started it.
    """

    address: ServerAddress
    root: Path
    prefix: str
    pid: int
    extension: bool
    collaboration: bool
    embedded: bool


async def find_servers(project: Path, runtime: Path | None = None) -> list[FoundServer]:
    """Servers for this folder that answer, the best first.

    Best is one with the extension, then one whose root is the folder itself or nearest to it.

    Args:
        project: the folder.
        runtime: where the notes lie; None asks Jupyter.
    """
    project = project.resolve()
    places = Places.of(project)
    notes = [note for note in runtime_notes(runtime) if prefix_of(project, note.root) is not None]
    answers = await asyncio.gather(*(_about(note.address) for note in notes))
    found = [
        _found(note, about, project, places)
        for note, about in zip(notes, answers, strict=True)
        if about is not None and _is_the_same(note, about)
    ]
    return sorted(found, key=lambda server: (not server.extension, len(server.prefix)))


def runtime_notes(runtime: Path | None = None) -> Iterator[RuntimeNote]:
    """Notes whose process lives; files that are no notes are passed over."""
    folder = Path(jupyter_runtime_dir()) if runtime is None else runtime
    for file in sorted(folder.glob("jpserver-*.json")):
        note = _read_note(file)
        if note is not None and ProcessIdentity.of(note.pid) is not None:
            yield note


def prefix_of(project: Path, root: Path) -> str | None:
    """The project as a server with this root names it; None when it cannot.

    A server does not show hidden folders, so there must be none on the way.
    """
    if not project.is_relative_to(root):
        return None
    names = project.relative_to(root).parts
    return None if any(name.startswith(".") for name in names) else "/".join(names)


def choose_server(servers: Sequence[FoundServer]) -> FoundServer | None:
    """The server to use; None when nobody serves the folder.

    Raises:
        RtcdError: somebody serves it without rtcd's extension (code ``no-extension``); two writers
            of one file lose text.
    """
    without = [server for server in servers if not server.extension and server.collaboration]
    if without:
        raise refusal(without[0])
    return next((server for server in servers if server.extension), None)


def refusal(server: FoundServer) -> RtcdError:
    """Why this server cannot be used, and the two ways out."""
    return RtcdError(
        f"the Jupyter server at {server.address.url} (process {server.pid}) serves this folder "
        "without rtcd's extension; it would overwrite what others type",
        hint=(
            "Either run `jupyter server extension enable rtcd.extension` and `jupyter server "
            "extension disable jupyter_server_ydoc` in its environment (with "
            "`pip install 'rtcd[server]'`) and start it again, or stop it: "
            "`rtcd start` then starts one of its own."
        ),
        code="no-extension",
    )


def _found(note: RuntimeNote, about: ServerAbout, project: Path, places: Places) -> FoundServer:
    record = ServerRecord.read(places)
    return FoundServer(
        address=note.address,
        root=note.root,
        prefix=prefix_of(project, note.root) or "",
        pid=note.pid,
        extension=about.extension,
        collaboration=about.collaboration,
        embedded=record is not None and record.pid == note.pid,
    )


def _is_the_same(note: RuntimeNote, about: ServerAbout) -> bool:
    """A later server may have got the port of a killed one; the extension tells its root."""
    return about.root_id is None or about.root_id == Places.of(note.root).project_id


async def _about(address: ServerAddress) -> ServerAbout | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS), ServerClient(address) as client:
            return await client.about()
    except (RtcdError, TimeoutError):
        return None


def _read_note(file: Path) -> RuntimeNote | None:
    try:
        with file.open("rb") as opened:
            value = json.loads(opened.read(MAX_NOTE_BYTES))
        if value.get("sock"):
            return None  # listens on a Unix socket, no address for us
        return RuntimeNote(
            int(value["pid"]),
            Path(value["root_dir"]).resolve(),
            ServerAddress.parse(_reachable(value), token=value.get("token") or None),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RtcdError):
        return None


def _reachable(value: dict[str, Any]) -> str:
    """The note's URL; a server on all interfaces is asked on this machine's own."""
    url = value["url"]
    if not isinstance(url, str):
        raise TypeError("an address is a text")
    for everywhere in ("//0.0.0.0:", "//[::]:", "//*:"):
        url = url.replace(everywhere, "//127.0.0.1:")
    return url
