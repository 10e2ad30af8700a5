"""The command as a whole: help, version, wrong words, bugs, pipes, Ctrl-C."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from cli.conftest import Shell
from rtcd import __version__
from rtcd_cli import report_error
from rtcd_cli.commands import SECTIONS, cli, run

PROMISED = {
    "start", "open", "status", "wait", "stop", "conflicts", "history", "show", "diff", "restore",
    "undo", "resume", "doctor", "ignore-check", "pair", "unpair", "share", "join", "peers", "leave",
    "login", "logout",
}  # fmt: skip


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and command of a command, by its words."""
    context = click.Context(cli)
    waiting = [(name, cli.get_command(context, name)) for name in cli.list_commands(context)]
    while waiting:
        words, command = waiting.pop(0)
        assert command is not None
        yield words, command
        if isinstance(command, click.Group):
            waiting += [(f"{words} {name}", command.commands[name]) for name in command.commands]


def test_every_promised_command_exists_in_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(PROMISED)


@pytest.mark.parametrize(("words", "command"), list(all_commands()), ids=lambda item: str(item))
def test_every_command_and_option_is_documented(words: str, command: click.Command) -> None:
    first = (command.help or "").strip().splitlines()[0]
    assert first.endswith("."), "the first line is one sentence"
    assert len(first) <= 64, "it fits into the list of commands at 80 columns"
    assert first.split()[0].isalpha()
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (words, parameter.name)
            assert parameter.help.rstrip().endswith((".", ")")), (words, parameter.name)


@pytest.mark.parametrize("words", [words for words, _ in all_commands()])
def test_help_is_printed_within_the_width(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--help", "-h"):
        assert run([*words.split(), flag]) == 0
        seen = capsys.readouterr()
        assert seen.out.startswith(f"Usage: rtcd {words} ")
        assert seen.err == ""
        assert max(len(line) for line in seen.out.splitlines()) <= 100


def test_the_first_help_lists_every_command_once(shell: Shell) -> None:
    done = shell.rtcd("--help")
    assert (done.err, done.code) == ("", 0)
    listed = [
        line.split()[0] for line in done.out.splitlines() if line[:3].strip() and line[:2] == "  "
    ]
    for name in PROMISED:
        assert listed.count(name) == 1, name
    for section in SECTIONS:
        assert f"\n{section}:\n" in done.out


def test_version(shell: Shell) -> None:
    done = shell.rtcd("--version")
    assert (done.out, done.err, done.code) == (f"rtcd {__version__}\n", "", 0)


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["dance"], "No such command 'dance'", "Run `rtcd --help` to see how it is called."),
        (["status", "--loud"], "No such option '--loud'", "Run `rtcd status --help`"),
        (["history"], "Missing argument 'PATH'", "Run `rtcd history --help`"),
        (["-C", "nowhere", "status"], "Invalid value for '-C'", "Run `rtcd --help`"),
        (["conflicts", "shw"], "'shw' is neither a folder nor one of the commands", "Run `rtcd co"),
    ],
)
def test_wrong_words_are_one_sentence_a_hint_and_2(
    shell: Shell, arguments: list[str], error: str, hint: str
) -> None:
    done = shell.rtcd(*arguments)
    first, second = done.err.splitlines()
    assert (done.out, done.code) == ("", 2)
    assert first.startswith(f"Error: {error}")
    assert second.startswith(f"Hint: {hint}")
    as_json = shell.rtcd(*arguments, "--json")
    assert (as_json.json["error"]["code"], as_json.err, as_json.code) == ("usage", "", 2)


def test_rtcd_alone_shows_its_help(shell: Shell) -> None:
    done = shell.rtcd()
    assert (done.out, done.err, done.code) == (shell.rtcd("--help").out, "", 0)


def test_completion_knows_the_commands(shell: Shell) -> None:
    script = shell.rtcd(_RTCD_COMPLETE="bash_source")
    assert "_rtcd_completion" in script.out
    done = shell.rtcd(_RTCD_COMPLETE="bash_complete", COMP_WORDS="rtcd st", COMP_CWORD="1")
    assert done.out.split() == ["plain,start", "plain,status", "plain,stop"]


def test_a_bug_is_one_sentence_and_its_traceback_is_kept_privately(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        token = "s3cret"
        raise RuntimeError(f"a bug with {len(token)} letters")

    assert report_error.run(broken, []) == 70
    seen = capsys.readouterr()
    (file,) = (Path(os.environ["XDG_STATE_HOME"]) / "rtcd").glob("crash-*.txt")
    assert (seen.out, "".join(seen.err.split("\n"))) == (
        "",
        "Error: rtcd ran into a bug of its own (RuntimeError)."
        f"Hint: The details are in {file}; please report them.",
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "a bug with 6 letters" in file.read_text()
    assert report_error.run(broken, ["--json"]) == 70
    assert '"code": "bug"' in capsys.readouterr().out


def test_a_closed_pipe_is_quiet(shell: Shell) -> None:
    process = subprocess.Popen(
        shell.command("--help"),
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert (process.stderr.read(), process.wait(10)) == (b"", 141)


def test_ctrl_c_is_quiet_and_130(shell: Shell, status: Callable[..., dict[str, Any]]) -> None:
    answers = [{"result": status(seq=seq)} for seq in (1, 2)]
    with shell.daemon({"status": answers}):
        process = subprocess.Popen(
            shell.command("status", "--watch"),
            cwd=shell.project,
            env=shell.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (err.strip(), process.returncode) == (b"", 130)


def test_a_locale_without_our_letters_is_no_trouble(
    shell: Shell, status: Callable[..., dict[str, Any]]
) -> None:
    person = {"name": "张伟", "client": "vim", "path": None}
    with shell.daemon({"status": {"result": status(people=[person])}}):
        done = shell.rtcd_afresh("status", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert (done.err, done.code) == ("", 0)
    assert done.out.startswith("ok In sync")
    assert "\\u5f20\\u4f1f" in done.out


def test_status_imports_nothing_that_it_does_not_need(shell: Shell) -> None:
    """It is asked often, so it has to start fast."""
    loaded = subprocess.run(
        [*shell.command()[:2], "-c", "import sys, rtcd_cli.status; print(*sys.modules)"],
        env=shell.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"httpx", "asyncio", "sqlite3", "pycrdt", "rapidfuzz"} & set(loaded)
