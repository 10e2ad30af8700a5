"""``rtcd wait``, ``resume``, ``open``, ``ignore-check``, ``doctor``."""

from __future__ import annotations

import fcntl
import stat
from collections.abc import Callable
from typing import Any

import pytest

from cli.conftest import Shell

Make = Callable[..., dict[str, Any]]
PENDING = [{"path": f"{name}.py", "why": "not saved by the server"} for name in "abcd"]


def test_wait_is_silent_when_everything_has_arrived(shell: Shell) -> None:
    with shell.daemon({"wait": {"result": {"done": True, "pending": []}}}) as daemon:
        done = shell.rtcd("wait", "--timeout", "5", "a.py", "./sub/../b.py")
        as_json = shell.rtcd("wait", "--json")
    assert (done.out, done.err, done.code) == ("", "", 0)
    assert as_json.json == {"schema": 1, "project": "PROJECT", "pending": []}
    assert daemon.asked == [
        ("wait", {"paths": ["a.py", "b.py"], "timeout": 5.0}),
        ("wait", {"paths": [], "timeout": None}),
    ]


def test_wait_names_what_is_pending_and_why(shell: Shell) -> None:
    with shell.daemon({"wait": {"result": {"done": False, "pending": PENDING}}}):
        done = shell.rtcd("wait", "--timeout", "0.5")
        as_json = shell.rtcd("wait", "--timeout", "0.5", "--json")
    why = "not saved by the server"
    assert (done.out, done.err, done.code) == (
        "",
        f"Error: still on its way after 0.5 s: a.py ({why}), b.py ({why}), c.py ({why}) and 1 more.\n"
        "Hint: Run `rtcd status` to see the connection, or wait with a longer --timeout.\n",
        1,
    )
    assert (as_json.json["error"]["code"], as_json.err, as_json.code) == ("pending", "", 1)


def test_wait_without_a_time_asks_until_all_is_done(shell: Shell) -> None:
    answers = [
        {"result": {"done": False, "pending": PENDING}},
        {"result": {"done": True, "pending": []}},
    ]
    with shell.daemon({"wait": answers}) as daemon:
        assert shell.rtcd("wait").code == 0
    assert len(daemon.asked) == 2


def test_wait_takes_a_shared_folder_for_the_project_and_others_for_paths(shell: Shell) -> None:
    (shell.project / "sub").mkdir()
    with shell.daemon({"wait": {"result": {"pending": []}}}) as daemon:
        shell.rtcd("wait", "project", "sub", cwd=shell.project.parent)
        shell.rtcd("wait", "sub")
        shell.rtcd("wait", "..", cwd=shell.project / "sub")
    assert [arguments["paths"] for _, arguments in daemon.asked] == [["sub"], ["sub"], []]


def test_resume_tells_why_it_halted_and_how_to_go_on(shell: Shell, status: Make) -> None:
    problem = {
        "path": None,
        "code": "mass-deletion",
        "message": "40 of 42 files were deleted at once",
        "hint": "",
    }
    with shell.daemon({"status": {"result": status(state="halted", problems=[problem])}}):
        done = shell.rtcd("resume")
        as_json = shell.rtcd("resume", "--json")
    assert (done.out, done.err, done.code) == (
        "",
        "Error: 40 of 42 files were deleted at once.\n"
        "Hint: `rtcd resume --restore` puts the files back, `rtcd resume --apply` lets it happen"
        " for everybody.\n",
        4,
    )
    assert (as_json.json["error"]["code"], as_json.code) == ("halted", 4)


@pytest.mark.parametrize(
    ("mode", "words"), [("apply", "deleted for everybody"), ("restore", "put back")]
)
def test_resume_carries_the_decision_out(shell: Shell, status: Make, mode: str, words: str) -> None:
    answers = {
        "status": {"result": status(state="halted", project=str(shell.project))},
        "resume": {"result": {"mode": mode, "files": ["a", "b"]}},
    }
    with shell.daemon(answers) as daemon:
        done = shell.rtcd("resume", f"--{mode}")
    assert daemon.asked[-1] == ("resume", {"mode": mode})
    assert (done.out, done.err, done.code) == (
        f"✓ 2 files {words}; rtcd goes on with PROJECT\n",
        "",
        0,
    )


def test_resume_without_a_halt_does_nothing(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": status()}}) as daemon:
        done = shell.rtcd("resume", "--apply")
    assert (done.out, done.code) == ("Nothing is halted.\n", 0)
    assert [name for name, _ in daemon.asked] == ["status"]
    assert shell.rtcd("resume", "--apply", "--restore").code == 2


def test_open_hands_the_token_over_in_a_private_page(shell: Shell, status: Make) -> None:
    browser = shell.project.parent / "browser"
    browser.write_text('#!/bin/sh\necho "$@" > "$0.argv"\n')
    browser.chmod(0o755)
    with shell.daemon({"status": {"result": status()}}):
        shell.places.token_file.write_text('s3cret&"x\n')
        done = shell.rtcd("open", BROWSER=f"{browser} %s")
    page = shell.places.state / "open.html"
    assert (done.out, done.err, done.code) == (
        "✓ JupyterLab opens at http://127.0.0.1:8888/lab\n",
        "",
        0,
    )
    assert browser.with_name("browser.argv").read_text() == f"{page.as_uri()}\n"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "url=http://127.0.0.1:8888/lab?token=s3cret%26%22x" in page.read_text()


def test_open_without_a_browser_prints_where_it_is(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": status()}}):
        shell.places.token_file.write_text("s3cret")
        done = shell.rtcd("open")
        as_json = shell.rtcd("open", "--json")
    assert (done.out, done.err, done.code) == (
        """\
JupyterLab is at  http://127.0.0.1:8888/lab
Logged in through file://STATE/open.html

Next: rtcd status  who is here
""",
        "",
        0,
    )
    assert as_json.json == {
        "schema": 1,
        "lab_url": "http://127.0.0.1:8888/lab",
        "file": "STATE/open.html",
        "opened": False,
    }


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a.py", None),
        ("not-yet.py", None),
        (".env", ".env may hold a secret (built-in rule `"),
        ("data/x.csv", "data/x.csv"),
        ("bad.txt", "It is held (not-utf8): "),
    ],
)
def test_ignore_check_names_the_rule(shell: Shell, path: str, why: str | None) -> None:
    (shell.project / ".gitignore").write_text("*.csv\n")
    (shell.project / "data").mkdir()
    for name in ("a.py", ".env", "data/x.csv"):
        (shell.project / name).write_text("text\n")
    (shell.project / "bad.txt").write_bytes(b"caf\xe9 cr\xe8me br\xfbl\xe9e\n")
    done = shell.rtcd("ignore-check", path)
    document = shell.rtcd("ignore-check", path, "--json").json
    assert (document["path"], document["shared"]) == (path, why is None)
    if why is None:
        assert done.out == f"✓ Shared: {path}\n"
        assert document["rule"] is None
    else:
        assert done.out == f"! Not shared: {path}\n  {document['rule']}\n"
        assert document["rule"].startswith(why)
    assert (done.err, done.code) == ("", 0)


def outcomes(shell: Shell) -> dict[str, str]:
    done = shell.rtcd("doctor", "--json")
    checks = {item["check"]: item["outcome"] for item in done.json["checks"]}
    assert done.code == int("warn" in checks.values() or "fail" in checks.values())
    return checks


def test_doctor_finds_nothing_in_a_sound_project(shell: Shell, status: Make) -> None:
    with shell.daemon({"status": {"result": status()}}):
        checks = outcomes(shell)
        done = shell.rtcd("doctor")
    assert set(checks.values()) <= {"ok", "note"}
    assert {"python", "packages", "daemon", "permissions", "swap", "locks", "disk space"} <= set(
        checks
    )
    assert done.out.splitlines()[-1] == "✓ Nothing found."
    assert list(shell.places.inside.glob("doctor-*")) == []


def test_doctor_finds_what_is_open_to_others(shell: Shell) -> None:
    shell.places.make()
    shell.places.token_file.write_text("s3cret")
    shell.places.token_file.chmod(0o644)
    done = shell.rtcd("doctor")
    assert done.code == 1
    assert "✗ permissions" in done.out
    assert "STATE/token is open to others (mode 0644)" in done.out
    assert done.out.splitlines()[-1] == "! 1 finding."


def test_doctor_tells_a_stuck_daemon_from_none(shell: Shell, status: Make) -> None:
    assert outcomes(shell)["daemon"] == "note"
    shell.places.make()
    with shell.places.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert outcomes(shell)["daemon"] == "fail"
    old = status(daemon={"pid": 1, "version": "0.0.1", "started": "2026-01-31T12:00:00Z"})
    with shell.daemon({"status": {"result": old}}):
        assert outcomes(shell)["daemon"] == "warn"


def test_doctor_finds_copies_left_behind(shell: Shell) -> None:
    shell.places.make()
    (shell.places.recovery / "a.ipynb").write_text("{}")
    (shell.places.inside / "state.db.damaged-1").write_text("")
    checks = outcomes(shell)
    assert (checks["recovery"], checks["history"]) == ("warn", "warn")
