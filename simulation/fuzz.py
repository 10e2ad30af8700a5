"""Damaged input for everything that reads what strangers wrote.

Good samples are mutated (bits, cuts, copies, splices, known numbers); whatever comes must give a
value or an ``RtcdError``: no other exception, no panic of the CRDT library, no crash, no long wait.
A document that was read is used too: content, formatting, merging. Batches run in a process of
their own, so that a crash is a finding and not the end.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rtcd.content import Cell, NotebookContent, TextContent
from rtcd.crdt.awareness import Awareness, ClientState, decode_awareness, encode_awareness
from rtcd.crdt.edit_span import span_of
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.state_vector import covers, parse_state_vector
from rtcd.crdt.sync_protocol import Step1, Step2, Update, decode_sync
from rtcd.daemon.control import parse_request
from rtcd.disk import limbo_journal
from rtcd.disk.formats import format_content, parse
from rtcd.documents.open_document import new_document, open_document
from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.rooms.claims import parse_claim
from rtcd.rooms.close_codes import explain_close
from rtcd.rooms.news import parse_item
from rtcd.rooms.protocol import RoomProtocol
from rtcd.rooms.server_events import parse_event

BATCH = 2000
SLOW_SECONDS = 2.0
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 2**31, 2**32 - 1, 2**53, 2**63, 2**64 - 1)
WORDS = (
    b'"cells"', b'"source"', b"null", b"NaN", b"1e999", b"[]", b"{}", b"\\ud800", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\r\n", b"[" * 400, b'{"a":' * 400, b"../", b"\0", b'"nbformat":3', b"-0",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One reader: good samples and what is done with a damaged one."""

    name: str
    samples: tuple[bytes, ...]
    read: Callable[[bytes], object]


# ------------------------------------------------------------------ mutations


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A few damages."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        _damage(found, other, rng)
    return bytes(found[:200_000])


def _damage(data: bytearray, other: bytes, rng: random.Random) -> None:
    at = rng.randint(0, len(data))
    what = rng.randrange(9)
    if what == 0 and data:
        data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
    elif what == 1 and data:
        data[min(at, len(data) - 1)] = rng.randrange(256)
    elif what == 2:
        del data[at : at + rng.choice([1, 2, 8, 64])]
    elif what == 3:
        data[at:at] = rng.randbytes(rng.choice([1, 2, 8]))
    elif what == 4:
        size = rng.choice([1, 4, 16, 100])
        data[at:at] = data[at : at + size] * rng.choice([1, 2, 30])
    elif what == 5:
        start = rng.randint(0, len(other))
        data[at:at] = other[start : start + rng.choice([4, 30, 300])]
    elif what == 6:
        data[at:at] = _var_uint(rng.choice(NUMBERS))
    elif what == 7:
        data[at:at] = rng.choice(WORDS)
    else:
        del data[at:]


def _var_uint(number: int) -> bytes:
    head = bytearray()
    while number > 127:
        head.append(128 | number & 127)
        number >>= 7
    return bytes((*head, number))


# ------------------------------------------------------------------ samples and readers


def _notebook() -> NotebookContent:
    return NotebookContent(
        (
            Cell("aa11", "code", "import this\nx = 1\n", {"tags": ["a"]}, ()),
            Cell("bb22", "markdown", "# Título 🎈\r\ntext"),
            Cell("cc33", "code", "print(x)"),
        )
    )


_OUTPUTS = b"""{"cells": [{"cell_type": "code", "execution_count": 2, "id": "a1", "metadata":
 {"k": 1.0}, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\\n", "2\\n"]},
 {"output_type": "display_data", "data": {"text/plain": "x", "image/png": "aGk="}, "metadata": {}}],
 "source": ["a = 1\\n", "a"]}, {"cell_type": "raw", "id": "b2", "metadata": {}, "attachments": {},
 "source": ""}], "metadata": {"kernelspec": {"name": "p", "display_name": "P"}}, "nbformat": 4,
 "nbformat_minor": 5}
"""


def _updates() -> tuple[bytes, ...]:
    found = []
    text, notebook = new_document("text"), new_document("notebook")
    text.become(TextContent("one\ntwo é 🎈\nthree\n"))
    found.append(text.shared.update_since())
    text.become(TextContent("one\n2 é\nthree\nfour\n"))
    found.append(text.shared.update_since())
    notebook.become(_notebook())
    found.append(notebook.shared.update_since())
    parsed = parse("notebook", _OUTPUTS)
    notebook.become(parsed)
    found.append(notebook.shared.update_since())
    return tuple(found)


def _read_update(data: bytes) -> object:
    results: list[object] = []
    for kind in ("text", "notebook"):
        shared = SharedDoc()
        shared.apply_update(data)
        document = open_document(kind, shared)  # type: ignore[arg-type]
        content = document.content()
        results.append(format_content(kind, content, None))  # type: ignore[arg-type]
    results.append(span_of(data))
    return results


def _read_notebook(data: bytes) -> object:
    content = parse("notebook", data)
    again = parse("notebook", format_content("notebook", content, data))
    document = new_document("notebook")
    document.become(content)
    return document.content(), again


def _read_text(data: bytes) -> object:
    content = parse("text", data)
    written = format_content("text", content, data)
    if written != data:
        raise AssertionError("an untouched file would change")
    return content


def _read_room(data: bytes) -> object:
    protocol = RoomProtocol(Awareness(1, 15.0, 30.0, float("inf")), 10.0)
    protocol.start()
    events = protocol.receive(Step2(_updates()[0]).encode(), 0.0)
    events += protocol.receive(data, 1.0)
    return events, protocol.people(), protocol.tick(50.0)


def _read_sync(data: bytes) -> object:
    return decode_sync(data)


def _read_vectors(data: bytes) -> object:
    return parse_state_vector(data), covers(data, data)


def _read_awareness(data: bytes) -> object:
    awareness = Awareness(1, 15.0, 30.0, float("inf"))
    awareness.hear(decode_awareness(data), 1.0)
    return awareness.states()


def _read_names(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    value: Any
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    return (
        parse_item(value),
        parse_claim(value),
        explain_close(1003, text),
        parse_event(text),
        ProjectPath.parse(text),
    )


def _read_journal(data: bytes) -> object:
    return dict(limbo_journal.parse(data))


def _read_request(data: bytes) -> object:
    try:
        return parse_request(data)
    except ValueError:
        # What it says of a request that is none; the socket answers with a sentence.
        return None


def targets() -> tuple[Target, ...]:
    """All readers."""
    updates = _updates()
    awareness = encode_awareness(
        [ClientState(7, 3, {"user": {"name": "Ada", "display_name": "Ada"}, "cursors": []})]
    )
    news = {"key": "7.1", "kind": "renamed", "path": "a.py", "new_path": "b.py", "by": "Ada"}
    event = {
        "schema_id": "https://events.jupyter.org/jupyter_server/contents_service/v1",
        "action": "rename",
        "path": "a.py",
        "source_path": "b.py",
    }
    messages = tuple(
        message
        for update in updates
        for message in (Update(update).encode(), Step2(update).encode())
    )
    request = {"command": "flush", "arguments": {"path": "a.ipynb", "timeout": 3}}
    return (
        Target("update", updates, _read_update),
        Target(
            "notebook",
            (_OUTPUTS, format_content("notebook", _notebook(), None), _OUTPUTS.replace(b"\n", b"")),
            _read_notebook,
        ),
        Target("text", (b"a\nb\r\n\xc3\xa9\n", b"\xef\xbb\xbfx\ny"), _read_text),
        Target("room", (*messages, awareness, b"\x02\x04save\x01"), _read_room),
        Target("sync", (*messages, Step1(b"\x00").encode()), _read_sync),
        Target("state-vector", (b"\x00", b"\x02\x01\x05\x07\x09"), _read_vectors),
        Target("awareness", (awareness,), _read_awareness),
        Target(
            "names",
            (
                json.dumps(news).encode(),
                json.dumps(event).encode(),
                b"7.3 file-id",
                b"a/b/c.ipynb",
                b'{"reason": "unknown_session"}',
            ),
            _read_names,
        ),
        Target(
            "limbo-journal",
            (b'{"name": "a-1", "path": "a.py", "known": ["00", "ff"], "new": "a-2"}\n' * 3,),
            _read_journal,
        ),
        Target("control", (json.dumps(request).encode() + b"\n",), _read_request),
    )


# ------------------------------------------------------------------ running


def batch(first: int, count: int) -> dict[str, Any]:
    """Runs ``first`` to ``first + count``; what was found, as JSON."""
    readers = targets()
    done: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    for number in range(first, first + count):
        target, data = sample_of(number, readers)
        done[target.name] += 1
        started = time.perf_counter()
        problem = problem_of(target, data)
        seconds = time.perf_counter() - started
        if problem is None and seconds > SLOW_SECONDS:
            problem = f"took {seconds:.1f} s"
        if problem is not None:
            shown = base64.b64encode(data[:3000]).decode()
            findings.append(
                {"run": number, "target": target.name, "problem": problem, "input": shown}
            )
    return {"done": dict(done), "findings": findings[:20], "found": len(findings)}


def sample_of(number: int, readers: tuple[Target, ...]) -> tuple[Target, bytes]:
    """The input of one run; the same number gives the same."""
    rng = random.Random(number)
    target = readers[number % len(readers)]
    data, other = rng.choice(target.samples), rng.choice(rng.choice(readers).samples)
    return target, mutated(data, other, rng)


def problem_of(target: Target, data: bytes) -> str | None:
    """What went wrong that must not."""
    try:
        target.read(data)
    except RtcdError:
        return None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic is one
        return f"{type(error).__module__}.{type(error).__name__}: {error}"[:300]
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For ``python -m simulation fuzz``."""
    parser.add_argument(
        "--runs", type=int, default=20_000, help="in all, those of --state included"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first run's number")
    parser.add_argument("--state", type=Path, help="a file to stop and go on with")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that long")
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Batch after batch; 1 when something was found."""
    if arguments.batch is not None:
        print(json.dumps(batch(arguments.seed, arguments.batch)))
        return 0
    state: dict[str, Any] = {"next": arguments.seed, "runs": 0, "done": {}, "findings": []}
    if arguments.state and arguments.state.exists():
        state = json.loads(arguments.state.read_text())
    started = time.monotonic()
    try:
        while (
            state["runs"] < arguments.runs and time.monotonic() - started < arguments.minutes * 60
        ):
            count = min(BATCH, arguments.runs - state["runs"])
            _add(state, _batch_elsewhere(state["next"], count), count)
            if arguments.state:
                arguments.state.write_text(json.dumps(state) + "\n")
    finally:
        _print(state)
    return 1 if state["findings"] else 0


def _batch_elsewhere(first: int, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "simulation", "fuzz"]
    words = [*command, "--seed", str(first), "--batch", str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = f"the process ended with {done.returncode}: {done.stderr[-500:]}"
        found = {"run": first, "target": "?", "problem": problem, "input": ""}
        return {"done": {}, "findings": [found], "found": 1}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _add(state: dict[str, Any], found: dict[str, Any], count: int) -> None:
    state["next"] += count
    state["runs"] += count
    for name, number in found["done"].items():
        state["done"][name] = state["done"].get(name, 0) + number
    state["findings"] += found["findings"]
    for finding in found["findings"]:
        print(f"run {finding['run']} {finding['target']}: {finding['problem']}", flush=True)


def _print(state: dict[str, Any]) -> None:
    rows = [*sorted(state["done"].items()), ("all", state["runs"])]
    rows.append(("findings", len(state["findings"])))
    width = max(len(name) for name, _ in rows)
    for name, number in rows:
        print(f"{name:<{width}}  {number:>12,}")
