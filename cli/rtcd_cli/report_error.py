"""The one place where an error becomes text, hint and exit code.

Exit codes: 0 done, 1 needs attention, 2 wrong usage, 3 no daemon or server, 4 halted for safety,
70 a bug in rtcd; 130 and 141 as other programs have them, for Ctrl-C and a closed pipe.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import platformdirs

from rtcd.errors import RtcdError

BUG = 70
INTERRUPTED = 130
PIPE_CLOSED = 141


class PipeClosedError(Exception):
    """Whoever read our output has stopped; click would take a ``BrokenPipeError`` for its own."""


def run(call: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Carry out a call of the command line; returns the exit code and never raises what is known.

    ``arguments`` only tells whether ``--json`` was wanted, even where they cannot be parsed.
    """
    as_json = "--json" in arguments
    try:
        code = call()
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # not in the oldest click that we take
            click.echo(error.format_message())
            return 0
        return report_usage(error, as_json=as_json)
    except click.ClickException as error:
        return report(error.format_message(), "", "error", error.exit_code, as_json=as_json)
    except RtcdError as error:
        return report(error.message, error.hint, error.code, error.exit_code, as_json=as_json)
    except (PipeClosedError, BrokenPipeError):
        return _pipe_closed()
    except Exception as error:  # noqa: BLE001 - the edge of the program
        return report_bug(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _pipe_closed() -> int:
    # Whatever read us has seen enough; the interpreter must not complain at its own last flush.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return PIPE_CLOSED


def report(message: str, hint: str, code: str, exit_code: int, *, as_json: bool) -> int:
    """Tell an error as text on standard error, or as the JSON document on standard output."""
    # What makes output pretty takes longer to load than all the rest that a command begins with.
    from rtcd_cli.output import line, safe_lines, show, show_json, stderr_console

    if as_json:
        show_json({"error": {"code": code, "message": message, "hint": hint}})
        return exit_code
    sys.stdout.flush()
    console = stderr_console()
    show(line(("Error: ", "bold red"), safe_lines(_sentence(message))), console=console)
    if hint:
        show(line(("Hint: ", "bold"), safe_lines(hint)), console=console)
    return exit_code


def report_usage(error: click.UsageError, *, as_json: bool) -> int:
    """Tell that the words of the call are wrong, and where the right ones are."""
    command = error.ctx.command_path if error.ctx else "rtcd"
    hint = f"Run `{command} --help` to see how it is called."
    return report(error.format_message(), hint, "usage", 2, as_json=as_json)


def report_bug(error: Exception, *, as_json: bool) -> int:
    """Tell a bug in one sentence; the traceback goes to a private file."""
    message = f"rtcd ran into a bug of its own ({type(error).__name__})"
    try:
        file = write_traceback(error, platformdirs.user_state_path("rtcd"))
        hint = f"The details are in {file}; please report them."
    except OSError:
        hint = "The details could not be written: " + traceback.format_exc()
    return report(message, hint, "bug", BUG, as_json=as_json)


def write_traceback(error: Exception, folder: Path) -> Path:
    """Keep a traceback (without the values of variables) in a file of mode 0600."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"crash-{time.time_ns()}.txt"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(traceback.format_exception(error)))
    return path


def _sentence(message: str) -> str:
    return message if message.endswith((".", "?", "!")) else message + "."
