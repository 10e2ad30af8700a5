"""``rtcd conflicts``: list, show, resolve, reopen."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from cli.conftest import Shell
from rtcd.conflict import Conflict, Side
from rtcd.daemon import handover
from rtcd.history.history import History

NOON = 1769860800.0
TEXT = Conflict(
    "k3f9ab",
    "a.py",
    None,
    "same-line",
    NOON,
    Side("local editor", "one\nTWO and more\nthree\n"),
    Side("Ann (JupyterLab)", "one\ntwo\nTHREE\n"),
    "one\ntwo\nthree\n",
    "one\nTWO and more\nTHREE\n",
)
CELL = Conflict(
    "kaaaaa",
    "deep/b.ipynb",
    "8f2c",
    "delete-edit",
    NOON - 100_000,
    Side("vim", ""),
    Side("张伟 (JupyterLab)", "x = 2"),
    "x = 1",
    "x = 2",
)
RESOLVED = Conflict(
    "zzzzzz",
    "c.txt",
    None,
    "stale-save",
    NOON - 200_000,
    Side("git", "g"),
    Side("Ann", "s"),
    "b",
    "s",
    why="The save has a part of the newer changes and lacks others; all are kept.",
)


@pytest.fixture
def recorded(shell: Shell) -> Shell:
    shell.places.make()
    history = History.open(shell.places.database)
    for conflict in (TEXT, CELL, RESOLVED):
        history.add_conflict(conflict)
    history.set_conflict_status("zzzzzz", "resolved", "kept disk")
    history.close()
    return shell


def without_age(text: str) -> str:
    """The last column of the list is relative to now."""
    days = int((time.time() - NOON) // 86_400)
    for shift in (0, 1, 2, 3):
        text = text.replace(f"{days + shift} days ago", "DAYS")
    return text


def test_open_conflicts_are_listed_newest_first_without_a_daemon(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts")
    assert (without_age(done.out), done.err, done.code) == (
        """\
! 2 open conflicts in PROJECT

  ID      WHERE                    WHAT HAPPENED                      ON DISK / SHARED                 WHEN
  k3f9ab  a.py                     both changed the same line         local editor / Ann (JupyterLab)  DAYS
  kaaaaa  deep/b.ipynb, cell 8f2c  one deleted what the other edited  vim / 张伟 (JupyterLab)          DAYS

The merged text is live for everybody; nothing is lost.
Next: rtcd conflicts show k3f9ab  see both sides
""",
        "",
        0,
    )


def test_all_lists_resolved_ones_too(recorded: Shell) -> None:
    lines = without_age(recorded.rtcd("conflicts", "--all").out).splitlines()
    assert lines[0] == "! 2 open conflicts in PROJECT (1 resolved)"
    assert "zzzzzz" in lines[5]
    assert "resolved: kept disk" in lines[5]


def test_json_is_the_promised_document(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts", "--json")
    assert (done.err, done.code) == ("", 0)
    document = done.json
    assert document["schema"] == 1
    assert [item["id"] for item in document["conflicts"]] == ["k3f9ab", "kaaaaa"]
    assert document["conflicts"][0] == {
        "id": "k3f9ab",
        "path": "a.py",
        "cell": None,
        "reason": "same-line",
        "why": "Both changed one line of the text they started from; both edits are in it.",
        "created": "2026-01-31T12:00:00Z",
        "status": "open",
        "disk": {"by": "local editor", "text": "one\nTWO and more\nthree\n"},
        "shared": {"by": "Ann (JupyterLab)", "text": "one\ntwo\nTHREE\n"},
        "base": {"text": "one\ntwo\nthree\n"},
        "merged": {"text": "one\nTWO and more\nTHREE\n"},
    }


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_folder_without_history_has_no_conflicts(shell: Shell, arguments: tuple[str]) -> None:
    done = shell.rtcd("conflicts", *arguments)
    if arguments:
        assert done.json == {"schema": 1, "conflicts": []}
    else:
        assert done.out == "✓ No conflicts in PROJECT\n"
    assert (done.err, done.code) == ("", 0)


def test_show_marks_the_words_of_both_sides(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts", "show", "k3")
    assert (done.out, done.err, done.code) == (
        """\
Conflict k3f9ab in a.py
2026-01-31 12:00:00, both changed the same line
Both changed one line of the text they started from; both edits are in it.

On disk: local editor
  one
  [-two-]
  {+TWO and more+}
  three

Shared: Ann (JupyterLab)
  one
  two
  [-three-]
  {+THREE+}

Now, for everybody: merged
  one
  [-two-]
  {+TWO and more+}
  [-three-]
  {+THREE+}

Next: rtcd conflicts resolve k3f9ab --keep merged  or --keep disk, --keep shared, --tool vimdiff
""",
        "",
        0,
    )


def test_show_names_the_cell_and_a_deletion(recorded: Shell) -> None:
    lines = recorded.rtcd("conflicts", "show", "kaaaaa").out.splitlines()
    assert lines[0] == "Conflict kaaaaa in deep/b.ipynb, cell 8f2c"
    assert lines[4:9] == [
        "On disk: vim",
        "  deleted",
        "",
        "Shared: 张伟 (JupyterLab)",
        "  x = [-1-]{+2+}",
    ]


def test_show_json_holds_the_whole_texts(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts", "show", "zzzzzz", "--json")
    assert done.json == {
        "schema": 1,
        "id": "zzzzzz",
        "path": "c.txt",
        "cell": None,
        "reason": "stale-save",
        "why": "The save has a part of the newer changes and lacks others; all are kept.",
        "created": "2026-01-29T04:26:40Z",
        "status": "resolved",
        "disk": {"by": "git", "text": "g"},
        "shared": {"by": "Ann", "text": "s"},
        "base": {"text": "b"},
        "merged": {"text": "s"},
        "resolution": "kept disk",
    }


def test_nothing_in_a_conflict_acts_on_the_terminal(shell: Shell) -> None:
    """Fault 68, in text, name, path, cell and reason."""
    evil = "a\x1b[2J\r\u202eb\x9b\x07"
    shell.places.make()
    history = History.open(shell.places.database)
    history.add_conflict(
        Conflict("evil22", evil, evil, evil, NOON, Side(evil, evil), Side(evil, evil), "", evil)
    )
    history.set_conflict_status("evil22", "resolved", evil)
    history.close()
    for arguments in (["--all"], ["show", "evil22"], ["--all", "--json"]):
        done = shell.rtcd("conflicts", *arguments)
        assert done.code == 0
        for character in "\x1b\r\u202e\x9b\x07":
            assert character not in done.out, (arguments, character)


def test_an_id_that_fits_several_or_none_is_told(recorded: Shell) -> None:
    several = recorded.rtcd("conflicts", "show", "k")
    assert (several.err, several.code) == (
        "Error: several conflicts begin with 'k': k3f9ab, kaaaaa.\nHint: Type more of the id.\n",
        1,
    )
    none = recorded.rtcd("conflicts", "show", "nope")
    assert (none.err, none.code) == (
        "Error: there is no conflict 'nope' in PROJECT.\n"
        "Hint: `rtcd conflicts --all` lists all of them.\n",
        1,
    )


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        ("disk", "has what was saved on disk now, for everybody"),
        ("shared", "has the shared side now, for everybody"),
        ("merged", "stays as it is, for everybody"),
    ],
)
def test_resolve_sends_the_decision(recorded: Shell, keep: str, words: str) -> None:
    with recorded.daemon({"resolve": {"result": None}}) as daemon:
        done = recorded.rtcd("conflicts", "resolve", "k3", "--keep", keep)
    assert daemon.asked == [("resolve", {"id": "k3f9ab", "keep": keep})]
    assert (done.out, done.err, done.code) == (
        f"✓ Conflict k3f9ab is settled: a.py {words}\n"
        f"Next: rtcd conflicts show {CELL.id}  1 still open\n",
        "",
        0,
    )


def test_resolving_needs_a_daemon_and_a_decision(recorded: Shell) -> None:
    assert recorded.rtcd("conflicts", "resolve", "k3", "--keep", "disk").code == 3
    undecided = recorded.rtcd("conflicts", "resolve", "k3")
    assert (undecided.err, undecided.code) == (
        "Error: say what to keep.\n"
        "Hint: Use --keep disk, --keep shared, --keep merged, or --tool.\n",
        2,
    )
    assert recorded.rtcd("conflicts", "resolve", "k3", "--keep", "disk", "--tool", "x").code == 2


def test_all_open_conflicts_are_resolved_at_once_oldest_first(recorded: Shell) -> None:
    with recorded.daemon({"resolve": {"result": None}}) as daemon:
        done = recorded.rtcd("conflicts", "resolve", "--all", "--keep", "merged")
    ids = [CELL.id, TEXT.id]
    assert daemon.asked == [("resolve", {"id": one, "keep": "merged"}) for one in ids]
    assert (done.out, done.err, done.code) == (
        f"✓ 2 conflicts settled: what stood stays ({' '.join(ids)})\n"
        "Next: rtcd conflicts --all  see them again; `reopen ID` to decide again\n",
        "",
        0,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--keep", "disk"),
        ("k3", "--all", "--keep", "disk"),
        ("--all",),
        ("--all", "--tool", "meld"),
    ],
)
def test_all_and_an_id_and_a_tool_do_not_go_together(recorded: Shell, words: list[str]) -> None:
    assert recorded.rtcd("conflicts", "resolve", *words).code == 2


def test_show_with_the_id_of_a_conflict_shows_the_conflict(recorded: Shell) -> None:
    page = recorded.rtcd("conflicts", "show", "k3f9ab")
    assert "Conflict k3f9ab in a.py" in page.out
    assert recorded.rtcd("show", "k3f9ab") == page
    # A file of that name comes first, and then it is a version that is missing.
    (recorded.project / "k3f9ab").write_text("x")
    assert recorded.rtcd("show", "k3f9ab").err == (
        "Error: 'k3f9ab' names no version.\n"
        "Hint: Write k3f9ab@V; `rtcd history k3f9ab` lists the numbers.\n"
    )


def test_resolving_all_of_nothing_is_fine(shell: Shell) -> None:
    done = shell.rtcd("conflicts", "resolve", "--all", "--keep", "merged")
    assert (done.out, done.code) == ("✓ There is no open conflict.\n", 0)


def test_reopen_asks_the_daemon(recorded: Shell) -> None:
    with recorded.daemon({"reopen": {"result": None}}) as daemon:
        done = recorded.rtcd("conflicts", "reopen", "zzzzzz", "--json")
    assert daemon.asked == [("reopen", {"id": "zzzzzz"})]
    assert (done.json, done.code) == ({"schema": 1, "id": "zzzzzz", "path": "c.txt"}, 0)


def tool(shell: Shell, body: str) -> str:
    """A merge tool: a program that gets all four files."""
    script = shell.project.parent / "tool.py"
    script.write_text("import sys\nbase, disk, shared, merged = sys.argv[1:]\n" + body)
    return f"{sys.executable} {script} {{base}} {{disk}} {{shared}} {{merged}}"


def test_a_tools_result_reaches_the_daemon(recorded: Shell) -> None:
    """Also when it is longer than a request may be."""
    command = tool(
        recorded,
        "sides = [open(name, newline='').read() for name in (base, disk, shared, merged)]\n"
        "open(merged, 'w', newline='').write(''.join(sides) * 1000 + 'é\\r\\n')\n",
    )
    with recorded.daemon({"resolve": {"result": None}}) as daemon:
        done = recorded.rtcd("conflicts", "resolve", "k3", "--tool", command, "--json")
    name = daemon.asked[0][1].pop("text")
    assert daemon.asked == [("resolve", {"id": "k3f9ab", "keep": "merged"})]
    assert name.startswith("handover-")
    assert (done.err, done.code) == ("", 0)
    assert list(recorded.places.recovery.iterdir()) == [], "nothing stays behind"


def test_a_tool_works_in_a_private_folder_that_is_gone_afterwards(recorded: Shell) -> None:
    seen = recorded.project.parent / "seen"
    command = tool(
        recorded,
        "import os, pathlib\n"
        f"pathlib.Path({str(seen)!r}).write_text(os.path.dirname(merged) + ' '"
        " + oct(os.stat(os.path.dirname(merged)).st_mode & 0o777)\n"
        " + ' ' + ' '.join(os.path.basename(n) for n in sys.argv[1:]))\n"
        "sys.exit(3)\n",
    )
    done = recorded.rtcd("conflicts", "resolve", "k3", "--tool", command)
    assert (done.err, done.code) == (
        "Error: the tool ended with exit code 3, so the conflict stays open.\n"
        "Hint: Save and leave the tool normally when the merge is good.\n",
        1,
    )
    folder, mode, *names = seen.read_text().split()
    assert (mode, names) == ("0o700", ["a.base.py", "a.disk.py", "a.shared.py", "a.merged.py"])
    assert not Path(folder).exists()


def test_a_tool_that_changed_nothing_resolves_nothing(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts", "resolve", "k3", "--tool", tool(recorded, ""))
    assert (done.err, done.code) == (
        "Error: the tool changed nothing, so the conflict stays open.\n"
        "Hint: `rtcd conflicts resolve k3f9ab --keep merged` accepts what stands.\n",
        1,
    )


def test_a_missing_tool_is_told(recorded: Shell) -> None:
    done = recorded.rtcd("conflicts", "resolve", "k3", "--tool", "no-such-tool")
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        "Error: the tool 'no-such-tool' cannot be started: No such file or directory.",
    )


def test_the_options_may_stand_before_the_command(recorded: Shell) -> None:
    for arguments in (
        ("conflicts", "--json", "show", "k3"),
        ("conflicts", "show", "--json", "k3"),
        ("-C", ".", "conflicts", "show", "k3", "--json"),
        ("conflicts", "-C", ".", "show", "k3", "--json"),
    ):
        assert recorded.rtcd(*arguments).json["id"] == "k3f9ab", arguments
    listed = recorded.rtcd("conflicts", str(recorded.project), "--json", cwd=Path("/"))
    assert len(listed.json["conflicts"]) == 2


def test_the_handover_is_what_the_daemon_takes(recorded: Shell) -> None:
    name = handover.put(recorded.places, b"text")
    assert handover.take(recorded.places, name) == b"text"
