"""``rtcd conflicts resolve --tool`` with the real vimdiff of vim and of Neovim, in a terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.conftest import Shell
from cli.test_conflicts import TEXT
from editors.terminal import Terminal
from rtcd.history.history import History

pytestmark = pytest.mark.long


@pytest.fixture
def open_conflict(shell: Shell) -> Shell:
    shell.places.make()
    history = History.open(shell.places.database)
    history.add_conflict(TEXT)
    history.close()
    return shell


@contextmanager
def resolving(shell: Shell, tool: str, program: str) -> Iterator[Terminal]:
    """The command on a terminal, with all three texts on the screen.

    What the program leaves in its fifth argument, the file in the middle, is kept as ``left``.
    """
    found = {name: shutil.which(name) for name in ("tmux", program)}
    for name, path in found.items():
        if path is None:
            pytest.skip(f"{name} is not installed")
    around = shell.project.parent / "bin"
    around.mkdir()
    script = around / program
    script.write_text(
        f'#!/bin/sh\n{found[program]} "$@"\ncode=$?\ncp "$5" {left(shell)}\nexit $code\n'
    )
    script.chmod(0o700)
    environment = {**shell.environment, "PATH": f"{around}:{os.environ['PATH']}"}
    words = [f"{key}={value}" for key, value in environment.items()]
    command = shell.command("conflicts", "resolve", TEXT.id, "--tool", tool)
    terminal = Terminal(shell.project.parent / "home", ["env", *words, *command], shell.project)
    try:
        terminal.wait_for(lambda: terminal.screen.count("one") >= 3, "three windows")
        yield terminal
    finally:
        terminal.close()


def left(shell: Shell) -> Path:
    return shell.project.parent / "left"


@pytest.mark.parametrize(("tool", "program"), [("vimdiff", "vimdiff"), ("nvimdiff", "nvim")])
def test_what_is_written_in_the_middle_window_is_the_content_for_all(
    open_conflict: Shell, tool: str, program: str
) -> None:
    with (
        open_conflict.daemon({"resolve": {"result": None}}) as daemon,
        resolving(open_conflict, tool, program) as terminal,
    ):
        # The cursor is in the middle: what stands now, the only one that can be written.
        terminal.type(":%s/TWO and more/made by hand/")
        terminal.keys("Enter")
        terminal.wait_for(lambda: "made by hand" in terminal.screen, "the new words")
        terminal.type(":wqa")
        terminal.keys("Enter")
        terminal.shows("has what you made of it, for everybody")
    ((command, arguments),) = daemon.asked
    assert (command, arguments["id"], arguments["keep"]) == ("resolve", TEXT.id, "merged")
    assert arguments["text"].startswith("handover-")
    assert left(open_conflict).read_text() == "one\nmade by hand\nTHREE\n"


@pytest.mark.parametrize(
    ("keys", "told"),
    [(":cq", "the conflict stays open"), (":qa", "the tool changed nothing")],
    ids=["left with an error", "left as it was"],
)
def test_vimdiff_that_is_left_without_a_merge_settles_nothing(
    open_conflict: Shell, keys: str, told: str
) -> None:
    with (
        open_conflict.daemon({"resolve": {"result": None}}) as daemon,
        resolving(open_conflict, "vimdiff", "vimdiff") as terminal,
    ):
        terminal.type(keys)
        terminal.keys("Enter")
        terminal.shows(told)
    assert daemon.asked == []
