"""Which project a command is about, and which file in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from rtcd.daemon.control_client import ask
from rtcd.daemon.status import StatusReport
from rtcd.daemon.supervisor_mark import Supervisor
from rtcd.errors import NoDaemonError, UsageError
from rtcd.places import INSIDE, Places, find_project
from rtcd.project_path import ProjectPath
from rtcd_cli.spawned_daemon import DAEMON_COMMAND, SpawnedDaemon

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(slots=True)
class Call:
    """What the whole call of ``rtcd`` knows.

    The folder of ``rtcd -C DIR``, the daemon's argv, and the daemon that was spawned ahead, if any.
    """

    folder: Path | None = None
    daemon_command: Sequence[str] = field(default=DAEMON_COMMAND)
    ahead: SpawnedDaemon | None = None

    def spawned(self) -> SpawnedDaemon:
        """A daemon that waits for its settings: the one spawned ahead, else a new one."""
        return self.ahead or SpawnedDaemon(self.daemon_command)


def folder_option(function: F) -> F:
    """Add ``-C DIR``; the function finds the folder in the click context's ``Call``."""

    def remember(context: click.Context, _: click.Parameter, value: Path | None) -> None:
        if value is not None:
            context.ensure_object(Call).folder = value

    return click.option(
        "-C",
        metavar="DIR",
        type=FOLDER,
        expose_value=False,
        callback=remember,
        help="The project folder; else the nearest one at or above the current folder.",
    )(function)


def directory_argument(function: F) -> F:
    """Add the argument ``DIR`` and the option ``-C DIR``."""
    argument = click.argument("directory", metavar="[DIR]", required=False, type=FOLDER)
    return folder_option(argument(function))


def json_option(function: F) -> F:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(function)


def chosen_places(directory: Path | None = None) -> Places:
    """The places of the project: ``DIR``, else ``-C DIR``, else the nearest ``.rtcd/`` upwards."""
    chosen = directory or click.get_current_context().ensure_object(Call).folder
    return Places.of(chosen if chosen is not None else find_project(Path.cwd()))


def split_directory(words: Sequence[str]) -> tuple[Places, list[ProjectPath]]:
    """``[DIR] [PATH...]``: a first word that is a shared folder of its own is the project."""
    if words and (Path(words[0]) / INSIDE).is_dir():
        places = Places.of(Path(words[0]))
        return places, [project_path(places, word, base=places.project) for word in words[1:]]
    places = chosen_places()
    return places, [project_path(places, word) for word in words]


def project_path(places: Places, word: str, *, base: Path | None = None) -> ProjectPath:
    """A file as it was typed, as a path inside the project.

    Relative to the current folder, or to ``-C DIR``, as git does it. Only the folder part is
    freed of links, so that a link itself can be asked about.

    Raises:
        UsageError: it lies outside the project, or is the project itself.
    """
    start = base or click.get_current_context().ensure_object(Call).folder or Path.cwd()
    typed = Path(os.path.normpath(start.resolve() / word))
    real = typed.parent.resolve() / typed.name
    if not real.is_relative_to(places.project) or real == places.project:
        raise UsageError(
            f"{word!r} does not name a file inside {places.project}",
            hint="Name a file of the project; `-C DIR` chooses another project.",
        )
    return ProjectPath.parse(real.relative_to(places.project).as_posix())


def ask_status(places: Places, **arguments: Any) -> StatusReport:  # noqa: ANN401 - JSON values
    """The daemon's status now, or with ``since`` and ``timeout`` when something happened.

    Raises:
        NoDaemonError: none runs.
    """
    wait = float(arguments.get("timeout") or 0.0)
    try:
        said = ask(places.control_socket, "status", arguments, timeout=wait + 30.0)
    except NoDaemonError:
        supervisor = Supervisor.find(places.supervisor)
        if supervisor is None or not supervisor.waits:
            raise
        raise NoDaemonError(
            f"the daemon was ended by a bug; it begins again in {supervisor.seconds:.0f} s",
            hint="`rtcd start` begins it now, `rtcd stop` ends it; `rtcd doctor` names its log.",
        ) from None
    return StatusReport.from_json(said)
