"""``rtcd history``, ``show``, ``diff``, ``restore``, ``undo``."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from cli.conftest import Shell
from rtcd.history.history import History

MADE = {"now": 0.0}
"""When the history was made: a long run of tests must not age it."""
OLD, NEW = b"one\ntwo\n", b"one\r\n\xc3\xa9 two\r\n"


def notebook(*cells: tuple[str, str], **metadata: Any) -> bytes:
    made = [
        {
            "cell_type": "code",
            "id": id,
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for id, source in cells
    ]
    document = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1).encode() + b"\n"


@pytest.fixture
def kept(shell: Shell) -> Shell:
    """Two versions of a text, two of a notebook; the disk is one step further."""
    MADE["now"] = time.time()
    shell.places.make()
    history = History.open(shell.places.database)

    def record(path: str, data: bytes, by: str, source: str, age: float) -> None:
        history.record_version(path, data, by=by, source=source, at=MADE["now"] - age)

    record("sub/a.txt", OLD, "vim", "disk", 7300)
    record("sub/a.txt", NEW, "Ann (JupyterLab)", "room", 130)
    record("n.ipynb", notebook(("a", "1"), ("b", "2"), ("c", "3")), "vim", "disk", 100)
    record("icon@2", b"x\n", "vim", "disk", 100)
    history.close()
    (shell.project / "sub").mkdir()
    (shell.project / "sub" / "a.txt").write_bytes(NEW + b"three")
    (shell.project / "icon@2").write_bytes(b"y\n")
    return shell


def local(age: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(MADE["now"] - age))


def test_history_lists_versions_oldest_first_without_a_daemon(kept: Shell) -> None:
    done = kept.rtcd("history", "sub/a.txt")
    assert (done.out, done.err, done.code) == (
        f"""\
2 versions of sub/a.txt

  VERSION  WHEN                            HOW         SIZE  BY
  @1       {local(7300)}  2 h ago    a save      8 B   vim
  @2       {local(130)}  2 min ago  typed live  13 B  Ann (JupyterLab)

Next: rtcd diff sub/a.txt  what the last change was
""",
        "",
        0,
    )


def test_history_json_names_each_version(kept: Shell) -> None:
    document = kept.rtcd("history", "sub/a.txt", "--json").json
    first = document["versions"][0]
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(MADE["now"] - 7300)) == first.pop("at")
    assert len(first.pop("digest")) == 64
    assert first == {"version": 1, "by": "vim", "source": "disk", "size": 8}
    assert (document["schema"], document["path"]) == (1, "sub/a.txt")


def test_a_path_is_meant_from_where_one_stands(kept: Shell) -> None:
    sub = kept.project / "sub"
    for arguments, cwd in (
        (("history", "a.txt"), sub),
        (("history", "../sub/a.txt"), sub),
        (("-C", str(kept.project), "history", "sub/a.txt"), kept.project.parent),
        (("history", "-C", "project", "sub/a.txt"), kept.project.parent),
        (("history", str(sub / "a.txt")), sub),
    ):
        done = kept.rtcd(*arguments, "--json", cwd=cwd)
        assert len(done.json["versions"]) == 2, arguments


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../x", "."])
def test_a_path_outside_is_wrong_usage(kept: Shell, path: str) -> None:
    done = kept.rtcd("history", path)
    assert (done.out, done.err, done.code) == (
        "",
        f"Error: '{path}' does not name a file inside PROJECT.\n"
        "Hint: Name a file of the project; `-C DIR` chooses another project.\n",
        2,
    )


def test_no_versions_is_no_error(shell: Shell) -> None:
    done = shell.rtcd("history", "a.txt")
    assert (done.out, done.err, done.code) == ("No versions of a.txt are kept yet.\n", "", 0)
    document = shell.rtcd("history", "a.txt", "--json").json
    assert document == {"schema": 1, "path": "a.txt", "versions": []}


def test_show_gives_a_pipe_the_very_bytes(kept: Shell) -> None:
    done = subprocess.run(
        kept.command("show", "sub/a.txt@2"),
        cwd=kept.project,
        env=kept.environment,
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (NEW, b"")


def test_an_unknown_version_is_told(kept: Shell) -> None:
    done = kept.rtcd("show", "sub/a.txt@7")
    assert (done.out, done.err, done.code) == (
        "",
        "Error: there is no version 7 of sub/a.txt.\n"
        "Hint: `rtcd history sub/a.txt` lists those that are kept.\n",
        1,
    )
    for word in ("sub/a.txt", "sub/a.txt@x", "sub/a.txt@", "sub/a.txt@1..2"):
        assert kept.rtcd("show", word).code == 2, word


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("sub/a.txt", ["@2", "(on disk)", "@@ -1,2 +1,3 @@", " one", " é two", "+three", "\\"]),
        ("sub/a.txt@1", ["@1", "(on disk)", "@@ -1,2 +1,3 @@", " one", "-two", "+é two", "+three", "\\"]),
        ("sub/a.txt@1..2", ["@1", "@2", "@@ -1,2 +1,2 @@", " one", "-two", "+é two"]),
        ("sub/a.txt@2..2", []),
    ],
)  # fmt: skip
def test_diff_compares_what_is_named(kept: Shell, word: str, lines: list[str]) -> None:
    done = kept.rtcd("diff", word)
    expected = list(lines)
    if expected:
        new = expected[1] if expected[1].startswith("@") else " (on disk)"
        expected[:2] = [f"--- sub/a.txt{lines[0]}", f"+++ sub/a.txt{new}"]
        if expected[-1] == "\\":
            expected[-1] = "\\ No newline at end of file"
    assert (done.out.splitlines(), done.err, done.code) == (expected, "", 0)


def test_diff_in_words(kept: Shell) -> None:
    done = kept.rtcd("diff", "sub/a.txt@1..2", "--words")
    assert done.out.splitlines() == [
        "--- sub/a.txt@1",
        "+++ sub/a.txt@2",
        "one",
        "{+é +}two",
    ]


def test_a_file_whose_name_ends_like_a_version_is_that_file(kept: Shell) -> None:
    assert kept.rtcd("diff", "icon@2").out.splitlines()[0] == "--- icon@2@1"


def test_notebooks_are_compared_cell_by_cell(kept: Shell) -> None:
    disk = notebook(("c", "3"), ("a", "1"), ("d", "new\ncell"), language="py")
    (kept.project / "n.ipynb").write_bytes(disk.replace(b'"source": "1"', b'"source": "1 + 1"'))
    assert kept.rtcd("diff", "n.ipynb").out.splitlines() == [
        "--- n.ipynb@1",
        "+++ n.ipynb (on disk)",
        "@@ the notebook's metadata changed @@",
        "@@ cell 2 (code b) removed @@",
        "-2",
        "@@ cell 2 (code a) changed, moved, was cell 1 @@",
        "@@ -1 +1 @@",
        "-1",
        "+1 + 1",
        "@@ cell 3 (code d) added @@",
        "+new",
        "+cell",
    ]


def test_a_broken_notebook_is_compared_as_text(kept: Shell) -> None:
    (kept.project / "n.ipynb").write_bytes(b"<<<<<<< HEAD\n")
    done = kept.rtcd("diff", "n.ipynb")
    assert (done.code, done.err) == (0, "")
    assert "+<<<<<<< HEAD" in done.out.splitlines()


def test_what_made_a_version_is_told_with_what_it_was_about(kept: Shell) -> None:
    history = History.open(kept.places.database)
    for number, source in enumerate(("restore 1", "undo 2", "resolve k3f9ab", "pair", "restore")):
        data = b"%d\n" % number
        history.record_version("made.txt", data, by="Ada", source=source, at=MADE["now"])
    history.close()
    shown = kept.rtcd("history", "made.txt").out.splitlines()[3:8]
    rows = [row.split("now")[1].split("2 B")[0] for row in shown]
    assert [row.strip() for row in rows] == [
        "@1 restored",
        "@2 undone",
        "conflict k3f9ab settled",
        "paired with a script",
        "restored",
    ]
    versions = kept.rtcd("history", "made.txt", "--json").json["versions"]
    assert [(one["source"], one.get("about")) for one in versions] == [
        ("restore", "1"),
        ("undo", "2"),
        ("resolve", "k3f9ab"),
        ("pair", None),
        ("restore", None),
    ]


@pytest.mark.parametrize("command", ["restore", "undo"])
def test_changing_asks_the_daemon(kept: Shell, command: str) -> None:
    assert kept.rtcd(command, "sub/a.txt@1").code == 3
    with kept.daemon({command: {"result": {"path": "sub/a.txt", "version": 1}}}) as daemon:
        done = kept.rtcd(command, "sub/a.txt@1")
        as_json = kept.rtcd(command, "a.txt@1", "--json", cwd=kept.project / "sub")
    assert daemon.asked == [(command, {"path": "sub/a.txt", "version": 1})] * 2
    words = {"restore": "Version 1 is back", "undo": "The change of version 1 is taken back"}
    assert (done.out, done.err, done.code) == (
        f"✓ {words[command]}: sub/a.txt\nNext: rtcd diff sub/a.txt  what changed by that\n",
        "",
        0,
    )
    assert as_json.json == {"schema": 1, "path": "sub/a.txt", "version": 1, "changed": True}


def test_a_change_that_is_gone_already_is_not_said_to_be_taken_back(kept: Shell) -> None:
    nothing = {"result": {"path": "sub/a.txt", "version": 1, "changed": False}}
    with kept.daemon({"restore": nothing, "undo": nothing}):
        assert [kept.rtcd(command, "sub/a.txt@1").out for command in ("restore", "undo")] == [
            "✓ sub/a.txt is as in version 1 already\nNext: rtcd history sub/a.txt  what came later\n",
            "✓ Nothing of version 1 is left to take back: later changes are at the same words\n"
            "Next: rtcd history sub/a.txt  what came later\n",
        ]
        assert kept.rtcd("undo", "sub/a.txt@1", "--json").json["changed"] is False


def test_nothing_in_a_version_acts_on_a_pipe_through_diff(kept: Shell) -> None:
    (kept.project / "sub" / "a.txt").write_bytes("\x1b[2J\u202e\r\x9b".encode())
    out = kept.rtcd("diff", "sub/a.txt").out
    for character in "\x1b\r\u202e\x9b":
        assert character not in out
