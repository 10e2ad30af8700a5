"""A project folder with rtcd's real command line, and a person in a room, for end-to-end tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from forked.rtcd import call_rtcd
from rtcd.content import Content, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.document import Document
from rtcd.documents.open_document import ROOM_TYPES, open_document
from rtcd.errors import RtcdError
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import RoomUpdated
from rtcd.rooms.person import JUPYTERLAB
from rtcd.server.address import ServerAddress
from rtcd.server.client import ServerClient

COMMAND_SECONDS = 60.0


class RtcdFolder:
    """A folder, its own home for everything outside it, and ``rtcd`` run in it."""

    def __init__(self, root: Path, home: Path, *, name: str = "Ada Lovelace") -> None:
        self.root = root
        self.home = home
        self.name = name
        root.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        self.runtime = home / "runtime"
        self.started: dict[str, Any] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment with all state below ``home``."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
        kept.pop("XDG_RUNTIME_DIR", None)
        return {
            **kept,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "RTCD_LOG": os.environ.get("RTCD_LOG", "DEBUG"),
            "NO_COLOR": "1",
            # Not into the keyring of whoever runs the tests.
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def command(
        self, *arguments: str, token: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``rtcd`` in the folder; never raises for its exit code."""
        environment = self.environment | ({"RTCD_TOKEN": token} if token else {})
        return call_rtcd(arguments, cwd=self.root, environment=environment, seconds=COMMAND_SECONDS)

    def start(self, *arguments: str, token: str | None = None) -> dict[str, Any]:
        """``rtcd start --json``; its document."""
        done = self.command("start", "--json", "--name", self.name, *arguments, token=token)
        assert done.returncode == 0, (done.stdout, done.stderr, self.log())
        self.started = json.loads(done.stdout)
        return self.started

    def stop(self) -> None:
        """``rtcd stop``, whether a daemon runs or not."""
        done = self.command("stop")
        assert done.returncode == 0, (done.stdout, done.stderr)

    def status(self) -> dict[str, Any]:
        """``rtcd status --json``."""
        done = self.command("status", "--json")
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    def wait(self, seconds: float = 60) -> None:
        """``rtcd wait``."""
        done = self.command("wait", "--timeout", str(seconds))
        assert done.returncode == 0, (done.stdout, done.stderr, self.log())

    def kill(self) -> None:
        """SIGKILL the daemon."""
        os.kill(self.started["pid"], signal.SIGKILL)
        eventually(lambda: not _is_alive(self.started["pid"]), "the daemon to be dead")

    def kill_server(self) -> None:
        """SIGKILL the embedded server; waits for one to kill."""

        def pids() -> list[int]:
            files = (self.home / "state" / "rtcd").glob("*/server.json")
            return [pid for file in files if _is_alive(pid := json.loads(file.read_text())["pid"])]

        eventually(lambda: bool(pids()), "a server to kill", seconds=60)
        for pid in pids():
            os.kill(pid, signal.SIGKILL)

    @property
    def address(self) -> ServerAddress:
        """The server's address with the token."""
        server = self.started["server"]
        return ServerAddress.parse(server["url"], Path(server["token_file"]).read_text())

    def write(self, name: str, text: str | bytes) -> Path:
        """Save a file in place, as ``open(name, 'w')`` does."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def read(self, name: str) -> str:
        """A file's text, empty when it is not there."""
        try:
            return (self.root / name).read_bytes().decode()
        except FileNotFoundError:
            return ""

    def log(self) -> str:
        """The end of the daemon's log."""
        return self._whole_log()[-6000:]

    def story(self, lines: int = 80) -> str:
        """The last lines of the log that tell how saves were merged, and what went wrong."""
        told = ("save merged", "save met", "room met", "INFO", "WARNING", "ERROR", "Error")
        log = self._whole_log().splitlines()
        return "\n".join([line for line in log if any(word in line for word in told)][-lines:])

    def _whole_log(self) -> str:
        files = (self.home / "state" / "rtcd").glob("*/daemon.log")
        return "\n".join(file.read_text() for file in files)


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


async def eventually_async(is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition in a coroutine, with a deadline."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.02)


class RoomPerson:
    """Somebody in a room, as a browser is: a document that follows, and typing into it."""

    def __init__(self, room: RoomConnection, document: Document) -> None:
        self.room = room
        self.document = document
        self._task = asyncio.get_running_loop().create_task(self._follow())

    @classmethod
    @contextlib.asynccontextmanager
    async def joined(
        cls, address: ServerAddress, path: str, *, name: str = "Grace Hopper"
    ) -> AsyncIterator[RoomPerson]:
        """Open the room of a file as a browser does, leave at the end."""
        kind = "notebook" if path.endswith(".ipynb") else "text"
        async with ServerClient(address) as client:
            session = await client.document_session(path, *ROOM_TYPES[kind])
        user = {"username": name, "name": name, "display_name": name}
        # A browser from the first moment: who is seen as a daemon once is taken for one.
        room = await RoomConnection.open(
            address, session, session.room_id, user=user, program=JUPYTERLAB
        )
        shared = SharedDoc()
        shared.apply_update(room.pulled)
        person = cls(room, open_document(kind, shared))
        try:
            yield person
        finally:
            person._task.cancel()
            await room.close()

    async def _follow(self) -> None:
        async for event in self.room.events():
            if isinstance(event, RoomUpdated) and not event.own:
                self.document.shared.apply_update(event.update)

    @property
    def content(self) -> Content:
        """What this person sees."""
        return self.document.content()

    @property
    def text(self) -> str:
        """What this person sees of a text file."""
        content = self.content
        assert isinstance(content, TextContent)
        return content.text

    async def become(self, content: Content) -> None:
        """Edit the document to be ``content`` and send it."""
        updates: list[bytes] = []
        forget = self.document.shared.on_update(lambda update, _origin: updates.append(update))
        self.document.become(content, origin="typing")
        forget()
        for update in updates:
            await self.room.send_update(update)

    async def type(self, text: str, *, at: int | None = None) -> None:
        """Insert into a text file, at the end or at a code point."""
        before = self.text
        place = len(before) if at is None else at
        await self.become(TextContent(before[:place] + text + before[place:]))


__all__ = ["RoomPerson", "RtcdError", "RtcdFolder", "eventually", "eventually_async"]
