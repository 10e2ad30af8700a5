"""``rtcd status``: the first screen, the document, the exit codes."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Callable
from typing import Any

from cli.conftest import Shell, file_json

Make = Callable[..., dict[str, Any]]

CALM = """\
✓ In sync  /abs/dir

  Connection     connected to http://127.0.0.1:8888/ (jupyter-server-ydoc 3.0.4, started by rtcd)
  Your saves     all on the server
  Their changes  all on your disk
  Set aside      nothing
  Files          2 shared, 1 open now, each left after a quiet minute
  Daemon         rtcd 0.1.0, process PID, started 2 h ago

Next: rtcd status --watch  see changes as they come
"""


def busy(status: Make) -> dict[str, Any]:
    return status(
        state="syncing",
        files=[
            file_json("a.py", state="sending"),
            file_json("sub/b.ipynb", kind="notebook", state="receiving", conflicts=3),
            file_json("c.ipynb", kind="notebook", state="held", reason="invalid-notebook"),
            file_json("d.txt", state="held", reason="not-utf8"),
            file_json("e.txt"),
        ],
        people=[
            {"name": "Ann", "client": "JupyterLab", "path": "a.py"},
            {"name": "Ann", "client": "JupyterLab", "path": "sub/b.ipynb"},
            {"name": "张伟", "client": "vim", "path": None},
        ],
        problems=[
            {
                "path": "c.ipynb",
                "code": "invalid-notebook",
                "message": "It is no JSON.",
                "hint": "Repair it.",
            },
            {"path": None, "code": "disk-full", "message": "The disk is full.", "hint": ""},
        ],
        conflicts=3,
    )


def test_when_all_is_well_the_screen_is_short(shell: Shell, status: Make) -> None:
    answer = status(files=[file_json("a.py", live=True), file_json("b.py")])
    with shell.daemon({"status": {"result": answer}}):
        done = shell.rtcd("status")
    assert (done.out, done.err, done.code) == (CALM, "", 0)


def test_only_what_needs_attention_is_listed(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": busy(status)}}):
        done = shell.rtcd("status")
    assert (done.out, done.err, done.code) == (
        """\
○ Syncing  /abs/dir

  Connection     connected to http://127.0.0.1:8888/ (jupyter-server-ydoc 3.0.4, started by rtcd)
  Your saves     1 on the way: a.py
  Their changes  1 on the way: sub/b.ipynb
  Set aside      2 files held, bytes untouched; 3 conflicts to review, nothing is lost
  Files          3 shared
  Daemon         rtcd 0.1.0, process PID, started 2 h ago

Needs attention
  FILE         STATE      WHY
  (all files)  disk-full  The disk is full.
  sub/b.ipynb  receiving  3 conflicts to review
  c.ipynb      held       It is no JSON.
                          Repair it.
  d.txt        held       not UTF-8 text

People
  NAME  WITH        IN
  Ann   JupyterLab  a.py, sub/b.ipynb
  张伟  vim

Next: rtcd conflicts  what was decided, and what to review
""",
        "",
        0,
    )


def test_offline_says_what_waits_and_what_is_unknown(shell: Shell, status: Make) -> None:
    server = {"url": "http://h/", "mode": "remote", "connected": False, "software": ""}
    answer = status(state="offline", server=server, files=[file_json("a.py", state="sending")])
    with shell.daemon({"status": {"result": answer}}):
        done = shell.rtcd("status")
    assert done.out.splitlines()[:6] == [
        "○ Offline  /abs/dir",
        "",
        "  Connection     not connected to http://h/ (elsewhere)",
        "  Your saves     1 waiting for the server: a.py",
        "  Their changes  unknown while not connected",
        "  Set aside      nothing",
    ]
    assert done.out.splitlines()[-1] == "Next: rtcd doctor  what may be wrong"


def test_all_lists_every_file(shell: Shell, status: Make) -> None:
    answer = status(files=[file_json("a.py", live=True, people=["Ann", "Bo"]), file_json("b.py")])
    with shell.daemon({"status": {"result": answer}}):
        done = shell.rtcd("status", "--all")
    assert done.out.split("\n\n")[2] == (
        "Files\n"
        "  FILE  KIND  STATE   ROOM  PEOPLE\n"
        "  a.py  text  synced  open  Ann, Bo\n"
        "  b.py  text  synced"
    )


def test_a_long_list_is_cut_and_says_so(shell: Shell, status: Make) -> None:
    files = [file_json(f"f{n:02}.txt", state="held", reason="not-utf8") for n in range(25)]
    with shell.daemon({"status": {"result": status(files=files)}}):
        lines = shell.rtcd("status").out.splitlines()
    assert lines[-4:-2] == ["  f19.txt  held   not UTF-8 text", "  and 5 more: rtcd status --json"]


def test_json_is_the_daemons_document_and_nothing_else(shell: Shell, status: Make) -> None:
    answer = busy(status)
    with shell.daemon({"status": {"result": answer}}):
        done = shell.rtcd("status", "--json")
    assert (done.json, done.err, done.code) == (answer, "", 0)


def test_check_tells_by_its_exit_code(shell: Shell, status: Make) -> None:
    held = [file_json("a", state="held", reason="not-utf8")]
    for fields, code in (
        ({}, 0),
        ({"files": held}, 0),
        ({"conflicts": 1}, 1),
        ({"state": "syncing"}, 1),
        ({"state": "offline"}, 1),
        ({"state": "halted"}, 1),
    ):
        with shell.daemon({"status": {"result": status(**fields)}}):
            assert shell.rtcd("status", "--check").code == code, fields


def test_without_a_daemon_it_says_how_to_start_one(shell: Shell) -> None:
    done = shell.rtcd("status")
    assert (done.out, done.err, done.code) == (
        "",
        "Error: no daemon runs for this folder.\nHint: Run `rtcd start` to share the folder.\n",
        3,
    )


def test_without_a_daemon_json_is_an_error_document(shell: Shell) -> None:
    done = shell.rtcd("status", "--json")
    assert (done.json, done.err, done.code) == (
        {
            "error": {
                "code": "no-daemon",
                "message": "no daemon runs for this folder",
                "hint": "Run `rtcd start` to share the folder.",
            }
        },
        "",
        3,
    )


def test_nothing_in_a_name_acts_on_the_terminal(shell: Shell, status: Make) -> None:
    """Fault 68: a file, a person or a server with escapes, carriage returns and reordering."""
    evil = "\x1b[31mred\x1b]0;title\x07\r\u202egnp.\u2066x\u200b\x9b"
    answer = status(
        project=evil,
        state=evil,
        server={"url": evil, "mode": evil, "connected": True, "software": evil},
        files=[
            file_json(evil, state="held", reason=evil, people=[evil]),
            file_json("b", state=evil),
        ],
        people=[{"name": evil, "client": evil, "path": evil}],
        problems=[{"path": evil, "code": evil, "message": evil, "hint": evil}],
        conflicts=1,
    )
    with shell.daemon({"status": {"result": answer}}):
        for arguments in (["status", "--all"], ["status", "--json"], ["stop"], ["resume"]):
            done = shell.rtcd(*arguments)
            for character in set(evil) - set("[31mred]0;title gnp.x"):
                assert character not in done.out + done.err, (arguments, character)


def test_watch_in_a_pipe_prints_a_line_for_each_change(shell: Shell, status: Make) -> None:
    answers = [
        {"result": status(seq=1)},
        {"result": status(seq=1)},
        {"result": status(seq=2, state="syncing", files=[file_json("a", state="sending")])},
        {"error": {"code": "no-daemon", "message": "the daemon ends", "exit_code": 3}},
    ]
    with shell.daemon({"status": answers}) as daemon:
        done = shell.rtcd("status", "--watch")
    assert [line.split("  ", 1)[1] for line in done.out.splitlines()] == [
        "synced  files=0  sending=0  receiving=0  held=0  conflicts=0  people=0",
        "syncing  files=1  sending=1  receiving=0  held=0  conflicts=0  people=0",
    ]
    assert (done.err, done.code) == ("Error: the daemon ends.\n", 3)
    assert daemon.asked == [
        ("status", {}),
        ("status", {"since": 1, "timeout": 20.0}),
        ("status", {"since": 1, "timeout": 20.0}),
        ("status", {"since": 2, "timeout": 20.0}),
    ]


def test_watch_json_is_one_document_a_line(shell: Shell, status: Make) -> None:
    end = {"error": {"code": "no-daemon", "message": "the daemon ends", "exit_code": 3}}
    answers = [{"result": status(seq=1)}, {"result": status(seq=2)}, end]
    with shell.daemon({"status": answers}):
        done = shell.rtcd("status", "--watch", "--json")
    lines = done.out.splitlines()
    assert [json.loads(line)["seq"] for line in lines[:2]] == [1, 2]
    assert json.loads("".join(lines[2:]))["error"]["code"] == "no-daemon"


def on_a_terminal(shell: Shell, *arguments: str, **environment: str) -> str:
    """What a terminal of 80 columns gets; the program is interrupted when it has drawn itself."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        shell.command(*arguments),
        cwd=shell.project,
        env=shell.environment | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    seen, interrupted = b"", False
    while select.select([main], [], [], 20)[0]:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if b"Ctrl-C" in seen and not interrupted:
            process.send_signal(signal.SIGINT)
            interrupted = True
    assert process.wait(10) in (0, 130)
    os.close(main)
    return seen.decode()


def test_a_terminal_gets_colours_and_no_color_is_honoured(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": busy(status)}}):
        assert "\x1b[1;33mSyncing" in on_a_terminal(shell, "status")
        plain = on_a_terminal(shell, "status", NO_COLOR="1")
    assert "Syncing" in plain
    assert "\x1b[1;33m" not in plain
    assert "\x1b[33m" not in plain


def test_no_line_is_wider_than_the_terminal(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": busy(status)}}):
        plain = on_a_terminal(shell, "status", NO_COLOR="1", TERM="dumb")
    assert max(len(line) for line in plain.splitlines()) <= 80


def test_watch_on_a_terminal_draws_until_interrupted(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": status()}}):
        seen = on_a_terminal(shell, "status", "--watch")
    assert "In sync" in seen
    assert "\x1b[?25h" in seen, "the cursor is shown again"
