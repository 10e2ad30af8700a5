"""``Rig``: a folder, its server, people in its rooms, and rounds of edits to check after a fault.

A round makes one edit on disk and one in the room of each of two files (text and notebook), each
with a token that occurs nowhere else. Whatever happens in the round, ``settle`` must find every
token of all rounds once on disk and once in every room.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from end_to_end.live_file import notebook
from end_to_end.stock_server import StockServer
from faults.daemons import FaultFolder, Nursery, wait_for
from faults.room_people import RoomPeople, Visitor
from rtcd.errors import RtcdError
from rtcd.server.address import ServerAddress

TEXT, NOTEBOOK = BOTH = ("notes.txt", "work.ipynb")
MAX_TOKENS = 60

Mode = Literal["host", "guest"]


@dataclass(slots=True)
class Outcome:
    """What a check found; empty lists when all is well."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True when nothing was found."""
        return not (self.lost or self.doubled or self.trouble)


class Rig:
    """One project under test; used by one thread."""

    def __init__(self, nursery: Nursery, mode: Mode, *, seed: int = 1) -> None:
        self.mode = mode
        self.random = random.Random(seed)
        self.place = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
        self.folder = FaultFolder(nursery, self.place / "project", self.place / "home")
        self.people = RoomPeople()
        self.server: StockServer | None = None
        self.visitors: list[Visitor] = []
        self.tokens: dict[str, list[str]] = {TEXT: [], NOTEBOOK: []}
        self.files: dict[str, str] = {}
        self._number = 0

    def __enter__(self) -> Self:
        self.folder.write(TEXT, "first line\nlast line\n")
        self.folder.write(NOTEBOOK, notebook("first = 1\n", "last = 2\n"))
        if self.mode == "guest":
            served = self.place / "served"
            served.mkdir()
            self.server = StockServer(served, document_save_delay=0.1).start()
            self.folder.begin(server_url=self.server.url, token=self.server.token)
            self.address = ServerAddress.parse(self.server.url, self.server.token)
        else:
            self.folder.begin()
            self.address = self.folder.address
        self.visitors = [self.people.visit(self.address, path) for path in (TEXT, NOTEBOOK)]
        assert wait_for(self.is_settled, 60), self.folder.state()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.folder.log())
        self.people.close()
        if not self.folder.is_alive:
            with contextlib.suppress(AssertionError):
                self.folder.begin()
        self.folder.end()
        if self.server is not None:
            self.server.close()
        shutil.rmtree(self.place, ignore_errors=True)

    # ------------------------------------------------------------------ edits

    def token(self, who: str) -> str:
        """A word that occurs nowhere else."""
        self._number += 1
        return f"{who}{self._number:05d}"

    def edit_disk(self, path: str) -> None:
        """Load, add a line, save; in one of the ways in which editors do it."""
        token = self.token("disk")
        file = self.folder.root / path
        before = file.read_bytes()
        after = add_line(path, before.decode(), token, self.random).encode()
        self.random.choice((save_in_place, save_by_rename, save_with_backup))(file, after)
        self.tokens[path].append(token)

    def edit_room(self, visitor: Visitor) -> None:
        """Somebody types a line in the browser."""
        token = self.token("room")
        if visitor.type(token, self.random):
            self.tokens[visitor.path].append(token)

    def round(self) -> None:
        """One edit on each side of each file, in any order."""
        edits: list[Any] = [lambda path=path: self.edit_disk(path) for path in (TEXT, NOTEBOOK)]
        edits += [lambda one=one: self.edit_room(one) for one in self.visitors]
        self.random.shuffle(edits)
        for edit in edits:
            edit()

    def start_over(self) -> None:
        """Take old tokens out of the files, all sides being equal, so that they stay small."""
        for path, tokens in self.tokens.items():
            if len(tokens) < MAX_TOKENS:
                continue
            # Not down to a version that was there before: that would be somebody restoring it.
            old, self.tokens[path] = tokens[:-8], tokens[-8:]
            save_in_place(self.folder.root / path, without(path, self.folder.read(path), old))
        assert wait_for(self.is_settled, 60), self.views()

    def shared_file(self) -> str:
        """The name of a small file that both sides have."""
        if not self.files:
            name = self.token("file") + ".txt"
            self.folder.write(name, f"{name} is for all\n")
            self.files[name] = f"{name} is for all\n"
            assert wait_for(self.is_settled, 60), self.folder.state()
        return self.random.choice(sorted(self.files))

    def drop_old_files(self) -> None:
        """Few files are enough."""
        while len(self.files) > 4:
            name = min(self.files)
            del self.files[name]
            (self.folder.root / name).unlink(missing_ok=True)

    # ------------------------------------------------------------------ checks

    def views(self) -> dict[str, list[str]]:
        """The text of each file on disk and in each room."""
        return {
            visitor.path: [disk_text(self.folder, visitor.path), visitor.text]
            for visitor in self.visitors
        }

    def is_settled(self) -> bool:
        """Disk and room are equal, hold every token, and the daemon says so."""
        return self.is_equal() and not self._wrong_files() and self.folder.at_rest()

    def is_equal(self) -> bool:
        """Disk and room are equal and hold every token once."""
        return all(
            len(set(texts)) == 1 and all(texts[0].count(t + " ") == 1 for t in self.tokens[path])
            for path, texts in self.views().items()
        )

    def _wrong_files(self) -> list[str]:
        """Small files that are not everywhere as they should be, and names that nobody made."""
        places = [self.folder.root]
        if self.server is not None:
            places.append(self.server.root)
        wrong = []
        for place in places:
            found = {file.name: file for file in place.iterdir() if not file.name.startswith(".")}
            wrong += [f"{place.name}: {name}" for name in set(found) - {*BOTH, *self.files}]
            for name, text in self.files.items():
                if name not in found or found[name].read_text() != text:
                    wrong.append(f"{place.name}: {name} is not there as it should be")
        return wrong

    def outcome(self, seconds: float = 60) -> Outcome:
        """Wait until all is well; else what is not."""
        if wait_for(self.is_settled, seconds):
            return Outcome()
        found = Outcome(trouble=self._wrong_files())
        for path, texts in self.views().items():
            for text in texts:
                found.lost += [t for t in self.tokens[path] if t + " " not in text]
                found.doubled += [t for t in self.tokens[path] if text.count(t + " ") > 1]
            if len(set(texts)) > 1:
                found.trouble.append(f"{path}: disk and room differ: {texts!r}")
        state = self.folder.state()
        if state.get("state") != "synced":
            found.trouble.append(f"not synced: {json.dumps(state)}")
        found.trouble.append(self.folder.process_state())
        return found

    def tells_a_lie(self) -> bool:
        """It says synced, and a file that it does not call held is not the same everywhere."""
        state = self.folder.state()
        if state.get("state") != "synced":
            return False
        held = {file["path"] for file in state["files"] if file["state"] == "held"}
        views = self.views().items()
        return any(len(set(texts)) > 1 for path, texts in views if path not in held)

    def come_back(self) -> None:
        """Visitors who lost the room open it again."""
        for visitor in self.visitors:
            if not visitor.is_here:
                deadline = time.monotonic() + 60
                while True:
                    try:
                        visitor.come()
                        break
                    except RtcdError:
                        assert time.monotonic() < deadline
                        time.sleep(0.1)


def disk_text(folder: FaultFolder, path: str) -> str:
    """What people typed into a file; a text that says so where it cannot be read."""
    text = folder.read(path)
    if not path.endswith(".ipynb"):
        return text
    try:
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    except ValueError:
        return f"unreadable: {text!r}"


def add_line(path: str, text: str, token: str, rng: random.Random) -> str:
    """A file's text with one line more."""
    if not path.endswith(".ipynb"):
        lines = text.splitlines(keepends=True)
        lines.insert(rng.randint(0, len(lines)), f"{token} \n")
        return "".join(lines)
    whole = json.loads(text)
    cell = rng.choice(whole["cells"])
    lines = "".join(cell["source"]).splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    lines.insert(rng.randint(0, len(lines)), f"{token} \n")
    cell["source"] = lines
    return json.dumps(whole, indent=1) + "\n"


def without(path: str, text: str, tokens: list[str]) -> bytes:
    """A file's text without the lines of these tokens."""
    lines = {f"{token} \n" for token in tokens}
    if not path.endswith(".ipynb"):
        kept = [line for line in text.splitlines(keepends=True) if line not in lines]
        return "".join(kept).encode()
    whole = json.loads(text)
    for cell in whole["cells"]:
        source = "".join(cell["source"]).splitlines(keepends=True)
        cell["source"] = [line for line in source if line not in lines]
    return (json.dumps(whole, indent=1) + "\n").encode()


def save_in_place(file: Path, data: bytes) -> None:
    """As nano: truncate and write."""
    with file.open("r+b") as opened:
        opened.truncate(0)
        opened.write(data)


def save_by_rename(file: Path, data: bytes) -> None:
    """As gedit and many programs: a new file under the old name."""
    temporary = file.with_name(f".{file.name}.saving")
    temporary.write_bytes(data)
    os.replace(temporary, file)


def save_with_backup(file: Path, data: bytes) -> None:
    """As vim: the old file becomes the backup, the new one is written."""
    backup = file.with_name(file.name + "~")
    os.replace(file, backup)
    file.write_bytes(data)
    backup.unlink()
