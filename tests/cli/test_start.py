"""``rtcd start`` and ``rtcd stop``: the daemon as a process, its token, its words."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Result, Shell, file_json
from rtcd.daemon.lock import is_held
from rtcd.daemon.supervisor_mark import SupervisorMark
from rtcd_cli.spawned_daemon import DAEMON_COMMAND

Make = Callable[..., dict[str, Any]]


class Daemon:
    """Scripts the daemon that ``rtcd start`` starts, and reads what it was told."""

    def __init__(self, shell: Shell, folder: Path, status: dict[str, Any]) -> None:
        self.shell = shell
        self.script_file = folder / "script.json"
        self.log_file = folder / "asked.jsonl"
        self.script: dict[str, Any] = {
            "progress": ["Reading 3 files", "Comparing"],
            "ready": {
                "schema": 1,
                "project": str(shell.project),
                "pid": 0,
                "server": {
                    "url": "http://127.0.0.1:8888/",
                    "mode": "embedded",
                    "token_file": str(shell.places.token_file),
                    "lab_url": "http://127.0.0.1:8888/lab",
                    "connected": True,
                },
                "files_shared": 42,
                "left_out": [
                    {"reason": "may hold a secret", "count": 2, "example": ".env"},
                    {"reason": "larger than 50 MiB", "count": 1, "example": "data\x1b[m.csv"},
                ],
            },
            "answers": {
                "status": {"result": status},
                "wait": {"result": {"done": True, "pending": []}},
                "stop": {"result": {"pending": []}},
            },
        }

    def start(self, *arguments: str, **environment: str) -> Result:
        self.script_file.write_text(json.dumps(self.script))
        whole = self.environment | environment
        return self.shell.rtcd("start", *arguments, fake_daemon=True, **whole)

    @property
    def environment(self) -> dict[str, str]:
        return {"RTCD_FAKE_SCRIPT": str(self.script_file), "RTCD_FAKE_LOG": str(self.log_file)}

    @property
    def told(self) -> list[Any]:
        """What it was told at its start: its settings, its argv, its environment."""
        first = json.loads(self.log_file.read_text().splitlines()[0])
        assert first[0] == "settings"
        return list(first[1:])

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.told[0])


@pytest.fixture
def daemon(shell: Shell, tmp_path: Path, status: Make) -> Iterator[Daemon]:
    daemon = Daemon(shell, tmp_path, status(project=str(shell.project)))
    yield daemon
    shell.rtcd("stop")


def without_pid(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(
        line[: line.index("process ")] + "process PID\n" if "process " in line else line
        for line in lines
    )


def test_start_prints_the_address_what_is_shared_and_what_is_not(daemon: Daemon) -> None:
    done = daemon.start()
    assert (without_pid(done.out), done.err, done.code) == (
        """\
✓ Sharing PROJECT

  JupyterLab  http://127.0.0.1:8888/lab
  Server      started by rtcd
  Files       42 shared
  Daemon      process PID

! 3 files left out; bytes untouched
  COUNT  WHY                 FOR EXAMPLE
  2      may hold a secret   .env
  1      larger than 50 MiB  data\\x1b[m.csv

Next: rtcd open  JupyterLab in your browser, logged in
""",
        "",
        0,
    )


def test_start_says_that_the_host_is_away_and_that_nothing_is_lost(daemon: Daemon) -> None:
    daemon.script["ready"]["server"] |= {"mode": "remote", "connected": False}
    daemon.script["ready"]["left_out"] = []
    out = daemon.start().out.splitlines()
    assert out[-4:] == [
        "! Offline: the server does not answer.",
        "  Go on editing: what you save waits here, and is merged by itself when it is back.",
        "",
        "Next: rtcd status  what is going on",
    ]


def test_the_daemon_lives_on_in_a_session_of_its_own(daemon: Daemon) -> None:
    pid = daemon.start("--json").json["pid"]
    assert os.getsid(pid) == pid != os.getsid(0)
    assert daemon.shell.rtcd("status", "--json").code == 0


def test_start_json_is_the_ready_document(daemon: Daemon) -> None:
    done = daemon.start("--json")
    document = done.json
    assert document.pop("pid") > 0
    expected = json.loads(
        json.dumps(daemon.script["ready"])
        .replace(str(daemon.shell.places.state), "STATE")
        .replace(str(daemon.shell.project), "PROJECT")
    )
    del expected["pid"]
    assert (document, done.err, done.code) == (expected, "", 0)


def test_a_second_start_is_no_error_and_tells_the_same_facts(daemon: Daemon, status: Make) -> None:
    held = file_json("b.ipynb", kind="notebook", state="held", reason="invalid-notebook")
    files = [file_json("a.py"), held]
    running = status(project=str(daemon.shell.project), files=files)
    daemon.script["answers"]["status"] = {"result": running}
    daemon.start()
    again = daemon.start()
    assert (without_pid(again.out), again.err, again.code) == (
        """\
✓ Already sharing PROJECT

  JupyterLab  http://127.0.0.1:8888/lab
  Server      started by rtcd
  Files       1 shared
  Daemon      process PID

! 1 file left out; bytes untouched
  COUNT  WHY                   FOR EXAMPLE
  1      not a valid notebook  b.ipynb

Next: rtcd status  what is going on
""",
        "",
        0,
    )
    document = daemon.start("--json").json
    assert (document["schema"], document["server"]["lab_url"]) == (1, "http://127.0.0.1:8888/lab")


@pytest.mark.parametrize("way", ["file", "environment", "url"])
def test_the_token_goes_through_the_pipe_and_nowhere_else(
    daemon: Daemon, way: str, tmp_path: Path
) -> None:
    token = "canary5c0ffee"
    file = tmp_path / "token"
    file.write_text(token + "\n")
    url = "https://hub.example.org/user/ann/"
    done = {
        "file": lambda: daemon.start("--server", url + "lab", "--token-file", str(file)),
        "environment": lambda: daemon.start("--server", url, RTCD_TOKEN=token),
        "url": lambda: daemon.start("--server", f"{url}lab?token={token}"),
    }[way]()
    settings, argv, environment = daemon.told
    assert done.code == 0
    assert (settings["server_url"], settings["token"]) == (url, token)
    assert token not in json.dumps([argv, environment])
    again = daemon.start("--json")
    assert token not in done.out + done.err + again.out
    for path in daemon.shell.places.state.rglob("*"):
        assert path.is_dir() or path.is_socket() or token not in path.read_text()


def test_the_token_file_wins_over_the_environment(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fromfile")
    where = ("--server", "https://h/", "--token-file", str(tmp_path / "token"))
    daemon.start(*where, RTCD_TOKEN="fromenvironment")
    assert daemon.settings["token"] == "fromfile"


def test_a_token_goes_over_plain_http_only_when_the_user_says_so(daemon: Daemon) -> None:
    refused = daemon.start("--server", "http://h:8888/", RTCD_TOKEN="canary")
    assert (refused.code, "in the open" in refused.err, "canary" in refused.err) == (2, True, False)
    assert not daemon.log_file.exists(), "no daemon was told anything"
    allowed = daemon.start("--server", "http://h:8888/", "--allow-http", RTCD_TOKEN="canary")
    assert (allowed.code, daemon.settings["allows_http"]) == (0, True)


def test_options_become_settings(daemon: Daemon) -> None:
    daemon.start("--name", "Änn", "--port", "9999", "--no-lan")
    assert daemon.settings == {
        "project": str(daemon.shell.project),
        "server_url": None,
        "token": None,
        "remote_path": "",
        "allows_http": False,
        "name": "Änn",
        "port": 9999,
        "lan": False,
        "direction": "both",
        "max_file_bytes": 52428800,
    }


def test_a_remote_path_loses_its_outer_slashes(daemon: Daemon) -> None:
    daemon.start("--server", "localhost:8888", "--remote-path", "/team/thesis/")
    settings = daemon.settings
    assert (settings["server_url"], settings["remote_path"]) == (
        "http://localhost:8888/",
        "team/thesis",
    )


def test_the_log_is_private_and_holds_what_the_daemon_writes(daemon: Daemon) -> None:
    daemon.start()
    log = daemon.shell.places.log_file
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.read_text() == "fake daemon: log line\n"


def test_an_error_of_the_daemon_is_ours(daemon: Daemon) -> None:
    daemon.script["error"] = {
        "code": "server-refused",
        "message": "the Jupyter server at http://h/ refused our token",
        "hint": "Pass the token with --token-file or RTCD_TOKEN.",
        "exit_code": 3,
    }
    done = daemon.start("--server", "http://h/")
    assert (done.out, done.err, done.code) == (
        "",
        "Error: the Jupyter server at http://h/ refused our token.\n"
        "Hint: Pass the token with --token-file or RTCD_TOKEN.\n",
        3,
    )
    as_json = daemon.start("--server", "http://h/", "--json")
    assert (as_json.json["error"]["code"], as_json.err, as_json.code) == ("server-refused", "", 3)


def test_a_daemon_that_dies_is_told_with_its_log(daemon: Daemon) -> None:
    daemon.script["die"] = True
    done = daemon.start()
    assert (done.out, done.err, done.code) == (
        "",
        "Error: the daemon ended before it was ready (exit code 1).\n"
        "Hint: Its log is STATE/daemon.log.\n",
        70,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--remote-path", "x"], "--remote-path needs --server"),
        (["--server", "http://h/", "--port", "80"], "--port is for a server that rtcd starts"),
        (["--server", "ftp://h/"], "the server's address is not a web address"),
        (["/"], "the root of the file system cannot be shared"),
        (["--port", "70000"], "Invalid value for '--port': 70000 is not in the range 0<=x<=65535"),
        (["--colour"], "No such option '--colour'"),
        (["nowhere"], "Invalid value for '[DIR]': Directory 'nowhere' does not exist"),
    ],
)
def test_wrong_words_exit_with_2(daemon: Daemon, arguments: list[str], message: str) -> None:
    done = daemon.start(*arguments)
    assert (done.out, done.code) == ("", 2)
    assert done.err.startswith(f"Error: {message}")
    assert done.err.count("\n") == 2
    as_json = daemon.start(*arguments, "--json")
    assert (as_json.json["error"]["code"], as_json.err, as_json.code) == ("usage", "", 2)


def test_a_home_folder_is_shared_only_by_name(daemon: Daemon) -> None:
    home = Path(daemon.shell.environment["HOME"])
    done = daemon.shell.rtcd("start", cwd=home, fake_daemon=True)
    assert (done.out, done.code) == ("", 2)
    assert done.err.startswith("Error: this is your home folder.\n")


def test_without_dir_the_nearest_shared_folder_is_meant(daemon: Daemon) -> None:
    below = daemon.shell.project / "a" / "b"
    below.mkdir(parents=True)
    daemon.start()
    assert daemon.shell.rtcd("status", "--json", cwd=below).code == 0
    assert daemon.shell.rtcd("-C", "../..", "status", "--json", cwd=below).code == 0
    assert daemon.shell.rtcd("status", str(below), "--json").code == 3


def test_start_with_dir_does_not_search_upwards(daemon: Daemon) -> None:
    daemon.shell.places.make()
    below = daemon.shell.project / "sub"
    below.mkdir()
    daemon.start("sub")
    assert daemon.settings["project"] == str(below)
    daemon.shell.rtcd("stop", "sub")


def test_a_file_of_the_project_is_never_imported(daemon: Daemon) -> None:
    """Somebody's ``json.py`` must not run because a folder is shared."""
    for name in ("json.py", "rtcd.py", "fakes.py"):
        (daemon.shell.project / name).write_text("raise SystemExit('imported')")
    done = daemon.start("--json")
    assert done.code == 0, done.err
    assert "-P" in DAEMON_COMMAND


def test_foreground_runs_attached_and_passes_signals_on(daemon: Daemon) -> None:
    daemon.script_file.write_text(json.dumps(daemon.script))
    process = subprocess.Popen(
        daemon.shell.command("start", "--foreground", fake_daemon=True),
        cwd=daemon.shell.project,
        env=daemon.shell.environment | daemon.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C stops it." in line:
            break
    assert daemon.shell.rtcd("status", "--json").code == 0
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("", "fake daemon: log line\n", 0)
    assert not daemon.shell.places.control_socket.exists()


def test_stop_ends_the_daemon(daemon: Daemon) -> None:
    daemon.start()
    assert is_held(daemon.shell.places.lock)
    done = daemon.shell.rtcd("stop")
    assert (done.out, done.err, done.code) == ("✓ Stopped sharing PROJECT\n", "", 0)
    assert not daemon.shell.places.control_socket.exists()
    assert not is_held(daemon.shell.places.lock)


def test_stop_names_what_the_server_does_not_have(daemon: Daemon) -> None:
    pending = [{"path": "a.py", "why": "the server does not answer"}]
    daemon.script["answers"]["wait"] = {"result": {"done": False, "pending": pending}}
    daemon.start()
    done = daemon.shell.rtcd("stop")
    assert (done.out, done.err, done.code) == (
        """\
✓ Stopped sharing PROJECT

! 1 change not on the server yet
  FILE  WHY
  a.py  the server does not answer

Safe on your disk; the next `rtcd start` merges it.
""",
        "",
        0,
    )


def test_stopping_nothing_is_no_error(shell: Shell) -> None:
    done = shell.rtcd("stop")
    assert (done.out, done.err, done.code) == (
        "Nothing to stop: no daemon runs for PROJECT\n",
        "",
        0,
    )
    assert shell.rtcd("stop", "--json").json == {
        "schema": 1,
        "project": "PROJECT",
        "stopped": False,
        "pending": [],
    }


@pytest.fixture
def waiting(shell: Shell) -> Iterator[int]:
    """A parent that waits an hour before it begins its daemon again; its process id."""
    shell.places.make()
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            mark = SupervisorMark.leave(shell.places.supervisor, shell.project)
            assert mark is not None
            mark.tell(time.time() + 3600)
            os.write(told, b"r")
            signal.pause()
        finally:
            os._exit(99)
    assert os.read(ready, 1) == b"r"
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    os.close(ready)
    os.close(told)


def test_stop_ends_a_daemon_that_is_about_to_begin_again(shell: Shell, waiting: int) -> None:
    done = shell.rtcd("stop", "--json")
    assert (done.code, done.json["stopped"]) == (0, True)
    assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == -signal.SIGTERM
    assert shell.rtcd("stop", "--json").json["stopped"] is False


@pytest.mark.usefixtures("waiting")
def test_status_and_doctor_tell_of_a_daemon_that_is_about_to_begin_again(shell: Shell) -> None:
    done = shell.rtcd("status")
    assert (done.code, done.out) == (3, "")
    assert "it begins again in 3" in done.err
    assert "`rtcd stop` ends it" in done.err
    checks = shell.rtcd("doctor", "--json").json["checks"]
    assert [check["outcome"] for check in checks if check["check"] == "daemon"] == ["fail"]


def test_start_does_not_wait_for_the_one_that_is_about_to_begin_again(
    daemon: Daemon, waiting: int
) -> None:
    assert daemon.start().code == 0
    assert os.waitstatus_to_exitcode(os.waitpid(waiting, 0)[1]) == -signal.SIGTERM
