"""Everything that reads what strangers wrote: good samples, and what is done with a damaged one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
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
from rtcd.project_path import ProjectPath
from rtcd.rooms.claims import parse_claim
from rtcd.rooms.close_codes import explain_close
from rtcd.rooms.news import parse_item
from rtcd.rooms.protocol import RoomProtocol
from rtcd.rooms.server_events import parse_event


@dataclass(frozen=True)
class Target:
    """One reader: good samples and what is done with a damaged one."""

    name: str
    samples: tuple[bytes, ...]
    read: Callable[[bytes], object]


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
        document = open_document(kind, shared)
        content = document.content()
        results.append(format_content(kind, content, None))
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
