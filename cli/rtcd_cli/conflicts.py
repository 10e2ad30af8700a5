"""``rtcd conflicts``: list, show, resolve, reopen."""

from __future__ import annotations

import time
from pathlib import Path

import click

from rtcd.conflict import Conflict
from rtcd.daemon import handover
from rtcd.daemon.control_client import ask
from rtcd.errors import RtcdError, UsageError
from rtcd.history.history import History
from rtcd.places import Places
from rtcd_cli.conflict_view import conflict_list, conflict_page, conflict_to_json, conflicts_to_json
from rtcd_cli.merge_tool import TOOLS, merge_with
from rtcd_cli.output import (
    line,
    mark,
    next_step,
    plural,
    safe,
    show,
    show_json,
    stdout_console,
)
from rtcd_cli.project_option import chosen_places, directory_argument, folder_option, json_option

DEFAULT = "list"
EPILOG = """\b
Examples:
  rtcd conflicts                              what was decided, newest first
  rtcd conflicts show k3f9ab                  both sides and the merged text
  rtcd conflicts resolve k3f9ab --keep disk   the disk side becomes the content for all
  rtcd conflicts resolve k3f9ab --tool meld   merge by hand
  rtcd conflicts resolve --all --keep merged  what stands is fine
"""


OUTCOMES = {
    "disk": "has what was saved on disk now, for everybody",
    "shared": "has the shared side now, for everybody",
    "merged": "stays as it is, for everybody",
    "by hand": "has what you made of it, for everybody",
}
OF_ALL = {
    "disk": "what was saved on disk stands now",
    "shared": "the shared side stands now",
    "merged": "what stood stays",
}


class DefaultsToList(click.Group):
    """A group in which ``rtcd conflicts [DIR] [OPTIONS]`` is short for its command ``list``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name first, wherever it stands among the options."""
        if args not in (["-h"], ["--help"]):
            args = self._with_command_first(args)
        return super().parse_args(ctx, args)

    def _with_command_first(self, args: list[str]) -> list[str]:
        skip = False
        for place, word in enumerate(args):
            if skip:
                skip = False
            elif word == "-C":
                skip = True
            elif not word.startswith("-"):
                if word in self.commands:
                    return [word, *args[:place], *args[place + 1 :]]
                self._check_folder(word)
                break
        return [DEFAULT, *args]

    def _check_folder(self, word: str) -> None:
        if not Path(word).is_dir():
            raise UsageError(
                f"{word!r} is neither a folder nor one of the commands {', '.join(self.commands)}",
                hint="Run `rtcd conflicts --help` to see them.",
            )


@click.group(cls=DefaultsToList, epilog=EPILOG)
def conflicts() -> None:
    """Review what was decided where the work of two met.

    A conflict never blocks anybody: the merged text is live for everybody, the record is for
    review, and either side can be brought back byte for byte. Without a command it lists the
    open conflicts.
    """


@conflicts.command(DEFAULT)
@directory_argument
@click.option("--all", "include_resolved", is_flag=True, help="Resolved ones, too.")
@json_option
def list_conflicts(directory: Path | None, include_resolved: bool, as_json: bool) -> None:
    """List the open conflicts, newest first (the default)."""
    places = chosen_places(directory)
    found = _history(places).conflicts(include_resolved=include_resolved)
    if as_json:
        show_json(conflicts_to_json(found))
        return
    show(conflict_list(found, str(places.project), now=time.time()))


@conflicts.command("show")
@click.argument("id", metavar="ID")
@folder_option
@json_option
def show_conflict(id: str, as_json: bool) -> None:
    """Show both sides of a conflict and the merged text.

    Each is compared with the text that both started from; words that are gone and new are marked. ID may be shortened as long as only one fits.
    """
    conflict = find_conflict(chosen_places(), id)
    if as_json:
        show_json({"schema": 1, **conflict_to_json(conflict)})
        return
    show_page(conflict)


def show_page(conflict: Conflict) -> None:
    """Print the page of one conflict."""
    console = stdout_console()
    show(conflict_page(conflict, width=console.width, colour=console.color_system is not None))


@conflicts.command()
@click.argument("id", metavar="ID", required=False)
@click.option("--all", "every", is_flag=True, help="All open conflicts at once.")
@click.option(
    "--keep",
    type=click.Choice(["disk", "shared", "merged"]),
    help="Which side becomes the content for all; `merged` accepts what stands.",
)
@click.option(
    "--tool",
    metavar="T",
    help=f"Merge by hand: {', '.join(TOOLS)}, or a command with "
    "{disk} {shared} {base} {merged} for the files.",
)
@folder_option
@json_option
def resolve(id: str | None, every: bool, keep: str | None, tool: str | None, as_json: bool) -> None:
    """Make one side the content for all, or accept what stands.

    The conflict is marked resolved. Resolving is an edit like any other: it can be undone (`rtcd conflicts reopen`, `rtcd undo`).
    """
    _check_decision(id, every=every, keep=keep, tool=tool)
    places = chosen_places()
    if id is None:
        _resolve_every(places, keep or "merged", as_json=as_json)
        return
    conflict = find_conflict(places, id)
    if tool is None:
        ask(places.control_socket, "resolve", {"id": conflict.id, "keep": keep})
    else:
        _resolve_with_text(places, conflict, merge_with(tool, conflict))
    if as_json:
        show_json(_named(conflict))
        return
    outcome = OUTCOMES["by hand" if tool is not None else keep or "merged"]
    where = (safe(conflict.path), "cyan")
    show(line(mark("ok"), f" Conflict {conflict.id} is settled: ", where, f" {outcome}"))
    left = [one for one in _history(places).conflicts() if one.id != conflict.id]
    if left:
        show(next_step(f"rtcd conflicts show {left[0].id}", f"{len(left)} still open"))
    else:
        show(next_step(f"rtcd conflicts reopen {conflict.id}", "decide again"))


def _check_decision(id: str | None, *, every: bool, keep: str | None, tool: str | None) -> None:
    if (id is None) is not every:
        raise UsageError(
            "say which conflict" if id is None else "name a conflict, or use --all",
            hint="Use an ID that `rtcd conflicts` lists, or --all.",
        )
    if keep is None and (tool is None or every):
        raise UsageError(
            "say what to keep", hint="Use --keep disk, --keep shared, --keep merged, or --tool."
        )
    if tool is not None and (every or keep not in (None, "merged")):
        raise UsageError(
            "--tool makes a merged text of one conflict"
            if every
            else f"--tool makes a merged text, and --keep {keep} does not want it",
            hint="Use one of them.",
        )


def _resolve_every(places: Places, keep: str, *, as_json: bool) -> None:
    """Oldest first, so that of two about one place the later decision stands."""
    found = _history(places).conflicts()
    for conflict in reversed(found):
        ask(places.control_socket, "resolve", {"id": conflict.id, "keep": keep})
    if as_json:
        resolved = [{"id": one.id, "path": one.path} for one in reversed(found)]
        show_json({"schema": 1, "resolved": resolved})
        return
    if not found:
        show(line(mark("ok"), " There is no open conflict."))
        return
    ids = " ".join(one.id for one in reversed(found))
    what = f" {plural(len(found), 'conflict')} settled: {OF_ALL[keep]} "
    show(line(mark("ok"), what, (f"({ids})", "dim")))
    show(next_step("rtcd conflicts --all", "see them again; `reopen ID` to decide again"))


@conflicts.command()
@click.argument("id", metavar="ID")
@folder_option
@json_option
def reopen(id: str, as_json: bool) -> None:
    """Open a resolved conflict again, for another decision."""
    places = chosen_places()
    conflict = find_conflict(places, id)
    ask(places.control_socket, "reopen", {"id": conflict.id})
    if as_json:
        show_json(_named(conflict))
        return
    where = (safe(conflict.path), "cyan")
    show(line(mark("ok"), f" Conflict {conflict.id} in ", where, " is open again"))
    show(next_step(f"rtcd conflicts show {conflict.id}", "see both sides"))


def find_conflict(places: Places, id: str) -> Conflict:
    """The conflict with that id, or the only one whose id begins so.

    Raises:
        RtcdError: there is none, or several fit.
    """
    history = _history(places)
    exact = history.conflict(id)
    if exact is not None:
        return exact
    fitting = [item for item in history.conflicts(include_resolved=True) if item.id.startswith(id)]
    if len(fitting) == 1 and id:
        return fitting[0]
    if fitting:
        named = ", ".join(item.id for item in fitting[:5])
        raise RtcdError(
            f"several conflicts begin with {id!r}: {named}",
            hint="Type more of the id.",
            code="ambiguous",
        )
    raise RtcdError(
        f"there is no conflict {id!r} in {places.project}",
        hint="`rtcd conflicts --all` lists all of them.",
        code="no-conflict",
    )


def _resolve_with_text(places: Places, conflict: Conflict, text: str) -> None:
    name = handover.put(places, text.encode())
    try:
        arguments = {"id": conflict.id, "keep": "merged", "text": name}
        ask(places.control_socket, "resolve", arguments)
    finally:
        handover.drop(places, name)


def _named(conflict: Conflict) -> dict[str, object]:
    return {"schema": 1, "id": conflict.id, "path": conflict.path}


def _history(places: Places) -> History:
    return History.open(places.database, read_only=True)
