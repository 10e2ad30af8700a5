"""The click group and the shared options; hands every error to ``report_error``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TextIO

import click

from rtcd import __version__
from rtcd_cli import report_error
from rtcd_cli.project_option import Call, folder_option
from rtcd_cli.spawned_daemon import DAEMON_COMMAND, SpawnedDaemon

# Where each command is. They are imported when called: `rtcd status` shall not pay for `diff`.
SECTIONS: dict[str, dict[str, str]] = {
    "Share a folder": {
        "start": "start:start",
        "open": "open:open_lab",
        "status": "status:status",
        "wait": "wait:wait",
        "stop": "stop:stop",
    },
    "Work together": {
        "share": "share:share",
        "join": "join:join",
        "peers": "peers:peers",
        "leave": "leave:leave",
        "login": "login:login",
        "logout": "login:logout",
    },
    "Notebooks as scripts": {
        "pair": "pair:pair",
        "unpair": "pair:unpair",
    },
    "See what happened": {
        "conflicts": "conflicts:conflicts",
        "history": "history:history",
        "show": "history:show_version",
        "diff": "history:diff",
    },
    "Bring something back": {
        "restore": "history:restore",
        "undo": "history:undo",
        "resume": "resume:resume",
    },
    "When something is odd": {
        "doctor": "doctor:doctor",
        "ignore-check": "ignore_check:ignore_check",
    },
}

EPILOG = """\b
A first minute:
  cd my-project
  rtcd start            share this folder, here and in the background
  rtcd open             JupyterLab in the browser, logged in
  vim analysis.py       edit as ever; everybody sees every save
  rtcd status           is everything of mine saved, and who is here?

\b
Together with a colleague on the same network:
  rtcd share                                 shows a code, good for one guest
  rtcd join 7-guitar-honey-otter thesis      on the other machine

\b
Completion of commands and options in bash (zsh and fish likewise):
  eval "$(_RTCD_COMPLETE=bash_source rtcd)"

\b
Exit codes:
  0 done   1 needs attention   2 wrong usage   3 no daemon or no server
  4 halted for safety   70 a bug in rtcd
"""


class SectionedGroup(click.Group):
    """A group whose help lists the commands by what a person wants to do."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own
    ) -> click.Context:
        """As click does; help may be printed here."""
        with _pipe_watched():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        """As click does."""
        with _pipe_watched():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the sections."""
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        for names in SECTIONS.values():
            if cmd_name in names:
                module, _, attribute = names[cmd_name].partition(":")
                command = getattr(importlib.import_module(f"rtcd_cli.{module}"), attribute)
                assert isinstance(command, click.Command)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list a section, all with the same column for the names."""
        widest = max(len(name) for name in self.list_commands(ctx))
        for section, names in SECTIONS.items():
            with formatter.section(section):
                rows = []
                for name in names:
                    command = self.get_command(ctx, name)
                    assert command is not None
                    rows.append((name.ljust(widest), command.get_short_help_str(100)))
                formatter.write_dl(rows)


@contextmanager
def _pipe_watched() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise report_error.PipeClosedError from None


@click.group(
    cls=SectionedGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@folder_option
@click.version_option(__version__, prog_name="rtcd", message="%(prog)s %(version)s")
def cli() -> None:
    """Edit the same notebooks and text files at once, from any editor and from JupyterLab.

    rtcd keeps a folder and a Jupyter server the same: each save in your editor reaches everybody
    as the smallest honest edit, and what others type reaches your files. Nothing anyone typed is
    lost, doubled or silently overruled.
    """


def run(
    arguments: Sequence[str],
    *,
    daemon_command: Sequence[str] = DAEMON_COMMAND,
    ahead: SpawnedDaemon | None = None,
) -> int:
    """Carry out one call of ``rtcd``; returns its exit code.

    ``ahead`` is a daemon that was spawned already; it ends where the call does not need it.
    """
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_a_character(stream)
    call = Call(daemon_command=daemon_command, ahead=ahead)
    with ahead or nullcontext():
        return report_error.run(
            lambda: cli.main(list(arguments), prog_name="rtcd", standalone_mode=False, obj=call),
            arguments,
        )


def _never_fail_on_a_character(stream: TextIO) -> None:
    # A name that the locale cannot write is spelled out instead of ending the program.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
