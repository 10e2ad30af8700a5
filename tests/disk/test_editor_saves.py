"""Every recorded editor save gives exactly one save, whole, and never a deletion."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rtcd.disk.folder import Folder
from rtcd.disk.notice import Notice
from rtcd.disk.raw_io import digest_of
from rtcd.disk.scan import load_rules
from rtcd.disk.sensor import watch
from rtcd.disk.settle import Look, Settle, Verdict
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath

TRACES = Path(__file__).parents[1] / "data" / "editor-saves"
NAMES = sorted(path.stem for path in TRACES.glob("*.json"))
QUIET_S = 0.12
BARRIER = "told-last"
"""A file that is made when all is done: what was told before it is all there is."""


def _replay_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("editor_saves_replay", TRACES / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


replay = _replay_module()


def notebook(mark: str, lines: int) -> bytes:
    source = [f"{mark} = {number}\n" for number in range(lines)]
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    whole = {
        "cells": [{**cell, "source": source}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return json.dumps(whole, indent=1).encode() + b"\n"


def contents(name: str, trace: dict[str, Any]) -> tuple[bytes, bytes]:
    """An old and a new content that fit the trace; longer, shorter and changed everywhere."""
    if str(trace["target_name"]).endswith(".ipynb"):
        return notebook("old", 300), notebook("new", 220)
    old = b"".join(b"old line %d\n" % number for number in range(900))
    if name == "shell-append":
        # The trace appends the last 0.3 % of the new content.
        return old[:9970], old[:9970] + b"x" * 29 + b"\n"
    return old, b"".join(b"new line %d\n" % number for number in range(500))


def parses(path: ProjectPath, data: bytes) -> bool:
    if path.suffix != ".ipynb":
        return True
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


@dataclass
class Reader:
    """What the daemon does with notices: settle, read, and keep what was read as known."""

    folder: Folder
    known: dict[ProjectPath, bytes]
    verdicts: list[tuple[Verdict, ProjectPath, bytes | None]] = field(default_factory=list)
    batches: list[list[Notice]] = field(default_factory=list)
    settle: Settle = field(default_factory=Settle)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    told_all: asyncio.Event = field(default_factory=asyncio.Event)
    last_notice: float = 0.0
    ready_at: float = 0.0

    async def run(self) -> None:
        rules = load_rules(self.folder)
        batches = watch(self.folder, lambda p, f: rules.why_ignored(p, f) is not None)
        next_batch = asyncio.ensure_future(anext(batches))
        try:
            while True:
                deadline = self.settle.next_deadline()
                timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
                done, _ = await asyncio.wait([next_batch], timeout=timeout)
                if done:
                    self.take(next_batch.result())
                    next_batch = asyncio.ensure_future(anext(batches))
                self.look()
        finally:
            next_batch.cancel()
            await asyncio.gather(next_batch, return_exceptions=True)
            await batches.aclose()

    def take(self, batch: list[Notice]) -> None:
        self.started.set()
        if any(notice.path is not None and notice.path.value == BARRIER for notice in batch):
            self.told_all.set()
            batch = [one for one in batch if one.path is None or one.path.value != BARRIER]
        self.batches.append(batch)
        self.last_notice = time.monotonic()
        for notice in batch:
            if notice.path is not None:
                self.settle.notice(notice.path, notice.what, time.monotonic())

    def look(self) -> None:
        for path in self.settle.due(time.monotonic()):
            try:
                found = self.folder.read(path, max_bytes=1 << 24)
            except HeldError:
                continue
            data = None if found is None else found.data
            known = self.known.get(path)
            digest = None if known is None else digest_of(known)
            look = Look.of(found, known, digest, parses=data is None or parses(path, data))
            verdict = self.settle.looked(path, look, time.monotonic())
            if verdict is Verdict.READY and data is not None:
                self.known[path] = data
                self.ready_at = time.monotonic()
            if verdict in (Verdict.READY, Verdict.GONE):
                self.verdicts.append((verdict, path, data))

    async def until_quiet(self) -> None:
        """All that has happened was told, nothing waits, and nothing was told for a moment."""
        (self.folder.root / BARRIER).touch()
        await self.told_all.wait()
        while len(self.settle) or time.monotonic() - self.last_notice < QUIET_S:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def reader_of(root: Path, known: dict[ProjectPath, bytes]) -> AsyncIterator[Reader]:
    folder = Folder.open(root)
    reader = Reader(folder, known)
    task = asyncio.create_task(reader.run())
    try:
        await reader.started.wait()
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        folder.close()


def phases_of(name: str, speed: float) -> tuple[str, ...]:
    """All phases at once; at the recorded speed without the seconds of typing."""
    # In the first phase of this one lies another save, of other content.
    if speed or name == "emacs-second-save":
        return ("save", "quit")
    return ("open", "save", "quit")


@pytest.mark.parametrize("speed", [0, 1.0], ids=["at once", "as recorded"])
@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_save_is_told_once_and_whole(
    tmp_path: Path, name: str, speed: float
) -> None:
    trace = replay.load(TRACES / f"{name}.json")
    old, new = contents(name, trace)
    target = tmp_path / trace["target_name"]
    target.write_bytes(old)
    path = ProjectPath.parse(target.name)
    async with reader_of(tmp_path, {path: old}) as reader:
        phases = phases_of(name, speed)
        await asyncio.to_thread(
            replay.replay, trace, str(target), old, new, phases=phases, speed=speed
        )
        await reader.until_quiet()
    of_target = [(verdict, data) for verdict, where, data in reader.verdicts if where == path]
    others = {where.value for verdict, where, _ in reader.verdicts if where != path}
    assert target.read_bytes() == new
    assert of_target == [(Verdict.READY, new)]
    assert all((Verdict.GONE, where) not in reader.verdicts for where in others)
