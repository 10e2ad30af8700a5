"""The status document, field for field as promised to scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rtcd.daemon.ready import LeftOut, ReadyReport
from rtcd.daemon.status import (
    DaemonStatus,
    FileStatus,
    PersonStatus,
    ServerStatus,
    StatusReport,
    format_time,
    parse_time,
)
from rtcd.places import Places
from rtcd.problem import Problem

DOCUMENT: dict[str, Any] = json.loads("""
{"schema": 1, "project": "/abs/dir", "seq": 42,
 "state": "synced",
 "daemon": {"pid": 123, "version": "0.1.0", "started": "2026-01-31T12:00:00Z"},
 "server": {"url": "http://127.0.0.1:8888/", "mode": "embedded", "connected": true,
            "software": "jupyter-server-ydoc 3.0.4"},
 "files": [{"path": "a.ipynb", "kind": "notebook", "state": "synced", "reason": null,
            "live": true, "conflicts": 0, "people": ["Ann"]},
           {"path": "b.ipynb", "kind": "notebook", "state": "held", "reason": "invalid-notebook",
            "live": false, "conflicts": 1, "people": []}],
 "people": [{"name": "Ann", "client": "JupyterLab", "path": "a.ipynb"}],
 "problems": [{"path": "b.ipynb", "code": "invalid-notebook", "message": "It is no JSON.",
               "hint": "Repair it."}],
 "conflicts": 1}
""")

REPORT = StatusReport(
    project="/abs/dir",
    seq=42,
    state="synced",
    daemon=DaemonStatus(123, "0.1.0", 1769860800.0),
    server=ServerStatus(
        url="http://127.0.0.1:8888/",
        mode="embedded",
        connected=True,
        software="jupyter-server-ydoc 3.0.4",
    ),
    files=(
        FileStatus(path="a.ipynb", kind="notebook", state="synced", live=True, people=("Ann",)),
        FileStatus(
            path="b.ipynb", kind="notebook", state="held", reason="invalid-notebook", conflicts=1
        ),
    ),
    people=(PersonStatus("Ann", "JupyterLab", "a.ipynb"),),
    problems=(Problem("b.ipynb", "invalid-notebook", "It is no JSON.", "Repair it.", 0.0),),
    conflicts=1,
)


def test_the_document_is_the_promised_one_field_for_field() -> None:
    assert REPORT.to_json() == DOCUMENT
    assert list(REPORT.to_json()) == list(DOCUMENT)


def test_the_document_reads_back() -> None:
    assert StatusReport.from_json(DOCUMENT) == REPORT


def test_fields_of_a_newer_daemon_are_ignored() -> None:
    newer = {**DOCUMENT, "weather": "fine", "server": {**DOCUMENT["server"], "load": 3}}
    assert StatusReport.from_json(newer) == REPORT


def test_a_missing_field_is_told() -> None:
    with pytest.raises(KeyError, match="seq"):
        StatusReport.from_json({key: DOCUMENT[key] for key in DOCUMENT if key != "seq"})


def test_times_are_utc_in_whole_seconds() -> None:
    assert format_time(1769860800.9) == "2026-01-31T12:00:00Z"
    assert parse_time("2026-01-31T12:00:00Z") == 1769860800.0


READY: dict[str, Any] = {
    "schema": 1,
    "project": "/abs/dir",
    "pid": 123,
    "server": {
        "url": "http://127.0.0.1:8888/",
        "mode": "embedded",
        "token_file": "/abs/file",
        "lab_url": "http://127.0.0.1:8888/lab",
        "connected": True,
    },
    "files_shared": 2,
    "left_out": [{"reason": "hidden", "count": 3, "example": ".env"}],
}


def test_the_ready_document_is_the_promised_one_and_reads_back() -> None:
    report = ReadyReport(
        project="/abs/dir",
        pid=123,
        url="http://127.0.0.1:8888/",
        mode="embedded",
        token_file="/abs/file",
        lab_url="http://127.0.0.1:8888/lab",
        files_shared=2,
        left_out=(LeftOut("hidden", 3, ".env"),),
    )
    assert report.to_json() == READY
    assert ReadyReport.from_json(READY) == report


def test_a_running_daemon_tells_the_same_facts(tmp_path: Path) -> None:
    report = ReadyReport.of_running(REPORT, Places.of(tmp_path))
    assert report.to_json() == {
        **READY,
        "server": {**READY["server"], "token_file": None},
        "files_shared": 1,
        "left_out": [{"reason": "invalid-notebook", "count": 1, "example": "b.ipynb"}],
    }
