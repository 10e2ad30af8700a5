r"""A kernel that prints fifty times a second into a notebook that people edit.

    python benchmarks/streams.py [--seconds 30] [--rate 50] [--only lines|bar]

A host and a guest on this machine, a real kernel of the host's server. Outputs get into the room as
JupyterLab brings them there: whoever runs the cell hears the kernel and writes what it prints into the
shared document (a ``\r`` takes the last line back). Meanwhile somebody else types five tokens a second
into another cell, and an editor saves the guest's file every two seconds, with a line more in a third cell.

"lines" is output that grows, "bar" a progress bar that is written over. An edit has arrived in the room
when a plain WebSocket client has it, and on a disk when inotify tells of a file that holds it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pycrdt
from people import Scene, Shared, watching
from people_watch import TOKEN
from start import memory
from tables import amount, machine, percentile, run_as_installed, shown, table
from typist import Typist, name_of, room_of
from websockets.asyncio.client import connect

from rtcd.server.address import ServerAddress

NAME = "run.ipynb"
RUN, TALK, EDITED = range(3)
TYPIST, EDITOR = 7, 50
TYPED_EACH = 0.2
SAVED_EACH = 2.0
GOAL_SECONDS = 0.2
SETTLE_SECONDS = 3.0
CODES = {
    "lines": "print(f'step {n:05d}: loss 0.{n:05d}, accuracy 0.98765', flush=True)",
    "bar": "print('\\r' + f'{n:6d} ' + '#' * (n % 60), end='', flush=True)",
}


def notebook(kind: str, count: int, rate: float) -> str:
    code = (
        f"import time\nbegan = time.time()\nfor n in range({count}):\n    {CODES[kind]}\n"
        f"    time.sleep(max(0, began + (n + 1) / {rate} - time.time()))"
    )
    sources = [code, f"# {name_of(TYPIST)}:\n", "# saved lines\n"]
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source.splitlines(keepends=True),
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    return json.dumps(
        {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


class Runner(Typist):
    """Somebody in JupyterLab who has pressed *Run*: brings what the kernel prints into the room."""

    outputs = 0

    def write(self, text: str) -> None:
        """Append to the stream, in one transaction, as JupyterLab's model of outputs does."""
        cell = self.document.get("cells", type=pycrdt.Array)[RUN]
        outputs = cell["outputs"]
        with self.document.transaction():
            if not len(outputs):
                kept = pycrdt.Map(
                    {"output_type": "stream", "name": "stdout", "text": pycrdt.Text()}
                )
                outputs.append(kept)
            stream = outputs[0]["text"]
            for part, follows in _lines_taken_back(text):
                if follows:
                    before = str(stream)
                    line = len(before[: before.rfind("\n") + 1].encode())
                    if line < len(before.encode()):
                        del stream[line : len(before.encode())]
                if part:
                    stream.insert(len(stream), part)
        self.outputs += 1
        self.send_edits()

    async def run(self, address: ServerAddress, code: str) -> None:
        """Run the code in a new kernel until it is idle again."""
        headers = {"Authorization": f"token {address.token.reveal()}"}
        async with httpx.AsyncClient(base_url=address.url, headers=headers, timeout=60) as http:
            kernel = (await http.post("api/kernels", json={"name": "python3"})).json()["id"]
            url = address.url.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels"
            async with connect(url, additional_headers=headers, proxy=None, max_size=None) as link:
                await link.send(json.dumps(_execute(code)))
                async for message in link:
                    told = json.loads(message)
                    kind, content = told["header"]["msg_type"], told["content"]
                    if told["parent_header"].get("msg_id") != "run":
                        continue
                    if kind == "stream":
                        self.write(content["text"])
                    if kind == "status" and content["execution_state"] == "idle":
                        break
            await http.delete(f"api/kernels/{kernel}")


class CellTypist(Typist):
    """Somebody who types into a cell."""

    def type(self, token: str, *, cursor: bool) -> None:
        """Append a token to the own cell."""
        source = self.document.get("cells", type=pycrdt.Array)[TALK]["source"]
        source.insert(len(source), f" {token}")
        self.send_edits()
        if cursor:
            self.show_cursor(0)


def _lines_taken_back(text: str) -> list[tuple[str, bool]]:
    r"""The parts of a text between ``\r``, and whether each takes the last line back."""
    first, *others = text.split("\r")
    return [(first, False), *((part, True) for part in others)]


def _execute(code: str) -> dict[str, Any]:
    header = {"msg_id": "run", "msg_type": "execute_request", "username": "", "session": "bench"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    return {
        "header": {**header, "version": "5.3", "date": "2024-01-01T00:00:00Z"},
        "parent_header": {},
        "metadata": {},
        "content": content | {"user_expressions": {}, "stop_on_error": True},
        "channel": "shell",
        "buffers": [],
    }


async def keep_typing(found: Scene, typist: Typist) -> None:
    count = 0
    while True:
        token = f"{name_of(TYPIST)}n{count:04d}e"
        found.sent[token] = time.monotonic()
        typist.type(token, cursor=True)
        count += 1
        await asyncio.sleep(TYPED_EACH)


async def keep_saving(saved: dict[str, float], file: Path) -> None:
    """An editor that has loaded the file a moment ago, and saves it with a line more."""
    count = 0
    while True:
        await asyncio.sleep(SAVED_EACH)
        content = json.loads(file.read_text())
        await asyncio.sleep(0.1)
        token = f"{name_of(EDITOR + count % 40)}n{count:04d}e"
        content["cells"][EDITED]["source"].append(f"# {token}\n")
        with file.open("w") as opened:
            opened.write(json.dumps(content, indent=1))
        saved[token] = time.monotonic()
        count += 1


async def run_and_edit(found: Scene, code: str, saved: dict[str, float]) -> dict[str, float]:
    """What is measured beside the tokens, by name."""
    room = await room_of(found.address, NAME)
    runner, typist = await Runner.joined(room, 1), await CellTypist.joined(room, TYPIST)
    for one in (runner, typist):
        one.show_cursor(0)
    daemons = [folder.started["pid"] for folder in found.folders]
    with watching(found, [room], NAME):
        typist.type("p99n0000e", cursor=True)
        await asyncio.sleep(SETTLE_SECONDS)
        before, began = found.cpu_now(), time.monotonic()
        memories = [memory(pid) for pid in (found.server_pid, *daemons)]
        beside = [
            asyncio.create_task(keep_typing(found, typist)),
            asyncio.create_task(keep_saving(saved, found.folders[-1].root / NAME)),
        ]
        await runner.run(found.address, code)
        took = time.monotonic() - began
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        found.cpu = {key: (now - before[key]) / took for key, now in found.cpu_now().items()}
        grown = [
            memory(pid) - old
            for pid, old in zip((found.server_pid, *daemons), memories, strict=True)
        ]
        await asyncio.sleep(SETTLE_SECONDS)
    state = len(runner.document.get_state())
    for one in (runner, typist):
        one.leave()
    return {
        "seconds": took,
        "updates": runner.outputs / took,
        "server MB": grown[0],
        "daemon MB": max(grown[1:]),
        "state vector": state,
    }


def measure(kind: str, options: argparse.Namespace) -> tuple[list[list[str]], list[str]]:
    workplace = Path(tempfile.mkdtemp(prefix="rtcd-streams-", dir="/var/tmp"))
    saved: dict[str, float] = {}
    text = notebook(kind, int(options.seconds * options.rate), options.rate)
    code = "".join(json.loads(text)["cells"][RUN]["source"])
    try:
        shared = Shared({NAME: text}, daemons=2, stock=False)
        with shared.on(workplace) as found:
            more = asyncio.run(run_and_edit(found, code, saved))
            texts = [(folder.root / NAME).read_text() for folder in found.folders]
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    [wire], disks = found.told["wires"], found.told["disks"]
    times = {
        "typed in a cell, to another client": [
            wire["seen"].get(token, at + 999) - at for token, at in found.sent.items()
        ],
        "typed in a cell, to both disks": [
            disk["seen"].get(token, at + 999) - at
            for token, at in found.sent.items()
            for disk in disks
        ],
        "saved by an editor, to the room": [
            wire["seen"].get(token, at + 999) - at for token, at in saved.items()
        ],
        "saved by an editor, to the other disk": [
            disks[0]["seen"].get(token, at + 999) - at for token, at in saved.items()
        ],
    }
    rows = [[f"{kind}, {more['updates']:.0f} updates a second", "", "", "", ""]]
    for what, values in times.items():
        here = [percentile(values, share) for share in (0.5, 0.99, 1.0)]
        word = "met" if here[1] < GOAL_SECONDS else "MISSED"
        rows.append([f"  {what}", *map(shown, here), word])
    counts = [Counter(TOKEN.findall(text.encode())) for text in texts]
    tokens = [token.encode() for token in (*found.sent, *saved)]
    lost = sum(not count[token] for count in counts for token in tokens)
    doubled = sum(count[token] > 1 for count in counts for token in tokens)
    began, ended = min(found.sent.values()), max(found.sent.values())
    writes = [
        size
        for disk in disks
        for at, size in zip(disk["writes"], disk["sizes"], strict=True)
        if began <= at <= ended
    ]
    cost = [
        kind,
        f"{len(writes) / 2 / more['seconds']:.1f}",
        amount(int(sum(writes) / 2 / more["seconds"])),
        amount(max(writes)),
        f"{lost}, {doubled}",
        f"{found.cpu['server']:.2f}",
        f"{found.cpu['daemons'] / 2:.2f}",
        f"{more['server MB']:+.1f}",
        f"{more['daemon MB']:+.1f}",
        f"{more['state vector']:.0f} B",
    ]
    return rows, cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="prints a second")
    parser.add_argument("--only", choices=list(CODES))
    options = parser.parse_args()
    run_as_installed()
    print(machine(), flush=True)
    rows: list[list[str]] = []
    costs: list[list[str]] = []
    for kind in CODES:
        if options.only in (None, kind):
            more, cost = measure(kind, options)
            rows += more
            costs.append(cost)
    print(table(["", "p50", "p99", "worst", f"p99 < {GOAL_SECONDS:g} s"], rows))
    head = ["", "writes/s a disk", "bytes/s a disk", "file", "lost, doubled", "server CPU"]
    head += ["CPU a daemon", "server MB", "daemon MB", "state vector"]
    print(table(head, costs))
    print(machine())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
